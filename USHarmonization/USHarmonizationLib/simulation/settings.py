"""How a scanner images, as data: the entry ``settings.simulation`` of the scanner catalogue.

A user adds a scanner that can be simulated by adding such an entry to a catalogue file of their own (see ``scanners``).
The entries that ship hold plausible values, not measurements of the devices; their ``comment`` says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

from ..errors import UsageError
from ..scanners import Catalogue, Scanner, catalogue

# mm/us: the speed that phantoms are made to and scanners assume.
SOUND_SPEED = 1.54

KINDS = ("linear", "convex")
# Accepted values, lowest and highest.
RANGES: Mapping[str, tuple[float, float]] = {
    "centre_mhz": (0.5, 50),
    "bandwidth": (0.1, 1.5),
    "aperture_mm": (1, 100),
    "transmit_f_number": (0.5, 20),
    "receive_f_number": (0.5, 20),
    "focus_mm": (2, 400),
    "elevation_aperture_mm": (0.5, 50),
    "elevation_focus_mm": (2, 400),
    "depth_mm": (5, 400),
    "lines": (16, 1024),
    "width_mm": (5, 200),
    "radius_mm": (3, 200),
    "angle_deg": (10, 170),
    "tgc_db_cm_mhz": (0, 2),
    "tgc_max_db": (0, 120),
    "noise_db": (-150, 0),
    "ring_db": (-60, 60),
    "ring_mm": (0.1, 20),
    "looks": (1, 15),
    "look_angle_deg": (0, 25),
    "dynamic_range_db": (20, 120),
    "white_db": (5, 80),
    "edge_amount": (0, 5),
    "edge_mm": (0.05, 5),
    "speckle_strength": (0, 1),
    "speckle_mm": (0.1, 10),
    "persistence": (0, 0.95),
}


@dataclass(frozen=True)
class Probe:
    """A transducer array and how it is driven.

    Attributes:
        kind: ``linear`` or ``convex`` (curvilinear).
        centre_mhz: centre frequency of the received pulse at the probe.
        bandwidth: -6 dB bandwidth of the two-way pulse, as a fraction of the centre frequency.
        aperture_mm: the largest aperture; with it the f-number is kept up to ``aperture_mm * receive_f_number``.
        transmit_f_number, focus_mm: of the one transmit focus.
        receive_f_number: of the dynamic receive focus.
        elevation_aperture_mm, elevation_focus_mm: height and focus of the lens across the image plane.
        depth_mm: how deep is imaged. lines: number of scan lines.
        width_mm: linear: from the first line to the last.
        radius_mm, angle_deg: convex: radius of the array, angle from the first line to the last.
    """

    kind: str
    centre_mhz: float
    bandwidth: float
    aperture_mm: float
    transmit_f_number: float
    receive_f_number: float
    focus_mm: float
    elevation_aperture_mm: float
    elevation_focus_mm: float
    depth_mm: float
    lines: int
    width_mm: float = 0.0
    radius_mm: float = 0.0
    angle_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"kind is {self.kind!r}; known: {', '.join(KINDS)}")
        shape = {"width_mm"} if self.kind == "linear" else {"radius_mm", "angle_deg"}
        for name in {"width_mm", "radius_mm", "angle_deg"} - shape:
            if getattr(self, name):
                raise UsageError(f"{name} means nothing for a {self.kind} probe; leave it out")
        _check_numbers(self, leave_out={"width_mm", "radius_mm", "angle_deg"} - shape)
        if not isinstance(self.lines, int):
            raise UsageError(f"lines is {self.lines!r}; needed: a whole number")


@dataclass(frozen=True)
class Imaging:
    """All that makes the picture of one scanner with one of its probes.

    Attributes:
        scanner: catalogue id. probe_name: which of its probes.
        probe: the transducer.
        matrix: rows and columns of the picture; the field of view is fitted into it, which gives the pixel size.
        tgc_db_cm_mhz: attenuation that the time gain compensation makes up for, one way. tgc_max_db: its limit.
        noise_db: electronic noise before compensation, relative to the echoes of background tissue at the probe.
        ring_db, ring_mm: what rings on after transmission: strength at the probe's face relative to background tissue,
            and the depth by which it has fallen by 20 dB.
        looks, look_angle_deg: spatial compounding: number of steered looks, angle of the outermost ones.
        dynamic_range_db: from black to white. white_db: white, relative to background tissue.
        grey_map: the curve from compressed echo to grey, as points (0..1, 0..1), rising.
        edge_amount, edge_mm: edge enhancement: weight and size of the unsharp mask.
        speckle_strength, speckle_mm: speckle reduction: 0 none, 1 all that the adaptive filter finds; its window.
        persistence: weight of the frames before (recursive average).
    """

    scanner: str
    probe_name: str
    probe: Probe
    matrix: tuple[int, int]
    tgc_db_cm_mhz: float
    tgc_max_db: float
    noise_db: float
    ring_db: float
    ring_mm: float
    looks: int
    look_angle_deg: float
    dynamic_range_db: float
    white_db: float
    grey_map: tuple[tuple[float, float], ...]
    edge_amount: float
    edge_mm: float
    speckle_strength: float
    speckle_mm: float
    persistence: float

    def __post_init__(self) -> None:
        _check_numbers(self)
        if not isinstance(self.looks, int):
            raise UsageError(f"looks is {self.looks!r}; needed: a whole number")
        if len(self.matrix) != 2 or not all(isinstance(side, int) and 32 <= side <= 4096 for side in self.matrix):
            raise UsageError(f"matrix is {list(self.matrix)}; needed: rows and columns, each 32 to 4096")
        points = self.grey_map
        rising = all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(points))
        inside = all(0 <= value <= 1 for point in points for value in point)
        if len(points) < 2 or not (rising and inside and points[0][0] == 0 and points[-1][0] == 1):
            raise UsageError("grey_map must be points [echo, grey] in 0..1 that rise, from echo 0 to echo 1")

    @property
    def black_db(self) -> float:
        """What is shown black, relative to background tissue."""
        return self.white_db - self.dynamic_range_db

    def with_matrix(self, rows: int, columns: int) -> Imaging:
        """The same in another picture size; the pixels become as much larger or smaller."""
        return replace(self, matrix=(rows, columns))


def imaging(scanner_id: str, probe: str | None = None, scanners: Catalogue | None = None) -> Imaging:
    """How the scanner of this id images, with the named one of its probes (the first of the entry when None).

    Raises:
        UsageError: the id or the probe is unknown, or the entry has no settings for simulation, or wrong ones.
    """
    known = scanners or catalogue()
    entry = known.scanner(scanner_id)
    settings = entry.settings.get("simulation")
    if settings is None:
        able = ", ".join(simulated(known)) or "none"
        raise UsageError(
            f"the catalogue does not say how {scanner_id} images (settings.simulation); it does for: {able}"
        )
    where = f"settings.simulation of {scanner_id}"
    if not isinstance(settings, Mapping) or not isinstance(settings.get("probes"), Mapping) or not settings["probes"]:
        raise UsageError(f"{where} must be an object with probes, each by its name")
    name = probe or next(iter(settings["probes"]))
    if name not in settings["probes"]:
        raise UsageError(f"{scanner_id} has no probe {name!r}; it has: {', '.join(settings['probes'])}")
    try:
        made = Probe(**_values(Probe, settings["probes"][name], {"comment"}))
    except UsageError as error:
        raise UsageError(f"{where}, probe {name}: {error}") from error
    rest = {key: value for key, value in settings.items() if key != "probes"}
    try:
        given = {"scanner": scanner_id, "probe_name": name, "probe": made}
        return Imaging(**_values(Imaging, {**rest, **given}, {"comment"}))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def simulated(scanners: Catalogue | None = None) -> tuple[str, ...]:
    """Ids of the scanners whose catalogue entry says how they image, sorted."""
    entries = (scanners or catalogue()).scanners.values()
    return tuple(sorted(entry.id for entry in entries if "simulation" in entry.settings))


def probes(scanner: Scanner) -> tuple[str, ...]:
    """Names of the probes of a catalogue entry; () where it has none."""
    return tuple(scanner.settings.get("simulation", {}).get("probes", ()))


def _values(kind: type, given: object, ignored: set[str]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise UsageError("needed is an object")
    names = [field.name for field in fields(kind)]
    optional = {"width_mm", "radius_mm", "angle_deg"}
    values = {key: value for key, value in given.items() if key not in ignored}
    for key in values:
        if key not in names:
            raise UsageError(f"unknown key {key!r}; known: {', '.join(names)}")
    for name in names:
        if name not in values and name not in optional:
            raise UsageError(f"{name} is missing")
    for name in ("matrix", "grey_map"):
        if name in values:
            values[name] = _tuples(values[name], name)
    return values


def _tuples(value: object, name: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise UsageError(f"{name} must be a list")
    if name == "matrix":
        return tuple(value)
    points = [tuple(point) if isinstance(point, (list, tuple)) else () for point in value]
    if any(len(point) != 2 or not all(_is_number(part) for part in point) for point in points):
        raise UsageError(f"{name} must be a list of pairs of numbers")
    return tuple(points)


def _check_numbers(made: object, leave_out: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    for name in (field.name for field in fields(made)):  # type: ignore[arg-type]
        if name not in RANGES or name in leave_out:
            continue
        value, (low, high) = getattr(made, name), RANGES[name]
        if not _is_number(value) or not low <= value <= high:
            raise UsageError(f"{name} is {value!r}; needed: a number from {low:g} to {high:g}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
