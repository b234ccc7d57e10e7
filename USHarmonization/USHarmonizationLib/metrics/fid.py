"""Frechet distance of two sets of network features (FID)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .feature_sets import feature_sets
from .frechet import frechet_of_gaussians

# Of the original implementation: with fewer samples the distance says more of their number than of the images.
USUAL_SAMPLES = 2048


def network_frechet_distance(sample: NDArray[np.floating], target: NDArray[np.floating]) -> float:
    """Squared Frechet distance of Gaussians fitted to network features (Heusel et al. 2017, arXiv 1706.08500, eq. 6).

    It is biased upwards for small samples, by an amount that depends on the network (Chong and Forsyth 2020, arXiv
    1911.07023): compare distances of samples of equal size, and read it beside the kernel distance (``kid``), which is
    not. Features of different networks give different figures: always name the network.

    Args:
        sample: (n, d) network features, neither scaled nor clipped; target: (m, d). Interchangeable.

    Raises:
        UsageError: shapes do not match, values are not finite, or there are fewer than 2 samples.
    """
    return frechet_of_gaussians(*feature_sets(sample, target, 2, "Frechet distance"))


def small_sample_warning(n: int, dimension: int) -> str | None:
    """What to say of a Frechet distance of n samples with this many features; None when n is large enough."""
    if n >= max(USUAL_SAMPLES, dimension + 1):
        return None
    few = f", fewer than the {dimension} features" if n <= dimension else ""
    return f"Frechet distance from {n} images{few} (usual: {USUAL_SAMPLES}): biased upwards; compare equal numbers only"
