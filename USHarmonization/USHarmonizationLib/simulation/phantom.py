"""A phantom with the kinds of targets of the CIRS 040GSE, and pairs of frames of it from two scanners.

The targets are those of its published description (Sun Nuclear / CIRS, Multi-Purpose Multi-Tissue Ultrasound Phantom
040GSE): grey-scale cylinders at -9, -6, -3, +3, +6 and +15 dB against the background, anechoic stepped cylinders of
1.3 to 10 mm, vertical and horizontal groups of 0.1 mm wires, material of 0.5 or 0.7 dB/(cm MHz). Where they lie is
ours: three sections, as the paper images three, arranged to fill the probe's field of view. Cylinders and wires run
across the image plane. Positions in mm; x along the surface, z into the phantom.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..landmarks.transforms import LinearTransform
from ..scanners import Catalogue
from .beam import elevation_exponent, slice_agreement
from .formation import Knobs
from .geometry import Floats, geometry
from .scatterers import Medium, Pose, Scatterers, field_of_view, lattice_mm, scatter
from .settings import Imaging, imaging
from .view import View, picture, pixels_in_object, position_in_picture

CONTRASTS_DB = (-9.0, -6.0, -3.0, 3.0, 6.0, 15.0)
ANECHOIC_MM = (2.0, 3.0, 4.5, 4.5, 6.7, 10.0)
ATTENUATIONS = (0.5, 0.7)
SECTIONS = ("greyscale", "anechoic", "wires")
GREY_DIAMETER_MM = 8.0
# Echo of a wire (see Medium.reflectors), and radius of what is labelled as one. Stronger for deep fields of view: at
# the low frequencies used there background scatters less, wires hardly less.
WIRE_DB, WIRE_LABEL_MM = 16.0, 0.8
# The layouts below are for this depth; for other depths distances are scaled, diameters by the root of it.
LAYOUT_DEPTH_MM = 50.0
# How far poses differ, standard deviations: along the surface, into it (mm), tilt (degrees), out of plane (mm).
POSE_SPREAD = (1.5, 0.5, 2.0, 0.3)

# Second numbers of seeds, so that pairs, single frames and cohorts of one seed have nothing in common.
PAIRS, FRAMES = 1, 2


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        label: its name, e.g. ``grey-2``, ``anechoic-1``, ``wire-h3``.
        kind: ``grey``, ``anechoic`` or ``wire``.
        x_mm, z_mm: its axis. radius_mm: of a cylinder; of a wire, of what is labelled.
        contrast_db: against the background; -inf anechoic; of a wire, its echo.
    """

    label: str
    kind: str
    x_mm: float
    z_mm: float
    radius_mm: float
    contrast_db: float


@dataclass(frozen=True)
class Phantom:
    """Targets in a background of 0 dB.

    Attributes:
        section: one of ``SECTIONS``. targets: their order gives their values in label files, from 1.
        attenuation: dB/(cm MHz).
    """

    section: str
    targets: tuple[Target, ...]
    attenuation: float = 0.5

    def echogenicity_db(self, x: Floats, z: Floats) -> Floats:
        """Echo strength at positions, dB."""
        made = np.zeros(x.shape, dtype=np.float32)
        for target in self.targets:
            if target.kind != "wire":
                made[_in_circle(target, x, z)] = target.contrast_db
        return made

    def labels(self, x: Floats, z: Floats) -> NDArray[np.uint8]:
        """Which target is at positions: its place in ``targets`` from 1, or 0."""
        made = np.zeros(x.shape, dtype=np.uint8)
        for value, target in enumerate(self.targets, start=1):
            made[_in_circle(target, x, z)] = value
        return made

    def medium(self) -> Medium:
        """What scatters."""
        wires = tuple((t.x_mm, t.z_mm, t.contrast_db) for t in self.targets if t.kind == "wire")
        return Medium(self.echogenicity_db, self.attenuation, reflectors=wires)


@dataclass(frozen=True)
class PhantomPair:
    """One phantom, seen by two scanners.

    Attributes:
        phantom: what both show.
        fixed: the target scanner's frame. moving: the source scanner's.
        transform: from a point of the fixed picture to the same of the moving one, mm.
    """

    phantom: Phantom
    fixed: View
    moving: View
    transform: LinearTransform


def layout(section: str, depth_mm: float, random: np.random.Generator | None = None) -> Phantom:
    """One section of the phantom, arranged for a field of view of this depth.

    Args:
        section: ``greyscale``, ``anechoic`` or ``wires``.
        depth_mm: how deep will be imaged.
        random: varies places, sizes, order and material; None gives the phantom as it is.
    """
    if section not in SECTIONS:
        raise UsageError(f"unknown section {section!r}; known: {', '.join(SECTIONS)}")
    scale = depth_mm / LAYOUT_DEPTH_MM
    draw = _Draw(random, scale)
    contrasts = draw.shuffled(CONTRASTS_DB)
    if section == "greyscale":
        grid = [(x, z) for z in (14.0, 34.0) for x in (-12.0, 0.0, 12.0)]
        cylinders = [
            draw.cylinder(f"grey-{number}", place, GREY_DIAMETER_MM, contrast)
            for number, (place, contrast) in enumerate(zip(grid, contrasts, strict=True), start=1)
        ]
        wires = draw.wires("h", [(x, 24.0) for x in (-15.0, -5.0, 5.0, 15.0)])
    elif section == "anechoic":
        grid = [(-11.0, 11.0), (0.0, 11.0), (11.0, 11.0), (-12.0, 28.0), (0.0, 28.0), (12.0, 28.0)]
        near, deep = draw.shuffled(ANECHOIC_MM[:3]), draw.shuffled(ANECHOIC_MM[3:])
        cylinders = [
            draw.cylinder(f"anechoic-{number}", place, diameter, -math.inf)
            for number, (place, diameter) in enumerate(zip(grid, near + deep, strict=True), start=1)
        ]
        cylinders.append(draw.cylinder("grey-1", (-6.0, 42.0), GREY_DIAMETER_MM, contrasts[0]))
        wires = draw.wires("h", [(x, 19.5) for x in (-14.0, -4.0, 6.0)]) + draw.wires("v", [(6.0, 38.0), (6.0, 46.0)])
    else:
        cylinders = [
            draw.cylinder(f"grey-{number}", place, GREY_DIAMETER_MM, contrast)
            for number, (place, contrast) in enumerate(zip([(-11, 31.0), (11, 31.0)], contrasts, strict=False), start=1)
        ]
        cylinders.append(draw.cylinder("anechoic-1", (-8.0, 42.0), draw.shuffled(ANECHOIC_MM[1:5])[0], -math.inf))
        wires = draw.wires("v", [(0.0, z) for z in (6.0, 12.0, 18.0, 24.0, 30.0, 36.0, 42.0)])
        wires += draw.wires("h", [(x, 18.0) for x in (-15.0, -10.0, -5.0, 5.0, 10.0, 15.0)])
    attenuation = ATTENUATIONS[0] if random is None else float(random.choice(ATTENUATIONS))
    return Phantom(section, tuple(cylinders + wires), attenuation)


def simulate_pair(
    source: Imaging, target: Imaging, seed: int, index: int, varied: bool = True, pose_spread: float = 1.0
) -> PhantomPair:
    """The pair number ``index`` of this seed; see ``simulate_pairs``."""
    random, section = _stream(seed, PAIRS, index), SECTIONS[index % len(SECTIONS)]
    phantom = layout(section, min(source.probe.depth_mm, target.probe.depth_mm), random if varied else None)
    poses = [_pose(random, pose_spread, target.probe.depth_mm / LAYOUT_DEPTH_MM) for _ in range(2)]
    knobs = [Knobs.drawn(how, phantom.attenuation, random) for how in (target, source)]
    medium = phantom.medium()
    views = ((target, poses[0]), (source, poses[1]))
    spacing = lattice_mm((target, source), phantom.attenuation)
    seen = scatter(medium, field_of_view(views), spacing, random)
    other = seen.in_other_slice(_agreement(seen, views, phantom.attenuation), random)
    frames = [
        picture(points, medium, how, pose, random, setting)
        for points, (how, pose), setting in zip((seen, other), views, knobs, strict=True)
    ]
    places = [_landmarks(phantom, how, pose) for how, pose in views]
    common = [label for label in places[0] if label in places[1]]
    fixed, moving = (
        View(how, pose, frame, _labels(phantom, how, pose), {label: place[label] for label in common}, setting)
        for (how, pose), frame, place, setting in zip(views, frames, places, knobs, strict=True)
    )
    return PhantomPair(phantom, fixed, moving, between(fixed, moving))


def simulate_pairs(
    source_id: str,
    target_id: str,
    count: int,
    seed: int,
    *,
    probe: str = "linear",
    size: int | None = None,
    start: int = 0,
    varied: bool = True,
    scanners: Catalogue | None = None,
) -> Iterator[PhantomPair]:
    """Pairs of frames of one phantom, each with its own section, layout, scatterers, poses and gains.

    Both scanners see the same scatterers as far as their slices agree; poses differ by some mm and degrees.

    Args:
        source_id: scanner of the moving frames. target_id: of the fixed ones.
        count: number of pairs. seed: other seeds give other phantoms and poses.
        probe: ``linear``, ``convex`` or ``endocavity``, or what else both scanners have.
        size: rows and columns of the frames; as the catalogue says when None.
        start: number of the first pair; pairs 5 to 9 are the same whether begun at 0 or at 5.
        varied: whether layouts vary; else only scatterers, poses and gains do.
        scanners: the catalogue; the default one when None.

    Raises:
        UsageError: a scanner or probe is unknown or cannot be simulated.
    """
    source, target = (_sized(imaging(name, probe, scanners), size) for name in (source_id, target_id))
    return (simulate_pair(source, target, seed, index, varied) for index in range(start, start + count))


def simulate_frames(
    scanner_id: str,
    count: int,
    seed: int,
    *,
    probe: str = "linear",
    size: int | None = None,
    start: int = 0,
    scanners: Catalogue | None = None,
) -> Iterator[View]:
    """Frames of one scanner, each of a phantom of its own, for training without pairs; arguments as above.

    Frames of two scanners with the same seed show different phantoms.
    """
    how = _sized(imaging(scanner_id, probe, scanners), size)
    return (simulate_frame(how, seed, index) for index in range(start, start + count))


def simulate_frame(how: Imaging, seed: int, index: int) -> View:
    """The frame number ``index`` of this scanner and seed; see ``simulate_frames``."""
    random = _stream(seed, FRAMES, index, *how.scanner.encode())
    phantom = layout(str(random.choice(SECTIONS)), how.probe.depth_mm, random)
    pose = _pose(random, 1.0, how.probe.depth_mm / LAYOUT_DEPTH_MM)
    knobs = Knobs.drawn(how, phantom.attenuation, random)
    medium = phantom.medium()
    seen = scatter(medium, field_of_view(((how, pose),)), lattice_mm((how,), phantom.attenuation), random)
    frame = picture(seen, medium, how, pose, random, knobs)
    return View(how, pose, frame, _labels(phantom, how, pose), _landmarks(phantom, how, pose), knobs)


def between(fixed: View, moving: View) -> LinearTransform:
    """From a point of one picture (mm from its first pixel) to the same point of the object in the other."""

    def there(x: float, y: float) -> NDArray[np.float64]:
        (x0, z0), (x1, z1) = (geometry(view.imaging).origin_mm for view in (fixed, moving))
        probe_x, probe_z = moving.pose.to_probe(*fixed.pose.to_object(x + x0, y + z0))
        return np.array([probe_x - x1, probe_z - z1])

    offset = there(0.0, 0.0)
    return LinearTransform("rigid", np.column_stack([there(1.0, 0.0) - offset, there(0.0, 1.0) - offset]), offset)


class _Draw:
    """Places and sizes of targets, varied when there is chance."""

    def __init__(self, random: np.random.Generator | None, scale: float) -> None:
        self._random, self._scale = random, scale
        self._mirror = 1 if random is None or random.random() < 0.5 else -1

    def _spread(self, width: float) -> float:
        return 0.0 if self._random is None else float(self._random.uniform(-width, width))

    def shuffled(self, values: tuple[float, ...]) -> tuple[float, ...]:
        return values if self._random is None else tuple(float(one) for one in self._random.permutation(values))

    def cylinder(self, label: str, place: tuple[float, float], diameter: float, contrast: float) -> Target:
        radius = diameter / 2 * math.sqrt(self._scale) * (1 + self._spread(0.12))
        x, z = place[0] * self._mirror + self._spread(0.8), place[1] + self._spread(0.8)
        kind = "anechoic" if contrast == -math.inf else "grey"
        return Target(label, kind, x * self._scale, z * self._scale, radius, contrast)

    def wires(self, group: str, places: list[tuple[float, float]]) -> list[Target]:
        dx, dz = self._spread(1.0), self._spread(0.6)
        radius, strength = WIRE_LABEL_MM * math.sqrt(self._scale), WIRE_DB + 20 * math.log10(self._scale)
        return [
            Target(
                f"wire-{group}{number}", "wire",
                (x * self._mirror + dx) * self._scale, (z + dz) * self._scale, radius, strength,
            )
            for number, (x, z) in enumerate(places, start=1)
        ]  # fmt: skip


def _in_circle(target: Target, x: Floats, z: Floats) -> NDArray[np.bool_]:
    dx, dz = x - np.float32(target.x_mm), z - np.float32(target.z_mm)
    return np.asarray(dx * dx + dz * dz < np.float32(target.radius_mm**2))


def _agreement(seen: Scatterers, views: tuple[tuple[Imaging, Pose], ...], attenuation: float) -> Floats:
    """How far the second view's slice agrees with the first's, at each scatterer; by its depth under the surface."""
    (first, pose), (second, other) = views
    depth = np.linspace(0, max(first.probe.depth_mm, second.probe.depth_mm), 128)
    exponents = [elevation_exponent(one.probe, depth, attenuation) for one in (first, second)]
    agreement = slice_agreement(exponents[0], exponents[1], other.height_mm - pose.height_mm)
    return np.interp(seen.z, depth, agreement).astype(np.float32)


def _landmarks(phantom: Phantom, how: Imaging, pose: Pose) -> Mapping[str, tuple[float, float]]:
    places = {target.label: position_in_picture(how, pose, target.x_mm, target.z_mm) for target in phantom.targets}
    return {label: place for label, place in places.items() if place is not None}


def _labels(phantom: Phantom, how: Imaging, pose: Pose) -> NDArray[np.uint8]:
    return np.where(geometry(how).sector, phantom.labels(*pixels_in_object(how, pose)), 0).astype(np.uint8)


def _pose(random: np.random.Generator, spread: float, scale: float) -> Pose:
    x, z, tilt, height = (float(value) for value in random.normal(size=4) * np.array(POSE_SPREAD) * spread)
    return Pose(x * scale, z * scale, tilt, height)


def _stream(*numbers: int) -> np.random.Generator:
    return np.random.default_rng(numbers)


def _sized(how: Imaging, size: int | None) -> Imaging:
    return how if size is None else how.with_matrix(size, size)
