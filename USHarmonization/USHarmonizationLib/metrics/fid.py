"""Frechet distance of two sets of network features (FID)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
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
    a, b = np.asarray(sample, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise UsageError(f"features of shapes {a.shape} and {b.shape}; needed: (n, features) of both")
    if min(len(a), len(b)) < 2:
        raise UsageError(f"{len(a)} and {len(b)} samples; needed for a Frechet distance: at least 2 of each")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise UsageError("features for a Frechet distance must be finite")
    return frechet_of_gaussians(a, b)


def small_sample_warning(n: int, dimension: int) -> str | None:
    """What to say of a Frechet distance of n samples with this many features; None when n is large enough."""
    if n >= max(USUAL_SAMPLES, dimension + 1):
        return None
    few = f", fewer than the {dimension} features" if n <= dimension else ""
    return f"Frechet distance from {n} images{few} (usual: {USUAL_SAMPLES}): biased upwards; compare equal numbers only"
