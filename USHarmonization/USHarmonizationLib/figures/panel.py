"""Images side by side, one row an example, one column a method (the paper's figure 5)."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .style import PAGE, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAP, TOP, LEFT = 0.05, 0.22, 0.2
# Of a column's name: width of a letter, height of a line, inches. Long names get several lines.
LETTER, LINE = 0.065, 0.12
# No column is wider, inches, and no row higher than this share of its width.
WIDEST, HIGHEST = 1.9, 1.2


def plot_panel(
    columns: Sequence[str], rows: Sequence[Sequence[NDArray[np.floating] | None]], labels: Sequence[str] = ()
) -> Figure:
    """Images as they are: grey, from black (0) to white (1), not stretched, pixels square.

    Args:
        columns: their names: original, methods, target.
        rows: one a example: (rows, columns) brightness in [0, 1] for each column, None for an empty place.
        labels: of the rows, e.g. (a), (b); by default these letters. No patient's name.

    Raises:
        UsageError: nothing to show, or a row does not have one image a column; matplotlib is not installed.
    """
    if not columns or not rows:
        raise UsageError("no images to show")
    if any(len(row) != len(columns) for row in rows):
        raise UsageError(f"rows of {sorted({len(row) for row in rows})} images for {len(columns)} columns")
    if labels and len(labels) != len(rows):
        raise UsageError(f"{len(labels)} labels for {len(rows)} rows")
    labels = labels or [f"({chr(ord('a') + place % 26)})" for place in range(len(rows))]
    with style():
        from matplotlib.figure import Figure

        wide = min(WIDEST, (PAGE - LEFT - GAP * (len(columns) - 1)) / len(columns))
        heights = [wide * min(HIGHEST, max((_shape(image) for image in row), default=1.0)) for row in rows]
        width = LEFT + wide * len(columns) + GAP * (len(columns) - 1)
        names = ["\n".join(wrap(name, max(8, int(wide / LETTER)), break_long_words=False)) for name in columns]
        top = TOP + LINE * max(name.count("\n") for name in names)
        height = top + sum(heights) + GAP * len(rows)
        figure = Figure(figsize=(width, height))
        below = height - top
        for row, high, label in zip(rows, heights, labels, strict=True):
            below -= high
            figure.text(0.02 / width, (below + high / 2) / height, label, va="center", fontsize=7)
            for place, image in enumerate(row):
                left = LEFT + place * (wide + GAP)
                axis = figure.add_axes((left / width, below / height, wide / width, high / height))
                axis.set_axis_off()
                if image is not None:
                    axis.imshow(np.clip(image, 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="antialiased")
            below -= GAP
        for place, name in enumerate(names):
            middle = LEFT + place * (wide + GAP) + wide / 2
            figure.text(middle / width, 1 - 0.05 / height, name, ha="center", va="top", fontsize=7)
        return figure


def _shape(image: NDArray[np.floating] | None) -> float:
    return 0.0 if image is None else image.shape[0] / image.shape[1]
