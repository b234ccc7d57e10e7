"""Calibration: the share with the event against the predicted risk, and how the predicted risks spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.figures.style import COLOURS, INK, style

from .panels import NARROW, Grid, look, title_height, title_lines, unit_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = np.linspace(0, 1, 26)
# Height of the histogram, what is above it, and a line of notes, inches.
HISTOGRAM, GAP, NOTE = 0.4, 0.08, 0.11
# With the event, without: orange-red and light blue, and above and below the line.
WITH, WITHOUT = COLOURS[6], COLOURS[5]


@dataclass(frozen=True)
class CalibrationPanel:
    """One model on one set of patients.

    Attributes:
        title: above the plot. place: 0 for the images as they were (grey), else 1.
        predicted, observed, low, high: (groups,) mean risk, share with the event and its interval.
        risks, outcomes: (n,) of each patient, for the histogram.
        notes: lines to write into the plot, e.g. the slope.
    """

    title: str
    place: int
    predicted: NDArray[np.floating]
    observed: NDArray[np.floating]
    low: NDArray[np.floating]
    high: NDArray[np.floating]
    risks: NDArray[np.floating]
    outcomes: NDArray[np.integer]
    notes: tuple[str, ...] = ()


def plot_calibration(panels: Sequence[CalibrationPanel], columns: int = 3) -> Figure:
    """Groups of similar risk with intervals, over a histogram: with the event above the line, without below.

    Raises:
        UsageError: nothing to show; matplotlib is not installed.
    """
    with style():
        from matplotlib.figure import Figure

        grid = Grid(len(panels), columns)
        titles = title_lines([panel.title for panel in panels], grid.side)
        notes = NOTE * max((len(panel.notes) for panel in panels), default=0)
        grid = replace(grid, above=title_height(titles) + notes, below=GAP + HISTOGRAM + 0.42)
        figure = Figure(figsize=grid.size)
        for place, (panel, title) in enumerate(zip(panels, titles, strict=True)):
            upper = grid.add_axes(figure, place)
            lower = grid.add_axes(figure, place, down=grid.side + GAP, high=HISTOGRAM)
            _draw_curve(upper, panel, grid.side)
            _draw_histogram(lower, panel, grid.side)
            upper.text(
                0, 1 + 0.04 / grid.side, "\n".join(panel.notes), transform=upper.transAxes, va="bottom", fontsize=6,
                linespacing=1.25,
            )  # fmt: skip
            upper.set_title(title, loc="left", pad=4 + 72 * notes)
            if grid.is_first(place):
                upper.set_ylabel("share with the event" if grid.side > NARROW else "with the event")
                lower.set_ylabel("patients" if grid.side > NARROW else "n")
        return figure


def _draw_curve(axis: Axes, panel: CalibrationPanel, width: float) -> None:
    colour = look(panel.place)["color"]
    whiskers = [np.maximum(panel.observed - panel.low, 0), np.maximum(panel.high - panel.observed, 0)]
    axis.plot([0, 1], [0, 1], color=INK, linewidth=0.5, linestyle=(0, (1, 2)))
    axis.errorbar(
        panel.predicted, panel.observed, whiskers, fmt="o-", color=colour, markersize=3, linewidth=1.1,
        elinewidth=0.7, capsize=1.8,
    )  # fmt: skip
    axis.set_xlim(-0.02, 1.02)
    axis.set_ylim(-0.02, 1.02)
    for which in ("x", "y"):
        unit_ticks(axis, which, width)
    axis.tick_params(labelbottom=False)


def _draw_histogram(axis: Axes, panel: CalibrationPanel, width: float) -> None:
    event = panel.outcomes == 1
    tallest = 1
    for kind, sign, colour in ((event, 1, WITH), (~event, -1, WITHOUT)):
        counts, _ = np.histogram(panel.risks[kind], BINS)
        axis.bar(BINS[:-1], sign * counts, width=np.diff(BINS), align="edge", color=colour, linewidth=0)
        tallest = max(tallest, int(counts.max()))
    axis.axhline(0, color=INK, linewidth=0.5)
    axis.set_xlim(-0.02, 1.02)
    axis.set_ylim(-1.2 * tallest, 1.2 * tallest)
    axis.set_yticks([-tallest, tallest], [str(tallest), str(tallest)])
    for text, at, side in (("with", 0.98, "top"), ("without", 0.02, "bottom")):
        axis.text(1.0, at, text, transform=axis.transAxes, ha="right", va=side, fontsize=5.5)
    unit_ticks(axis, "x", width)
    axis.set_xlabel("predicted risk")
