"""The Mann-Whitney U filter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from simulated_features import named_numbers, records

from USRadiomicsLNMLib.mann_whitney import MannWhitneyFilter, mann_whitney


def test_p_values_are_those_of_one_test_a_column_with_ties() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 6, (14, 20)).astype(float), rng.integers(1, 7, (23, 20)).astype(float)
    single = [mannwhitneyu(a, b, method="asymptotic").pvalue for a, b in zip(first.T, second.T, strict=True)]
    np.testing.assert_allclose(mann_whitney(first, second), single, rtol=1e-12)


def test_p_value_is_that_of_r() -> None:
    rows = records("statistics_input.csv")
    size = np.array([[float(row["size"])] for row in rows])
    event = np.array([row["y"] == "1" for row in rows])
    assert mann_whitney(size[event], size[~event])[0] == pytest.approx(
        named_numbers("statistics.csv")["wilcoxon_size"], rel=1e-10
    )


def test_columns_that_differ_are_kept_and_constant_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    outcome = np.repeat([0, 1], 40)
    values = rng.normal(size=(80, 6))
    values[:, 2] += 2 * outcome
    values[:, 4] = 7
    chosen = MannWhitneyFilter(level=0.001).fit(values, outcome)
    assert chosen.get_support(indices=True).tolist() == [2]
    assert chosen.p_values_[4] == 1
    assert not chosen.relaxed_


def test_false_discovery_rate_is_benjamini_and_hochberg() -> None:
    rng = np.random.default_rng(2)
    outcome = np.repeat([0, 1], 30)
    values = rng.normal(size=(60, 200))
    plain, adjusted = MannWhitneyFilter().fit(values, outcome), MannWhitneyFilter(fdr=True).fit(values, outcome)
    p = np.sort(plain.p_values_)
    by_hand = np.minimum.accumulate((p * 200 / np.arange(1, 201))[::-1])[::-1]
    np.testing.assert_allclose(np.sort(adjusted.p_values_), by_hand)
    assert plain.get_support().sum() > 1 >= adjusted.get_support().sum()


def test_the_best_is_kept_when_none_passes_and_that_is_said() -> None:
    rng = np.random.default_rng(3)
    chosen = MannWhitneyFilter(level=1e-9, at_least=2).fit(rng.normal(size=(40, 5)), np.repeat([0, 1], 20))
    assert chosen.relaxed_
    assert chosen.get_support(indices=True).tolist() == sorted(np.argsort(chosen.p_values_)[:2].tolist())
