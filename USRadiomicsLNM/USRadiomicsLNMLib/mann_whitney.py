"""Keep the features whose values differ between the two classes, by the Mann-Whitney U test."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, mannwhitneyu
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data


class MannWhitneyFilter(SelectorMixin, BaseEstimator):
    """Keeps columns with a two-sided p value of at most ``level`` (normal approximation, corrected for ties).

    Args:
        level: largest p value that is kept.
        fdr: adjust the p values for their number (Benjamini and Hochberg).
        at_least: that many columns of smallest p value are kept, whatever it is, so that there is a model at all.

    Attributes:
        p_values_: (columns,), adjusted where asked for; 1 for a constant column.
        relaxed_: whether fewer than ``at_least`` passed, so that others were kept.
    """

    def __init__(self, level: float = 0.05, fdr: bool = False, at_least: int = 1) -> None:
        self.level = level
        self.fdr = fdr
        self.at_least = at_least

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags

    def fit(self, X: Any, y: Any) -> MannWhitneyFilter:  # noqa: N803 - scikit-learn's name
        """Test each column of ``X`` (n, columns) between the two classes of ``y`` (n,).

        Raises:
            ValueError: shapes do not match, values are not finite, or ``y`` has not exactly two classes.
        """
        values, outcome = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(outcome)
        classes = np.unique(outcome)
        if len(classes) != 2:
            raise ValueError(f"{len(classes)} classes; the Mann-Whitney U test compares two")
        self.p_values_ = mann_whitney(values[outcome == classes[1]], values[outcome == classes[0]])
        if self.fdr:
            self.p_values_ = np.asarray(false_discovery_control(self.p_values_))
        self.relaxed_ = int((self.p_values_ <= self.level).sum()) < min(self.at_least, values.shape[1])
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        kept = np.asarray(self.p_values_ <= self.level)
        if self.relaxed_:
            kept[np.argsort(self.p_values_, kind="stable")[: self.at_least]] = True
        return kept


def mann_whitney(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(columns,) two-sided p values for (n1, columns) against (n2, columns); all columns at a time."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p_values = mannwhitneyu(first, second, axis=0, method="asymptotic").pvalue
    return np.nan_to_num(np.atleast_1d(np.asarray(p_values, dtype=np.float64)), nan=1.0)
