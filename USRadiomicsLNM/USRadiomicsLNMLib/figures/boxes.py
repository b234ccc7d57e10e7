"""Boxes, one row a method: how numbers of many features spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.figures.style import COLOURS, INK, PAGE, style

from .panels import LETTER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 0.2


@dataclass(frozen=True)
class Boxes:
    """One plot: title, label of its axis, numbers of each row that has any, ends of the axis (None: by the numbers)."""

    title: str
    label: str
    numbers: Mapping[str, NDArray[np.floating]]
    ends: tuple[float | None, float | None] = (None, None)


def plot_boxes(rows: Sequence[str], panels: Sequence[Boxes], columns: int = 2) -> Figure:
    """Median, quartiles and the range from the 5th to the 95th percentile; the first row grey.

    Raises:
        UsageError: nothing to show; matplotlib is not installed.
    """
    if not rows or not panels:
        raise UsageError("nothing to show in a figure")
    with style():
        from matplotlib.figure import Figure

        columns = min(columns, len(panels))
        lines = -(-len(panels) // columns)
        left = 0.2 + LETTER * 0.92 * max(len(row) for row in rows)
        gap, right, above, below = 0.25, 0.1, 0.24, 0.42
        wide = min(3.0, (PAGE - left - right - gap * (columns - 1)) / columns)
        high = ROW * max(2, len(rows))
        whole = (left + wide * columns + gap * (columns - 1) + right, (above + high + below) * lines)
        figure = Figure(figsize=whole)
        for place, panel in enumerate(panels):
            x = left + (place % columns) * (wide + gap)
            y = whole[1] - (place // columns) * (above + high + below) - above - high
            axis = figure.add_axes((x / whole[0], y / whole[1], wide / whole[0], high / whole[1]))
            _draw(axis, panel, rows, place % columns == 0)
        return figure


def _draw(axis: Axes, panel: Boxes, rows: Sequence[str], named: bool) -> None:
    for row, name in enumerate(rows):
        values = panel.numbers.get(name, np.empty(0))
        values = values[np.isfinite(values)]
        if not len(values):
            continue
        colour = COLOURS[0] if row == 0 else COLOURS[1]
        low, first, middle, third, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
        axis.plot([low, high], [row, row], color=colour, linewidth=0.9)
        axis.barh(row, third - first, left=first, height=0.56, color=colour, linewidth=0)
        axis.plot([middle, middle], [row - 0.28, row + 0.28], color="white", linewidth=1.2)
        axis.plot(
            [middle],
            [row],
            marker="o",
            markersize=2.5,
            color="white",
            markeredgecolor=INK,
            markeredgewidth=0.5,
            clip_on=False,
        )
    axis.set_xlim(*panel.ends)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_yticks(range(len(rows)), list(rows) if named else [""] * len(rows))
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.set_title(panel.title, loc="left", pad=4)
    axis.set_xlabel(panel.label)
