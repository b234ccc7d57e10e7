"""ROC curves, calibration and decision curves: what is drawn is what was given, and all can be told apart."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.figures.calibration import CalibrationPanel, plot_calibration
from USRadiomicsLNMLib.figures.decision import DecisionPanel, plot_decision_curves
from USRadiomicsLNMLib.figures.panels import DASHES, Line, Panel, look
from USRadiomicsLNMLib.figures.roc import plot_roc

X = np.array([0.0, 0.2, 0.5, 1.0])


def panel(title: str = "Test", lines: int = 2) -> Panel:
    return Panel(title, tuple(Line(f"model {n}", X, X ** (1 / (n + 1)), f"model {n}: AUC 0.{n}") for n in range(lines)))


def words(figure: Figure) -> set[str]:
    found = {text.get_text() for axis in figure.axes for text in axis.texts}
    found |= {title for axis in figure.axes if (title := axis.get_title(loc="left"))}
    legends = [legend for axis in figure.axes if (legend := axis.get_legend())] + figure.legends
    return found | {text.get_text() for legend in legends for text in legend.get_texts()}


def inside_and_apart(figure: Figure) -> None:
    """No text is cut off at the edge of the figure, and no two texts of a plot cover each other."""
    figure.draw_without_rendering()
    whole = figure.bbox
    for axis in figure.axes:
        texts = [t for t in (axis.xaxis.label, axis.yaxis.label, axis.get_legend()) if t is not None]
        boxes = [box for t in texts if (box := t.get_window_extent()).width > 1]
        assert all(box.x0 >= -1 and box.y0 >= -1 and box.x1 <= whole.x1 + 1 and box.y1 <= whole.y1 + 1 for box in boxes)
        pairs = [(a, b) for place, a in enumerate(boxes) for b in boxes[place + 1 :]]
        assert not any(a.overlaps(b) for a, b in pairs)


def test_lines_of_a_plot_differ_in_more_than_colour() -> None:
    looks = [look(place) for place in range(len(DASHES))]
    assert len({str(one["linestyle"]) for one in looks}) == len(looks)
    assert len({one["color"] for one in looks}) == len(looks)


def test_roc_draws_the_points_and_writes_the_notes() -> None:
    band = (X, X * 0.5, np.minimum(1, X * 1.5))
    lines = (Line("before", X, X), Line("after", X, np.sqrt(X), "after: AUC 0.67 (0.60 to 0.74)", band))
    figure = plot_roc([Panel("Test\n30 patients", lines), panel()])
    first = figure.axes[0]
    np.testing.assert_allclose(first.lines[2].get_ydata(), np.sqrt(X))
    assert len(first.collections) == 1
    assert words(figure) == {
        "Test\n30 patients",
        "\nTest",
        "after: AUC 0.67 (0.60 to 0.74)",
        "model 0: AUC 0.0",
        "model 1: AUC 0.1",
    }
    inside_and_apart(figure)


@pytest.mark.parametrize(("count", "columns"), [(1, 3), (3, 3), (7, 5)])
def test_many_plots_keep_to_a_page_without_overlaps(count: int, columns: int) -> None:
    # Where plots are narrow there is room for one note.
    lines = 2 if columns < 5 else 1
    panels = [panel(f"A method with a rather long name {place}", lines) for place in range(count)]
    decisions = [DecisionPanel(one, X * 0.9, 0.3 - X, 0.3) for one in panels]
    empty = np.empty(0)
    calibrations = [
        CalibrationPanel(one.title, 1, X, X, X - 0.1, X + 0.1, empty, empty.astype(int), ("slope 1",)) for one in panels
    ]
    for figure in (
        plot_roc(panels, columns),
        plot_decision_curves(decisions, columns),
        plot_calibration(calibrations, columns),
    ):
        assert figure.get_figwidth() <= 6.86
        inside_and_apart(figure)


def test_calibration_counts_patients_above_and_below_the_line() -> None:
    risks, outcomes = np.array([0.1, 0.1, 0.1, 0.9]), np.array([0, 0, 1, 1])
    figure = plot_calibration(
        [CalibrationPanel("Test", 1, X, X, X - 0.1, X + 0.1, risks, outcomes, ("slope 1.00 (0.5 to 1.5)",))]
    )
    upper, lower = figure.axes
    heights = [bar.get_height() for bar in lower.patches]
    assert sum(height for height in heights if height > 0) == 2
    assert sum(height for height in heights if height < 0) == -2
    (_, whiskers, _) = upper.containers[0]
    assert whiskers[0] is not None
    assert "slope 1.00 (0.5 to 1.5)" in words(figure)


def test_decision_curves_stand_against_treating_all_and_none() -> None:
    figure = plot_decision_curves([DecisionPanel(panel(), X * 0.9, 0.3 - X, 0.3)])
    assert words(figure) == {"Test", "treat all", "treat none", "model 0", "model 1"}
    (axis,) = figure.axes
    assert axis.get_ylim() == pytest.approx((-0.09, 0.33))


def test_nothing_to_show_and_too_many_lines_are_refused() -> None:
    for plot in (plot_roc, plot_calibration, plot_decision_curves):
        with pytest.raises(UsageError, match="nothing to show"):
            plot([])
    with pytest.raises(UsageError, match="Test: 10 lines in one plot; needed: at most 9"):
        panel(lines=10)
