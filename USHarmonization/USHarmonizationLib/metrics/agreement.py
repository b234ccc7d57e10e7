"""How well one quantity, measured twice, agrees: in rank, in proportion, and in value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError


@dataclass(frozen=True)
class Agreement:
    """Agreement of two measurements of the same things.

    Attributes:
        spearman: rank correlation; pearson: linear correlation; concordance: Lin's concordance correlation coefficient
            (1989, Biometrics 45:255), which a shift or a change of scale lowers as well. All from -1 to 1, NaN where a
            measurement does not vary.
        shift: mean of the second minus mean of the first, in their unit.
    """

    spearman: float
    pearson: float
    concordance: float
    shift: float


def agreement(first: NDArray[np.floating], second: NDArray[np.floating]) -> Agreement:
    """Agreement of two (n,) measurements, n at least 2, finite."""
    from scipy.stats import rankdata

    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2 or not np.isfinite([a, b]).all():
        raise UsageError(f"measurements of shapes {a.shape} and {b.shape}; needed: (n,) of both, finite, n at least 2")
    spread = a.var() + b.var() + (a.mean() - b.mean()) ** 2
    covariance = ((a - a.mean()) * (b - b.mean())).mean()
    return Agreement(
        spearman=_correlation(rankdata(a), rankdata(b)),
        pearson=_correlation(a, b),
        concordance=float(2 * covariance / spread) if spread > 0 else float("nan"),
        shift=float(b.mean() - a.mean()),
    )


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(np.clip(a @ b / size, -1, 1)) if size > 0 else float("nan")
