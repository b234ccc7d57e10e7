"""What became of a phantom's targets: cylinders, wires, and the order of contrasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..structures import STANDS_OUT, order_kept, region, region_kept, wire, wire_kept

Frame = NDArray[np.float32]


@dataclass(frozen=True)
class Kept:
    """Of one harmonized image, against its original.

    Attributes:
        regions, regions_kept: cylinders that could be measured, and those that kept their contrast.
        wires, wires_kept: wires that stood out, and those that still do, where they were.
        order: Kendall's tau-b of the cylinders' contrasts before and after; NaN for fewer than two.
        growth: mean change of the cylinders' diameters, as a share; NaN where none could be measured.
    """

    regions: int
    regions_kept: int
    wires: int
    wires_kept: int
    order: float
    growth: float


def kept(
    original: Frame,
    generated: Frame,
    labels: NDArray[np.integer],
    cylinders: Sequence[int],
    wires: Mapping[str, tuple[float, float]],
    valid: NDArray[np.bool_],
) -> Kept:
    """Compare an image with its original, target by target.

    Args:
        original, generated: (rows, columns) brightness in [0, 1].
        labels: (rows, columns), which target a pixel shows. cylinders: labels of the cylinders.
        wires: name -> row and column.
        valid: (rows, columns), True for tissue.
    """
    pairs = []
    for label in cylinders:
        try:
            pairs.append(tuple(region(frame, labels == label, valid) for frame in (original, generated)))
        except InputError:  # beside the image, or too small
            continue
    seen = []
    for row, column in wires.values():
        try:
            seen.append(tuple(wire(frame, row, column, valid) for frame in (original, generated)))
        except InputError:
            continue
    seen = [(before, after) for before, after in seen if before.stands_out >= STANDS_OUT]
    growth = [after.diameter / before.diameter - 1 for before, after in pairs]
    known = [value for value in growth if np.isfinite(value)]
    return Kept(
        regions=len(pairs),
        regions_kept=sum(region_kept(before, after) for before, after in pairs),
        wires=len(seen),
        wires_kept=sum(wire_kept(before, after) for before, after in seen),
        order=order_kept([before.contrast for before, _ in pairs], [after.contrast for _, after in pairs]),
        growth=float(np.mean(known)) if known else float("nan"),
    )
