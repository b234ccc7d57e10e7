"""Grey levels: brightness put into bins.

pyradiomics' documentation of ``imageoperations.getBinEdges``; IBSI: discretisation, fixed bin size and fixed bin number
(arXiv 1612.07003, section 2.7).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Levels:
    """Grey levels of a lesion's N pixels.

    Attributes:
        place: (N,) place of each pixel's level among those that occur.
        grey: (levels,) the levels that occur, ascending; 1 is the lowest bin.
        count: (levels,) pixels of each, at least 1.
    """

    place: NDArray[np.intp]
    grey: Floats
    count: Floats

    @property
    def highest(self) -> int:
        """pyradiomics' number of grey levels: those that do not occur below the highest count."""
        return int(self.grey[-1])


def levels(values: Floats, bin_width: float, bin_count: int | None) -> Levels:
    """Grey levels of a lesion.

    Bins are half-open, a value on an edge belongs to the bin above it. Fixed width W: edges are multiples of W, so that
    the level is ``floor(x / W) - floor(min / W) + 1``. Fixed number: from the lowest to the highest value, which is in
    the last bin.

    Args:
        values: (N,) brightness of the lesion's pixels, finite.
        bin_width: above 0; not looked at where ``bin_count`` is given.
        bin_count: at least 1.
    """
    low, high = values.min(), values.max()
    if bin_count is None:
        # The multiples as a sum of widths, as pyradiomics has them: it decides about values on an edge.
        edges = np.arange(low - low % bin_width, high + 2 * bin_width, bin_width)
    else:
        edges = np.histogram_bin_edges(np.array([low, high]), bin_count)
        edges[-1] += 1
    found = np.searchsorted(edges, values, side="right")
    count = np.bincount(found)
    grey = np.flatnonzero(count)
    places = np.zeros(len(count), dtype=np.intp)
    places[grey] = np.arange(len(grey))
    return Levels(places[found], grey.astype(np.float64), count[grey].astype(np.float64))
