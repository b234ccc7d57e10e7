"""Two sets of feature vectors that are to be compared: checked once, for all figures that take them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

Values = NDArray[np.float64]


def feature_sets(
    sample: NDArray[np.floating], target: NDArray[np.floating], least: int, figure: str
) -> tuple[Values, Values]:
    """Both sets as float64.

    Args:
        sample: (n, features). target: (m, features).
        least: of n and m. figure: what they are for, e.g. ``Frechet distance``.

    Raises:
        UsageError: shapes do not match, there are too few samples, or values are not finite.
    """
    a, b = np.asarray(sample, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise UsageError(f"features of shapes {a.shape} and {b.shape}; needed: (n, features) of both")
    if min(len(a), len(b)) < least:
        raise UsageError(f"{len(a)} and {len(b)} samples; needed for a {figure}: at least {least} of each")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise UsageError(f"features for a {figure} must be finite")
    return a, b
