"""From scatterers to echoes: the pulse-echo model.

Linear systems: the echo of a scatterer is the point spread function of its depth (``beam``), put where it lies, with
the phase of its way there and back; echoes add up as complex numbers (baseband), the envelope is their magnitude. That
is the convolution model (Bamber and Dickinson, Phys Med Biol 1980;25:463) with a point spread function that changes
continuously with depth. Each row of the field in beam coordinates is convolved across the lines with the beam of its
depth, then all with the pulse along depth, both by FFT. What it leaves out: multiple scattering, phase aberration,
non-linear propagation, side lobes, and that out of focus the point spread function is not separable.

Brightness: background tissue has a mean square echo of 1 (0 dB) at each depth if the compensation fits its attenuation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft, fftfreq, ifft, next_fast_len
from scipy.ndimage import map_coordinates

from .beam import NEAREST_MM, NEPERS, lateral_exponent, lateral_width_mm, pulse_sigma_mm
from .geometry import geometry
from .scatterers import Complex, Floats, Scatterers, complex_normal
from .settings import SOUND_SPEED, Imaging

# Samples along depth in a standard deviation of the pulse, and lines in a -6 dB width of the beam.
AXIAL_SAMPLES, LATERAL_SAMPLES = 2.0, 3.0
# Empty rows above and below the field, for the ends of the pulse.
ROW_PADDING = 12
# Beams farther out than this many of their -6 dB widths beside the first and last line add nothing.
BEAM_PADDING = 1.5
# A frame that has this share or less in the average of persistence is left out of it.
SMALLEST_WEIGHT = 0.08
# Sliders of the time gain compensation, how far each goes, and how far operators differ in setting them and the overall
# gain (standard deviations).
SLIDERS, SLIDER_DB, UNEVEN_DB, GAIN_DB = 8, 20.0, 0.8, 1.5
# Cells along and across the lines for the shadows of tissue that attenuates more or less than the rest.
SHADOW_GRID = (160, 96)


@dataclass(frozen=True)
class Field:
    """The grid on which echoes are formed, and its filters, for one way of imaging and one attenuation.

    Attributes:
        row_mm: distance of rows. rows: their number, without padding.
        oversampling: fine lines for one scan line. padding: fine lines beside the first and the last.
        across: (rows and padding, fine lines) spectrum of the beam of each depth. along: spectrum of the pulse.
        gain: (rows,) amplitude factor of the time gain compensation.
    """

    row_mm: float
    rows: int
    oversampling: int
    padding: int
    across: Complex
    along: Complex
    gain: Floats

    @property
    def depth_mm(self) -> NDArray[np.float64]:
        """(rows,) depth of each row."""
        return np.arange(self.rows, dtype=np.float64) * self.row_mm


@dataclass(frozen=True)
class Knobs:
    """What the operator has set beside the defaults: overall gain, and the sliders of the time gain compensation.

    Attributes:
        overall_db: added at every depth. sliders_db: added at depths evenly spread from probe to bottom.
    """

    overall_db: float = 0.0
    sliders_db: tuple[float, ...] = ()

    def gain_db(self, depth_mm: NDArray[np.float64], deepest_mm: float) -> NDArray[np.float64]:
        """What is added at each depth."""
        if not self.sliders_db:
            return np.full(depth_mm.shape, self.overall_db)
        places = np.linspace(0, deepest_mm, len(self.sliders_db))
        return self.overall_db + np.interp(depth_mm, places, self.sliders_db)

    @classmethod
    def drawn(cls, imaging: Imaging, attenuation: float, random: np.random.Generator) -> Knobs:
        """As an operator sets them in tissue of this attenuation: an even picture, but for what hands leave uneven."""
        probe, places = imaging.probe, np.linspace(0, imaging.probe.depth_mm, SLIDERS)
        compensated = np.minimum(0.2 * imaging.tgc_db_cm_mhz * probe.centre_mhz * places, imaging.tgc_max_db)
        missing = np.clip(0.2 * attenuation * probe.centre_mhz * places - compensated, -SLIDER_DB, SLIDER_DB)
        sliders = missing + random.standard_normal(SLIDERS) * UNEVEN_DB
        return cls(round(float(random.standard_normal()) * GAIN_DB, 2), tuple(sliders.round(2).tolist()))


@lru_cache(maxsize=8)
def field(imaging: Imaging, attenuation: float) -> Field:
    """The field of ``imaging`` in tissue of ``attenuation`` dB/(cm MHz), made once."""
    probe, shape = imaging.probe, geometry(imaging)
    sigma = pulse_sigma_mm(probe)
    step = sigma / AXIAL_SAMPLES
    rows = math.ceil(probe.depth_mm / step) + 1
    padded = next_fast_len(rows + 2 * ROW_PADDING)
    depth = np.clip((np.arange(padded) - ROW_PADDING) * step, NEAREST_MM, probe.depth_mm)

    width = lateral_width_mm(probe, depth, attenuation)
    line_mm = shape.spacing_at(depth) / (probe.lines - 1)
    oversampling = max(1, math.ceil(float((line_mm / width).max()) * LATERAL_SAMPLES))
    fine_mm = line_mm / oversampling
    far = depth > 2 * NEAREST_MM
    padding = math.ceil(BEAM_PADDING * float((width / fine_mm)[far].max()))
    lines = next_fast_len((probe.lines - 1) * oversampling + 1 + 2 * padding)

    # Scatterers are shared out between the two nearest rows and lines, which widens them by a variance of a sixth of a
    # step squared on average; the filters are narrower by as much.
    exponent = lateral_exponent(probe, depth, attenuation)[:, None]
    waves = fftfreq(lines)[None, :] / fine_mm[:, None]
    unit = (2 * exponent.real / np.pi) ** 0.25 * np.sqrt(np.pi / exponent) / fine_mm[:, None]
    across = unit * np.exp(-(np.pi**2) * waves**2 * (1 / exponent - fine_mm[:, None] ** 2 / 3))
    waves = fftfreq(padded) / step
    unit_pulse = (4 * np.pi * sigma**2) ** 0.25 / step
    along = unit_pulse * np.exp(-2 * np.pi**2 * waves**2 * (sigma**2 - step**2 / 6))

    loudness = np.minimum(0.2 * imaging.tgc_db_cm_mhz * probe.centre_mhz * np.arange(rows) * step, imaging.tgc_max_db)
    return Field(
        row_mm=step,
        rows=rows,
        oversampling=oversampling,
        padding=padding,
        across=across.astype(np.complex64),
        along=along.astype(np.complex64)[:, None],
        gain=np.exp(NEPERS * loudness).astype(np.float32),
    )


def echoes(
    scatterers: Scatterers,
    imaging: Imaging,
    attenuation: float,
    shadows: Callable[[Floats, Floats], Floats] | None = None,
    steering_deg: float = 0.0,
) -> Complex:
    """Noise-free complex echoes before time gain compensation.

    Args:
        scatterers: in probe coordinates.
        imaging: scanner and probe.
        attenuation: of the tissue, dB/(cm MHz) one way.
        shadows: excess attenuation at positions x, z (mm, probe coordinates), in the same unit; None for none.
        steering_deg: of this look; changes the phases with which scatterers add up, as steering does.

    Returns:
        (rows, lines), rows as in ``field``.
    """
    grid, shape, probe = field(imaging, attenuation), geometry(imaging), imaging.probe
    depth, place = shape.to_beam(scatterers.x, scatterers.z)
    fine = (probe.lines - 1) * grid.oversampling
    row = depth / np.float32(grid.row_mm) + np.float32(ROW_PADDING)
    line = place * np.float32(fine) + np.float32(grid.padding)
    rows, lines = grid.across.shape
    inside = (depth > 0) & (row < grid.rows + 2 * ROW_PADDING - 1) & (line >= 0) & (line < lines - 1)
    depth, place, row, line = depth[inside], place[inside], row[inside], line[inside]

    number = 4 * math.pi * probe.centre_mhz / SOUND_SPEED  # twice the wave number
    way = np.float32(-number) * depth
    if steering_deg:
        aside = (place - np.float32(0.5)) * shape.spacing_at(depth).astype(np.float32)
        way -= np.float32(number * math.sin(math.radians(steering_deg))) * aside
    loss = np.float32(-0.2 * NEPERS * attenuation * probe.centre_mhz) * depth
    if shadows is not None:
        loss -= np.float32(NEPERS) * _shadow_db(shadows, imaging, depth, place)
    values = scatterers.amplitude[inside] * np.exp(loss)
    values = values * (np.cos(way) + np.complex64(1j) * np.sin(way))

    spread = _spread(values, row, line, (rows, lines))
    formed = ifft(fft(spread, axis=1) * grid.across, axis=1)
    scanned = formed[:, grid.padding : grid.padding + fine + 1 : grid.oversampling]
    return _along_depth(scanned, grid)[ROW_PADDING : ROW_PADDING + grid.rows]


def envelopes(
    scatterers: Scatterers,
    imaging: Imaging,
    attenuation: float,
    random: np.random.Generator,
    shadows: Callable[[Floats, Floats], Floats] | None = None,
    knobs: Knobs | None = None,
) -> Iterator[tuple[float, Floats]]:
    """Weight and (rows, lines) envelope of each frame that persistence averages, looks compounded.

    Envelopes are after time gain compensation; electronic noise is in them, and different in each.
    """
    grid, knobs = field(imaging, attenuation), knobs or Knobs()
    outermost = imaging.look_angle_deg
    angles = np.linspace(-outermost, outermost, imaging.looks) if imaging.looks > 1 else np.zeros(1)
    looks = [echoes(scatterers, imaging, attenuation, shadows, float(angle)) for angle in angles]
    white = complex_normal(grid.across.shape[0] * imaging.probe.lines, random).reshape(-1, imaging.probe.lines)
    level = 10 ** (imaging.noise_db / 20) * math.sqrt(grid.row_mm)
    noise = _along_depth(white * np.float32(level), grid)
    gain = grid.gain * np.exp(NEPERS * knobs.gain_db(grid.depth_mm, imaging.probe.depth_mm)).astype(np.float32)
    ring = np.float32(10 ** (imaging.ring_db / 20)) * np.exp(-NEPERS * 20 * grid.depth_mm / imaging.ring_mm)
    for weight in persistence_weights(imaging.persistence):
        total = np.zeros((grid.rows, imaging.probe.lines), dtype=np.float32)
        for look in looks:
            # Shifted far, the same noise is as good as new.
            shift = tuple(int(random.integers(side)) for side in noise.shape)
            total += np.abs(look + np.roll(noise, shift, axis=(0, 1))[: grid.rows])
        yield weight, total * (gain / np.float32(len(looks)))[:, None] + ring.astype(np.float32)[:, None]


def persistence_weights(persistence: float) -> tuple[float, ...]:
    """Weights of this frame and those before in a recursive average, small ones left out; their sum is 1."""
    weights = [1 - persistence]
    while weights[-1] * persistence > SMALLEST_WEIGHT:
        weights.append(weights[-1] * persistence)
    return tuple(weight / sum(weights) for weight in weights)


def _spread(values: Complex, row: Floats, line: Floats, shape: tuple[int, int]) -> Complex:
    """Values shared out between the four nearest points of the grid, by distance."""
    above, left = row.astype(np.int32), line.astype(np.int32)
    down, right = row - above, line - left
    index = above * np.int32(shape[1]) + left
    made = np.zeros(shape[0] * shape[1], dtype=np.complex64)
    for offset, weight in (
        (0, (1 - down) * (1 - right)),
        (1, (1 - down) * right),
        (shape[1], down * (1 - right)),
        (shape[1] + 1, down * right),
    ):
        part = values * weight
        made.real += np.bincount(index + offset, part.real, made.size)
        made.imag += np.bincount(index + offset, part.imag, made.size)
    return made.reshape(shape)


def _along_depth(lines: Complex, grid: Field) -> Complex:
    return np.asarray(ifft(fft(lines, axis=0) * grid.along, axis=0))


def _shadow_db(shadows: Callable[[Floats, Floats], Floats], imaging: Imaging, depth: Floats, place: Floats) -> Floats:
    """Two-way loss in dB on the way to each point, beside that of the background."""
    deep, wide = SHADOW_GRID
    step = imaging.probe.depth_mm / (deep - 1)
    x, z = geometry(imaging).from_beam(np.arange(deep)[:, None] * step, np.linspace(0, 1, wide)[None, :])
    x, z = np.broadcast_arrays(x, z)
    excess = shadows(x.astype(np.float32), z.astype(np.float32))
    loss = np.cumsum(excess, axis=0) * (0.2 * imaging.probe.centre_mhz * step)
    points = np.stack([depth / np.float32(step), np.clip(place, 0, 1) * np.float32(wide - 1)])
    return np.asarray(map_coordinates(loss.astype(np.float32), points, order=1, mode="nearest"))
