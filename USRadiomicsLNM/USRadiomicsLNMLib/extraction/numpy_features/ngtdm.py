"""Neighbouring grey tone difference matrix: how far a pixel's grey level is from the mean of its neighbours.

Names and formulas: pyradiomics' documentation, NGTDM (Amadasun and King 1989, doi 10.1109/21.44046); IBSI: arXiv
1612.07003, section 3.10. A pixel without neighbours in the lesion counts with a difference of 0, as in pyradiomics.
"""

from __future__ import annotations

import numpy as np

from .binning import Floats, Levels
from .lesion import Lesion

# pyradiomics' value for a lesion without any difference.
NO_DIFFERENCE = 1e6


def ngtdm(lesion: Lesion, bins: Levels) -> dict[str, float]:
    """5 values; a lesion of one grey level has coarseness 1e6 and else 0."""
    share, difference, grey = bins.count / len(bins.place), differences(lesion, bins), bins.grey
    levels, total, weighted = len(grey), difference.sum(), (share * difference).sum()
    apart = grey[:, None] - grey
    both = share[:, None] + share
    contrast = (share[:, None] * share * apart**2).sum() * total / len(bins.place)
    busy = np.abs((grey * share)[:, None] - grey * share).sum()
    product = share * difference
    complexity = (np.abs(apart) * (product[:, None] + product) / both).sum() / len(bins.place)
    return {
        "Busyness": float(weighted / busy) if busy else 0.0,
        "Coarseness": float(1 / weighted) if weighted else NO_DIFFERENCE,
        "Complexity": float(complexity),
        "Contrast": float(contrast / (levels * (levels - 1))) if levels > 1 else 0.0,
        "Strength": float((both * apart**2).sum() / total) if total else 0.0,
    }


def differences(lesion: Lesion, bins: Levels) -> Floats:
    """(levels,) sum of the absolute differences of the pixels of each grey level."""
    grey = np.append(bins.grey[bins.place], 0.0)  # 0: of no neighbour
    count = lesion.neighbour_count
    mean = grey[lesion.neighbours].sum(axis=0) / np.maximum(count, 1)
    difference = np.where(count > 0, np.abs(grey[:-1] - mean), 0.0)
    sums = np.bincount(bins.place, weights=difference, minlength=len(bins.grey))
    return np.asarray(sums, dtype=np.float64)
