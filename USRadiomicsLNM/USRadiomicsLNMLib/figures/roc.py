"""ROC curves, one plot a set of patients or a method (the paper's figure 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from USHarmonizationLib.figures.style import INK, style

from .panels import Grid, Panel, look, title_height, title_lines, unit_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# From a plot down to its notes, and from one note to the next, inches.
DOWN, NOTE = 0.4, 0.13


def plot_roc(panels: Sequence[Panel], columns: int = 3) -> Figure:
    """Rate of true positives over rate of false positives; notes (AUC and interval) below each plot.

    Args:
        panels: one a plot; x: rates of false positives, y: rates of true positives.
        columns: at most so many plots side by side.

    Raises:
        UsageError: nothing to show; matplotlib is not installed.
    """
    with style():
        from matplotlib.figure import Figure

        notes = max((sum(bool(line.note) for line in panel.lines) for panel in panels), default=0)
        grid = Grid(len(panels), columns)
        titles = title_lines([panel.title for panel in panels], grid.side)
        grid = replace(grid, above=title_height(titles), below=DOWN + NOTE * notes + 0.06)
        figure = Figure(figsize=grid.size)
        for place, (panel, title) in enumerate(zip(panels, titles, strict=True)):
            axis = grid.add_axes(figure, place)
            _draw(figure, axis, panel, grid.side)
            axis.set_title(title, loc="left", pad=4)
            if grid.is_first(place):
                axis.set_ylabel("sensitivity")
        return figure


def _draw(figure: Figure, axis: Axes, panel: Panel, width: float) -> None:
    from matplotlib.transforms import ScaledTranslation

    axis.plot([0, 1], [0, 1], color=INK, linewidth=0.5, linestyle=(0, (1, 2)))
    for place, line in enumerate(panel.lines):
        if line.band is not None:
            axis.fill_between(*line.band, color=look(place)["color"], alpha=0.18, linewidth=0)
        axis.plot(line.x, line.y, linewidth=1.2, label=line.note or None, **look(place))
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1.005)
    for which in ("x", "y"):
        unit_ticks(axis, which, width)
    axis.set_xlabel("1 - specificity")
    below = axis.transAxes + ScaledTranslation(0, -DOWN, figure.dpi_scale_trans)
    notes = [line.note for line in panel.lines if line.note]
    if len(notes) == 1:
        axis.text(0, 0, notes[0], transform=below, va="top", fontsize=6.5)
    elif notes:
        axis.legend(
            loc="upper left",
            bbox_to_anchor=(-0.02, 0),
            bbox_transform=below,
            frameon=False,
            handlelength=2.2,
            handletextpad=0.5,
            labelspacing=0.3,
            borderaxespad=0,
            borderpad=0,
        )
