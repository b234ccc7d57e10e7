"""From fitted models to rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from USRadiomicsLNMLib.statistics.performance import Patients
from USRadiomicsLNMLib.statistics.roc import auc, paired_test
from USRadiomicsLNMLib.study.model_rows import (
    calibration_rows,
    decision_rows,
    feature_rows,
    performance_rows,
    prediction_rows,
    roc_rows,
    scanner_rows,
    shared,
)
from USRadiomicsLNMLib.study.model_rows import (
    test_rows as rows_of_tests,
)
from USRadiomicsLNMLib.study.models import Elsewhere, Fitted
from USRadiomicsLNMLib.study.results import ALL, ON_TARGET, TEXTURE


def patients(signal: float, seed: int = 0, count: int = 60, skip: int = 0) -> Patients:
    chance = np.random.default_rng(seed)
    outcome = np.arange(count) % 2
    score = chance.normal(size=count) + signal * outcome
    names = np.array([f"p{number:02}" for number in range(count)])
    order = chance.permutation(np.arange(skip, count))
    models = np.zeros(count, dtype=np.intp)
    return Patients(names[order], outcome[order], score[order], (score[order] > 0).astype(np.intp), models[order])


def fitted(members: Patients) -> Fitted:
    elsewhere = (Elsewhere(ON_TARGET, "siemens-s2000", ALL, members), Elsewhere(ON_TARGET, "u", ALL, None, "too few"))
    return Fitted({"nested": members, "test": members}, (("a", -2.0), ("b", 1.0)), 9, 4, elsewhere, ())


BEFORE, AFTER, THIRD = patients(0.5, 1), patients(1.5, 2), patients(0.6, 3, skip=10)
MODELS = {(name, TEXTURE): fitted(one) for name, one in (("original", BEFORE), ("texture", AFTER), ("combat", THIRD))}


def test_performance_is_by_method_and_set() -> None:
    rows, notes = performance_rows(MODELS, 0)
    assert [(row.method, row.set) for row in rows[:3]] == [
        ("original", "nested"),
        ("original", "test"),
        ("texture", "nested"),
    ]
    expected = auc(AFTER.outcome, AFTER.log_odds)
    assert (rows[2].auc, rows[2].auc_low, rows[2].auc_high) == (expected.value, expected.low, expected.high)
    assert rows[2].sensitivity == AFTER.called[AFTER.outcome == 1].mean()
    assert not notes


def test_what_cannot_be_judged_is_said() -> None:
    alone = Patients(*(values[AFTER.outcome == 1] for values in vars(AFTER).values()))
    rows, notes = performance_rows({("original", TEXTURE): fitted(alone)}, 0)
    assert not rows
    assert notes[0].startswith("original, texture features, nested: cannot be judged")


def test_patients_are_compared_whatever_their_order() -> None:
    first, second = shared(BEFORE, THIRD)
    assert len(first.names) == 50
    np.testing.assert_array_equal(first.names, second.names)
    np.testing.assert_array_equal(first.outcome, second.outcome)
    score = dict(zip(THIRD.names, THIRD.log_odds, strict=True))
    np.testing.assert_array_equal(second.log_odds, [score[name] for name in second.names])


def test_tests_are_against_the_original_on_the_patients_of_both() -> None:
    rows = {(row.method, row.set): row for row in rows_of_tests(MODELS, 0)}
    assert set(rows) == {(method, name) for method in ("texture", "combat") for name in ("nested", "test")}
    first, second = shared(BEFORE, AFTER)
    expected = paired_test(first.outcome, first.log_odds, second.log_odds)
    row = rows["texture", "test"]
    assert (row.difference, row.p) == pytest.approx((expected.difference.value, expected.p))
    assert row.difference > 0
    assert (row.patients, rows["combat", "test"].patients) == (60, 50)


def test_p_values_are_adjusted_for_the_number_of_methods() -> None:
    rows = {row.method: row for row in rows_of_tests(MODELS, 0) if row.set == "test"}
    small, large = sorted(rows.values(), key=lambda row: row.p)
    assert small.p_holm == pytest.approx(min(1, 2 * small.p))
    assert large.p_holm == pytest.approx(max(large.p, small.p_holm))


def test_models_elsewhere_are_compared_with_the_original_there() -> None:
    rows = {(row.method, row.scanner): row for row in scanner_rows(MODELS)}
    row = rows["texture", "siemens-s2000"]
    assert row.auc == auc(AFTER.outcome, AFTER.log_odds).value
    assert row.difference == pytest.approx(row.auc - rows["original", "siemens-s2000"].auc)
    assert row.sensitivity == AFTER.called[AFTER.outcome == 1].mean()
    assert row.specificity == 1 - AFTER.called[AFTER.outcome == 0].mean()
    assert math.isnan(rows["original", "siemens-s2000"].difference)
    assert rows["texture", "u"].reason == "too few"
    assert math.isnan(rows["texture", "u"].auc)


def test_curves_features_and_predictions() -> None:
    roc = [row for row in roc_rows(MODELS) if (row.method, row.set) == ("texture", "test")]
    assert (roc[0].false_positive_rate, roc[0].true_positive_rate, roc[0].threshold) == (0, 0, math.inf)
    assert (roc[-1].false_positive_rate, roc[-1].true_positive_rate) == (1, 1)
    assert sum(row.patients for row in calibration_rows(MODELS) if (row.method, row.set) == ("texture", "test")) == 60
    assert len([row for row in decision_rows(MODELS) if (row.method, row.set) == ("texture", "test")]) == 99
    assert [(row.feature, row.coefficient) for row in feature_rows(MODELS)][:2] == [("a", -2.0), ("b", 1.0)]
    assert len(list(prediction_rows(MODELS))) == 2 * (60 + 60 + 50)
