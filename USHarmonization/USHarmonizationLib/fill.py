"""Tissue in place of what is not tissue, so that text does not leak through convolutions and Fourier transforms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# What a frame is filled with where nothing at all is known of it.
NOTHING_KNOWN = 0.5


def fill(frame: NDArray[np.float32], hole: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The frame with its hole filled by its own mirror image across the edge of the hole.

    Each pixel of the hole takes the value of the pixel that lies as far beyond the nearest edge as it lies before it,
    so that speckle goes on as speckle (what reflection padding does at a straight border). Where that pixel lies
    outside the frame or in the hole again, the nearest pixel outside the hole is taken.

    Args:
        frame: (rows, columns), brightness in [0, 1].
        hole: (rows, columns), True where the frame shows no tissue.

    Returns:
        (rows, columns), within the range of the values outside the hole; those stay as they are, to the bit. The frame
        itself when there is no hole; mid-grey when there is nothing else.
    """
    from scipy.ndimage import distance_transform_edt

    if not hole.any():
        return frame
    if hole.all():
        return np.full_like(frame, NOTHING_KNOWN)
    nearest: NDArray[np.int32] = distance_transform_edt(hole, return_distances=False, return_indices=True)
    rows, columns = np.nonzero(hole)
    edge_rows, edge_columns = nearest[:, rows, columns]
    mirror_rows, mirror_columns = 2 * edge_rows - rows, 2 * edge_columns - columns
    height, width = frame.shape
    usable = (mirror_rows >= 0) & (mirror_rows < height) & (mirror_columns >= 0) & (mirror_columns < width)
    usable[usable] = ~hole[mirror_rows[usable], mirror_columns[usable]]
    filled = frame.copy()
    filled[rows, columns] = frame[
        np.where(usable, mirror_rows, edge_rows), np.where(usable, mirror_columns, edge_columns)
    ]
    return filled
