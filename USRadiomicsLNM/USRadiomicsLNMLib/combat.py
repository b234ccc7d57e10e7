"""ComBat: features of several scanners brought to a common location and scale (Johnson, Li and Rabinovic 2007)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from USHarmonizationLib.errors import UsageError

Floats = NDArray[np.float64]

LEAST_ROWS = 2
ITERATIONS = 1000


class ComBat(TransformerMixin, BaseEstimator):
    """Removes each batch's (scanner's) shift and scale from each feature, learned on the rows it is fitted on.

    A feature y of row j in batch i is modelled as alpha + gamma_i + delta_i e_ij; location gamma_i and scale delta_i
    are shrunken towards their mean over the features (parametric empirical Bayes, Biostatistics 2007, 8(1), section
    3.2). The outcome is deliberately no covariate: it would have to be known of a new patient, and preserving it leaks
    it into the features (Nieto et al., arXiv 2410.19643). Where outcome and batch hang together, ComBat removes part of
    the outcome as well. Means and variances are the ordinary ones: of a feature with outliers (energy, for one), a
    single row may decide on a batch's scale, and set the bulk of the batches further apart than they were.

    Args:
        batch_column: number of the column of ``X`` that holds the batch, as a number; it is left out of the result.
            None: batches are given as ``batch`` to ``fit`` and ``transform`` (with scikit-learn's metadata routing also
            inside a pipeline); all rows are one batch when they are not given there either.
        tolerance: relative change at which the estimates have converged.

    Attributes:
        batches_: (batches,) sorted.
        alpha_: (features,) common location; sigma_: (features,) common scale, 0 where no feature varies within batches.
        gamma_, delta_: (batches, features) shift and variance ratio of each batch, in units of sigma_.
        message_: one line when there is nothing to do (a single batch), else "".
    """

    def __init__(self, batch_column: int | None = None, tolerance: float = 1e-6) -> None:
        self.batch_column = batch_column
        self.tolerance = tolerance

    def fit(self, X: Any, y: Any = None, batch: Any = None) -> ComBat:  # noqa: N803 - scikit-learn's name
        """Learn from ``X`` (n, features); ``batch`` (n,) unless a column of ``X`` holds it.

        Raises:
            UsageError: a batch has a single row.
            ValueError: shapes do not match, or values are not finite.
        """
        values, labels = self._split(validate_data(self, X, dtype=np.float64), batch)
        self.batches_, code, count = np.unique(labels, return_inverse=True, return_counts=True)
        several = len(self.batches_) > 1
        self.message_ = "" if several else "ComBat has nothing to do: all rows are of one scanner"
        if several and count.min() < LEAST_ROWS:
            raise UsageError(
                f"scanner {self.batches_[count.argmin()]} has {count.min()} row in the training data; "
                f"needed for ComBat: at least {LEAST_ROWS}"
            )
        means = np.array([values[code == place].mean(axis=0) for place in range(len(count))])
        self.alpha_ = count @ means / len(values)
        self.sigma_ = np.sqrt(((values - means[code]) ** 2).mean(axis=0))
        self.sigma_[self.sigma_ <= 1e-12 * np.maximum(np.abs(self.alpha_), 1e-300)] = 0
        self.gamma_, self.delta_ = np.zeros_like(means), np.ones_like(means)
        if several:
            vary = self.sigma_ > 0
            standardized = (values[:, vary] - self.alpha_[vary]) / self.sigma_[vary]
            for place in range(len(count)):
                gamma, delta = _shrunken(standardized[code == place], self.tolerance)
                self.gamma_[place, vary], self.delta_[place, vary] = gamma, delta
        return self

    def transform(self, X: Any, batch: Any = None) -> Floats:  # noqa: N803
        """(n, features) without the batches' shift and scale.

        Raises:
            UsageError: a batch was not there when ComBat was fitted.
            ValueError: shapes do not match, or values are not finite.
        """
        check_is_fitted(self)
        values, labels = self._split(validate_data(self, X, dtype=np.float64, reset=False), batch)
        unseen = sorted({str(label) for label in labels if label not in self.batches_})
        if unseen:
            raise UsageError(
                f"scanner {unseen[0]} was not in the data that ComBat was fitted on "
                f"({', '.join(map(str, self.batches_))}); it cannot be harmonized"
            )
        if len(self.batches_) == 1:
            return values
        code = np.searchsorted(self.batches_, labels)
        scale = np.where(self.sigma_ > 0, self.sigma_, 1)
        standardized = (values - self.alpha_) / scale
        harmonized = (standardized - self.gamma_[code]) / np.sqrt(self.delta_[code]) * scale + self.alpha_
        return np.where(self.sigma_ > 0, harmonized, values)

    def fit_transform(self, X: Any, y: Any = None, batch: Any = None) -> Floats:  # noqa: N803
        """As ``fit`` and then ``transform`` of the same rows."""
        return self.fit(X, y, batch).transform(X, batch)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the columns of the result."""
        check_is_fitted(self)
        if input_features is None:
            input_features = getattr(self, "feature_names_in_", [f"x{place}" for place in range(self.n_features_in_)])
        names = np.asarray(input_features, dtype=object)
        return names if self.batch_column is None else np.delete(names, self.batch_column)

    def _split(self, values: Floats, batch: Any) -> tuple[Floats, NDArray[Any]]:
        if self.batch_column is not None:
            if batch is not None:
                raise ValueError(f"batch is given, and also in column {self.batch_column}; needed: one of them")
            return np.delete(values, self.batch_column, axis=1), values[:, self.batch_column]
        if batch is None:
            fitted = getattr(self, "batches_", None)
            if fitted is not None and len(fitted) > 1:
                raise ValueError("batch is missing; needed: the batch of each row")
            return values, np.full(len(values), 0 if fitted is None else fitted[0])
        labels = np.asarray(batch)
        if labels.shape != (len(values),):
            raise ValueError(f"batch has shape {labels.shape}; needed: ({len(values)},)")
        return values, labels


def _shrunken(values: Floats, tolerance: float) -> tuple[Floats, Floats]:
    """Empirical Bayes estimates of one batch's shift and variance from its standardized rows (n, features)."""
    rows, features = values.shape
    shift, spread = values.mean(axis=0), values.var(axis=0, ddof=1)
    if features < 2 or spread.var(ddof=1) <= 1e-12 or shift.var(ddof=1) <= 1e-12:
        # The features say nothing about each other.
        return shift, np.where(spread > 0, spread, 1)
    prior_shift, prior_width = shift.mean(), shift.var(ddof=1)
    mean, width = spread.mean(), spread.var(ddof=1)
    a, b = (2 * width + mean**2) / width, (mean * width + mean**3) / width
    gamma, delta = shift, spread
    squares = ((values - shift) ** 2).sum(axis=0)
    for _ in range(ITERATIONS):
        new_gamma = (prior_width * rows * shift + delta * prior_shift) / (prior_width * rows + delta)
        new_delta = (0.5 * (squares + rows * (shift - new_gamma) ** 2) + b) / (rows / 2 + a - 1)
        change = max(np.abs(new_gamma - gamma).max(), np.abs(new_delta - delta).max())
        gamma, delta = new_gamma, new_delta
        if change < tolerance:
            break
    return gamma, delta
