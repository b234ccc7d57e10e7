"""Transforms of the plane that are fitted to landmarks: rigid, similarity, affine, thin-plate spline.

All lead from (points, 2) x, y in mm of the fixed image to x, y in mm of the moving image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .geometry import Points

# Fewer landmarks do not determine the transform and let it be checked: three that are not on a line are needed even
# where two would do, since two fit a mirrored image as well.
LEAST = {"rigid": 3, "similarity": 3, "affine": 3, "tps": 4}
KINDS = tuple(LEAST)


class Transform(Protocol):
    """A transform of the plane."""

    def __call__(self, points: Points) -> Points:
        """(points, 2) in mm to (points, 2) in mm."""


@dataclass(frozen=True, eq=False)
class LinearTransform:
    """``matrix @ point + offset``.

    Attributes:
        kind: ``rigid``, ``similarity`` or ``affine``.
        matrix: (2, 2).
        offset: (2,) in mm.
    """

    kind: str
    matrix: Points
    offset: Points

    def __call__(self, points: Points) -> Points:
        """(points, 2) in mm to (points, 2) in mm."""
        return np.asarray(points @ self.matrix.T + self.offset)

    @property
    def linear(self) -> LinearTransform:
        """Itself."""
        return self

    @property
    def scale(self) -> float:
        """Square root of the factor by which areas grow."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    @property
    def rotation_degrees(self) -> float:
        """Angle of the rotation that is nearest to the matrix, from x towards y."""
        (a, b), (c, d) = self.matrix
        return float(np.degrees(np.arctan2(c - b, a + d)))


@dataclass(frozen=True, eq=False)
class ThinPlateSpline:
    """An affine transform and a bending term r^2 log r around each landmark (Bookstein, IEEE TPAMI 1989, section II).

    Attributes:
        landmarks: (landmarks, 2) in mm of the fixed image; they lead exactly onto those of the moving one.
        weights: (landmarks, 2) of the bending terms.
        linear: the affine rest.
    """

    landmarks: Points
    weights: Points
    linear: LinearTransform
    kind: str = "tps"

    def __call__(self, points: Points) -> Points:
        """(points, 2) in mm to (points, 2) in mm."""
        moved = self.linear(points)
        for landmark, weight in zip(self.landmarks, self.weights, strict=True):  # one by one: images are large
            moved += _kernel(((points - landmark) ** 2).sum(axis=1))[:, None] * weight
        return moved


Fitted = LinearTransform | ThinPlateSpline


def fit(kind: str, fixed: Points, moving: Points) -> Fitted:
    """The transform that brings ``fixed`` landmarks nearest to the ``moving`` ones; none of them mirrors.

    Rigid: least squares (Umeyama, IEEE TPAMI 1991, equation 40 without scale). Similarity: the same rotation, and the
    ratio of the two sizes as scale (Horn, J Opt Soc Am A 1987, section 2.E), as VTK and ITK have it: it gives the
    inverse when the images change places, which the least-squares scale does not. Affine: least squares.

    Args:
        kind: one of ``KINDS``.
        fixed, moving: (landmarks, 2) in mm, in the same order; at least as many as ``LEAST`` says, not on a line.
    """
    return FITS[kind](fixed, moving)


def rms(distances: Points) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(distances))))


def _rigid(fixed: Points, moving: Points) -> LinearTransform:
    return _procrustes("rigid", fixed, moving)


def _similarity(fixed: Points, moving: Points) -> LinearTransform:
    return _procrustes("similarity", fixed, moving)


def _procrustes(kind: str, fixed: Points, moving: Points) -> LinearTransform:
    centre, target = fixed.mean(axis=0), moving.mean(axis=0)
    left, _, right = np.linalg.svd((moving - target).T @ (fixed - centre))
    rotation = left @ np.diag([1.0, np.sign(np.linalg.det(left @ right))]) @ right
    scale = rms(moving - target) / rms(fixed - centre) if kind == "similarity" else 1.0
    matrix = scale * rotation
    return LinearTransform(kind, matrix, target - matrix @ centre)


def _affine(fixed: Points, moving: Points) -> LinearTransform:
    centre, target = fixed.mean(axis=0), moving.mean(axis=0)
    matrix = np.linalg.lstsq(fixed - centre, moving - target, rcond=None)[0].T
    return LinearTransform("affine", matrix, target - matrix @ centre)


def _thin_plate_spline(fixed: Points, moving: Points) -> ThinPlateSpline:
    count, centre = len(fixed), fixed.mean(axis=0)
    size = np.abs(fixed - centre).max()
    unit = (fixed - centre) / size  # in mm the system would be badly conditioned
    plane = np.column_stack([np.ones(count), unit])
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(((unit[:, None] - unit) ** 2).sum(axis=2))
    system[:count, count:], system[count:, :count] = plane, plane.T
    solution = np.linalg.solve(system, np.vstack([moving, np.zeros((3, 2))]))
    # r^2 log r of scaled points differs from that of points in mm by a multiple of r^2, of which the sum over all
    # landmarks is affine, since the weights and their first moments add up to nothing.
    weights = solution[:count] / size**2
    rest = moving - _kernel(((fixed[:, None] - fixed) ** 2).sum(axis=2)) @ weights
    return ThinPlateSpline(fixed, weights, _affine(fixed, rest))


def _kernel(squares: Points) -> Points:
    """r^2 log r of squared distances."""
    return np.asarray(0.5 * squares * np.log(np.where(squares > 0, squares, 1.0)))


FITS: dict[str, Callable[[Points, Points], Fitted]] = {
    "rigid": _rigid,
    "similarity": _similarity,
    "affine": _affine,
    "tps": _thin_plate_spline,
}
