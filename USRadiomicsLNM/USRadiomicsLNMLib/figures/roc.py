"""ROC curves, one plot a set of patients or a method (the paper's figure 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from USHarmonizationLib.figures.style import INK, style

from .panels import Panel, column_width, grid, look, title_lines, unit_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# From the plot down to its notes, inches: ticks and label are in between.
BELOW = 0.4


def plot_roc(panels: Sequence[Panel], columns: int = 3) -> Figure:
    """Rate of true positives over rate of false positives; notes (AUC and interval) below each plot.

    Args:
        panels: one a plot; x: rates of false positives, y: rates of true positives.
        columns: at most so many plots side by side.

    Raises:
        UsageError: nothing to show; matplotlib is not installed.
    """
    with style():
        notes = max((sum(bool(line.note) for line in panel.lines) for panel in panels), default=0)
        figure, axes = grid(len(panels), columns, 0.3 + 0.14 * notes)
        width = column_width(len(panels), columns)
        titles = title_lines([panel.title for panel in panels], width)
        for place, (axis, panel, title) in enumerate(zip(axes, panels, titles, strict=True)):
            _draw(figure, axis, panel, width)
            axis.set_title(title, loc="left", pad=4)
            if place % columns == 0:
                axis.set_ylabel("sensitivity")
        figure.tight_layout(pad=0.4, w_pad=1.0, h_pad=1.2)
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
    axis.set_aspect("equal")
    for which in ("x", "y"):
        unit_ticks(axis, which, width)
    axis.set_xlabel("1 - specificity")
    if any(line.note for line in panel.lines):
        axis.legend(
            loc="upper left",
            bbox_to_anchor=(-0.02, 0),
            bbox_transform=axis.transAxes + ScaledTranslation(0, -BELOW, figure.dpi_scale_trans),
            frameon=False,
            handlelength=2.2,
            handletextpad=0.5,
            borderaxespad=0,
            borderpad=0,
        )
