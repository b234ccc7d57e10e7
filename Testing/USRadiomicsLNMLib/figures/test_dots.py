"""Dots with intervals, and boxes: what is drawn is what was given."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.figures.boxes import Boxes, plot_boxes
from USRadiomicsLNMLib.figures.dots import MARKERS, Dots, Series, plot_dots

ROWS = ["Original", "A method with a long name", "ComBat"]


def names(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def inside(figure: Figure) -> None:
    figure.draw_without_rendering()
    whole = figure.bbox
    for axis in figure.axes:
        boxes = [label.get_window_extent() for label in [*axis.get_yticklabels(), axis.xaxis.label]]
        assert all(box.x0 >= -1 and box.y0 >= -1 and box.x1 <= whole.x1 + 1 for box in boxes if box.width > 1)


def test_dots_and_their_intervals_are_where_the_numbers_are() -> None:
    series = Series("", [0.7, 0.8, math.nan], [0.6, 0.75, math.nan], [0.8, 0.85, math.nan])
    figure = plot_dots(ROWS, [Dots("AUC", (series,), line=0.5, follow=True)])
    (axis,) = figure.axes
    dots = [line for line in axis.lines if line.get_marker() == MARKERS[0]]
    assert [dot.get_xydata().tolist() for dot in dots] == [[[0.7, 0]], [[0.8, 1]]]
    whiskers = [line.get_xdata() for line in axis.lines if len(set(line.get_xdata())) == 2 and line.get_ydata()[0] < 2]
    assert [0.6, 0.8] in [list(one) for one in whiskers]
    assert names(figure) == ROWS
    assert axis.yaxis_inverted()
    inside(figure)


def test_series_differ_in_shape_and_a_page_holds_many_plots() -> None:
    series = tuple(Series(name, [1.0, 2.0, 3.0]) for name in ("GE LOGIQ 5", "Aplio 300", "S2000"))
    figure = plot_dots(ROWS, [Dots(f"A figure {place} with a long title", series) for place in range(6)])
    assert len(figure.axes) == 6
    assert figure.get_figwidth() <= 6.86
    assert {line.get_marker() for line in figure.axes[0].lines} >= set(MARKERS[:3])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["GE LOGIQ 5", "Aplio 300", "S2000"]
    inside(figure)


def test_boxes_show_quartiles_and_the_5th_to_the_95th_percentile() -> None:
    numbers = np.arange(101.0)
    figure = plot_boxes(ROWS, [Boxes("S2000", "shift", {"Original": numbers, "ComBat": np.array([math.nan])})])
    (axis,) = figure.axes
    (bar,) = axis.patches
    assert (bar.get_x(), bar.get_width()) == (25, 50)
    assert axis.lines[0].get_xdata().tolist() == [5, 95]
    assert axis.lines[2].get_xdata().tolist() == [50]
    assert names(figure) == ROWS
    inside(figure)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="AUC, x: 2 numbers for 3 rows"):
        plot_dots(ROWS, [Dots("AUC", (Series("x", [1.0, 2.0]),))])
    for plot in (plot_dots, plot_boxes):
        with pytest.raises(UsageError, match="nothing to show"):
            plot(ROWS, [])
