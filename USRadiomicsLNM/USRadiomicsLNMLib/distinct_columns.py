"""Leave out columns that say nothing (constant) or nothing new (perfectly correlated with one before)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

# Spread below this share of the size of a column's values is rounding.
CONSTANT = 1e-12
# Standardized values that agree to this many decimals are the same.
DECIMALS = 7


class DistinctColumns(SelectorMixin, BaseEstimator):
    """Keeps of each group of perfectly correlated columns the first, and of constant ones none.

    pyradiomics gives such columns: total energy is energy times the pixel's area, some features are the same on all
    images of one spacing. They would share one coefficient in whatever way the solver happens to choose.

    Attributes:
        copies_: (columns,) number of the column that this one repeats, -1 for none, its own for a constant one.
    """

    def fit(self, X: Any, y: Any = None) -> DistinctColumns:  # noqa: N803 - scikit-learn's name
        """Learn which columns to keep; ``X`` is (n, columns).

        Raises:
            ValueError: ``X`` is not two-dimensional, has less than two rows, or all columns are constant.
        """
        values = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.copies_ = _copies(values)
        if not self._get_support_mask().any():
            raise ValueError("all columns are constant")
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return np.asarray(self.copies_ < 0)


def _copies(values: NDArray[np.float64]) -> NDArray[np.intp]:
    middle = values.mean(axis=0)
    deviations = values - middle
    largest = np.abs(deviations).max(axis=0)
    constant = largest <= CONSTANT * np.maximum(np.abs(middle), 1e-300)
    # Divided by the largest first, so that squares neither overflow nor vanish.
    shape = deviations / np.where(constant, 1, largest)
    shape /= np.where(constant, 1, np.sqrt((shape**2).mean(axis=0)))
    shape *= np.sign(shape[np.argmax(np.abs(shape) > 0.1, axis=0), np.arange(shape.shape[1])])
    rounded = np.round(shape, DECIMALS) + 0.0  # no negative zeros
    copies = np.full(values.shape[1], -1)
    first: dict[bytes, int] = {}
    for column in range(values.shape[1]):
        if constant[column]:
            copies[column] = column
        else:
            found = first.setdefault(rounded[:, column].tobytes(), column)
            copies[column] = -1 if found == column else found
    return copies
