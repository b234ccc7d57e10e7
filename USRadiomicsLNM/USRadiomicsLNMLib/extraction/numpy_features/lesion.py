"""Where a lesion's pixels lie to each other: the same for all images of it, and so computed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.intp]

# (rows, columns) to the four neighbours that come later in reading order, then to the four opposite ones.
DIRECTIONS = ((0, 1), (1, -1), (1, 0), (1, 1))
OFFSETS = (*DIRECTIONS, *((-row, -column) for row, column in DIRECTIONS))


@dataclass(frozen=True)
class Line:
    """A lesion's pixels along the parallel lines of one direction.

    Attributes:
        order: (pixels,) numbers of pixels, line after line.
        joined: (pixels - 1,) whether a pixel of ``order`` is followed by its neighbour.
    """

    order: Places
    joined: NDArray[np.bool_]


@dataclass(frozen=True)
class Lesion:
    """The N pixels of a lesion, numbered in reading order.

    Attributes:
        mask: (rows, columns), True in the lesion, at least one pixel.
    """

    mask: NDArray[np.bool_] = field(repr=False)

    @cached_property
    def neighbours(self) -> Places:
        """(8, N) numbers of each pixel's neighbours in the order of ``OFFSETS``; N where the lesion has none."""
        inside = np.pad(_cropped(self.mask), 1)
        places = np.flatnonzero(inside)
        numbers = np.full(inside.size, len(places))
        numbers[places] = np.arange(len(places))
        steps = np.array([row * inside.shape[1] + column for row, column in OFFSETS])
        return np.asarray(numbers[places + steps[:, None]])

    @cached_property
    def neighbour_count(self) -> Places:
        """(N,) neighbours in the lesion, 0 to 8."""
        return np.asarray((self.neighbours < self.neighbours.shape[1]).sum(axis=0))

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Of the directions of ``DIRECTIONS`` in which any line has two or more pixels.

        pyradiomics drops the others: in them no pixel could ever have company.
        """
        rows, columns = np.nonzero(_cropped(self.mask))
        lines = []
        for number, (down, right) in enumerate(DIRECTIONS):
            line = rows * right - columns * down  # does not change along the direction
            line = (line - line.min()).astype(np.uint16)
            if np.bincount(line).max() > 1:
                order = np.argsort(line, kind="stable")
                lines.append(Line(order, self.neighbours[number][order[:-1]] == order[1:]))
        return tuple(lines)


def _cropped(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
