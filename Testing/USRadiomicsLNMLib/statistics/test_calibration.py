"""Calibration: R's glm, and known distortions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from simulated_features import named_numbers, records

from USRadiomicsLNMLib.statistics.calibration import calibration, calibration_curve


def test_intercept_slope_and_brier_are_those_of_r() -> None:
    rows, wanted = records("statistics_input.csv"), named_numbers("statistics.csv")
    outcome = np.array([int(row["y"]) for row in rows])
    found = calibration(outcome, 0.7 * np.array([float(row["second"]) for row in rows]) - 0.9)
    assert found.intercept.value == pytest.approx(wanted["calibration_intercept"], abs=1e-6)
    assert found.slope.value == pytest.approx(wanted["calibration_slope"], abs=1e-6)
    half = 1.959964 * wanted["calibration_slope_se"]
    assert found.slope.high - found.slope.value == pytest.approx(half, abs=1e-4)
    assert found.brier == pytest.approx(wanted["brier"], abs=1e-12)


def test_known_distortions_are_found() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=20_000)
    outcome = (rng.random(20_000) < expit(truth)).astype(int)
    right = calibration(outcome, truth)
    assert (right.intercept.value, right.slope.value) == pytest.approx((0, 1), abs=0.06)
    extreme = calibration(outcome, 2 * truth)
    assert extreme.slope.value == pytest.approx(0.5, abs=0.03)
    assert calibration(outcome, truth - 1).intercept.value == pytest.approx(1, abs=0.06)  # risks underestimated
    assert right.brier < extreme.brier


def test_curve_has_groups_of_equal_size() -> None:
    log_odds = np.linspace(-2, 2, 50)
    curve = calibration_curve((np.arange(50) >= 25).astype(int), log_odds)
    assert [point.patients for point in curve] == [10] * 5
    assert [point.observed.value for point in curve] == [0, 0, 0.5, 1, 1]
    assert curve[0].predicted == pytest.approx(expit(log_odds[:10]).mean())


def test_what_has_no_finite_value_is_undefined() -> None:
    outcome = np.array([0, 0, 0, 1, 1, 1])
    assert np.isnan(calibration(outcome, np.zeros(6)).slope.value)
    assert np.isnan(calibration(outcome, np.array([-3.0, -2, -1, 1, 2, 3])).slope.value)
    assert np.isnan(calibration(np.ones(6), np.zeros(6)).intercept.value)
