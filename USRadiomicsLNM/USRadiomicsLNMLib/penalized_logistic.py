"""Logistic regression with one lasso, elastic-net or ridge penalty, as classifier and as selector of columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from .logistic_path import Floats, logistic_path, penalty_grid

# Steps from the largest penalty down to the one that is asked for.
WARM_STEPS = 10


class BinaryClassifier(ClassifierMixin, BaseEstimator, ABC):
    """What classifiers of two classes have in common that give log odds."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    @abstractmethod
    def decision_function(self, X: Any) -> Floats:  # noqa: N803 - scikit-learn's name
        """(n,) log odds of the second class for (n, columns)."""

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """(n, 2) probabilities of the two classes."""
        check_is_fitted(self)
        second = expit(self.decision_function(X))
        return np.column_stack([1 - second, second])

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """(n,) the more probable class; a threshold for use is chosen elsewhere."""
        check_is_fitted(self)
        return np.asarray(self.classes_[(self.decision_function(X) > 0).astype(int)])


class PenalizedLogistic(BinaryClassifier):
    """Logistic regression for standardized columns (objective: see ``logistic_path``).

    Args:
        penalty: strength, glmnet's lambda.
        l1_ratio: 0 (ridge) to 1 (lasso), glmnet's alpha.

    Attributes:
        classes_: (2,), the second is the event.
        coef_: (1, columns); intercept_: (1,).
    """

    def __init__(self, penalty: float = 0.01, l1_ratio: float = 0.0) -> None:
        self.penalty = penalty
        self.l1_ratio = l1_ratio

    def fit(self, X: Any, y: Any) -> PenalizedLogistic:  # noqa: N803 - scikit-learn's name
        """Fit to ``X`` (n, columns) and ``y`` (n,) of two classes.

        Raises:
            ValueError: shapes do not match, values are not finite, or ``y`` has not exactly two classes.
        """
        values, outcome, self.classes_ = binary_data(self, X, y)
        slope, intercept = solve(values, outcome, self.penalty, self.l1_ratio)
        self.coef_, self.intercept_ = slope[None], np.array([intercept])
        return self

    def decision_function(self, X: Any) -> Floats:  # noqa: N803
        """(n,) log odds of the second class for (n, columns)."""
        check_is_fitted(self)
        values = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(values @ self.coef_[0] + self.intercept_[0])


class LassoSelector(SelectorMixin, BaseEstimator):
    """Keeps the columns that have a coefficient in a lasso logistic regression of standardized columns.

    Args:
        penalty: strength, glmnet's lambda.

    Attributes:
        coef_: (columns,).

    Where the penalty is too strong for any, the one that would come in first is kept, so that there is a model at all.
    """

    def __init__(self, penalty: float = 0.05) -> None:
        self.penalty = penalty

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags

    def fit(self, X: Any, y: Any) -> LassoSelector:  # noqa: N803 - scikit-learn's name
        """Select from the columns of ``X`` (n, columns) for ``y`` (n,) of two classes.

        Raises:
            ValueError: shapes do not match, values are not finite, or ``y`` has not exactly two classes.
        """
        values, outcome, _ = binary_data(self, X, y)
        self.coef_, _ = solve(values, outcome, self.penalty, 1.0)
        self.support_ = support(self.coef_, values, outcome)
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return np.asarray(self.support_)


def support(slope: Floats, values: Floats, outcome: Floats) -> NDArray[np.bool_]:
    """(columns,) which columns have a coefficient; with none, the one that a falling penalty would let in first."""
    kept: NDArray[np.bool_] = slope != 0
    if not kept.any():
        kept[np.argmax(np.abs(values.T @ (outcome - outcome.mean())))] = True
    return kept


def solve(values: Floats, outcome: Floats, penalty: float, l1_ratio: float) -> tuple[Floats, float]:
    """Coefficients and intercept for one penalty, reached over larger ones."""
    if not penalty > 0 or not 0 <= l1_ratio <= 1:
        raise ValueError(f"penalty {penalty} and l1_ratio {l1_ratio}; needed: positive, and 0 to 1")
    penalties = np.array([penalty])
    if l1_ratio:
        largest = penalty_grid(values, outcome, l1_ratio, 1)[0]
        if largest > penalty:
            penalties = np.geomspace(largest, penalty, WARM_STEPS)
    path = logistic_path(values, outcome, penalties, l1_ratio)
    return path.coefficients[-1], float(path.intercepts[-1])


def binary_data(
    estimator: Any,
    X: Any,  # noqa: N803
    y: Any,
    finite: bool = True,
) -> tuple[Floats, Floats, NDArray[Any]]:
    """Checked values, outcome as 0 and 1, and the two classes."""
    values, target = validate_data(estimator, X, y, dtype=np.float64, ensure_min_samples=2, ensure_all_finite=finite)
    check_classification_targets(target)
    if (kind := type_of_target(target, input_name="y")) != "binary":
        raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
    classes = np.unique(target)
    if len(classes) < 2:
        raise ValueError(f"Classifier can't train when only one class is present: {classes[0]!r}")
    return values, (target == classes[1]).astype(np.float64), classes
