"""Peak signal-to-noise ratio of two registered images, inside a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def psnr(
    reference: NDArray[np.floating],
    image: NDArray[np.floating],
    overlap: NDArray[np.bool_],
    data_range: float = 1.0,
) -> float:
    """``10 log10(L^2 / MSE)`` in dB, the mean squared error taken over the pixels of the overlap alone.

    Definition: Huynh-Thu and Ghanbari 2008, doi 10.1049/el:20080522, equation 1. Above a black surround that both
    images share, the plain figure would rise with the size of the surround; here it takes no part.

    Args:
        reference, image: (rows, columns), registered. Interchangeable.
        overlap: (rows, columns), True where both show tissue; at least one pixel.
        data_range: L, largest minus smallest possible value.

    Returns:
        Decibels; infinite for images that are equal in the overlap.
    """
    difference = np.asarray(reference, dtype=np.float64)[overlap] - np.asarray(image, dtype=np.float64)[overlap]
    error = float(np.mean(difference**2))
    return 10 * float(np.log10(data_range**2 / error)) if error > 0 else float("inf")
