"""Grey level size zone matrix: how many pixels of the same grey level hang together, corners included.

Names and formulas: pyradiomics' documentation, GLSZM (Thibault et al. 2009); IBSI: arXiv 1612.07003, section 3.8.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .binning import Levels
from .lesion import Lesion
from .size_matrix import SizeMatrix, size_features, size_matrix


def glszm(lesion: Lesion, bins: Levels) -> dict[str, float]:
    """16 values."""
    found = size_features(zones(lesion, bins))
    return {
        "GrayLevelNonUniformity": found.grey_non_uniformity,
        "GrayLevelNonUniformityNormalized": found.grey_non_uniformity_normalized,
        "GrayLevelVariance": found.grey_variance,
        "HighGrayLevelZoneEmphasis": found.high_grey,
        "LargeAreaEmphasis": found.large,
        "LargeAreaHighGrayLevelEmphasis": found.large_high_grey,
        "LargeAreaLowGrayLevelEmphasis": found.large_low_grey,
        "LowGrayLevelZoneEmphasis": found.low_grey,
        "SizeZoneNonUniformity": found.size_non_uniformity,
        "SizeZoneNonUniformityNormalized": found.size_non_uniformity_normalized,
        "SmallAreaEmphasis": found.small,
        "SmallAreaHighGrayLevelEmphasis": found.small_high_grey,
        "SmallAreaLowGrayLevelEmphasis": found.small_low_grey,
        "ZoneEntropy": found.entropy,
        "ZonePercentage": found.percentage,
        "ZoneVariance": found.size_variance,
    }


def zones(lesion: Lesion, bins: Levels) -> SizeMatrix:
    """Zones by grey level and number of pixels."""
    right, *below = lesion.neighbours[:4]
    place = np.append(bins.place, -1)  # -1: of no neighbour
    # Runs along the rows first, of which there are fewer than pixels; then runs that touch from row to row.
    same = right[:-1] == np.arange(1, len(right))
    starts = np.concatenate([[True], ~(same & (bins.place[1:] == bins.place[:-1]))])
    run = np.cumsum(starts) - 1
    runs = int(run[-1]) + 1
    pairs = []
    for neighbour in below:
        touching = np.flatnonzero(place[neighbour] == bins.place)
        pairs.append((run[touching], run[neighbour[touching]]))
    first, second = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(runs, runs))
    number, zone = connected_components(graph, directed=False)
    zone_place = np.empty(number, dtype=np.intp)
    zone_place[zone] = bins.place[starts]
    return size_matrix(zone_place, np.bincount(zone[run]), bins.grey)
