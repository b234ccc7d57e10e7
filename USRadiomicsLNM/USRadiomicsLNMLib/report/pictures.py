"""The figures of a report. Drawn from the rows of the results, with what they show in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from USHarmonizationLib.figures.panel import plot_panel

from ..figures.boxes import Boxes, plot_boxes
from ..figures.calibration import CalibrationPanel, plot_calibration
from ..figures.decision import DecisionPanel, plot_decision_curves
from ..figures.dots import Dots, Series, plot_dots
from ..figures.panels import Line, Panel
from ..figures.roc import plot_roc
from ..study.results import ALL_SOURCES, NESTED, TEST, TRAINING, VALIDATION, Example, PerformanceRow
from .cells import fixed, listed
from .view import ORIGINAL, SETS, SETS_IN_TEXT, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Plots side by side where there is one a method.
ACROSS = 5
COMPARED = "Grey: the original images."


@dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes:
        name: of its files. title: what it shows. text: how to read it.
        alt: for people who cannot see it: what it shows, and where the numbers are.
        figure: matplotlib's.
    """

    name: str
    title: str
    text: str
    alt: str
    figure: Figure


def pictures(view: View, folder: Path) -> list[Picture]:
    """All figures that there are numbers for, in their order.

    Args:
        view: of the results.
        folder: of the results, where the example images are.

    Raises:
        UsageError: matplotlib is not installed.
    """
    found = [
        areas(view),
        images(view),
        shifts(view),
        examples(view, folder),
        *(roc(view, name) for name in (TEST, VALIDATION, NESTED, TRAINING)),
        calibration(view),
        decisions(view),
        scanners(view),
    ]
    return [picture for picture in found if picture is not None]


def images(view: View) -> Picture | None:
    """Figures of images against the target (the paper's figure 4a)."""
    rows = [row for row in view.results.image_figures if row.images == view.images and row.against == "target"]
    names = list(dict.fromkeys(row.scanner for row in rows if row.scanner != ALL_SOURCES))
    methods = [method for method in view.results.methods if any(row.method == method.name for row in rows)]
    if not rows or not names:
        return None
    found = {(row.key, row.scanner, row.method): row.value for row in rows}
    panels = []
    for key in dict.fromkeys(row.key for row in rows):
        first = next(row for row in rows if row.key == key)
        arrow = {"higher": " \u2191", "lower": " \u2193"}.get(first.better, "")
        series = tuple(
            Series(view.scanner(name), [found.get((key, name, method.name), math.nan) for method in methods])
            for name in names
        )
        panels.append(Dots(first.title + arrow, series))
    return Picture(
        "images",
        "Similarity of the images to the target scanner’s",
        "One dot a scanner. ↓ lower is better, ↑ higher is better. (As figure 4a of the paper.)",
        f"Dot plots of {listed([panel.title for panel in panels])} by method; numbers in table 2.",
        plot_dots([method.title for method in methods], panels),
    )


def shifts(view: View) -> Picture | None:
    """How far features are from the target's, and what was kept (the paper's figure 4b)."""
    rows = view.results.shifts
    scanners = list(dict.fromkeys(row.scanner for row in rows))
    methods = [method for method in view.results.methods if any(row.method == method.name for row in rows)]
    if not rows:
        return None
    panels = []
    for scanner in scanners:
        mine = {m.title: [row for row in rows if (row.scanner, row.method) == (scanner, m.name)] for m in methods}
        away = {title: np.abs([row.shift for row in some]) for title, some in mine.items()}
        kept = {title: np.array([row.kept for row in some], dtype=float) for title, some in mine.items()}
        name = view.scanner(scanner)
        panels.append(Boxes(name, "distance from the target: mean shift, SD of the target", away, (0.0, None)))
        panels.append(Boxes(name, "kept: rank correlation with the original", kept, (None, 1.0)))
    return Picture(
        "feature_shifts",
        "Texture features: distance from the target, and what is kept of the original",
        "Over all features: median (dot), quartiles (box), 5th to 95th percentile (line). Left: nearer to 0 is nearer "
        "to "
        "the target. Right: 1 is the same order of lesions as before. (In place of figure 4b of the paper, whose "
        "correlations need registered pairs.)",
        f"Box plots by method for {listed([view.scanner(name) for name in scanners])}; numbers in results/shifts.csv.",
        plot_boxes([method.title for method in methods], panels),
    )


def examples(view: View, folder: Path) -> Picture | None:
    """Example images (the paper's figure 5)."""
    rows = [row for row in view.results.examples if (folder / row.file).is_file()]
    scanners = list(dict.fromkeys(row.scanner for row in rows))
    methods = [method for method in view.results.methods if any(row.method == method.name for row in rows)]
    if not rows:
        return None
    found = {(row.scanner, row.method): _grey(folder / row.file) for row in rows}
    return Picture(
        "examples",
        "Examples: the same image by every method",
        f"The lesion of middle size of each scanner. {listed(example_labels(view, scanners))}. (As figure 5 of the "
        f"paper.)",
        f"Example images of {listed([view.scanner(name) for name in scanners])} before and after each method.",
        plot_panel(
            [method.title for method in methods],
            [[found.get((scanner, method.name)) for method in methods] for scanner in scanners],
        ),
    )


def example_labels(view: View, scanners: Sequence[str]) -> list[str]:
    """What the rows of the example images are."""
    return [f"({chr(ord('a') + place)}) {view.scanner(name)}" for place, name in enumerate(scanners)]


def example_warnings(rows: Sequence[Example]) -> list[str]:
    """What the checks warn of in examples, each once."""
    return list(dict.fromkeys(row.warnings for row in rows if row.warnings))


def areas(view: View) -> Picture | None:
    """AUCs with intervals, and differences to the original, of each set."""
    names = [name for name in view.sets if name in (view.primary, NESTED)]
    methods = [m for m in view.results.methods if any(view.performance(m.name, name) for name in names)]
    panels = []
    for name in names:
        rows = [view.performance(method.name, name) for method in methods]
        tests = [view.test(method.name, name) for method in methods]
        panels.append(Dots(f"AUC, {_short(name)}", (_series(rows, "auc", "auc_low", "auc_high"),), follow=True))
        if any(tests):
            panels.append(Dots(f"difference, {_short(name)}", (_series(tests, "difference", "low", "high"),), line=0.0))
    if not panels or not methods:
        return None
    return Picture(
        "auc",
        "AUC of each method, and difference to the original images",
        f"{listed([SETS.get(name, name) for name in names])}. Lines: 95 % intervals (DeLong), not adjusted for the "
        f"number of "
        "methods. Left of 0: worse than the original images; right: better.",
        "Dot plots with intervals by method; numbers in tables 3 and 4.",
        plot_dots([method.title for method in methods], panels),
    )


def roc(view: View, name: str) -> Picture | None:
    """ROC curves of a set, one plot a method (the paper's figure 6)."""
    points = [row for row in view.results.roc if (row.set, row.features) == (name, view.features)]
    curves = {
        method.name: np.array(
            [(p.false_positive_rate, p.true_positive_rate) for p in points if p.method == method.name]
        )
        for method in view.results.methods
    }
    curves = {method: curve for method, curve in curves.items() if len(curve)}
    if not curves:
        return None
    panels = []
    for method in curves:
        lines = [
            Line(one, curves[one][:, 0], curves[one][:, 1], _area(view, one, name) if one == method else "")
            for one in dict.fromkeys((ORIGINAL, method))
            if one in curves
        ]
        if ORIGINAL not in curves:
            lines.insert(0, Line("", np.empty(0), np.empty(0)))
        panels.append(Panel(view.method(method), tuple(lines)))
    apparent = " These are the patients that the models were fitted on: too good." if name == TRAINING else ""
    return Picture(
        f"roc_{name}",
        f"ROC curves, {_short(name)}",
        f"{COMPARED} Below: AUC with 95 % interval.{apparent} (As figure 6 of the paper.)",
        f"ROC curves on {SETS_IN_TEXT.get(name, name)}, one plot a method; numbers in results/roc.csv, AUCs in table "
        f"3.",
        plot_roc(panels, ACROSS),
    )


def calibration(view: View) -> Picture | None:
    """Calibration on the primary set."""
    name = next((one for one in view.sets if any(row.set == one for row in view.results.calibration)), "")
    panels = []
    for method in view.results.methods:
        key = (method.name, view.features, name)
        groups = [row for row in view.results.calibration if (row.method, row.features, row.set) == key]
        people = [row for row in view.results.predictions if (row.method, row.features, row.set) == key]
        if groups:
            figures = view.performance(method.name, name)
            predicted, observed, low, high = (
                np.array([getattr(row, end) for row in groups]) for end in ("predicted", "observed", "low", "high")
            )
            risks = expit(np.array([row.score for row in people]))
            outcomes = np.array([row.outcome for row in people], dtype=int)
            notes = _calibration_notes(figures) if figures else ()
            place = int(method.name != ORIGINAL)
            panels.append(CalibrationPanel(method.title, place, predicted, observed, low, high, risks, outcomes, notes))
    if not panels:
        return None
    return Picture(
        "calibration",
        f"Calibration, {_short(name)}",
        "Dots: patients in groups of similar predicted risk, with 95 % intervals (Wilson); "
        "on the "
        "dotted line predictions are right. Below: how many patients have which predicted risk, those with the outcome "
        "above the line, those without below.",
        f"Calibration curves on {SETS_IN_TEXT.get(name, name)}, one plot a method; numbers in table 5 and "
        "results/calibration.csv.",
        plot_calibration(panels, ACROSS),
    )


def decisions(view: View) -> Picture | None:
    """Decision curves on the primary set."""
    rows = [row for row in view.results.decisions if row.features == view.features]
    name = next((one for one in view.sets if any(row.set == one for row in rows)), "")
    mine = {m.name: [row for row in rows if (row.method, row.set) == (m.name, name)] for m in view.results.methods}
    lines = {
        method: Line(method, np.array([row.threshold for row in some]), np.array([row.net_benefit for row in some]))
        for method, some in mine.items()
        if some
    }
    if not lines:
        return None
    panels = []
    for method, line in lines.items():
        figures = view.performance(method, name)
        both = [Line("original", lines[ORIGINAL].x, lines[ORIGINAL].y)] if ORIGINAL in lines else []
        if method != ORIGINAL:
            both = [*(both or [Line("original", np.empty(0), np.empty(0))]), Line("the method", line.x, line.y)]
        all_treated = np.array([row.treat_all for row in mine[method]])
        share = figures.events / figures.patients if figures and figures.patients else 0.5
        panels.append(DecisionPanel(Panel(view.method(method), tuple(both)), line.x, all_treated, share))
    return Picture(
        "decision_curves",
        f"Decision curves, {_short(name)}",
        "Net benefit of treating by the model, from the risk on which one would treat. A "
        "model is of "
        "use where it is above both treating all and treating none.",
        f"Decision curves on {SETS_IN_TEXT.get(name, name)}, one plot a method; numbers in results/decisions.csv.",
        plot_decision_curves(panels, ACROSS),
    )


def scanners(view: View) -> Picture | None:
    """Models on scanners that they were not trained on."""
    rows = [
        row
        for row in view.results.scanners
        if row.features == view.features and row.images == view.transfer_images and not row.reason
        and row.scanner != ALL_SOURCES
    ]  # fmt: skip
    methods = [method for method in view.results.methods if any(row.method == method.name for row in rows)]
    panels = []
    for trained in dict.fromkeys(row.trained for row in rows):
        names = dict.fromkeys(row.scanner for row in rows if row.trained == trained)
        series = []
        for scanner in names:
            found = {row.method: row for row in rows if (row.trained, row.scanner) == (trained, scanner)}
            mine = [found.get(method.name) for method in methods]
            series.append(
                Series(
                    view.scanner(scanner),
                    *(
                        [getattr(row, end) if row else math.nan for row in mine]
                        for end in ("auc", "auc_low", "auc_high")
                    ),
                )
            )
        panels.append(Dots(f"AUC, trained {trained}", tuple(series)))
    if not panels:
        return None
    return Picture(
        "scanners",
        "Models on scanners that they were not trained on",
        "Lines: 95 % intervals (DeLong). A method helps where its dots are right of those of the original images.",
        "Dot plots with intervals by method and scanner; numbers in table 7.",
        plot_dots([method.title for method in methods], panels),
    )


def _short(name: str) -> str:
    return {
        NESTED: "cross-validation",
        TRAINING: "training (apparent)",
        TEST: "test split",
        VALIDATION: "validation split",
    }.get(name, name)


def _series(rows: Sequence[object | None], *ends: str) -> Series:
    return Series("", *([getattr(row, end) if row else math.nan for row in rows] for end in ends))


def _area(view: View, method: str, name: str) -> str:
    row = view.performance(method, name)
    return f"{fixed(row.auc, 2)} ({fixed(row.auc_low, 2)} to {fixed(row.auc_high, 2)})" if row else "no AUC"


def _calibration_notes(row: PerformanceRow) -> tuple[str, ...]:
    return (
        f"intercept {fixed(row.calibration_intercept, 2)}",
        f"slope {fixed(row.calibration_slope, 2)}",
        f"Brier {fixed(row.brier, 3)}",
    )


def _grey(path: Path) -> NDArray[np.floating]:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("L"), dtype=np.float32) / 255
