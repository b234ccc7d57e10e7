"""Penalties chosen by cross-validated AUC: glmnet's curve, planted truth, and nothing of a fold in its own model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from simulated_features import numbers, records
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from USRadiomicsLNMLib import penalty_search
from USRadiomicsLNMLib.distinct_columns import DistinctColumns
from USRadiomicsLNMLib.penalty_search import PenaltySearch, recalibration
from USRadiomicsLNMLib.statistics.calibration import calibration


def planted(patients: int = 90, columns: int = 40, signal: float = 1.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    outcome = np.arange(patients) % 3 == 0
    values = rng.normal(size=(patients, columns))
    values[:, :2] += signal * outcome[:, None]
    return values, outcome.astype(int)


def test_auc_curve_best_penalty_and_features_are_those_of_cv_glmnet(monkeypatch: pytest.MonkeyPatch) -> None:
    _, table = numbers("glmnet_input.csv")
    outcome, fold, values = table[:, 0], table[:, 1], table[:, 2:]
    curve = [row for row in records("glmnet_cv.csv") if row["alpha"] == "1"]
    penalties = np.array([float(row["lambda"]) for row in curve])
    monkeypatch.setattr(penalty_search, "patient_folds", lambda *_: fold.astype(int))
    monkeypatch.setattr(penalty_search, "penalty_grid", lambda *_: penalties)
    search = PenaltySearch(StandardScaler(), l1_ratios=(1.0,)).fit(values, outcome)
    np.testing.assert_allclose(search.selection_auc_, [float(row["auc"]) for row in curve], atol=1e-9)
    best = next(place for place, row in enumerate(curve) if row["best"] == "TRUE")
    assert search.selection_penalty_ == penalties[best]
    _, paths = numbers("glmnet_path.csv")
    theirs = paths[paths[:, 0] == 1][best, 3:]
    assert search.support().tolist() == np.flatnonzero(np.abs(theirs) > 1e-7).tolist()
    # Fitted on all rows with the same penalty for selection and regression, it is glmnet's model.
    scores = StandardScaler().fit_transform(values) @ theirs
    lasso = search.pipeline_.named_steps["lasso"]
    np.testing.assert_allclose(StandardScaler().fit_transform(values) @ lasso.coef_, scores, atol=1e-4)
    assert roc_auc_score(outcome, scores) == pytest.approx(
        roc_auc_score(outcome, StandardScaler().fit_transform(values) @ lasso.coef_)
    )


def test_a_planted_signal_is_found() -> None:
    values, outcome = planted()
    search = PenaltySearch().fit(values, outcome)
    assert {0, 1} <= set(search.support().tolist())
    fresh, truth = planted(seed=1, patients=600)
    assert roc_auc_score(truth, search.decision_function(fresh)) > 0.8
    assert 0.05 < search.threshold_ < 0.95


class Recorder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Notes which rows each fit saw; the first column of a row is its number."""

    seen: list[set[int]]

    def __init__(self, log: list[set[int]] | None = None) -> None:
        self.log = log

    def __sklearn_clone__(self) -> Recorder:
        return self

    def fit(self, X: np.ndarray, y: np.ndarray | None = None) -> Recorder:  # noqa: N803
        assert self.log is not None
        self.log.append({int(row) for row in X[:, 0]})
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return X[:, 1:]


def test_every_fold_prepares_anew_without_the_rows_that_it_holds_out() -> None:
    values, outcome = planted(columns=6)
    numbered = np.column_stack([np.arange(len(values)), values])
    log: list[set[int]] = []
    search = PenaltySearch(Recorder(log), folds=5).fit(numbered, outcome)
    everything = set(range(len(values)))
    assert log[0] == everything
    held_out = [set(np.flatnonzero(search.folds_ == fold).tolist()) for fold in range(5)]
    assert log[1:] == [everything - rows for rows in held_out]


def test_out_of_fold_scores_do_not_know_the_outcome_of_their_own_row() -> None:
    """With filter or selection fitted on all rows the AUC of noise would be far above one half."""
    areas = []
    for seed in range(12):
        values, outcome = planted(patients=60, columns=100, signal=0, seed=seed)
        search = PenaltySearch(folds=5, penalties=10, seed=seed).fit(values, outcome)
        areas.append(search.auc_)
    # The best of many penalties is a little too high, which is why an outer cross-validation is needed.
    assert 0.45 < np.mean(areas) < 0.65


def test_the_patients_rows_stay_together() -> None:
    values, outcome = planted(patients=60)
    patients = np.arange(60) // 3 * 3  # a group holds one event and two others
    search = PenaltySearch(folds=4).fit(values, outcome, groups=patients)
    assert all(len(set(search.folds_[patients == name])) == 1 for name in patients)


def test_elastic_nets_are_tried_beside_ridge() -> None:
    values, outcome = planted()
    ratios = {}
    for ratio in (0.0, 0.7):
        ratios[ratio] = PenaltySearch(l1_ratios=(ratio,), folds=4, penalties=15).fit(values, outcome).auc_
    both = PenaltySearch(l1_ratios=(0.0, 0.7), folds=4, penalties=15).fit(values, outcome)
    assert both.auc_ == max(ratios.values())
    assert ratios[both.l1_ratio_] == both.auc_


def test_threshold_is_youdens_of_the_out_of_fold_scores() -> None:
    values, outcome = planted()
    search = PenaltySearch().fit(values, outcome)
    called = expit(search.out_of_fold_) >= search.threshold_
    youden = called[outcome == 1].mean() - called[outcome == 0].mean()
    every = [
        (search.out_of_fold_ >= cut)[outcome == 1].mean() - (search.out_of_fold_ >= cut)[outcome == 0].mean()
        for cut in search.out_of_fold_
    ]
    assert youden == pytest.approx(max(every))


def test_too_few_of_a_class_are_refused() -> None:
    values, outcome = planted(patients=30)
    outcome[:] = 0
    outcome[:2] = 1
    with pytest.raises(ValueError, match="at least two of each class"):
        PenaltySearch().fit(values, outcome, groups=np.maximum(np.arange(30), 1))


def test_support_follows_columns_through_the_preparation() -> None:
    values, outcome = planted(columns=10)
    table = np.column_stack([np.ones(len(values)), values[:, 0] * 2, values])
    preparation = Pipeline([("distinct", DistinctColumns()), ("scale", StandardScaler())])
    search = PenaltySearch(preparation).fit(table, outcome)
    assert {1, 3} <= set(search.support().tolist())
    assert not {0, 2} & set(search.support().tolist())


def test_log_odds_are_recalibrated_on_held_out_ones() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=3000)
    outcome = (rng.random(3000) < expit(truth)).astype(float)
    slope, offset = recalibration(outcome, 0.01 * truth - 5)
    assert slope == pytest.approx(100, rel=0.1)
    assert slope * -5 + offset == pytest.approx(0, abs=0.1)
    assert recalibration(outcome, -truth)[0] == pytest.approx(0.01, rel=0.1)
    assert np.isfinite(recalibration(np.repeat([0.0, 1.0], 5), np.arange(10.0))).all()
    values, event = planted(signal=1.5)
    search = PenaltySearch().fit(values, event)
    fresh, later = planted(signal=1.5, patients=600, seed=9)
    assert 0.6 < calibration(later, search.decision_function(fresh)).slope.value < 1.6
