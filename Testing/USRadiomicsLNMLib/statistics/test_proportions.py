"""Rates of a confusion table and Wilson's interval."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_features import named_numbers

from USRadiomicsLNMLib.statistics.proportions import Confusion, wilson


def test_wilson_is_that_of_r() -> None:
    wanted = named_numbers("statistics.csv")
    found = wilson(7, 9)
    assert (found.low, found.high) == pytest.approx((wanted["wilson_7_9_low"], wanted["wilson_7_9_high"]), abs=1e-10)


def test_wilson_at_the_ends_stays_inside() -> None:
    none, every = wilson(0, 10), wilson(10, 10)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(0.27753, abs=1e-5)  # Newcombe, Stat Med 1998: 1.96^2 / (10 + 1.96^2)
    assert (every.value, every.high) == (1, 1)
    assert np.isnan(wilson(0, 0).value)


def test_rates_by_hand() -> None:
    confusion = Confusion.of(np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0]), np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0]))
    assert confusion == Confusion(true_positive=3, false_positive=2, true_negative=4, false_negative=1)
    rates = {name: rate.value for name, rate in confusion.rates().items()}
    assert rates == pytest.approx({"accuracy": 0.7, "sensitivity": 0.75, "specificity": 4 / 6, "ppv": 0.6, "npv": 0.8})
