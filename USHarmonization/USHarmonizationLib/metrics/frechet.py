"""Frechet distance of two sets of feature vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .feature_sets import feature_sets

# Standard deviations of the target; beyond, a feature counts as that far off and no farther. Some texture features have
# tails so heavy (cluster prominence) that one lesion would decide the distance.
CLIP = 10.0


def frechet_distance(sample: NDArray[np.floating], target: NDArray[np.floating]) -> float:
    """Squared Frechet (2-Wasserstein) distance of the Gaussians fitted to two samples.

    ``|m1 - m2|^2 + trace(S1 + S2 - 2 (S1 S2)^(1/2))`` with means m and unbiased covariances S (Dowson and Landau 1982,
    doi 10.1016/0047-259X(82)90077-X), of features standardized by the target's mean and standard deviation and clipped
    at ``CLIP``. Features that do not vary in the target have no scale and are left out. Of texture features this is
    known as the Frechet radiomics distance.

    The root is taken of no covariance: with centred samples A, B (divided by sqrt(n - 1)) its trace is the sum of the
    singular values of ``A B^T``, which stays exact when there are fewer samples than features.

    Small samples are biased upwards: of two halves of one scanner the distance is not 0. Compare distances of samples
    of equal size, and quote that of two halves beside them.

    Args:
        sample: (n, features) float.
        target: (m, features) float; not interchangeable with ``sample``.

    Returns:
        At least 0; 0 for a sample with the target's mean and covariance.

    Raises:
        UsageError: shapes do not match, fewer than two samples, values that are not finite, or no feature that varies.
    """
    sample, target = feature_sets(sample, target, 2, "Frechet distance")
    mean, deviation = target.mean(axis=0), target.std(axis=0)
    # A constant column has a deviation of rounding size, not always 0.
    varies = deviation > 1e-12 * np.maximum(1.0, np.abs(mean))
    if not varies.any():
        raise UsageError("no feature varies in the target")
    first, second = (
        np.clip((values[:, varies] - mean[varies]) / deviation[varies], -CLIP, CLIP) for values in (sample, target)
    )
    return frechet_of_gaussians(first, second)


def frechet_of_gaussians(sample: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """The distance itself, of (n, features) and (m, features) as they are: neither scaled nor clipped, nor checked."""
    difference = sample.mean(axis=0) - target.mean(axis=0)
    a, b = _factor(sample), _factor(target)
    trace = (a**2).sum() + (b**2).sum() - 2 * np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(difference @ difference + max(trace, 0.0))


def _factor(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """F with F^T F = unbiased covariance, and no more rows than features."""
    centred: NDArray[np.float64] = (values - values.mean(axis=0)) / np.sqrt(len(values) - 1)
    if len(centred) <= centred.shape[1]:
        return centred
    triangle: NDArray[np.float64] = np.linalg.qr(centred).R
    return triangle
