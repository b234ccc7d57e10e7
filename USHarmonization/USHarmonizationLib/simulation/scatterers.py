"""What tissue is made of for ultrasound: many small scatterers, and some strong reflectors.

Scatterers lie one in each cell of a lattice, at a random place in it, with complex Gaussian amplitude of unit variance
for background tissue. In a slice of some millimetres each stands for the many scatterers above and below it, whose sum
is complex Gaussian whatever they are; with ten in a resolution cell speckle is well developed. They are points in mm:
every scanner and pose sees the same ones, with their phases right. Fewer, stronger scatterers (``density`` below 1)
give speckle that is not fully developed, as in tissue with few cells.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .beam import NEAREST_MM, axial_width_mm, lateral_width_mm
from .geometry import floats, geometry
from .settings import SOUND_SPEED, Imaging

Floats = NDArray[np.float32]
Complex = NDArray[np.complex64]
# Of positions x, z (mm, any shape): echo strength in dB relative to background, or a share of 0 to 1.
Map = Callable[[Floats, Floats], Floats]

Place = TypeVar("Place", float, Floats)

# Scatterers in a resolution cell (-6 dB), at least.
PER_CELL = 10


@dataclass(frozen=True)
class Medium:
    """What is imaged.

    Attributes:
        echogenicity_db: echo strength at positions, dB relative to background; -inf where nothing scatters.
        attenuation: dB/(cm MHz), one way, of the background.
        density: share of scatterers that there are, the echo strength kept by making them stronger; None for all.
        excess_attenuation: what is added to ``attenuation`` at positions; None for nothing.
        reflectors: x, z (mm) and strength (dB of a point whose echo energy equals that of 1 mm2 of background) of
            wires and the like.
    """

    echogenicity_db: Map
    attenuation: float = 0.5
    density: Map | None = None
    excess_attenuation: Map | None = None
    reflectors: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Scatterers:
    """Points in mm, each array (count,).

    Attributes:
        x, z: positions.
        amplitude: complex; of unit variance for 1 scatterer a mm2 of background.
        deviation: standard deviation from which the amplitude was drawn; 0 for reflectors, which are the same in every
            slice.
    """

    x: Floats
    z: Floats
    amplitude: Complex
    deviation: Floats

    def moved(self, pose: Pose) -> Scatterers:
        """The same as seen by a probe held in this pose."""
        x, z = pose.to_probe(self.x, self.z)
        return replace(self, x=x, z=z)

    def in_other_slice(self, agreement: Floats, random: np.random.Generator) -> Scatterers:
        """The same tissue in a slice that agrees with this one by 0 (not at all) to 1 (it is this one); (count,)."""
        other = self.deviation * complex_normal(self.x.size, random)
        mixed = agreement * self.amplitude + np.sqrt(1 - agreement**2) * other
        return replace(self, amplitude=np.where(self.deviation > 0, mixed, self.amplitude).astype(np.complex64))


@dataclass(frozen=True)
class Pose:
    """How a probe is held: where its face's middle is in the object, mm; turned by ``tilt_deg`` in the image plane
    (its right end away from the object's surface when positive); ``height_mm`` out of the object's middle plane."""

    x_mm: float = 0.0
    z_mm: float = 0.0
    tilt_deg: float = 0.0
    height_mm: float = 0.0

    def to_probe(self, x: Place, z: Place) -> tuple[Place, Place]:
        """Probe coordinates of points of the object."""
        c, s = math.cos(math.radians(self.tilt_deg)), math.sin(math.radians(self.tilt_deg))
        dx, dz = x - self.x_mm, z - self.z_mm
        return c * dx + s * dz, c * dz - s * dx

    def to_object(self, x: Place, z: Place) -> tuple[Place, Place]:
        """Object coordinates of points that a probe sees at x, z."""
        c, s = math.cos(math.radians(self.tilt_deg)), math.sin(math.radians(self.tilt_deg))
        origin_x, origin_z = self.to_probe(0.0, 0.0)
        dx, dz = x - origin_x, z - origin_z
        return c * dx - s * dz, s * dx + c * dz


def lattice_mm(views: tuple[Imaging, ...], attenuation: float) -> float:
    """Distance of scatterers that gives the finest of these views its ``PER_CELL``; at most half a wavelength."""
    spacings = []
    for view in views:
        depth = np.linspace(NEAREST_MM, view.probe.depth_mm, 64)
        cell = axial_width_mm(view.probe) * float(lateral_width_mm(view.probe, depth, attenuation).min())
        spacings.append(min(math.sqrt(cell / PER_CELL), SOUND_SPEED / view.probe.centre_mhz / 2))
    return min(spacings)


def field_of_view(views: tuple[tuple[Imaging, Pose], ...], margin_mm: float = 2.0) -> tuple[float, float, float, float]:
    """Least and greatest x, least and greatest z of the object that any of these views shows."""
    xs, zs = [], []
    for imaging, pose in views:
        left, right, top, bottom = geometry(imaging).bounds
        x, z = pose.to_object(floats(left, right, left, right), floats(top, top, bottom, bottom))
        xs += list(x)
        zs += list(z)
    return (
        float(min(xs)) - margin_mm, float(max(xs)) + margin_mm,
        float(min(zs)) - margin_mm, float(max(zs)) + margin_mm,
    )  # fmt: skip


def scatter(
    medium: Medium, bounds: tuple[float, float, float, float], spacing_mm: float, random: np.random.Generator
) -> Scatterers:
    """The scatterers of a medium within bounds, and its reflectors (last)."""
    x, z = _lattice(bounds, spacing_mm, random)
    amplitude = complex_normal(x.size, random)
    strength = medium.echogenicity_db(x, z).astype(np.float32)
    deviation = np.exp(strength * np.float32(math.log(10) / 20)) * np.float32(spacing_mm)
    if medium.density is not None:
        share = medium.density(x, z)
        kept = random.random(x.size, dtype=np.float32) < share
        deviation = np.where(kept, deviation / np.sqrt(np.maximum(share, np.float32(1e-6))), 0).astype(np.float32)
    seen = deviation > 0
    points = np.array(medium.reflectors, dtype=np.float32).reshape(-1, 3)
    return Scatterers(
        np.concatenate([x[seen], points[:, 0]]),
        np.concatenate([z[seen], points[:, 1]]),
        np.concatenate([(amplitude * deviation)[seen], 10 ** (points[:, 2] / 20)]).astype(np.complex64),
        np.concatenate([deviation[seen], np.zeros(len(points), dtype=np.float32)]),
    )


def complex_normal(count: int, random: np.random.Generator) -> Complex:
    """(count,) circular complex Gaussian numbers of unit variance."""
    parts = random.standard_normal((count, 2), dtype=np.float32)
    parts *= np.float32(math.sqrt(0.5))
    return parts.view(np.complex64)[:, 0]


def _lattice(
    bounds: tuple[float, float, float, float], spacing: float, random: np.random.Generator
) -> tuple[Floats, Floats]:
    left, right, top, bottom = bounds
    columns, rows = math.ceil((right - left) / spacing), math.ceil((bottom - top) / spacing)
    jitter = random.random((2, rows, columns), dtype=np.float32)
    x = (jitter[0] + np.arange(columns, dtype=np.float32)) * np.float32(spacing) + np.float32(left)
    z = (jitter[1] + np.arange(rows, dtype=np.float32)[:, None]) * np.float32(spacing) + np.float32(top)
    return x.ravel(), z.ravel()
