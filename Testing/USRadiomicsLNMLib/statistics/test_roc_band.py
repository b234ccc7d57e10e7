"""The band around a ROC curve."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from USRadiomicsLNMLib.statistics.roc_band import roc_band


def test_where_the_false_positives_are_certain_the_band_is_binomial() -> None:
    # All without the event have the same score: at or above it are 20 of 40 with it, whatever is drawn.
    outcome = np.repeat([1, 1, 0], [20, 20, 30])
    score = np.repeat([3.0, 1.0, 2.0], [20, 20, 30])
    at, low, high = roc_band(outcome, score, resamples=4000)
    assert (at[0], at[-1], len(at)) == (0, 1, 101)
    assert low[0] == pytest.approx(binom(40, 0.5).ppf(0.025) / 40, abs=0.03)
    assert high[0] == pytest.approx(binom(40, 0.5).ppf(0.975) / 40, abs=0.03)
    assert (low[-1], high[-1]) == (1, 1)
    assert (np.diff(low) >= 0).all()


def test_classes_that_are_apart_leave_no_doubt() -> None:
    _, low, high = roc_band(np.array([0, 0, 0, 1, 1, 1]), np.array([1.0, 2, 3, 4, 5, 6]))
    assert (low == 1).all()
    assert (high == 1).all()


def test_strata_on_other_scales_change_nothing() -> None:
    rng = np.random.default_rng(0)
    outcome = np.tile([0, 1], 30)
    score = rng.normal(size=60) + outcome
    strata = np.repeat([0, 1], 30)
    moved = np.where(strata == 1, score + 100, score)
    for one, other in zip(roc_band(outcome, score, strata), roc_band(outcome, moved, strata), strict=True):
        np.testing.assert_array_equal(one, other)
    alone = roc_band(np.append(outcome, 1), np.append(score, 0.0), np.append(strata, 7))
    assert np.isfinite(alone).all()
