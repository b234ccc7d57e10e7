"""Where scan lines run, and where each pixel of the picture lies among them.

Coordinates in mm: x along the probe's face to the right, z away from it; the middle of the face is (0, 0). A position
in beam coordinates is a depth along its line (mm) and a place between the first line (0) and the last (1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .settings import Imaging, Probe

Floats = NDArray[np.float32]

# Empty pixels around the field of view.
MARGIN = 6


def floats(*values: float) -> Floats:
    """An array of these."""
    return np.array(values, dtype=np.float32)


@dataclass(frozen=True)
class Geometry:
    """The lines of a probe and the picture they are shown in.

    Attributes:
        probe: the array. matrix: rows and columns of the picture.
    """

    probe: Probe
    matrix: tuple[int, int]

    @property
    def half_angle(self) -> float:
        """Convex: from the middle line to the last, in radians; 0 for a linear array."""
        return float(np.deg2rad(self.probe.angle_deg / 2))

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """Least and greatest x, least and greatest z of the field of view, mm."""
        probe = self.probe
        if probe.kind == "linear":
            return -probe.width_mm / 2, probe.width_mm / 2, 0.0, probe.depth_mm
        half = (probe.radius_mm + probe.depth_mm) * float(np.sin(self.half_angle))
        return -half, half, -probe.radius_mm * (1 - float(np.cos(self.half_angle))), probe.depth_mm

    @cached_property
    def pixel_mm(self) -> float:
        """Side of a pixel."""
        left, right, top, bottom = self.bounds
        rows, columns = self.matrix
        return max((right - left) / (columns - 2 * MARGIN), (bottom - top) / (rows - 2 * MARGIN))

    @property
    def origin_mm(self) -> tuple[float, float]:
        """x and z of the centre of the first pixel."""
        return -self.pixel_mm * (self.matrix[1] - 1) / 2, self.bounds[2] - self.pixel_mm * (MARGIN - 0.5)

    def spacing_at(self, depth: ArrayLike) -> NDArray[np.float64]:
        """Length in mm, at this depth, of the way from the first line to the last."""
        depth = np.asarray(depth, dtype=float)
        if self.probe.kind == "linear":
            return np.full(depth.shape, self.probe.width_mm)
        return (self.probe.radius_mm + depth) * 2 * self.half_angle

    def to_beam(self, x: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Depth along the line and place between the lines of points; see above."""
        probe = self.probe
        if probe.kind == "linear":
            return z, x / np.float32(probe.width_mm) + np.float32(0.5)
        below = z + np.float32(probe.radius_mm)
        depth = np.hypot(x, below) - np.float32(probe.radius_mm)
        place = np.arctan2(x, below) / np.float32(2 * self.half_angle) + np.float32(0.5)
        return depth, place

    def from_beam(self, depth: ArrayLike, place: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and z of points in beam coordinates."""
        depth, place = np.asarray(depth, dtype=float), np.asarray(place, dtype=float)
        if self.probe.kind == "linear":
            return (place - 0.5) * self.probe.width_mm, depth
        angle, distance = (place - 0.5) * 2 * self.half_angle, depth + self.probe.radius_mm
        return distance * np.sin(angle), distance * np.cos(angle) - self.probe.radius_mm

    def pixel_positions(self) -> tuple[Floats, Floats]:
        """x of each column (1, columns) and z of each row (rows, 1), mm."""
        (rows, columns), (x0, z0) = self.matrix, self.origin_mm
        x = (x0 + self.pixel_mm * np.arange(columns)).astype(np.float32)
        z = (z0 + self.pixel_mm * np.arange(rows)).astype(np.float32)
        return x[None, :], z[:, None]

    @cached_property
    def pixels_in_beams(self) -> tuple[Floats, Floats]:
        """Depth and place between the lines of each pixel; each (rows, columns)."""
        x, z = np.broadcast_arrays(*self.pixel_positions())
        return self.to_beam(x, z)

    @cached_property
    def sector(self) -> NDArray[np.bool_]:
        """(rows, columns) True where a pixel lies in the field of view."""
        depth, place = self.pixels_in_beams
        return (depth >= 0) & (depth <= self.probe.depth_mm) & (place >= 0) & (place <= 1)

    def inside(self, x: float, z: float, margin_mm: float = 0.0) -> bool:
        """Whether a point lies in the field of view, at least ``margin_mm`` from its border."""
        depth, place = self.to_beam(floats(x), floats(z))
        aside = margin_mm / float(self.spacing_at(max(float(depth[0]), 0.0)))
        deep = margin_mm <= depth[0] <= self.probe.depth_mm - margin_mm
        return bool(deep and aside <= place[0] <= 1 - aside)


@lru_cache(maxsize=16)
def geometry(imaging: Imaging) -> Geometry:
    """The geometry of ``imaging``, made once."""
    return Geometry(imaging.probe, imaging.matrix)
