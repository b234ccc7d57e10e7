"""A lesion and a margin around it, cut out of its frame, so that filters have less to do and give the same."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.floating[Any])

Border = Literal["mirror", "wrap"]


def cut_window(
    image: NDArray[Number], mask: NDArray[np.bool_], margin: int, border: Border
) -> tuple[NDArray[Number], NDArray[np.bool_]]:
    """Lesion and margin; one pixel more below and to the right where a size would be odd.

    Args:
        image: (rows, columns).
        mask: (rows, columns), True in the lesion, at least one pixel.
        margin: pixels around the lesion's box.
        border: what lies beyond the frame. ``mirror``: the tissue at its edge, mirrored, the edge pixel twice.
            ``wrap``: the opposite side, as an undecimated wavelet transform of the whole frame sees it: circular, an
            axis of odd length made even by its first pixel once more at its end.

    Returns:
        Image and mask of the window, both (rows, columns), both sizes even.
    """
    spans = []
    for axis in (0, 1):
        inside = np.flatnonzero(mask.any(axis=1 - axis))
        first, last = int(inside[0]) - margin, int(inside[-1]) + 1 + margin
        spans.append((first, last + (last - first) % 2))
    if all(first >= 0 and last <= length for (first, last), length in zip(spans, image.shape, strict=True)):
        window = tuple(slice(*span) for span in spans)
        return image[window], mask[window]
    beyond = _mirrored if border == "mirror" else _wrapped
    places = np.ix_(*(beyond(np.arange(*span), length) for span, length in zip(spans, image.shape, strict=True)))
    rows, columns = (np.arange(*span) for span in spans)
    real = np.ix_((rows >= 0) & (rows < image.shape[0]), (columns >= 0) & (columns < image.shape[1]))
    lesion = np.zeros((len(rows), len(columns)), dtype=bool)
    lesion[real] = mask[places][real]
    return image[places], lesion


def _mirrored(place: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    place = place % (2 * length)
    return np.where(place < length, place, 2 * length - 1 - place)


def _wrapped(place: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    place = place % (length + length % 2)
    return np.where(place < length, place, 0)
