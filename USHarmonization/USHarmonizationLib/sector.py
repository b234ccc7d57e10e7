"""The imaged area of an ultrasound image: rectangle, fan or sector, one or several panels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .image import UltrasoundImage

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

# More frames tell nothing new about where tissue moves.
FRAMES_LOOKED_AT = 32
# Lossy compression leaves the surround up to this many 8-bit steps uneven.
UNEVEN = 4
# The search for panels runs on cells, so that the grid has at most this many rows and columns.
GRID = 192
# Share of pixels of a cell's neighbourhood that differ from the surround: where noise begins, and in full tissue.
SPARSE, SOLID = 0.12, 0.75
# What is neither sparse nor solid is text when its pixels are brighter than this (8-bit levels), else faint tissue.
FAINT = 48
# Half width, in cells, of what is too thin for a panel (text, rulers, colour bars), and width of a band of near field.
THIN, BAND = 5, 21
# A cell and its eight neighbours.
EIGHT = np.ones((3, 3), dtype=bool)
# A panel is at least this share of the largest one.
PANEL_SHARE = 0.25
# An image whose left and right border columns show tissue over this share of its rows was cropped to tissue.
CROPPED_SHARE = 0.25
# A panel that is this wide near its top already was scanned by a linear array.
LINEAR_SHARE = 0.95
# Where panels hold less of what changes than this, tissue is too sparse (wires in water) to tell it by its density.
HELD_SHARE = 0.7


def find_sector(image: UltrasoundImage) -> Mask:
    """The imaged area, the same for all frames.

    It is searched inside the boxes of the DICOM B-mode and colour regions where there are any, else in the whole frame:
    the convex hull of what differs from the surround (in a cine: of what changes), less what lies above the near arc of
    a curved array. Black tissue inside the hull belongs to it. A frame that shows tissue in both upper corners and
    along its left and right borders was cropped to it and is all sector, its dark deep parts included.

    Args:
        image: at most 32 of its frames, evenly spread, are looked at.

    Returns:
        (rows, columns), True inside; all False where there is nothing but surround.
    """
    peak, alive, moving = _look(image)
    if _is_cropped_to_tissue(alive):
        return np.ones(image.size, dtype=bool)
    boxes = [region.box for region in image.regions if region.kind in ("b-mode", "colour")]
    rows, columns = image.size
    sector = np.zeros(image.size, dtype=bool)
    for box in boxes or [(0, 0, rows, columns)]:
        row0, column0, row1, column1 = _inside(box, image.size)
        if row0 < row1 and column0 < column1:
            part = np.s_[row0:row1, column0:column1]
            sector[part] |= _panels(peak[part], alive[part], moving[part])
    return sector


def _look(image: UltrasoundImage) -> tuple[NDArray[np.float32], Mask, Mask]:
    """Each pixel's brightest level over time (0 to 255), whether it differs from the surround, whether it changes too.

    The third is the second where there is but one frame, or hardly anything changes.
    """
    frames = np.unique(np.linspace(0, image.frames - 1, min(FRAMES_LOOKED_AT, image.frames)).round().astype(int))
    low = high = image.pixels[frames[0]]
    for frame in frames[1:]:
        low = np.minimum(low, image.pixels[frame])
        high = np.maximum(high, image.pixels[frame])
    extremes = replace(image, pixels=np.stack([low, high]))
    first, last = extremes.luma(0) * 255, extremes.luma(1) * 255
    peak = np.maximum(first, last)
    surround, unevenness = _surround(peak)
    alive = np.abs(peak - surround) > unevenness + 0.5
    if not image.regions:  # which leave the bars out
        alive &= ~_bars(peak)
    moving = alive & (np.abs(first - last) > unevenness + 0.5)
    return peak, alive, moving if np.count_nonzero(moving) > 0.2 * np.count_nonzero(alive) else alive


def _bars(peak: NDArray[np.float32]) -> Mask:
    """Areas of one grey at the border of the frame: title bars, panels of buttons, the surround."""
    from scipy import ndimage

    flat = np.zeros(peak.shape, dtype=bool)
    flat[:-1, :-1] = (peak[:-1, 1:] == peak[:-1, :-1]) & (peak[1:, :-1] == peak[:-1, :-1])
    flat[-1], flat[:, -1] = flat[-2:][0], flat[:, -2:][:, 0]
    labels, count = ndimage.label(flat)
    at_border = np.zeros(count + 1, dtype=bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        at_border[edge] = True
    at_border[0] = False
    return np.asarray(at_border[labels])


def _surround(peak: NDArray[np.float32]) -> tuple[float, float]:
    """The commonest level along the left and right border (0 where none is common), and how uneven the border is."""
    width = max(1, peak.shape[1] // 50)
    levels = np.concatenate([peak[:, :width].ravel(), peak[:, -width:].ravel()])
    counts = np.bincount(np.rint(levels).astype(np.uint8), minlength=256)
    level = int(counts.argmax()) if counts.max() > 0.2 * levels.size else 0
    off = np.abs(levels - level)
    off = off[off <= UNEVEN]
    return float(level), float(np.percentile(off, 95)) if off.size else 0.0


def _is_cropped_to_tissue(alive: Mask) -> bool:
    rows, columns = alive.shape
    strip, near = max(1, columns // 100), max(1, rows // 10)
    sides = np.stack([alive[:, :strip].any(axis=1), alive[:, columns - strip :].any(axis=1)])
    # A fan that was cut at its sides leaves its upper corners dark; tissue that was cropped begins at the skin.
    return bool(sides.mean(axis=1).min() > CROPPED_SHARE and sides[:, :near].mean(axis=1).min() > 0.5)


def _inside(box: Box, size: tuple[int, int]) -> Box:
    return max(box[0], 0), max(box[1], 0), min(box[2], size[0]), min(box[3], size[1])


def _panels(peak: NDArray[np.float32], alive: Mask, moving: Mask) -> Mask:
    from scipy import ndimage

    rows, columns = alive.shape
    step = -(-max(rows, columns) // GRID)
    density, brightness = _cells(moving, step), _cells(np.where(moving, peak, 0), step)
    tissue = (density > SOLID) | ((density > SPARSE) & (brightness < FAINT * density))
    disc = np.hypot(*np.mgrid[-THIN : THIN + 1, -THIN : THIN + 1]) <= THIN
    labels, count = ndimage.label(_opened(tissue, disc))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    solid = _cells(alive, step) > SOLID
    bands, band_count = ndimage.label(_opened(solid, np.ones((1, BAND), dtype=bool)))
    sector = np.zeros_like(alive)
    for label in 1 + np.flatnonzero(sizes >= PANEL_SHARE * sizes.max(initial=1)):
        # Opening rounds corners off: give them back.
        panel = labels == label
        panel |= ndimage.binary_dilation(panel, EIGHT, iterations=THIN // 2, mask=density > SOLID)
        joined = np.zeros_like(panel)
        for band in range(1, band_count + 1):
            if _same_axis(panel, bands == band):
                joined |= ndimage.binary_dilation(bands == band, EIGHT, iterations=BAND // 2, mask=solid)
        sector |= _panel((moving & _pixels(panel, step, alive.shape)) | (alive & _pixels(joined, step, alive.shape)))
    if np.count_nonzero(moving & sector) < HELD_SHARE * np.count_nonzero(moving):
        return _panel(moving & _pixels(density > SPARSE, step, alive.shape))
    return sector


def _cells(values: NDArray[np.generic], step: int) -> NDArray[np.float32]:
    """Means over cells of step x step pixels, smoothed over 3 x 3 cells."""
    from scipy import ndimage

    rows, columns = values.shape
    padded = np.pad(values, ((0, -rows % step), (0, -columns % step)), mode="edge")
    means = padded.reshape(padded.shape[0] // step, step, -1, step).mean(axis=(1, 3), dtype=np.float32)
    return np.asarray(ndimage.uniform_filter(means, 3, mode="nearest"), dtype=np.float32)


def _pixels(cells: Mask, step: int, size: tuple[int, ...]) -> Mask:
    """The pixels of the cells and of their neighbours."""
    from scipy import ndimage

    grown = ndimage.binary_dilation(cells)
    return np.repeat(np.repeat(grown, step, axis=0), step, axis=1)[: size[0], : size[1]]


def _opened(mask: Mask, shape: Mask) -> Mask:
    """Opening that rounds no corner at the edge of the box, since tissue may go on beyond it."""
    from scipy import ndimage

    margin = max(shape.shape)
    padded = np.pad(mask, margin, mode="edge")
    return np.asarray(ndimage.binary_opening(padded, shape)[margin:-margin, margin:-margin] & mask)


def _same_axis(panel: Mask, band: Mask) -> bool:
    """Whether a band lies above the panel's lower edge and around the panel's vertical axis, as its near field does."""
    columns, band_columns = np.flatnonzero(panel.any(axis=0)), np.flatnonzero(band.any(axis=0))
    width = columns[-1] - columns[0] + 1
    axis = (columns[0] + columns[-1]) / 2
    band_axis = (band_columns[0] + band_columns[-1]) / 2
    above = np.flatnonzero(band.any(axis=1))[-1] <= np.flatnonzero(panel.any(axis=1))[-1]
    return bool(above and abs(axis - band_axis) < 0.06 * width and len(band_columns) > 0.15 * width)


def _panel(tissue: Mask) -> Mask:
    """Convex hull of the tissue of one panel, less what lies above the near arc of a curved array."""
    from scipy.spatial import ConvexHull, QhullError

    filled = np.flatnonzero(tissue.any(axis=1))
    if not filled.size:
        return tissue
    first = tissue.argmax(axis=1)[filled]
    last = tissue.shape[1] - 1 - tissue[:, ::-1].argmax(axis=1)[filled]
    outline = np.concatenate([np.column_stack([filled, first]), np.column_stack([filled, last])])
    try:
        sides = ConvexHull(outline).equations
    except (QhullError, ValueError):  # all on one line
        return tissue
    # Each side says a row + b column + c <= 0: a lower bound of the column where b < 0, an upper one where b > 0.
    sides = sides[np.abs(sides[:, 1]) > 1e-9]
    rows = np.arange(filled[0], filled[-1] + 1)
    bounds = -(np.outer(rows, sides[:, 0]) + sides[:, 2]) / sides[:, 1]
    left = bounds[:, sides[:, 1] < 0].max(axis=1, initial=0.0)
    right = bounds[:, sides[:, 1] > 0].min(axis=1, initial=float(tissue.shape[1] - 1))
    columns = np.arange(tissue.shape[1])
    hull = np.zeros_like(tissue)
    hull[rows] = (columns >= left[:, None] - 0.5) & (columns <= right[:, None] + 0.5)
    height = hull.sum(axis=0)
    wide = np.flatnonzero(2 * height > height.max())
    if np.count_nonzero(hull[rows[len(rows) // 20]]) > LINEAR_SHARE * len(wide):
        hull[rows, wide[0] : wide[-1] + 1] = True  # a linear array: its corners are dark tissue
    return hull & ~_above_near_arc(tissue, hull)


def _above_near_arc(tissue: Mask, hull: Mask) -> Mask:
    """What the hull covers above the footprint of a curved array, which dips in the middle; else nothing."""
    nothing = np.zeros_like(hull)
    x = np.flatnonzero(tissue.any(axis=0))
    y, top = tissue.argmax(axis=0)[x], hull.argmax(axis=0)[x]
    # Between the upper corners the hull is the chord of the arc; what hangs below it may be the arc.
    chosen = (top <= top.min() + max(2, tissue.shape[0] // 50)) & (y - top >= 2)
    for _ in range(5):
        if np.count_nonzero(chosen) < 8:
            return nothing
        # x² + y² = a x + b y + c
        terms = np.column_stack([x, y, np.ones_like(x)]).astype(float)
        a, b, c = np.linalg.lstsq(terms[chosen], (x**2 + y**2)[chosen].astype(float), rcond=None)[0]
        centre_x, centre_y, radius = a / 2, b / 2, np.sqrt(max(c + a * a / 4 + b * b / 4, 0.0))
        off = np.abs(np.hypot(x - centre_x, y - centre_y) - radius)
        chosen = chosen & (off <= max(2.0, 2 * float(np.median(off[chosen]))))
    if centre_y > y[chosen].max():
        return nothing
    rows, columns = np.ogrid[: hull.shape[0], : hull.shape[1]]
    above = hull & ((columns - centre_x) ** 2 + (rows - centre_y) ** 2 < (radius - 1) ** 2)
    return above if np.count_nonzero(above & tissue) < 0.05 * np.count_nonzero(above) else nothing
