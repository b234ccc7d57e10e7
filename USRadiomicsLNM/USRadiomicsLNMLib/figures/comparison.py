"""The figures of a comparison before and after harmonization, from its predictions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from USHarmonizationLib.figures.style import save_figure

from ..compare import AFTER, BEFORE, Comparison
from ..fit import NESTED, TRAINING
from ..statistics.calibration import calibration_curve
from ..statistics.decision_curve import decision_curve
from ..statistics.interval import Estimate
from ..statistics.performance import Patients, Performance
from ..statistics.roc import roc_curve
from ..statistics.roc_band import roc_band
from .calibration import CalibrationPanel, plot_calibration
from .decision import DecisionPanel, plot_decision_curves
from .panels import Line, Panel
from .roc import plot_roc

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# How sets of patients are written; others as they are.
SETS = {
    TRAINING: "Training (apparent)",
    NESTED: "Nested cross-validation",
    "validation": "Validation",
    "test": "Test",
}


def draw_comparison(folder: Path, comparison: Comparison, seed: int = 0) -> list[Path]:
    """Write ``roc``, ``calibration`` and ``decision_curve`` as SVG and PNG (300 dpi) to ``folder``; the paths.

    ROC curves of all sets of patients with bands of 95 %; calibration and decision curves of all but the training
    patients themselves, of whom a model says too much good.

    Args:
        folder: of the tables; comparison: as ``compare`` gives it; seed: of the bands' bootstrap.

    Raises:
        UsageError: matplotlib is not installed.
        OSError: the folder cannot be written to.
    """
    judged = [name for name in comparison.tests if name != TRAINING]
    figures: dict[str, Figure] = {"roc": plot_roc([_roc(comparison, name, seed) for name in comparison.tests])}
    if judged:
        figures["calibration"] = plot_calibration(
            [_calibration(comparison, model, name) for name in judged for model in (BEFORE, AFTER)], columns=2
        )
        figures["decision_curve"] = plot_decision_curves([_decision(comparison, name) for name in judged])
    return [path for name, figure in figures.items() for path in save_figure(figure, folder, name)]


def _found(comparison: Comparison, name: str) -> Iterable[tuple[str, Patients, Performance]]:
    for model in (BEFORE, AFTER):
        fit = comparison.fits[model]
        yield model, fit.patients[name], fit.performance[name]


def _roc(comparison: Comparison, name: str, seed: int) -> Panel:
    lines = []
    for model, members, figures in _found(comparison, name):
        curve = roc_curve(members.outcome, members.log_odds, strata=members.models)
        band = roc_band(members.outcome, members.log_odds, strata=members.models, seed=seed)
        area = figures.auc
        note = f"{model}: AUC {area.value:.2f} ({area.low:.2f} to {area.high:.2f})"
        lines.append(Line(model, curve.false_positive, curve.true_positive, note, band))
    return Panel(f"{SETS.get(name, name)}\n{figures.patients} patients, {figures.events} with the event", tuple(lines))


def _calibration(comparison: Comparison, model: str, name: str) -> CalibrationPanel:
    members, figures = comparison.fits[model].patients[name], comparison.fits[model].performance[name].calibration
    points = calibration_curve(members.outcome, members.log_odds)
    observed, low, high = (np.array([getattr(one.observed, end) for one in points]) for end in ("value", "low", "high"))
    return CalibrationPanel(
        f"{SETS.get(name, name)}\n{model}",
        int(model == AFTER),
        np.array([point.predicted for point in points]),
        observed,
        low,
        high,
        risks=expit(members.log_odds),
        outcomes=members.outcome,
        notes=(
            _note("intercept", figures.intercept),
            _note("slope", figures.slope),
            f"Brier {figures.brier:.3f}",
        ),
    )


def _note(what: str, figure: Estimate) -> str:
    if not np.isfinite(figure.value):
        return f"{what} undefined"
    return f"{what} {figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _decision(comparison: Comparison, name: str) -> DecisionPanel:
    found = list(_found(comparison, name))
    curves = {model: decision_curve(members.outcome, expit(members.log_odds)) for model, members, _ in found}
    first, share = curves[BEFORE], float(found[0][1].outcome.mean())
    return DecisionPanel(
        Panel(
            f"{SETS.get(name, name)}\n{share:.0%} with the event",
            tuple(Line(model, curve.thresholds, curve.model) for model, curve in curves.items()),
        ),
        first.thresholds,
        first.treat_all,
        share,
    )
