"""Decision curves: the net benefit of treating by a model, against treating all and treating none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.figures.style import INK, style

from .panels import Grid, Panel, look, title_height, title_lines, unit_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEGEND = 0.2


@dataclass(frozen=True)
class DecisionPanel:
    """One plot: lines of models, and treating all.

    Attributes:
        panel: title, and the models' lines: net benefit over the risk from which one would treat.
        thresholds, treat_all: (n,) the same of treating all.
        share: of the patients with the event.
    """

    panel: Panel
    thresholds: NDArray[np.floating]
    treat_all: NDArray[np.floating]
    share: float


def plot_decision_curves(panels: Sequence[DecisionPanel], columns: int = 3) -> Figure:
    """One plot a set or method; treating all and treating none in black.

    Raises:
        UsageError: nothing to show; matplotlib is not installed.
    """
    with style():
        from matplotlib.figure import Figure

        grid = Grid(len(panels), columns, foot=LEGEND)
        titles = title_lines([one.panel.title for one in panels], grid.side)
        grid = replace(grid, above=title_height(titles), below=0.42)
        figure = Figure(figsize=grid.size)
        axes = []
        for place, (panel, title) in enumerate(zip(panels, titles, strict=True)):
            axis = grid.add_axes(figure, place)
            axes.append(axis)
            _draw(axis, panel, grid.side)
            axis.set_title(title, loc="left", pad=4)
            if grid.is_first(place):
                axis.set_ylabel("net benefit")
        # The first plot with all its lines explains them.
        handles, labels = max((axis.get_legend_handles_labels() for axis in axes), key=lambda found: len(found[1]))
        figure.legend(
            handles, labels, loc="lower center", ncols=max(2, min(len(labels), int(figure.get_figwidth() / 1.2))),
            frameon=False, handlelength=2.4, borderpad=0,
        )  # fmt: skip
        return figure


def _draw(axis: Axes, panel: DecisionPanel, width: float) -> None:
    axis.plot(panel.thresholds, panel.treat_all, color=INK, linewidth=0.7, label="treat all")
    axis.axhline(0, color=INK, linewidth=0.7, linestyle=(0, (4, 2)), label="treat none")
    for place, line in enumerate(panel.panel.lines):
        axis.plot(line.x, line.y, linewidth=1.2, label=line.name, **look(place))
    # Below that, nobody would use the model.
    share = max(panel.share, 0.05)
    axis.set_ylim(-0.3 * share, 1.1 * share)
    axis.set_xlim(0, 1)
    axis.locator_params(axis="y", nbins=5)
    unit_ticks(axis, "x", width)
    axis.set_xlabel("risk to treat from")
