"""Agreement of features: published and hand-worked cases, SciPy's values, and what each figure does not see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.agreement import agreement
from USHarmonizationLib.metrics.feature_agreement import (
    feature_agreement,
    fisher_interval,
    intraclass_correlation,
    mean_correlation_interval,
    mean_shift,
)


@pytest.fixture
def tables(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(5, 2, (15, 4))
    return x, x * [1.0, 0.8, 0.3, -0.5] + rng.normal(0, 0.6, x.shape) + 1


def test_shrout_and_fleiss_1979() -> None:
    # Table 2: six targets, four judges; table 4: ICC(3,1) = .71 (.7148).
    judged = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7.0]])
    icc, low, high = intraclass_correlation(judged.T[:, :, None])
    assert icc[0] == pytest.approx(0.7148, abs=5e-5)
    # As psych::ICC in R and others print it.
    assert (low[0], high[0]) == (pytest.approx(0.34, abs=0.005), pytest.approx(0.95, abs=0.005))


def test_icc_of_two_raters_is_an_analysis_of_variance(tables: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = tables
    icc, low, high = intraclass_correlation(np.stack([x, y]))
    for place in range(4):
        # Residuals of a least-squares fit of thing and rater effects.
        n = len(x)
        values = np.concatenate([x[:, place], y[:, place]])
        design = np.column_stack([np.tile(np.eye(n), (2, 1)), np.repeat([0, 1], n)])
        residual = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
        error = residual @ residual / (n - 1)
        rows = 2 * np.var((x + y)[:, place] / 2, ddof=1)
        assert icc[place] == pytest.approx((rows - error) / (rows + error))
        assert low[place] < icc[place] < high[place]


def test_correlation_and_interval_are_scipys(tables: tuple[np.ndarray, np.ndarray]) -> None:
    found = feature_agreement(*tables, names=list("abcd"))
    for place in range(4):
        expected = pearsonr(tables[0][:, place], tables[1][:, place])
        interval = expected.confidence_interval(0.95)
        assert found.pearson[place] == pytest.approx(expected.statistic)
        assert found.pearson_low[place] == pytest.approx(interval.low)
        assert found.pearson_high[place] == pytest.approx(interval.high)
        assert found.concordance[place] == pytest.approx(
            agreement(tables[0][:, place], tables[1][:, place]).concordance
        )
    assert found.names == ("a", "b", "c", "d")
    assert found.mean_pearson == pytest.approx(found.pearson.mean())


def test_concordance_worked_by_hand() -> None:
    found = feature_agreement(np.array([[1.0], [2], [3]]), np.array([[2.0], [4], [3]]))
    assert found.concordance[0] == pytest.approx(2 / 3 / (2 / 3 + 2 / 3 + 1))
    assert found.shift[0] == pytest.approx(-1)
    assert found.shift_sd[0] == pytest.approx(-1)
    assert np.isnan(found.pearson_low[0])  # three pairs have no interval


def test_a_shift_is_seen_by_concordance_and_shift_alone() -> None:
    x = np.linspace(0, 1, 20)[:, None]
    found = feature_agreement(x + 3, x)
    assert found.pearson[0] == pytest.approx(1)
    assert found.icc[0] == pytest.approx(1)
    assert found.concordance[0] < 0.1
    assert found.shift_sd[0] == pytest.approx(3 / x.std(ddof=1))
    assert found.reproducible == 1


def test_equal_measurements_agree_wholly(tables: tuple[np.ndarray, np.ndarray]) -> None:
    found = feature_agreement(tables[0], tables[0])
    for values in (found.pearson, found.icc, found.icc_low, found.icc_high, found.concordance, found.pearson_low):
        assert values == pytest.approx(1)


def test_what_does_not_vary_has_no_agreement() -> None:
    constant, varying = np.full((6, 1), 0.1), np.arange(6.0)[:, None]
    found = feature_agreement(np.hstack([constant, varying]), np.hstack([varying, constant]))
    assert np.isnan(found.pearson).all()
    assert found.concordance == pytest.approx(0)
    assert np.isnan(found.mean_pearson)
    assert np.isnan(found.shift_sd[1])
    still = feature_agreement(constant, constant)
    assert np.isnan([still.pearson[0], still.icc[0], still.concordance[0], still.reproducible]).all()


def test_share_of_reproducible_features(rng: np.random.Generator) -> None:
    target = rng.normal(size=(40, 10))
    noise = rng.normal(size=(40, 10)) * np.repeat([0.05, 2], 5)
    assert feature_agreement(target + noise, target).reproducible == pytest.approx(0.5)


@given(st.floats(-0.99, 0.99), st.integers(4, 500))
def test_fishers_interval_holds_its_correlation_and_shrinks(r: float, n: int) -> None:
    low, high = fisher_interval(np.array([r]), n)
    narrow_low, narrow_high = fisher_interval(np.array([r]), 4 * n)
    assert -1 <= low[0] < narrow_low[0] < r < narrow_high[0] < high[0] <= 1


@given(st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_of_both_and_shift_of_one_change_no_icc(scale: float, shift: float) -> None:
    chance = np.random.default_rng(1)
    x = chance.normal(size=(8, 3))
    y = x + chance.normal(size=(8, 3))
    before = intraclass_correlation(np.stack([x, y]))[0]
    assert intraclass_correlation(np.stack([x * scale + shift, y * scale]))[0] == pytest.approx(before)


def test_interval_of_the_mean_correlation(rng: np.random.Generator) -> None:
    x = rng.normal(size=(60, 30))
    y = 0.7 * x + np.sqrt(1 - 0.49) * rng.normal(size=(60, 30))
    low, high = mean_correlation_interval(x, y)
    assert low < feature_agreement(x, y).mean_pearson < high
    assert high - low < 0.1  # thirty independent features
    # With one column thirty times, the mean is as uncertain as that one: its own interval by Fisher's z.
    repeated = mean_correlation_interval(np.tile(x[:, :1], 30), np.tile(y[:, :1], 30))
    single = feature_agreement(x[:, :1], y[:, :1])
    assert repeated[1] - repeated[0] == pytest.approx(single.pearson_high[0] - single.pearson_low[0], rel=0.25)


def test_patients_are_drawn_together(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 20, 5))
    twice_x, twice_y = np.repeat(x, 2, axis=0), np.repeat(y, 2, axis=0)
    groups = [f"{place // 2:02}" for place in range(40)]
    assert mean_correlation_interval(twice_x, twice_y, groups) == pytest.approx(mean_correlation_interval(x, y))
    assert np.isnan(mean_correlation_interval(x, y, ["one"] * 20)).all()


def test_shift_of_unpaired_samples() -> None:
    shift, in_sd = mean_shift(np.array([[3.0], [5]]), np.array([[0.0], [1], [2]]))
    assert shift == pytest.approx(3)
    assert in_sd == pytest.approx(3)
    assert np.isnan(mean_shift(np.zeros((2, 1)), np.zeros((1, 1)))[1])


@pytest.mark.parametrize(
    ("x", "y", "line"),
    [
        (np.zeros((4, 2)), np.zeros((4, 3)), "shapes"),
        (np.zeros((2, 2)), np.zeros((2, 2)), "2 pairs; needed .* at least 3"),
        (np.full((4, 2), np.nan), np.zeros((4, 2)), "finite"),
    ],
)
def test_unusable_tables_are_refused(x: np.ndarray, y: np.ndarray, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        feature_agreement(x, y)


def test_names_must_fit() -> None:
    with pytest.raises(UsageError, match="1 names for 2 features"):
        feature_agreement(np.zeros((4, 2)), np.zeros((4, 2)), ["a"])
