"""From envelopes to the picture: compression, scan conversion, grey map, post-processing."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter, map_coordinates, uniform_filter, uniform_filter1d

from .geometry import Floats, geometry
from .settings import Imaging

# Points of the table by which the grey map is looked up.
TABLE = 4096
# Weakest echo that has a logarithm.
SILENCE = 1e-12


def compress(envelope: Floats, imaging: Imaging) -> Floats:
    """Echo strength on the scanner's scale: 0 what is black or weaker, 1 what is white or stronger."""
    decibel = 20 * np.log10(np.maximum(envelope, np.float32(SILENCE)))
    scaled = (decibel - np.float32(imaging.black_db)) / np.float32(imaging.dynamic_range_db)
    return np.asarray(np.clip(scaled, 0, 1))


def decompress(compressed: Floats, imaging: Imaging) -> Floats:
    """Decibels relative to background tissue; the inverse of ``compress`` but for what it cut off."""
    return np.asarray(compressed * imaging.dynamic_range_db + imaging.black_db)


def scan_convert(lines: Floats, row_mm: float, imaging: Imaging) -> Floats:
    """(rows, columns) picture of (samples, lines), by linear interpolation.

    Outside the field of view it goes on as at its border, so that filters find no edge there; ``post_process`` makes
    that black.
    """
    shape = geometry(imaging)
    samples = round(shape.pixel_mm / row_mm)
    if samples > 1:  # as scanners do before they thin out samples
        lines = uniform_filter1d(lines, samples, axis=0, mode="nearest")
    depth, place = shape.pixels_in_beams
    points = np.stack([depth / np.float32(row_mm), place * np.float32(imaging.probe.lines - 1)])
    return np.asarray(map_coordinates(lines, points, order=1, mode="nearest"))


def apply_grey_map(compressed: Floats, imaging: Imaging) -> Floats:
    """Grey in [0, 1] by the scanner's curve, a monotonic cubic through its points."""
    return _look_up(compressed, _grey_table(imaging.grey_map))


def invert_grey_map(grey: Floats, imaging: Imaging) -> Floats:
    """Compressed echo in [0, 1] of greys; the inverse of ``apply_grey_map``."""
    echo = np.linspace(0, 1, TABLE, dtype=np.float32)
    return np.interp(grey, _grey_table(imaging.grey_map), echo).astype(np.float32)


def post_process(grey: Floats, imaging: Imaging) -> Floats:
    """Speckle reduction (adaptive filter after Lee, IEEE PAMI 1980;2:165), then edge enhancement (unsharp mask).

    Where a window varies no more than the typical one it holds nothing but speckle, and is smoothed; where it varies
    more there is structure, and it is kept.
    """
    pixel, sector = geometry(imaging).pixel_mm, geometry(imaging).sector
    made = grey
    if imaging.speckle_strength:
        window = 2 * round(imaging.speckle_mm / pixel / 2) + 1
        mean = uniform_filter(made, window, mode="nearest")
        variance = np.maximum(uniform_filter(made * made, window, mode="nearest") - mean * mean, 0)
        speckle = float(np.median(variance[sector]))
        kept = np.clip(1 - speckle / np.maximum(variance, 1e-12), 0, 1)
        made = made + np.float32(imaging.speckle_strength) * (1 - kept) * (mean - made)
    if imaging.edge_amount:
        made = made + np.float32(imaging.edge_amount) * (made - gaussian_filter(made, imaging.edge_mm / pixel))
    return np.asarray(np.where(sector, np.clip(made, 0, 1), 0), dtype=np.float32)


def to_bytes(grey: Floats) -> NDArray[np.uint8]:
    """Greys in [0, 1] as 8 bits."""
    return np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)


@lru_cache(maxsize=16)
def _grey_table(points: tuple[tuple[float, float], ...]) -> Floats:
    echo, grey = np.array(points).T
    return np.asarray(PchipInterpolator(echo, grey)(np.linspace(0, 1, TABLE)), dtype=np.float32)


def _look_up(values: Floats, table: Floats) -> Floats:
    return np.asarray(table[np.rint(values * np.float32(TABLE - 1)).astype(np.int32)])
