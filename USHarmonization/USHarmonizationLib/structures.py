"""Whether structures of known place are still what they were: cylinders and lesions, wires.

Phantoms have such structures, and so has an image with a segmented lesion. Brightness alone may change by any rising
curve; that a cyst is filled, a wire is lost or moved, or a bright target becomes darker than its neighbour, no
brightness curve does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Pixels around a region that it is compared with begin this far from its edge, where speckle blurs it, and end there.
GAP, RING = 2, 12
# A region of fewer pixels, or with fewer around it, cannot be measured.
LEAST_PIXELS = 12
# How far from a wire's place its brightest pixel is looked for, and what counts as its surroundings, pixels.
REACH, SURROUNDINGS = 4, 12
# A wire is brighter than this share of its surroundings.
STANDS_OUT = 0.99
# Share of a region's contrast that must be left. A wire may move by this many pixels.
KEPT_CONTRAST, KEPT_PLACE = 0.5, 1.5


@dataclass(frozen=True)
class Region:
    """What is seen of a cylinder or lesion.

    Attributes:
        inside, around: median brightness, 0 to 1.
        row, column: centre of its pixels that are nearer to ``inside`` than to ``around``; diameter: of the disk with
            as many pixels. NaN where there are none.
    """

    inside: float
    around: float
    row: float
    column: float
    diameter: float

    @property
    def contrast(self) -> float:
        """(inside - around) / (inside + around), -1 (nothing in it) to 1 (Michelson 1927); 0 in the dark."""
        total = self.inside + self.around
        return (self.inside - self.around) / total if total > 0 else 0.0


@dataclass(frozen=True)
class Wire:
    """What is seen of a wire.

    Attributes:
        row, column: of its brightest pixel. height: how far that is above the median around it, brightness.
        stands_out: share of the pixels around that are darker.
    """

    row: int
    column: int
    height: float
    stands_out: float


def region(frame: Frame, mask: Mask, valid: Mask) -> Region:
    """Measure a cylinder or a lesion.

    Args:
        frame: (rows, columns) brightness in [0, 1].
        mask: (rows, columns), True in the region; its edge may be off by a few pixels.
        valid: (rows, columns), True for tissue.

    Raises:
        InputError: sizes differ, or too few pixels lie in the region or around it.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    if not frame.shape == mask.shape == valid.shape:
        raise InputError(f"frame of {frame.shape} pixels, region of {mask.shape}, tissue of {valid.shape}")
    if not mask.any():
        raise InputError("the region is empty")
    window = _window(mask, GAP + RING + 1)
    frame, mask, valid = frame[window], mask[window], valid[window]
    outside, within = distance_transform_edt(~mask), distance_transform_edt(mask)
    core = mask & (within > min(GAP, 0.5 * float(within.max()))) & valid
    ring = valid & (outside > GAP) & (outside <= GAP + RING)
    if min(np.count_nonzero(core), np.count_nonzero(ring)) < LEAST_PIXELS:
        raise InputError(f"fewer than {LEAST_PIXELS} pixels of tissue in a region or around it")
    inside, around = float(np.median(frame[core])), float(np.median(frame[ring]))
    smooth = gaussian_filter(np.where(valid, frame, around), 1.0)
    alike = valid & (outside <= GAP + 1) & (np.abs(smooth - inside) < np.abs(smooth - around))
    rows, columns = np.nonzero(alike)
    if not rows.size:
        return Region(inside, around, np.nan, np.nan, np.nan)
    centre = rows.mean() + window[0].start, columns.mean() + window[1].start
    return Region(inside, around, float(centre[0]), float(centre[1]), float(2 * np.sqrt(rows.size / np.pi)))


def wire(frame: Frame, row: float, column: float, valid: Mask) -> Wire:
    """Measure a wire that should be at a place (pixels).

    Raises:
        InputError: the place lies outside the tissue, or too little of it lies around.
    """
    rows, columns = np.ogrid[: frame.shape[0], : frame.shape[1]]
    distance = np.hypot(rows - row, columns - column)
    near, around = valid & (distance <= REACH), valid & (distance > REACH + GAP) & (distance <= REACH + SURROUNDINGS)
    if not near.any() or np.count_nonzero(around) < LEAST_PIXELS:
        raise InputError(f"no tissue around a wire at row {row:.0f}, column {column:.0f}")
    place = np.unravel_index(np.where(near, frame, -1).argmax(), frame.shape)
    peak = float(frame[place])
    return Wire(
        int(place[0]),
        int(place[1]),
        peak - float(np.median(frame[around])),
        float((frame[around] < peak).mean()),
    )


def region_kept(before: Region, after: Region) -> bool:
    """Whether a region still differs from its surroundings in the same sense, by at least half as much as before."""
    sign = np.sign(before.contrast)
    return bool(sign * after.contrast >= KEPT_CONTRAST * sign * before.contrast)


def wire_kept(before: Wire, after: Wire) -> bool:
    """Whether a wire still stands out, where it was; one that did not stand out before cannot be lost."""
    moved = np.hypot(after.row - before.row, after.column - before.column)
    return before.stands_out < STANDS_OUT or bool(after.stands_out >= STANDS_OUT and moved <= KEPT_PLACE)


def order_kept(before: Sequence[float], after: Sequence[float]) -> float:
    """Kendall's tau-b of contrasts before and after, -1 to 1; NaN for fewer than two, or if all are alike."""
    from scipy.stats import kendalltau

    if len(before) < 2:
        return float("nan")
    return float(kendalltau(before, after).statistic)


def _window(mask: Mask, margin: int) -> tuple[slice, slice]:
    spans = []
    for axis in (0, 1):
        where = np.flatnonzero(mask.any(axis=1 - axis))
        spans.append(slice(max(0, int(where[0]) - margin), min(mask.shape[axis], int(where[-1]) + 1 + margin)))
    return spans[0], spans[1]
