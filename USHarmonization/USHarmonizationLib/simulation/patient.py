"""Tissue with a lesion whose shape and texture are known.

The lesion's outline is a circle with smooth waves; inside, mean echo strength, its variation (standard deviation and
correlation length of a Gaussian random field, in dB and mm), the density of scatterers, and attenuation differ from the
tissue around. That has layers, strands and sometimes a small cyst, so that it looks like tissue; it stands for no organ
in particular.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from .formation import Knobs
from .geometry import Floats, geometry
from .scatterers import Medium, Pose, field_of_view, lattice_mm, scatter
from .settings import Imaging
from .view import View, picture, pixels_in_object

# Waves around the outline, from the second (ellipse) on.
WAVES = range(2, 9)
# Width over which tissue goes over into lesion, mm.
MARGIN_MM = 0.5
# Random fields are made on a grid of this step, mm.
FIELD_STEP_MM = 0.2
# Depth of the field of view for which sizes and places are given, mm.
USUAL_DEPTH_MM = 55.0
ATTENUATION = 0.5
LESION = 1


@dataclass(frozen=True)
class Lesion:
    """A lesion, in mm and dB.

    Attributes:
        x_mm, z_mm: its middle. radius_mm: mean radius.
        irregularity: root mean square of the outline's waves, as a share of the radius.
        waves: amplitude (before scaling to ``irregularity``) and phase of each of ``WAVES``.
        contrast_db: mean echo strength against the tissue around.
        heterogeneity_db, correlation_mm: standard deviation and correlation length of the echo strength inside.
        density: share of the scatterers that tissue has, 0 to 1; echo strength stays the same.
        attenuation: added to that of tissue, dB/(cm MHz).
    """

    x_mm: float
    z_mm: float
    radius_mm: float
    irregularity: float
    waves: tuple[tuple[float, float], ...]
    contrast_db: float
    heterogeneity_db: float
    correlation_mm: float
    density: float
    attenuation: float

    def distance(self, x: Floats, z: Floats) -> Floats:
        """How far outside (inside: negative) of the outline positions are, along the radius, mm."""
        dx, dz = x - np.float32(self.x_mm), z - np.float32(self.z_mm)
        angle = np.arctan2(dz, dx)
        power = math.sqrt(sum(amplitude**2 for amplitude, _ in self.waves) / 2)
        outline = np.ones_like(angle)
        for wave, (amplitude, phase) in zip(WAVES, self.waves, strict=True):
            outline += np.float32(self.irregularity * amplitude / power) * np.cos(wave * angle + np.float32(phase))
        return np.asarray(np.hypot(dx, dz) - np.float32(self.radius_mm) * outline)

    def inside(self, x: Floats, z: Floats) -> NDArray[np.bool_]:
        """Whether positions are in the lesion."""
        return self.distance(x, z) < 0


@dataclass(frozen=True, eq=False)
class RandomField:
    """A smooth Gaussian random field of zero mean and unit variance.

    Attributes:
        left, top: position of the first value, mm. values: (rows, columns), ``FIELD_STEP_MM`` apart.
    """

    left: float
    top: float
    values: Floats

    @classmethod
    def drawn(
        cls, bounds: tuple[float, float, float, float], length_mm: tuple[float, float], random: np.random.Generator
    ) -> RandomField:
        """A field over bounds (x from, to, z from, to) whose correlation falls to 1/e at ``length_mm`` (z, x)."""
        left, right, top, bottom = bounds
        shape = [math.ceil((to - start) / FIELD_STEP_MM) + 2 for start, to in ((top, bottom), (left, right))]
        # A Gaussian filter of standard deviation s gives a correlation exp(-d2 / (4 s2)).
        sigma = [length / 2 / FIELD_STEP_MM for length in length_mm]
        values = gaussian_filter(random.standard_normal(shape, dtype=np.float32), sigma, mode="wrap", truncate=3)
        kernel = np.prod([_energy(one) for one in sigma])
        return cls(left, top, (values / np.float32(math.sqrt(kernel))).astype(np.float32))

    def __call__(self, x: Floats, z: Floats) -> Floats:
        points = np.stack([(z - np.float32(self.top)), (x - np.float32(self.left))]) / np.float32(FIELD_STEP_MM)
        return np.asarray(map_coordinates(self.values, points, order=1, mode="nearest"))


@dataclass(frozen=True, eq=False)
class Tissue:
    """Tissue with a lesion; see the module.

    Attributes:
        lesion: in it; None for none. texture: of the lesion. broad, strands: of the tissue around.
        layers: depth, echo strength (dB) below it, height (mm), length (mm) and phase of the boundary's waves.
        cysts: x, z, radius.
    """

    lesion: Lesion | None
    texture: RandomField
    broad: RandomField
    strands: RandomField
    layers: tuple[tuple[float, float, float, float, float], ...]
    cysts: tuple[tuple[float, float, float], ...]

    def echogenicity_db(self, x: Floats, z: Floats) -> Floats:
        """Echo strength at positions, dB."""
        around = 1.5 * self.broad(x, z) + 2.0 * self.strands(x, z)
        for depth, strength, height, length, phase in self.layers:
            wavy = z - np.float32(depth) - np.float32(height) * np.sin(x / np.float32(length) + np.float32(phase))
            around += np.float32(strength) * _step(wavy, 0.4) + 7 * np.exp(-((wavy / np.float32(0.35)) ** 2))
        for cx, cz, radius in self.cysts:
            distance = np.hypot(x - np.float32(cx), z - np.float32(cz)) - np.float32(radius)
            around = around - 40 * _step(-distance, 0.15)
        if (lesion := self.lesion) is None:
            return np.asarray(around, dtype=np.float32)
        within = np.float32(lesion.contrast_db) + np.float32(lesion.heterogeneity_db) * self.texture(x, z)
        return np.asarray(around + _share(lesion, x, z) * (within - around), dtype=np.float32)

    def medium(self) -> Medium:
        """What scatters."""
        lesion = self.lesion
        if lesion is None:
            return Medium(self.echogenicity_db, ATTENUATION)

        def density(x: Floats, z: Floats) -> Floats:
            return 1 + _share(lesion, x, z) * np.float32(lesion.density - 1)

        def attenuation(x: Floats, z: Floats) -> Floats:
            return _share(lesion, x, z) * np.float32(lesion.attenuation)

        return Medium(self.echogenicity_db, ATTENUATION, density, attenuation)


def draw_waves(random: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Amplitudes, which fall with the number of the wave, and phases."""
    amplitudes = random.rayleigh(size=len(WAVES)) / np.array(WAVES)
    phases = random.uniform(0, 2 * math.pi, len(WAVES))
    return tuple((float(a), float(p)) for a, p in zip(amplitudes, phases, strict=True))


def draw_tissue(
    lesion: Lesion | None, bounds: tuple[float, float, float, float], random: np.random.Generator
) -> Tissue:
    """Tissue of its own around a lesion; ``bounds`` x from, to, z from, to."""
    left, right, _, bottom = bounds
    x, z, radius, length = (
        (0.0, bottom / 3, 0.0, 1.0)
        if lesion is None
        else (lesion.x_mm, lesion.z_mm, lesion.radius_mm, max(lesion.correlation_mm, 2 * FIELD_STEP_MM))
    )
    layers = [
        (depth, random.uniform(-3, 3), random.uniform(0.4, 1.6), random.uniform(5, 14), random.uniform(0, 2 * math.pi))
        for depth in (random.uniform(3, 7), z + radius * 1.3 + random.uniform(4, 12))
    ]
    cysts = []
    for _ in range(random.integers(0, 3)):
        cx, cz, size = random.uniform(left, right), random.uniform(8, bottom), random.uniform(0.8, 2.2)
        if math.hypot(cx - x, cz - z) > 1.6 * radius + size:
            cysts.append((float(cx), float(cz), float(size)))
    return Tissue(
        lesion,
        RandomField.drawn(bounds, (length, length), random),
        RandomField.drawn(bounds, (5.0, 9.0), random),
        RandomField.drawn(bounds, (0.5, 4.0), random),
        tuple(tuple(float(value) for value in layer) for layer in layers),  # type: ignore[misc]
        tuple(cysts),
    )


def simulate_lesion(
    lesion: Lesion | None, how: Imaging, random: np.random.Generator, slightly_moved: bool = True
) -> View:
    """A frame of tissue of its own around the lesion, or without any; ``labels`` are 1 in the lesion."""
    spread = np.array([1.0, 0.3, 2.0]) if slightly_moved else np.zeros(3)
    x, z, tilt = (float(value) for value in random.standard_normal(3) * spread)
    pose, knobs = Pose(x, z, tilt), Knobs.drawn(how, ATTENUATION, random)
    bounds = field_of_view(((how, pose),))
    tissue = draw_tissue(lesion, bounds, random)
    medium = tissue.medium()
    frame = picture(scatter(medium, bounds, lattice_mm((how,), ATTENUATION), random), medium, how, pose, random, knobs)
    labels = np.zeros(how.matrix, dtype=np.uint8)
    if lesion is not None:
        labels[lesion.inside(*pixels_in_object(how, pose)) & geometry(how).sector] = LESION
    return View(how, pose, frame, labels, knobs=knobs)


def _share(lesion: Lesion, x: Floats, z: Floats) -> Floats:
    """How far positions belong to the lesion, 0 to 1."""
    return _step(-lesion.distance(x, z), MARGIN_MM)


def _step(distance: Floats, width: float) -> Floats:
    """0 far below zero, 1 far above, over ``width``."""
    return np.asarray(0.5 + 0.5 * np.tanh(distance / np.float32(width)), dtype=np.float32)


def _energy(sigma: float) -> float:
    """Sum of squares of a normalized sampled Gaussian, cut at three standard deviations as the filter is."""
    radius = int(3 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return float(((kernel / kernel.sum()) ** 2).sum())
