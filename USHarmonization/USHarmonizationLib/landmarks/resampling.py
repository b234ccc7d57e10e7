"""The moving image on the grid of the fixed one, and where both show tissue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .geometry import Geometry
from .transforms import Transform

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Below this share of the moving image's valid tissue among the pixels it is interpolated from, a pixel does not count.
VALID_SHARE = 0.999


def resample(moving: Frame, moving_where: Geometry, fixed_where: Geometry, transform: Transform) -> Frame:
    """(rows, columns) of the fixed grid, interpolated linearly; 0 where it shows nothing of the moving image.

    Args:
        moving: (rows, columns).
        moving_where, fixed_where: where the two frames lie.
        transform: from the fixed image to the moving one.
    """
    from scipy.ndimage import map_coordinates

    pixels = moving_where.to_pixels(transform(fixed_where.centres().reshape(-1, 2)))
    values = map_coordinates(np.asarray(moving, np.float32), pixels[:, ::-1].T, order=1, mode="constant", cval=0.0)
    return np.asarray(values.reshape(fixed_where.size), dtype=np.float32)


def overlap(
    fixed: Mask, moving: Mask, moving_where: Geometry, fixed_where: Geometry, transform: Transform
) -> NDArray[np.bool_]:
    """Where both images show valid tissue, on the grid of the fixed one.

    Args:
        fixed, moving: (rows, columns) True where the images are valid.
        moving_where, fixed_where, transform: as in ``resample``.
    """
    reached = resample(moving.astype(np.float32), moving_where, fixed_where, transform)
    return np.asarray(fixed & (reached >= VALID_SHARE))


def folds(fixed_where: Geometry, transform: Transform) -> bool:
    """Whether the transform turns any part of the fixed image inside out, so that no tissue can be what it shows."""
    moved = transform(fixed_where.centres().reshape(-1, 2)).reshape(*fixed_where.size, 2)
    across, down = np.diff(moved, axis=1)[:-1], np.diff(moved, axis=0)[:, :-1]
    areas = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    return bool((areas * np.linalg.det(fixed_where.matrix) <= 0).any())
