"""Figures count patients."""

from __future__ import annotations

import json

import numpy as np
import pytest

from USHarmonizationLib.errors import InputError
from USRadiomicsLNMLib.statistics.interval import as_json
from USRadiomicsLNMLib.statistics.performance import by_patient, performance
from USRadiomicsLNMLib.statistics.proportions import Confusion


def test_rows_of_a_patient_are_joined() -> None:
    found = by_patient(
        np.array([1, 0, 1, 0]), np.array([2.0, -1, 1, 0.5]), np.array([1.0, 0, 2, 0]), np.array(["a", "b", "a", "c"])
    )
    order = np.argsort(found.names)
    assert found.names[order].tolist() == ["a", "b", "c"]
    assert found.outcome[order].tolist() == [1, 0, 0]
    assert found.log_odds[order].tolist() == [1.5, -1, 0.5]
    assert found.called[order].tolist() == [1, 0, 1]  # a: (2-1 + 1-2) / 2 = 0, at the threshold


def test_a_patient_with_both_outcomes_counts_once_for_either() -> None:
    found = by_patient(np.array([1, 0, 0]), np.array([2.0, -1, -3]), 0.0, np.array(["a", "a", "a"]))
    assert sorted(zip(found.outcome.tolist(), found.log_odds.tolist(), strict=True)) == [(0, -2), (1, 2)]


def test_all_figures_of_a_small_example() -> None:
    outcome, score = np.array([0, 0, 0, 1, 1, 1]), np.array([-2.0, -1, 0.5, -0.5, 1, 2])
    found = performance(by_patient(outcome, score, 0.0, np.arange(6)))
    assert (found.patients, found.events) == (6, 3)
    assert found.auc.value == pytest.approx(8 / 9)
    assert found.auc.value == found.auc_bootstrap.value
    assert found.confusion == Confusion(2, 1, 2, 1)
    assert found.rates["accuracy"].value == pytest.approx(4 / 6)
    assert found.calibration.brier == pytest.approx(np.mean((1 / (1 + np.exp(-score)) - outcome) ** 2))


def test_one_class_is_refused() -> None:
    with pytest.raises(InputError, match="needed: 2 of both"):
        performance(by_patient(np.zeros(4, dtype=int), np.arange(4.0), 0.0, np.arange(4)))


def test_undefined_figures_are_null_in_json() -> None:
    outcome = np.array([0, 0, 1, 1])
    figures = as_json(performance(by_patient(outcome, np.array([-9.0, -8, 8, 9]), 0.0, np.arange(4))))
    assert figures["calibration"]["slope"] == {"value": None, "low": None, "high": None}
    assert json.loads(json.dumps(figures, allow_nan=False))["auc"]["value"] == 1
