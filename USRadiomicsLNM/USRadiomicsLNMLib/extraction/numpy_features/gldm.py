"""Grey level dependence matrix: how many neighbours have the same grey level as a pixel.

Names and formulas: pyradiomics' documentation, GLDM (Sun and Wee 1983), for distance 1 and cut-off 0; IBSI:
neighbouring grey level dependence matrix, coarseness 0 (arXiv 1612.07003, section 3.11). A pixel is its own dependence.
"""

from __future__ import annotations

import numpy as np

from .binning import Levels
from .lesion import Lesion
from .size_matrix import size_features, size_matrix


def gldm(lesion: Lesion, bins: Levels) -> dict[str, float]:
    """14 values."""
    place = np.append(bins.place, -1)  # -1: of no neighbour
    dependent = 1 + (place[lesion.neighbours] == bins.place).sum(axis=0)
    found = size_features(size_matrix(bins.place, dependent, bins.grey))
    return {
        "DependenceEntropy": found.entropy,
        "DependenceNonUniformity": found.size_non_uniformity,
        "DependenceNonUniformityNormalized": found.size_non_uniformity_normalized,
        "DependenceVariance": found.size_variance,
        "GrayLevelNonUniformity": found.grey_non_uniformity,
        "GrayLevelVariance": found.grey_variance,
        "HighGrayLevelEmphasis": found.high_grey,
        "LargeDependenceEmphasis": found.large,
        "LargeDependenceHighGrayLevelEmphasis": found.large_high_grey,
        "LargeDependenceLowGrayLevelEmphasis": found.large_low_grey,
        "LowGrayLevelEmphasis": found.low_grey,
        "SmallDependenceEmphasis": found.small,
        "SmallDependenceHighGrayLevelEmphasis": found.small_high_grey,
        "SmallDependenceLowGrayLevelEmphasis": found.small_low_grey,
    }
