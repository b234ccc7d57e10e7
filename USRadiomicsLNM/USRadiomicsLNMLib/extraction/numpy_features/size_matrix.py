"""Features that three matrices have in common: so many runs, zones or dependences of each grey level and each size.

Formulas: pyradiomics' documentation, GLRLM, GLSZM and GLDM, which are the same but for names; IBSI (arXiv 1612.07003,
sections 3.7, 3.8 and 3.11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .binning import Floats
from .first_order import EPSILON


@dataclass(frozen=True)
class SizeMatrix:
    """How often a grey level stands together in a size.

    Attributes:
        count: (levels, sizes).
        grey: (levels,) grey levels; size: (sizes,) those that occur.
    """

    count: Floats
    grey: Floats
    size: Floats


def size_matrix(place: NDArray[np.integer], size: NDArray[np.integer], grey: Floats) -> SizeMatrix:
    """The matrix of things that each have a grey level, ``grey[place]``, and a size, at least 1."""
    occurring = np.flatnonzero(np.bincount(size))
    column = np.zeros(occurring[-1] + 1, dtype=np.intp)
    column[occurring] = np.arange(len(occurring))
    shape = (len(grey), len(occurring))
    count = np.bincount(place * shape[1] + column[size], minlength=shape[0] * shape[1]).reshape(shape)
    return SizeMatrix(count.astype(np.float64), grey, occurring.astype(np.float64))


@dataclass(frozen=True)
class SizeFeatures:
    """Features of a size matrix, in the words of the IBSI's manual."""

    small: float
    large: float
    low_grey: float
    high_grey: float
    small_low_grey: float
    small_high_grey: float
    large_low_grey: float
    large_high_grey: float
    grey_non_uniformity: float
    grey_non_uniformity_normalized: float
    size_non_uniformity: float
    size_non_uniformity_normalized: float
    percentage: float
    grey_variance: float
    size_variance: float
    entropy: float


def size_features(matrix: SizeMatrix) -> SizeFeatures:
    """All features of a size matrix that has any entry."""
    total = matrix.count.sum()
    share = matrix.count / total
    of_grey, of_size = matrix.count.sum(axis=1) / total, matrix.count.sum(axis=0) / total
    grey2, size2 = matrix.grey**2, matrix.size**2
    grey_uniformity, size_uniformity = (of_grey**2).sum(), (of_size**2).sum()
    pixels = (matrix.size * of_size).sum()  # for each thing
    found = (
        (of_size / size2).sum(),
        (of_size * size2).sum(),
        (of_grey / grey2).sum(),
        (of_grey * grey2).sum(),
        (1 / grey2) @ share @ (1 / size2),
        grey2 @ share @ (1 / size2),
        (1 / grey2) @ share @ size2,
        grey2 @ share @ size2,
        grey_uniformity * total,
        grey_uniformity,
        size_uniformity * total,
        size_uniformity,
        1 / pixels,
        _variance(matrix.grey, of_grey),
        _variance(matrix.size, of_size),
        -(share * np.log2(share + EPSILON)).sum(),
    )
    return SizeFeatures(*(float(value) for value in found))


def _variance(values: Floats, share: Floats) -> float:
    return float((share * (values - (share * values).sum()) ** 2).sum())
