"""The figures that ``uslnm compare`` writes beside its tables."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_features import simulated_table

from USRadiomicsLNMLib.compare import Comparison, compare
from USRadiomicsLNMLib.figures.comparison import draw_comparison
from USRadiomicsLNMLib.settings import FitSettings


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    table = simulated_table(patients=60, features=6, splits=True, signal=2.0)
    noisy = table.values + 2 * np.random.default_rng(1).normal(size=table.values.shape)
    cases = tuple(replace(case, image=Path("after") / case.image.name) for case in table.cases)
    return compare(replace(table, values=noisy), replace(table, cases=cases), FitSettings("lnm", folds=3, penalties=5))


def test_figures_say_what_the_tables_say(comparison: Comparison, tmp_path: Path) -> None:
    paths = draw_comparison(tmp_path, comparison)
    assert {path.name for path in paths} == {
        f"{name}.{kind}" for name in ("roc", "calibration", "decision_curve") for kind in ("svg", "png")
    }
    roc = (tmp_path / "roc.svg").read_text(encoding="utf-8")
    calibration = (tmp_path / "calibration.svg").read_text(encoding="utf-8")
    for model, fit in comparison.fits.items():
        for name, figures in fit.performance.items():
            area = figures.auc
            assert f"{model}: AUC {area.value:.2f} ({area.low:.2f} to {area.high:.2f})" in roc
            if name != "training":
                assert f"Brier {figures.calibration.brier:.3f}" in calibration
    assert "Training" in roc
    assert "Training" not in calibration
    assert len(re.findall("with the event", (tmp_path / "decision_curve.svg").read_text(encoding="utf-8"))) >= 2
