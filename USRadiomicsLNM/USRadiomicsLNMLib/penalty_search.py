"""The whole model from features to log odds, with both penalties chosen by cross-validated AUC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from .distinct_columns import DistinctColumns
from .folds import fold_count, patient_folds
from .logistic_path import Floats, Path, logistic_path, penalty_grid
from .mann_whitney import MannWhitneyFilter
from .penalized_logistic import BinaryClassifier, LassoSelector, PenalizedLogistic, binary_data, support
from .statistics.roc import youden_threshold

# AUCs that differ by less are the same.
SAME = 1e-9
# The smallest penalty with an L1 part, as a share of the largest: what lies below only overfits.
SHORTEST = 0.01
# Log odds have at least this spread after recalibration, even those of a model that has found nothing.
LEAST_STRETCH = 0.01


class PenaltySearch(BinaryClassifier):
    """Preparation, lasso selection, then elastic-net or ridge logistic regression on what was selected.

    Both penalties are those with the best AUC in a cross-validation by patient. In each of its folds everything that
    learns (preparation, selection, regression) is fitted anew on the other folds; the AUC is the mean over the folds,
    weighted by their size, as in glmnet's ``cv.glmnet``. Of equal AUCs the lasso takes the largest penalty (as there),
    the regression the one with the smallest held-out log loss.

    The AUC is blind to shrinkage, so that the penalty it likes best may leave log odds far too small, or too large.
    They are stretched by one slope and intercept, fitted to the held-out ones (Platt's method); ranks stay as they are.

    Args:
        preparation: transformer, or pipeline of them, that is fitted first; by default distinct columns, standardized,
            filtered by the Mann-Whitney U test at 0.05.
        l1_ratios: of the final regression, each is tried; 0 is ridge.
        folds: of the cross-validation; fewer where a class has fewer patients.
        penalties: how many penalties of each kind are tried.
        seed: of the folds.

    Attributes:
        pipeline_: what was fitted on all rows: ``preparation``, ``lasso``, ``classifier``.
        folds_: (n,) the fold in which each row was held out.
        selection_penalties_, selection_auc_: (penalties,) of the lasso.
        selection_penalty_, penalty_, l1_ratio_: what was chosen.
        auc_: cross-validated AUC at what was chosen. The best of many, hence too high: an estimate needs an outer
            cross-validation.
        slope_, offset_: by which log odds are stretched and moved.
        out_of_fold_: (n,) log odds at what was chosen, each from a model that did not see the row's patient.
        threshold_: probability above which Youden's index of ``out_of_fold_`` is largest.
    """

    def __init__(
        self,
        preparation: Any = None,
        l1_ratios: tuple[float, ...] = (0.0,),
        folds: int = 10,
        penalties: int = 50,
        seed: int = 0,
    ) -> None:
        self.preparation = preparation
        self.l1_ratios = l1_ratios
        self.folds = folds
        self.penalties = penalties
        self.seed = seed

    def fit(self, X: Any, y: Any, groups: Any = None, strata: Any = None) -> PenaltySearch:  # noqa: N803
        """Choose penalties and fit.

        Args:
            X: (n, columns).
            y: (n,) of two classes; the second in order is the event.
            groups: (n,) patients; each row its own when None.
            strata: (n,) what the folds spread evenly; the classes when None.

        Raises:
            ValueError: shapes do not match, values are not finite, or a class has fewer than two patients.
        """
        # Whether values may be missing is for the preparation to say.
        values, outcome, self.classes_ = binary_data(self, X, y, finite=False)
        patients = np.arange(len(outcome)) if groups is None else np.asarray(groups)
        if min(len(np.unique(patients[outcome == value])) for value in (0, 1)) < 2:
            raise ValueError("a class with 1 sample (patient); needed: at least two of each class")
        count = fold_count(outcome, patients, self.folds)
        self.folds_ = patient_folds(outcome if strata is None else np.asarray(strata), patients, count, self.seed)

        preparation = self._preparation().fit(values, outcome)
        prepared = np.asarray(preparation.transform(values), dtype=np.float64)
        self.selection_penalties_ = penalty_grid(prepared, outcome, 1.0, self.penalties, SHORTEST)
        everything = logistic_path(prepared, outcome, self.selection_penalties_)
        folds = [self._fold(values, outcome, self.folds_ == fold) for fold in np.unique(self.folds_)]
        self.selection_auc_ = _mean_auc(folds, [fold.path.scores(fold.test) for fold in folds])
        some = np.flatnonzero((everything.coefficients != 0).any(axis=1))
        place = int(some[np.argmax(_rounded(self.selection_auc_[some]))]) if len(some) else 0
        self.selection_penalty_ = float(self.selection_penalties_[place])

        kept = support(everything.coefficients[place], prepared, outcome)
        held_out = self._choose_regression(prepared[:, kept], outcome, [fold.reduced(place) for fold in folds])
        lasso = LassoSelector(self.selection_penalty_).fit(prepared, outcome)
        classifier = PenalizedLogistic(self.penalty_, self.l1_ratio_).fit(lasso.transform(prepared), outcome)
        self.pipeline_ = Pipeline([("preparation", preparation), ("lasso", lasso), ("classifier", classifier)])
        self.slope_, self.offset_ = recalibration(outcome, held_out)
        self.out_of_fold_ = self.slope_ * held_out + self.offset_
        self.threshold_ = youden_threshold(outcome, expit(self.out_of_fold_))
        return self

    def decision_function(self, X: Any) -> Floats:  # noqa: N803
        """(n,) log odds of the second class for (n, columns)."""
        check_is_fitted(self)
        values = validate_data(self, X, dtype=np.float64, reset=False, ensure_all_finite=False)
        return np.asarray(self.slope_ * self.pipeline_.decision_function(values) + self.offset_)

    def support(self) -> NDArray[np.intp]:
        """Numbers of the columns of ``X`` that the regression sees, where no step of the preparation mixes columns.

        Raises:
            AttributeError: a step cannot tell which columns it passes on.
        """
        check_is_fitted(self)
        names = np.arange(self.n_features_in_).astype(str).astype(object)
        for step in (*self._preparation_steps(), self.pipeline_.named_steps["lasso"]):
            names = step.get_feature_names_out(names)
        return np.asarray(names, dtype=np.intp)

    def _preparation_steps(self) -> list[Any]:
        preparation = self.pipeline_.named_steps["preparation"]
        return [step for _, step in preparation.steps] if isinstance(preparation, Pipeline) else [preparation]

    def _preparation(self) -> Any:
        if self.preparation is not None:
            return clone(self.preparation)
        steps = [("distinct", DistinctColumns()), ("scale", StandardScaler()), ("mann_whitney", MannWhitneyFilter())]
        return Pipeline(steps)

    def _fold(self, values: Floats, outcome: Floats, held_out: NDArray[np.bool_]) -> _Fold:
        """All that learns, fitted without the held-out rows."""
        preparation = self._preparation().fit(values[~held_out], outcome[~held_out])
        train = np.asarray(preparation.transform(values[~held_out]), dtype=np.float64)
        test = np.asarray(preparation.transform(values[held_out]), dtype=np.float64)
        path = logistic_path(train, outcome[~held_out], self.selection_penalties_)
        return _Fold(held_out, train, outcome[~held_out], test, outcome[held_out], path)

    def _choose_regression(self, prepared: Floats, outcome: Floats, folds: list[_Fold]) -> Floats:
        """Choose penalty and l1_ratio; returns the held-out log odds there."""
        best: tuple[float, float] | None = None
        out_of_fold: Floats = np.empty(len(outcome))
        for l1_ratio in self.l1_ratios:
            penalties = penalty_grid(prepared, outcome, l1_ratio, self.penalties, SHORTEST if l1_ratio else None)
            paths = [logistic_path(fold.train, fold.train_outcome, penalties, l1_ratio) for fold in folds]
            scores = [path.scores(fold.test) for path, fold in zip(paths, folds, strict=True)]
            auc = _rounded(_mean_auc(folds, scores))
            losses = [np.logaddexp(0, s) - f.test_outcome * s for f, s in zip(folds, scores, strict=True)]
            loss = np.hstack(losses).mean(axis=1)
            place = int(np.lexsort((loss, -auc))[0])
            if best is None or (-auc[place], loss[place]) < best:
                best = (-auc[place], loss[place])
                self.auc_, self.penalty_, self.l1_ratio_ = float(auc[place]), float(penalties[place]), float(l1_ratio)
                for fold, score in zip(folds, scores, strict=True):
                    out_of_fold[fold.held_out] = score[place]
        return out_of_fold


def recalibration(outcome: Floats, log_odds: Floats) -> tuple[float, float]:
    """Slope and offset that make (n,) log odds fit the outcome, by Platt's method with his targets just inside 0 and 1,
    so that separated classes have a finite answer. The slope is positive: where the log odds point the wrong way, it is
    next to none.
    """
    events = outcome.sum()
    target = np.where(outcome == 1, (events + 1) / (events + 2), 1 / (len(outcome) - events + 2))
    spread = float(log_odds.std())
    unit = (log_odds - log_odds.mean()) / spread if spread > 0 else np.zeros(len(outcome))
    path = logistic_path(unit[:, None], target, np.array([1e-6]), 0.0)
    slope = max(float(path.coefficients[0, 0]), LEAST_STRETCH) / (spread if spread > 0 else 1)
    return slope, float(path.intercepts[0]) - slope * float(log_odds.mean())


@dataclass(frozen=True)
class _Fold:
    held_out: NDArray[np.bool_]
    train: Floats
    train_outcome: Floats
    test: Floats
    test_outcome: Floats
    path: Path

    def reduced(self, place: int) -> _Fold:
        """Only the columns that the lasso keeps in this fold at the penalty that was chosen over all folds."""
        kept = support(self.path.coefficients[place], self.train, self.train_outcome)
        return _Fold(
            self.held_out, self.train[:, kept], self.train_outcome, self.test[:, kept], self.test_outcome, self.path
        )


def _mean_auc(folds: list[_Fold], scores: list[Floats]) -> Floats:
    """(penalties,) mean AUC of the folds weighted by their size; a fold with one class says nothing."""
    total: Floats = np.zeros(len(scores[0]))
    weight = 0
    for fold, score in zip(folds, scores, strict=True):
        events = fold.test_outcome == 1
        pairs = int(events.sum()) * int((~events).sum())
        if pairs:
            # Equal up to rounding is equal: where no column has a coefficient all have the same score.
            ranks = rankdata(np.round(score, 10), axis=1)
            m = int(events.sum())
            total += len(events) * (ranks[:, events].sum(axis=1) - m * (m + 1) / 2) / pairs
            weight += len(events)
    return total / weight if weight else np.full(len(total), 0.5)


def _rounded(auc: Floats) -> Floats:
    return np.round(auc / SAME) * SAME
