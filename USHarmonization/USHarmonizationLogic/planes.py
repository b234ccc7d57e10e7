"""The plane in which a frame of a volume node lies: between the world of the scene and millimetres in that plane.

Landmarks are registered in the plane of the images, by ``USHarmonizationLib.landmarks``, which counts in LPS as the
files do. An image that lies in a plane of R and A, as ultrasound does when it was loaded, keeps its own coordinates, so
that figures and matrices are those of the command line. An image that was turned out of that plane (tracked
ultrasound under its transform) is taken in coordinates of its own: x along its rows, y down its columns, from the
centre of its first pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import LogicError

if TYPE_CHECKING:
    from USHarmonizationLib.landmarks.geometry import Geometry

# Columns of a matrix may be this far from perpendicular, or from the plane of R and A, and still count as such.
TOLERANCE = 1e-4
# A landmark may lie this far beside the plane of its image, in mm: views are rarely placed exactly on a slice.
LEAST_TOLERANCE_MM = 1.0
RAS_OF_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Plane:
    """Where one frame of a volume node lies.

    Attributes:
        name: of the volume.
        frame: slice of the volume, from 0.
        geometry: the frame's grid in mm of the plane, see ``USHarmonizationLib.landmarks.geometry``.
        toWorld: (4, 4) from (x, y, 0, 1) in the plane to world RAS; keeps lengths.
        ijkToWorld: (4, 4) of the volume, with its parent transforms.
    """

    name: str
    frame: int
    geometry: Geometry
    toWorld: np.ndarray
    ijkToWorld: np.ndarray

    def fromWorld(self, points: np.ndarray) -> np.ndarray:
        """(points, 2) x, y in mm of the plane nearest to (points, 3) in world RAS."""
        full = np.column_stack([points, np.ones(len(points))])
        return (full @ np.linalg.inv(self.toWorld).T)[:, :2]

    def inWorld(self, points: np.ndarray) -> np.ndarray:
        """(points, 3) in world RAS of (points, 2) x, y in mm of the plane."""
        full = np.column_stack([points, np.zeros(len(points)), np.ones(len(points))])
        return (full @ self.toWorld.T)[:, :3]

    @property
    def uncalibrated(self) -> bool:
        """Whether a pixel measures exactly 1 mm: what Slicer assumes where a file does not say."""
        return bool(np.allclose(self.geometry.spacing, 1.0, rtol=0.0, atol=1e-9))


def plane(volumeNode: Any, points: np.ndarray | None = None) -> Plane:
    """The plane of the frame on which all points lie (without any: the first frame).

    Args:
        volumeNode: a scalar or vector volume.
        points: (points, 3) in world RAS.

    Raises:
        LogicError: the volume is empty, its axes are not perpendicular, or the points lie on several frames or beside
            the image.

    Example:
        >>> plane(volumeNode).geometry.spacing
        (0.25, 0.25)
    """
    name = volumeNode.GetName()
    image = volumeNode.GetImageData()
    size = image.GetDimensions() if image else (0, 0, 0)
    if min(size) < 1:
        raise LogicError(f"{name} has no pixels; choose another image.")
    matrix = ijkToWorld(volumeNode)
    frame = 0 if points is None or not len(points) else _frame(name, matrix, points, size[2])
    return Plane(name, frame, *_placed(name, matrix, frame, size), matrix)


def ijkToWorld(volumeNode: Any) -> np.ndarray:
    """(4, 4) from voxel indices to world RAS, with all transforms above the volume.

    Raises:
        LogicError: one of these is not linear.
    """
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    found = _array(matrix)
    parent = volumeNode.GetParentTransformNode()
    if parent is None:
        return found
    if not parent.IsTransformToWorldLinear():
        raise LogicError(f"{volumeNode.GetName()} lies under a transform that bends it; harden the transform first.")
    parent.GetMatrixTransformToWorld(matrix)
    return _array(matrix) @ found


def _placed(name: str, matrix: np.ndarray, frame: int, size: tuple[int, int, int]) -> tuple[Geometry, np.ndarray]:
    from USHarmonizationLib.landmarks.geometry import Geometry

    spacing = np.linalg.norm(matrix[:3, :2], axis=0)
    if not (np.isfinite(matrix).all() and spacing.min() > 0):
        raise LogicError(f"The pixels of {name} have no size; check its spacing and its transforms.")
    across, down = (matrix[:3, :2] / spacing).T
    if abs(across @ down) > TOLERANCE:
        raise LogicError(f"A transform shears {name}: its rows and columns are not perpendicular.")
    origin = (matrix @ [0.0, 0.0, frame, 1.0])[:3]
    # Made exactly perpendicular, so that lengths are kept exactly.
    down = down - (across @ down) * across
    down /= np.linalg.norm(down)
    shape = (int(size[1]), int(size[0]))
    width, height = (float(value) for value in spacing)
    if max(abs(across[2]), abs(down[2])) <= TOLERANCE:
        toWorld = RAS_OF_LPS.copy()
        toWorld[2, 3] = origin[2]
        direction = ((-float(across[0]), -float(down[0])), (-float(across[1]), -float(down[1])))
        return Geometry(shape, (width, height), (-float(origin[0]), -float(origin[1])), direction), toWorld
    toWorld = np.eye(4)
    toWorld[:3, :] = np.column_stack([across, down, np.cross(across, down), origin])
    return Geometry(shape, (width, height)), toWorld


def _frame(name: str, matrix: np.ndarray, points: np.ndarray, slices: int) -> int:
    thickness = np.linalg.norm(matrix[:3, 2])
    depths = (np.column_stack([points, np.ones(len(points))]) @ np.linalg.inv(matrix).T)[:, 2]
    frames = np.clip(np.rint(depths), 0, slices - 1)
    beside = np.abs(depths - frames).max() * thickness
    if beside > max(LEAST_TOLERANCE_MM, thickness / 2 * (1 + TOLERANCE)):
        raise LogicError(
            f"A landmark lies {beside:.1f} mm beside the plane of {name}; place it in the image's own view."
        )
    if len(found := sorted({int(frame) for frame in frames})) > 1:
        shown = ", ".join(str(frame) for frame in found)
        raise LogicError(f"The landmarks of {name} lie on the slices {shown}; needed: all on one slice.")
    return found[0]


def matrix4x4(values: np.ndarray) -> Any:
    """A vtkMatrix4x4 of a (4, 4) array."""
    import vtk

    made = vtk.vtkMatrix4x4()
    made.DeepCopy(np.asarray(values, float).ravel().tolist())
    return made


def _array(matrix: Any) -> np.ndarray:
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
