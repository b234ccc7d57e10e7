"""Structural similarity of two registered images, inside a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIGMA = 1.5
# The Gaussian window of Wang et al. has 11 x 11 pixels.
RADIUS = 5


def ssim(
    reference: NDArray[np.floating],
    image: NDArray[np.floating],
    overlap: NDArray[np.bool_],
    data_range: float = 1.0,
) -> float:
    """Mean structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004, doi 10.1109/TIP.2003.819861, equation 13).

    Gaussian window of 11 x 11 pixels with sigma 1.5, constants (0.01 L)^2 and (0.03 L)^2, population variances: what
    scikit-image computes with ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False``. The map is averaged
    over the pixels whose whole window lies in the overlap (and in the image), so that nothing from outside it counts.

    Args:
        reference, image: (rows, columns), registered. Interchangeable.
        overlap: (rows, columns), True where both show tissue.
        data_range: L, largest minus smallest possible value; values must start at 0 for the luminance term to mean
            anything.

    Returns:
        From -1 to 1, 1 for equal images; NaN when no window fits into the overlap.
    """
    from scipy.ndimage import binary_erosion, gaussian_filter

    window = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), dtype=bool)
    whole = binary_erosion(overlap, window)  # what lies outside the image counts as outside the overlap
    if not whole.any():
        return float("nan")
    a, b = (np.where(overlap, values, 0).astype(np.float64) for values in (reference, image))

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = gaussian_filter(values, SIGMA, radius=RADIUS)[whole]
        return found

    mean_a, mean_b = mean(a), mean(b)
    variances = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return float(np.mean(luminance * (2 * covariance + c2) / (variances + c2)))
