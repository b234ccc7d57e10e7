"""Bars: heights, whiskers, colours, what is missing, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.figures.bars import COLUMNS, Bars, plot_bars
from USHarmonizationLib.figures.style import COLOURS

METHODS = ["original", "FDA", "CycleGAN"]


def test_bars_stand_for_their_means_and_whiskers_for_spreads() -> None:
    figure = plot_bars(METHODS, [Bars("PSNR", "dB", [11.0, 15, 12], [0.5, 1, 2], "higher")])
    (axis,) = figure.axes
    assert [bar.get_height() for bar in axis.patches] == [11, 15, 12]
    assert [to_hex(bar.get_facecolor()).lower() for bar in axis.patches] == [c.lower() for c in COLOURS[:3]]
    whiskers = axis.collections[0].get_segments()
    assert [np.ptp(whisker[:, 1]) for whisker in whiskers] == pytest.approx([1, 2, 4])
    assert axis.get_ylim()[0] == 0
    assert axis.get_ylim()[1] > 16
    assert axis.get_title() == "PSNR \u2191"


def test_colours_may_be_given() -> None:
    (axis,) = plot_bars(METHODS, [Bars("PSNR", "dB", [11.0, 15, 12])], colours=["#ff0000", "#00ff00"]).axes
    assert [to_hex(bar.get_facecolor()) for bar in axis.patches] == ["#ff0000", "#00ff00", "#ff0000"]


def test_figures_below_zero_and_missing_ones_are_shown_as_such() -> None:
    figure = plot_bars(METHODS, [Bars("KID", "", [-0.01, np.nan, 0.02], [0.02, np.nan, 0.01], "lower", chance=0.0)])
    (axis,) = figure.axes
    assert len(axis.patches) == 2
    assert [text.get_text() for text in axis.texts] == ["n/a"]
    assert axis.get_ylim()[0] <= -0.03


def test_many_metrics_go_into_rows_of_one_page() -> None:
    figure = plot_bars(METHODS, [Bars(f"metric {place}", "", [1.0, 2, 3]) for place in range(9)])
    assert sum(axis.axison for axis in figure.axes) == 9
    assert len({round(axis.get_position().x0, 3) for axis in figure.axes}) == COLUMNS
    boxes = [axis.get_tightbbox().transformed(figure.transFigure.inverted()) for axis in figure.axes if axis.axison]
    legend = figure.legends[0].get_window_extent().transformed(figure.transFigure.inverted())
    assert all(box.y0 > legend.y1 and box.x0 >= 0 and box.x1 <= 1 and box.y1 <= 1 for box in boxes)


@pytest.mark.parametrize(
    ("methods", "metrics"),
    [([], [Bars("a", "", [])]), (METHODS, []), (METHODS, [Bars("a", "", [1.0])])],
)
def test_nothing_to_show_is_refused(methods: list[str], metrics: list[Bars]) -> None:
    with pytest.raises(UsageError, match=r"no figures|1 values for 3 methods"):
        plot_bars(methods, metrics)
