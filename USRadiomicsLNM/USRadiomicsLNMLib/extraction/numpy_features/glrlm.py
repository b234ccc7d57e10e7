"""Grey level run length matrix: how long the same grey level goes on along a line.

Names and formulas: pyradiomics' documentation, GLRLM (Galloway 1975); IBSI: arXiv 1612.07003, section 3.7, averaged
over directions (BTW3). A run ends at the lesion's outline.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from .binning import Levels
from .lesion import Lesion, Line
from .size_matrix import SizeFeatures, SizeMatrix, size_features, size_matrix

NOTHING = SizeFeatures(*[float("nan")] * len(fields(SizeFeatures)))


def glrlm(lesion: Lesion, bins: Levels) -> dict[str, float]:
    """16 values, each the mean over the directions in which a line has two pixels of the lesion; NaN if none has."""
    directions = [_named(size_features(runs(line, bins))) for line in lesion.lines] or [_named(NOTHING)]
    return {name: float(np.mean([direction[name] for direction in directions])) for name in directions[0]}


def runs(line: Line, bins: Levels) -> SizeMatrix:
    """Runs by grey level and length in one direction."""
    place = bins.place[line.order]
    starts = np.flatnonzero(np.concatenate([[True], ~(line.joined & (place[1:] == place[:-1]))]))
    lengths = np.diff(starts, append=len(place))
    return size_matrix(place[starts], lengths, bins.grey)


def _named(found: SizeFeatures) -> dict[str, float]:
    return {
        "GrayLevelNonUniformity": found.grey_non_uniformity,
        "GrayLevelNonUniformityNormalized": found.grey_non_uniformity_normalized,
        "GrayLevelVariance": found.grey_variance,
        "HighGrayLevelRunEmphasis": found.high_grey,
        "LongRunEmphasis": found.large,
        "LongRunHighGrayLevelEmphasis": found.large_high_grey,
        "LongRunLowGrayLevelEmphasis": found.large_low_grey,
        "LowGrayLevelRunEmphasis": found.low_grey,
        "RunEntropy": found.entropy,
        "RunLengthNonUniformity": found.size_non_uniformity,
        "RunLengthNonUniformityNormalized": found.size_non_uniformity_normalized,
        "RunPercentage": found.percentage,
        "RunVariance": found.size_variance,
        "ShortRunEmphasis": found.small,
        "ShortRunHighGrayLevelEmphasis": found.small_high_grey,
        "ShortRunLowGrayLevelEmphasis": found.small_low_grey,
    }
