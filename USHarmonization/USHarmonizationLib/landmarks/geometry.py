"""Where the pixels of a frame lie, in mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..files.medical import MedicalSource
from ..image import UltrasoundImage

Points = NDArray[np.float64]

# Directions may differ from the plane of the screen by this much: numbers in files are rounded.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Geometry:
    """The grid of a frame in LPS; pixel centres lie on whole numbers.

    Attributes:
        size: rows, columns.
        spacing: width and height of a pixel in mm: x before y, unlike ``UltrasoundImage.spacing_mm``.
        origin: x, y of the first pixel's centre in mm.
        direction: (2, 2), its columns are the directions in which columns and rows count, each of length 1.
        depths: z in mm of the plane of each frame.
        calibrated: whether the image says how large its pixels are; if not, they count as 1 mm.
    """

    size: tuple[int, int]
    spacing: tuple[float, float] = (1.0, 1.0)
    origin: tuple[float, float] = (0.0, 0.0)
    direction: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 0.0), (0.0, 1.0))
    depths: tuple[float, ...] = (0.0,)
    calibrated: bool = True

    def __post_init__(self) -> None:
        if min(self.size) < 1 or not (np.isfinite(self.spacing).all() and min(self.spacing) > 0):
            raise ValueError(f"size {self.size}, spacing {self.spacing}; needed: above zero")
        matrix = np.array(self.direction)
        if not np.allclose(matrix.T @ matrix, np.eye(2), atol=TOLERANCE):
            raise ValueError(f"direction {self.direction}; needed: perpendicular, of length 1")

    @property
    def matrix(self) -> Points:
        """(2, 2) from (column, row) to (x, y)."""
        return np.asarray(np.array(self.direction) * np.array(self.spacing))

    def to_mm(self, pixels: Points) -> Points:
        """(points, 2) x, y in mm of (points, 2) column, row."""
        return np.asarray(pixels @ self.matrix.T + np.array(self.origin))

    def to_pixels(self, points: Points) -> Points:
        """(points, 2) column, row of (points, 2) x, y in mm."""
        return np.asarray((points - np.array(self.origin)) @ np.linalg.inv(self.matrix).T)

    def contains(self, points: Points) -> NDArray[np.bool_]:
        """Whether each of (points, 2) x, y in mm lies on a pixel."""
        rows, columns = self.size
        pixels = self.to_pixels(points)
        return np.asarray(((pixels >= -0.5) & (pixels < np.array([columns, rows]) - 0.5)).all(axis=1))

    def centres(self) -> Points:
        """(rows, columns, 2) x, y in mm of all pixels."""
        rows, columns = self.size
        grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(float)
        return self.to_mm(grid.reshape(-1, 2)).reshape(rows, columns, 2)


def geometry(image: UltrasoundImage, spacing_mm: tuple[float, float] | None = None) -> Geometry:
    """Where the frames of an image lie.

    NRRD, MetaImage and NIfTI say so themselves; all other images begin at the origin and count along x and y, as they
    do in 3D Slicer.

    Args:
        image: any.
        spacing_mm: height and width of a pixel, where the file does not say or is wrong.

    Raises:
        InputError: the frames do not lie in a plane of x and y.
    """
    said = spacing_mm or image.spacing_mm
    height, width = said or (1.0, 1.0)
    source = image.container
    if not isinstance(source, MedicalSource):
        depths = tuple(float(index) for index in range(image.frames))
        return Geometry(image.size, (width, height), depths=depths, calibrated=said is not None)
    axes = len(source.origin)
    direction = np.array(source.direction).reshape(axes, axes)
    plane = direction[:2, :2]
    if np.abs(direction[2:, :2]).max(initial=0) > TOLERANCE or not np.allclose(plane.T @ plane, np.eye(2), atol=1e-3):
        raise InputError(f"{image.path}: its frames are tilted out of the plane of x and y; needed: in that plane")
    depths = (0.0,) * image.frames
    if axes == 3:
        depths = tuple(source.origin[2] + direction[2, 2] * source.spacing[2] * index for index in range(image.frames))
    x, y = source.origin[:2]
    unit = plane / np.linalg.norm(plane, axis=0)
    return Geometry(image.size, (width, height), (x, y), _rows(unit), depths, said is not None)


def _rows(matrix: NDArray[Any]) -> tuple[tuple[float, float], tuple[float, float]]:
    (a, b), (c, d) = matrix.tolist()
    return ((a, b), (c, d))
