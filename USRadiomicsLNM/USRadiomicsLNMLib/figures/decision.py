"""Decision curves: the net benefit of treating by a model, against treating all and treating none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.figures.style import INK, style

from .panels import Panel, column_width, grid, look, title_lines, unit_ticks

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
        figure, axes = grid(len(panels), columns, 0.25, below=LEGEND)
        width = column_width(len(panels), columns)
        titles = title_lines([one.panel.title for one in panels], width)
        for place, (axis, panel, title) in enumerate(zip(axes, panels, titles, strict=True)):
            _draw(axis, panel, width)
            axis.set_title(title, loc="left", pad=4)
            if place % columns == 0:
                axis.set_ylabel("net benefit")
        figure.tight_layout(pad=0.4, w_pad=1.0, h_pad=1.0, rect=(0, LEGEND / figure.get_figheight(), 1, 1))
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
    axis.locator_params(axis="y", nbins=6)
    unit_ticks(axis, "x", width)
    axis.set_xlabel("risk to treat from")
