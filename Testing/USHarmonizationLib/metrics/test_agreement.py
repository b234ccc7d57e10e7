"""Agreement of two measurements: values worked by hand, and what each figure does not see."""

from __future__ import annotations

import numpy as np
import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.agreement import agreement


def test_values_worked_by_hand() -> None:
    found = agreement(np.array([1.0, 2, 3]), np.array([2.0, 4, 3]))
    # Deviations -1 0 1 and -1 1 0: covariance 1/3, variances 2/3 and 2/3, means 2 and 3.
    assert found.pearson == pytest.approx(0.5)
    assert found.spearman == pytest.approx(0.5)
    assert found.concordance == pytest.approx(2 / 3 / (2 / 3 + 2 / 3 + 1))
    assert found.shift == pytest.approx(1)


def test_a_shift_lowers_only_the_concordance() -> None:
    first = np.linspace(0, 1, 20)
    found = agreement(first, first + 3)
    assert found.pearson == pytest.approx(1)
    assert found.spearman == pytest.approx(1)
    assert found.concordance < 0.1


def test_a_curve_lowers_not_the_rank_correlation() -> None:
    first = np.linspace(0.1, 1, 20)
    found = agreement(first, first**8)
    assert found.spearman == pytest.approx(1)
    assert found.pearson < 0.9


def test_ties_share_their_rank() -> None:
    from scipy.stats import spearmanr

    first, second = np.array([1, 1, 2, 3, 3.0]), np.array([5, 4, 4, 9, 1.0])
    assert agreement(first, second).spearman == pytest.approx(spearmanr(first, second).statistic)


def test_what_does_not_vary_correlates_with_nothing() -> None:
    found = agreement(np.ones(4), np.arange(4.0))
    assert np.isnan(found.pearson)
    assert np.isnan(found.spearman)
    assert found.concordance == 0
    assert np.isnan(agreement(np.ones(4), np.ones(4)).concordance)


@pytest.mark.parametrize("second", [np.zeros(3), np.zeros((2, 2)), np.array([1, np.nan])])
def test_unusable_measurements_are_refused(second: np.ndarray) -> None:
    with pytest.raises(UsageError, match="needed"):
        agreement(np.zeros(2), second)
