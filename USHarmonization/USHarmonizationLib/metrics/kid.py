"""Kernel distance of two sets of network features (KID)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .feature_sets import feature_sets

SUBSETS = 100
LARGEST_SUBSET = 1000


@dataclass(frozen=True)
class KernelDistance:
    """KID of two samples.

    Attributes:
        value: unbiased estimate from all samples; may be slightly negative when there is no difference.
        sd: standard deviation of the estimates from ``subsets`` random subsets of ``subset_size`` of each sample: that
            of smaller samples, so rather too large than too small.
    """

    value: float
    sd: float
    subsets: int
    subset_size: int


def kernel_distance(sample: NDArray[np.floating], target: NDArray[np.floating], seed: int = 0) -> KernelDistance:
    """Squared maximum mean discrepancy with the kernel ``(x . y / d + 1)^3``, unbiased.

    Definition: Binkowski, Sutherland, Arbel, Gretton 2018, arXiv 1801.01401, section 4 and equation 4. Unlike the
    Frechet distance it does not grow as samples get smaller.

    Args:
        sample: (n, d) network features; target: (m, d). Interchangeable. n and m at least 4.
        seed: of the subsets, each drawn without replacement: half of the smaller sample, at most 1000.

    Raises:
        UsageError: shapes do not match, values are not finite, or there are fewer than 4 samples.
    """
    a, b = feature_sets(sample, target, 4, "kernel distance")
    within_a, within_b, between = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    chance = np.random.default_rng(seed)
    size = min(LARGEST_SUBSET, min(len(a), len(b)) // 2)
    drawn = []
    for _ in range(SUBSETS):
        i, j = chance.choice(len(a), size, replace=False), chance.choice(len(b), size, replace=False)
        drawn.append(_discrepancy(within_a[np.ix_(i, i)], within_b[np.ix_(j, j)], between[np.ix_(i, j)]))
    return KernelDistance(_discrepancy(within_a, within_b, between), float(np.std(drawn, ddof=1)), SUBSETS, size)


def _kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = (a @ b.T / a.shape[1] + 1) ** 3
    return values


def _discrepancy(within_a: NDArray[np.float64], within_b: NDArray[np.float64], between: NDArray[np.float64]) -> float:
    n, m = between.shape
    first = (within_a.sum() - np.trace(within_a)) / (n * (n - 1))
    second = (within_b.sum() - np.trace(within_b)) / (m * (m - 1))
    return float(first + second - 2 * between.mean())
