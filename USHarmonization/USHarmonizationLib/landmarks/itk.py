"""Transforms as ITK has them: for SimpleITK's filters, and as files that SimpleITK and 3D Slicer read.

ITK's and our direction are the same: from the fixed image's points to the moving image's, in LPS and mm. Slicer reads
such a file as a transform that brings the moving image onto the fixed one when it is applied to it ("from parent").
Slicer knows transforms of three dimensions only; they leave z as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..atomic import atomic_path
from ..files.medical import simpleitk
from .geometry import Geometry
from .transforms import Fitted, LinearTransform, Transform

# A spline is written as its displacements on a grid; between its points, this many pixels apart, they are
# interpolated linearly.
STEP = 2
# Depth in mm within which the displacements of a three-dimensional file hold.
DEPTH = 10.0


def to_itk(transform: Fitted, where: Geometry, dimension: int = 2) -> Any:
    """The transform as a SimpleITK transform.

    Args:
        transform: a spline becomes its displacements on the grid of the fixed image, good inside it only.
        where: the fixed image.
        dimension: 2, or 3 with z left as it is.
    """
    sitk = simpleitk()
    if not isinstance(transform, LinearTransform):
        return sitk.DisplacementFieldTransform(_displacements(transform, where, dimension))
    if dimension == 2 and transform.kind != "affine":
        made = sitk.Euler2DTransform() if transform.kind == "rigid" else sitk.Similarity2DTransform()
    else:
        made = sitk.AffineTransform(dimension)
    matrix, offset = np.eye(dimension), np.zeros(dimension)
    matrix[:2, :2], offset[:2] = transform.matrix, transform.offset
    made.SetMatrix(matrix.ravel().tolist())
    made.SetTranslation(offset.tolist())
    return made


def from_itk(kind: str, transform: Any) -> LinearTransform:
    """A rigid, similarity or affine transform of SimpleITK, of two dimensions, wherever its centre lies."""
    offset = np.array(transform.TransformPoint((0.0, 0.0)))
    columns = [np.array(transform.TransformPoint(axis)) - offset for axis in ((1.0, 0.0), (0.0, 1.0))]
    return LinearTransform(kind, np.column_stack(columns), offset)


def image_to_itk(values: Any, where: Geometry) -> Any:
    """(rows, columns) as a SimpleITK image that lies where the frame does."""
    image = simpleitk().GetImageFromArray(values)
    image.SetSpacing(where.spacing)
    image.SetOrigin(where.origin)
    image.SetDirection(np.array(where.direction).ravel().tolist())
    return image


def write_transform(path: Path, transform: Any) -> None:
    """Write a SimpleITK transform as ``.h5``, ``.tfm`` or ``.txt``.

    Raises:
        OSError: the file cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.unlink()  # HDF5 opens what exists
        try:
            simpleitk().WriteTransform(transform, str(temporary))
        except RuntimeError as error:
            raise OSError(f"{path} cannot be written ({str(error).strip().splitlines()[-1]})") from error


def _displacements(transform: Transform, where: Geometry, dimension: int) -> Any:
    """A vector image: how far each point of the fixed image is moved; a pixel wider than the image on each side."""
    sitk = simpleitk()
    rows, columns = where.size
    x, y = (np.arange(-1.0, count + STEP, STEP) for count in (columns, rows))
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    points = where.to_mm(grid.reshape(-1, 2))
    moved = (transform(points) - points).reshape(grid.shape)
    spacing = [STEP * width for width in where.spacing]
    origin = where.to_mm(np.array([[-1.0, -1.0]]))[0].tolist()
    direction = np.eye(dimension)
    direction[:2, :2] = where.direction
    if dimension == 3:
        moved = np.repeat(np.pad(moved, ((0, 0), (0, 0), (0, 1)))[None], 2, axis=0)
        spacing, origin = [*spacing, DEPTH], [*origin, -DEPTH / 2]
    field = sitk.GetImageFromArray(moved.astype(np.float64), isVector=True)
    field.SetSpacing(spacing)
    field.SetOrigin(origin)
    field.SetDirection(direction.ravel().tolist())
    return field
