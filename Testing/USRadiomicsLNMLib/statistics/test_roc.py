"""AUC, DeLong and Youden: pROC's figures, and small cases by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_features import named_numbers, records
from sklearn import metrics

from USHarmonizationLib.errors import InputError
from USRadiomicsLNMLib.statistics.roc import auc, delong, paired_test, roc_curve, youden_threshold


def reference() -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, float]]:
    rows = records("statistics_input.csv")
    columns = [np.array([float(row[name]) for row in rows]) for name in ("y", "first", "second")]
    return columns[0], columns[1], columns[2], named_numbers("statistics.csv")


def test_auc_and_interval_are_those_of_proc() -> None:
    outcome, first, second, wanted = reference()
    for name, score in (("a", first), ("b", second)):
        found = auc(outcome, score)
        assert found.value == pytest.approx(wanted[f"auc_{name}"], abs=1e-12)
        assert found.low == pytest.approx(wanted[f"auc_{name}_low"], abs=1e-10)
        assert found.high == pytest.approx(wanted[f"auc_{name}_high"], abs=1e-10)


def test_covariance_and_paired_test_are_those_of_proc() -> None:
    outcome, first, second, wanted = reference()
    _, covariance = delong(outcome, first, second)
    assert covariance[0, 0] == pytest.approx(wanted["variance_a"], abs=1e-12)
    assert covariance[1, 1] == pytest.approx(wanted["variance_b"], abs=1e-12)
    assert covariance[0, 1] == pytest.approx(wanted["covariance"], abs=1e-12)
    test = paired_test(outcome, first, second)
    assert test.z == pytest.approx(wanted["paired_z"], abs=1e-9)
    assert test.p == pytest.approx(wanted["paired_p"], abs=1e-9)
    assert (test.difference.low, test.difference.high) == pytest.approx(
        (wanted["paired_low"], wanted["paired_high"]), abs=1e-9
    )


def test_auc_by_hand() -> None:
    # 3 of 4 pairs in order, one tie that counts half: (2 + 0.5) / 4
    assert auc(np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 3.0, 0.5])).value == pytest.approx((1 + 0.5) / 4)
    assert auc(np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 3.0, 4.0])).value == 1


def test_a_score_that_runs_the_wrong_way_is_not_turned_around() -> None:
    outcome, _, second, wanted = reference()
    assert auc(outcome, -second).value == pytest.approx(1 - wanted["auc_b"])


def test_the_same_order_of_patients_is_no_difference() -> None:
    outcome, first, _, _ = reference()
    test = paired_test(outcome, first, 3 * first + 1)
    assert (test.z, test.p, test.difference.value) == (0, 1, 0)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 5)), min_size=6, max_size=60))
def test_curve_and_area_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    outcome, score = np.array([0, 0, 1, 1, *(p[0] for p in pairs)]), np.array([0, 1, 0, 1, *(p[1] for p in pairs)])
    ours = roc_curve(outcome, score)
    false, true, thresholds = metrics.roc_curve(outcome, score, drop_intermediate=False)
    np.testing.assert_allclose(ours.false_positive, false)
    np.testing.assert_allclose(ours.true_positive, true)
    np.testing.assert_allclose(ours.thresholds, thresholds)
    assert auc(outcome, score).value == pytest.approx(metrics.roc_auc_score(outcome, score))


def test_youden_lies_midway_between_the_classes() -> None:
    assert youden_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.3, 0.7, 0.9])) == pytest.approx(0.5)
    # Sensitivity 1 and specificity 2/3 beat all else.
    assert youden_threshold(np.array([0, 0, 0, 1, 1]), np.array([1.0, 2.0, 6.0, 4.0, 8.0])) == pytest.approx(3.0)


@pytest.mark.parametrize("outcome", [[0, 0, 0], [1, 1, 1], [0, 0, 1]])
def test_one_class_is_refused(outcome: list[int]) -> None:
    with pytest.raises(InputError, match="needed: 2 of both"):
        auc(np.array(outcome), np.arange(3.0))


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="all finite"):
        auc(np.array([0, 0, 1, 1]), np.array([0, np.nan, 1, 2]))


def test_strata_compare_pairs_inside_them_only() -> None:
    outcome = np.array([0, 0, 1, 1, 0, 0, 0, 1, 1])
    score = np.array([1.0, 2, 1.5, 3, 101, 104, 106, 105, 103])  # two models on different scales
    strata = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
    areas = [metrics.roc_auc_score(outcome[strata == k], score[strata == k]) for k in (0, 1)]
    found = auc(outcome, score, strata=strata)
    assert found.value == pytest.approx((4 * areas[0] + 6 * areas[1]) / 10)
    moved = auc(outcome, np.where(strata == 1, score - 100, score), strata=strata)
    assert (moved.low, moved.high) == (found.low, found.high)
    assert auc(outcome, score).value != pytest.approx(found.value)
    test = paired_test(outcome, score, -score, strata=strata)
    assert test.difference.value == pytest.approx(1 - 2 * found.value)
    alone = np.append(strata, 7)
    assert auc(np.append(outcome, 1), np.append(score, 0.0), strata=alone).value == pytest.approx(found.value)


def test_strata_of_one_class_each_are_refused() -> None:
    with pytest.raises(InputError, match="no stratum"):
        auc(np.array([0, 0, 1, 1]), np.arange(4.0), strata=np.array([0, 0, 1, 1]))


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(-3, 3), st.integers(0, 2)), max_size=40),
)
def test_the_area_under_the_curve_of_strata_is_their_auc(rows: list[tuple[int, int, int]]) -> None:
    rows = [(0, 1, 0), (1, 1, 0), (0, 0, 0), (1, 2, 0), *rows]
    outcome, score, strata = (np.array(column) for column in zip(*rows, strict=True))
    curve = roc_curve(outcome, score + 100 * strata, strata=strata)
    assert (np.diff(curve.false_positive) >= 0).all()
    assert (np.diff(curve.true_positive) >= -1e-12).all()
    assert (curve.false_positive[[0, -1]] == [0, 1]).all()
    assert curve.true_positive[-1] == pytest.approx(1)
    area = np.trapezoid(curve.true_positive, curve.false_positive)
    assert area == pytest.approx(auc(outcome, score, strata=strata).value)


def test_the_curve_of_one_stratum_is_the_curve() -> None:
    outcome, score = np.array([0, 1, 0, 1, 1]), np.array([1.0, 2, 3, 4, 4])
    one, all_alike = roc_curve(outcome, score), roc_curve(outcome, score, strata=np.full(5, 3))
    np.testing.assert_array_equal(one.true_positive, all_alike.true_positive)
    np.testing.assert_array_equal(one.thresholds, all_alike.thresholds)
