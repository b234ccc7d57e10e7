"""A lesion and a margin around it, cut out of its frame, so that filters have less to do."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.floating[Any])
Mask = NDArray[np.bool_]


def touches_border(mask: Mask, reach: tuple[int, int], axis: int) -> bool:
    """Whether a filter that looks ``reach`` pixels back and ahead along ``axis`` leaves the frame in the lesion."""
    first, last = _span(mask, axis)
    return first < reach[0] or last + reach[1] > mask.shape[axis]


def exact_window(mask: Mask, reach: tuple[int, int], spare: int) -> tuple[slice, slice]:
    """Rows and columns on which circular filters give the same inside the lesion, to the bit, as on the whole frame.

    Args:
        mask: (rows, columns), True in the lesion, at least one pixel.
        reach: pixels that the filters look back and ahead.
        spare: pixels of margin beyond these.

    Returns:
        An axis along which the filters leave the frame is not cut: there they take in pixels of the opposite side.
    """
    slices = []
    for axis in (0, 1):
        first, last = _span(mask, axis)
        cut = slice(max(0, first - reach[0] - spare), min(mask.shape[axis], last + reach[1] + spare))
        slices.append(slice(None) if touches_border(mask, reach, axis) else cut)
    return slices[0], slices[1]


def mirrored_window(image: NDArray[Number], mask: Mask, margin: int) -> tuple[NDArray[Number], Mask]:
    """Image and mask of the lesion and ``margin`` pixels around it; one more below and right where a size would be odd.

    Args:
        image: (rows, columns).
        mask: (rows, columns), True in the lesion, at least one pixel.
        margin: at the frame's border it is the tissue there, mirrored, the border pixel twice.
    """
    spans = []
    for axis in (0, 1):
        first, last = _span(mask, axis)
        spans.append((first - margin, last + margin + (last - first) % 2))
    if all(first >= 0 and last <= length for (first, last), length in zip(spans, image.shape, strict=True)):
        window = tuple(slice(*span) for span in spans)
        return image[window], mask[window]
    places = np.ix_(*(_mirrored(np.arange(*span), length) for span, length in zip(spans, image.shape, strict=True)))
    rows, columns = (np.arange(*span) for span in spans)
    real = np.ix_((rows >= 0) & (rows < image.shape[0]), (columns >= 0) & (columns < image.shape[1]))
    lesion = np.zeros((len(rows), len(columns)), dtype=bool)
    lesion[real] = mask[places][real]
    return image[places], lesion


def _span(mask: Mask, axis: int) -> tuple[int, int]:
    """First and one past the last row or column of the lesion."""
    inside = np.flatnonzero(mask.any(axis=1 - axis))
    return int(inside[0]), int(inside[-1]) + 1


def _mirrored(place: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    place = place % (2 * length)
    return np.where(place < length, place, 2 * length - 1 - place)
