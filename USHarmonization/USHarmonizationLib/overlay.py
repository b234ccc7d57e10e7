"""Burned-in graphics of a frame: text, callipers, logos, rulers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Widest stroke looked for, in pixels.
STROKE = 7


def find_overlay(luma: NDArray[np.float32], sector: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels that the scanner drew over the image: thin bright strokes with edges sharper than speckle.

    Args:
        luma: (rows, columns), brightness in [0, 1].
        sector: (rows, columns), the imaged area (``find_sector``).

    Returns:
        (rows, columns), True on graphics inside or outside the sector and within a pixel of them.
    """
    from scipy import ndimage

    standing_out = ndimage.white_tophat(luma, STROKE)
    usual = float(np.percentile(standing_out[sector], 99)) if sector.any() else 0.0
    strong = standing_out > max(0.45, 1.6 * usual)
    weak = standing_out > max(0.25, 0.8 * usual)
    labels, count = ndimage.label(weak, np.ones((3, 3)))
    keep = np.zeros(count + 1, dtype=bool)
    keep[labels[strong]] = True
    keep[0] = False
    sizes = np.bincount(labels.ravel())
    keep &= sizes < 400
    return np.asarray(ndimage.binary_dilation(keep[labels], np.ones((3, 3))))
