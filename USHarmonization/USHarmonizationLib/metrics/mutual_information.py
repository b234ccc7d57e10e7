"""How much of one registered image the other one tells, whatever their brightness curves: mutual information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 64


@dataclass(frozen=True)
class MutualInformation:
    """Of the joint histogram of two images.

    Attributes:
        bits: mutual information H(X) + H(Y) - H(X, Y), at least 0, at most 6 bits (64 bins).
        normalized: (H(X) + H(Y)) / H(X, Y), from 1 (nothing in common) to 2 (one tells the other); NaN when neither
            image varies.
    """

    bits: float
    normalized: float


def mutual_information(
    reference: NDArray[np.floating],
    image: NDArray[np.floating],
    overlap: NDArray[np.bool_],
    data_range: float = 1.0,
) -> MutualInformation:
    """Mutual information (Viola and Wells 1997, doi 10.1023/A:1007958904918) in bits, and normalized after Studholme,
    Hill, Hawkes 1999, doi 10.1016/S0031-3203(98)00091-0, from one histogram of 64 x 64 equal bins.

    The bins divide the whole data range, not what an image happens to use of it. The estimate is biased upwards by
    about (bins in use) / (2 ln 2 pixels): compare images over the same overlap only.

    Args:
        reference, image: (rows, columns), registered, from 0 to ``data_range``. Interchangeable.
        overlap: (rows, columns), True where both show tissue; at least one pixel.
        data_range: largest possible value.
    """
    first, second = (_binned(np.asarray(values)[overlap], data_range) for values in (reference, image))
    joint = np.bincount(first * BINS + second, minlength=BINS * BINS).reshape(BINS, BINS) / len(first)
    separate = _entropy(joint.sum(axis=0)) + _entropy(joint.sum(axis=1))
    together = _entropy(joint)
    return MutualInformation(max(0.0, separate - together), separate / together if together > 0 else float("nan"))


def _binned(values: NDArray[np.floating], data_range: float) -> NDArray[np.intp]:
    scaled = values.astype(np.float64) * (BINS / data_range)
    return np.clip(scaled.astype(np.intp), 0, BINS - 1)


def _entropy(chances: NDArray[np.float64]) -> float:
    present = chances[chances > 0]
    return float(-(present * np.log2(present)).sum())
