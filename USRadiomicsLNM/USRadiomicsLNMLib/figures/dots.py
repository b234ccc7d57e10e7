"""Dots with intervals, one row a method: what a table says, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.figures.style import COLOURS, INK, PAGE, style

from .panels import LETTER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Shapes and colours of series, told apart by either.
MARKERS = "osD^vPX*"
SERIES = COLOURS[1:]
ROW, COLUMNS = 0.2, 4


@dataclass(frozen=True)
class Series:
    """Numbers of one kind, one a row, NaN where there is none; ``lows`` and ``highs`` are ends of intervals."""

    name: str
    values: Sequence[float]
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()


@dataclass(frozen=True)
class Dots:
    """One plot.

    Attributes:
        title: what is shown; series: one or more, in one order everywhere.
        line: where to draw a line, e.g. at 0 for no difference; None for none.
        follow: draw a thin line at the first row's value of the first series: what the others are compared with.
    """

    title: str
    series: tuple[Series, ...]
    line: float | None = None
    follow: bool = False


def plot_dots(
    rows: Sequence[str], panels: Sequence[Dots], scales: Mapping[str, tuple[float, float]] | None = None
) -> Figure:
    """Plots side by side with the same rows, the first at the top.

    Args:
        rows: names, e.g. of methods.
        panels: plots; more than four go into further lines.
        scales: title of a plot -> ends of its axis.

    Raises:
        UsageError: nothing to show, or a series does not have one number a row; matplotlib is not installed.
    """
    if not rows or not panels:
        raise UsageError("nothing to show in a figure")
    for panel in panels:
        for series in panel.series:
            if {len(series.values), len(series.lows or rows), len(series.highs or rows)} != {len(rows)}:
                raise UsageError(f"{panel.title}, {series.name}: {len(series.values)} numbers for {len(rows)} rows")
    names = list(dict.fromkeys(series.name for panel in panels for series in panel.series))
    with style():
        from matplotlib.figure import Figure

        columns = min(len(panels), COLUMNS)
        lines = -(-len(panels) // columns)
        left = 0.2 + LETTER * 0.92 * max(len(row) for row in rows)
        gap, right = 0.22, 0.1
        wide = min(2.4, (PAGE - left - right - gap * (columns - 1)) / columns)
        broken = [_wrap(panel.title, wide) for panel in panels]
        above = 0.08 + 0.13 * max(title.count("\n") + 1 for title in broken)
        high = ROW * max(len(rows), 2) * (1.0 if len(names) < 3 else 1.35)
        legend = 0.24 if len(names) > 1 else 0.0
        block = above + high + 0.3
        whole = (left + wide * columns + gap * (columns - 1) + right, block * lines + legend)
        figure = Figure(figsize=whole)
        for place, (panel, title) in enumerate(zip(panels, broken, strict=True)):
            x = left + (place % columns) * (wide + gap)
            y = whole[1] - (place // columns) * block - above - high
            axis = figure.add_axes((x / whole[0], y / whole[1], wide / whole[0], high / whole[1]))
            _draw(axis, panel, rows, names, place % columns == 0)
            axis.set_title(title, loc="left", pad=4)
            if scales and panel.title in scales:
                axis.set_xlim(*scales[panel.title])
        if len(names) > 1:
            handles = [_handle(at) for at in range(len(names))]
            figure.legend(
                handles, names, loc="lower center", ncols=min(len(names), 4), frameon=False, borderpad=0,
                handletextpad=0.2, columnspacing=1.4,
            )  # fmt: skip
        return figure


def _handle(place: int) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], linestyle="", marker=MARKERS[place % len(MARKERS)], color=SERIES[place % len(SERIES)], markersize=3.5
    )


def _wrap(title: str, width: float) -> str:
    from textwrap import wrap

    return "\n".join(wrap(title, max(12, int(width / LETTER))))


def _draw(axis: Axes, panel: Dots, rows: Sequence[str], names: Sequence[str], named: bool) -> None:
    for place, series in enumerate(panel.series):
        at = names.index(series.name)
        spread = 0.0 if len(panel.series) == 1 else 0.56 * (place / (len(panel.series) - 1) - 0.5)
        y = np.arange(len(rows)) + spread
        values = np.array(series.values, dtype=float)
        first = COLOURS[0] if len(names) == 1 else None
        for row, value in enumerate(values):
            if np.isnan(value):
                continue
            colour = first if first and row == 0 and panel.follow else SERIES[at % len(SERIES)]
            if len(series.lows) and np.isfinite([series.lows[row], series.highs[row]]).all():
                axis.plot([series.lows[row], series.highs[row]], [y[row]] * 2, color=colour, linewidth=1.1)
            axis.plot([value], [y[row]], marker=MARKERS[at % len(MARKERS)], color=colour, markersize=3.5, linestyle="")
    if panel.follow and np.isfinite(panel.series[0].values[0]) and len(names) == 1:
        axis.axvline(panel.series[0].values[0], color=COLOURS[0], linewidth=0.7, linestyle=(0, (3, 2)), zorder=0)
    if panel.line is not None:
        axis.axvline(panel.line, color=INK, linewidth=0.6, zorder=0)
    for row in range(1, len(rows)):
        axis.axhline(row - 0.5, color="#ededed", linewidth=0.5, zorder=-1)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_yticks(range(len(rows)), list(rows) if named else [""] * len(rows))
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.margins(x=0.08)
    low, high = axis.get_xlim()
    if high - low < 1e-6 * max(1.0, abs(low)):  # all the same: no scale of rounding errors
        axis.set_xlim(low - 0.05 * max(1.0, abs(low)), high + 0.05 * max(1.0, abs(low)))
    axis.locator_params(axis="x", nbins=3)
