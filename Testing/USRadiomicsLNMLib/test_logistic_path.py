"""Penalized logistic regression: the solutions of glmnet, and the conditions that every solution must meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from simulated_features import numbers

from USRadiomicsLNMLib.logistic_path import Floats, logistic_path, penalty_grid


def glmnet_input() -> tuple[Floats, Floats, Floats]:
    _, table = numbers("glmnet_input.csv")
    values = table[:, 2:]
    return (values - values.mean(axis=0)) / values.std(axis=0), table[:, 0], table[:, 1]


def worst_condition(
    values: Floats, outcome: Floats, penalty: float, l1_ratio: float, slope: Floats, eta: Floats
) -> float:
    """How far the optimality conditions are off: gradient = penalty subgradient, and the mean residual 0."""
    residual = expit(eta) - outcome
    gradient = values.T @ residual / len(outcome) + penalty * (1 - l1_ratio) * slope
    l1 = penalty * l1_ratio
    off = np.where(slope != 0, np.abs(gradient + l1 * np.sign(slope)), np.maximum(np.abs(gradient) - l1, 0))
    return float(max(off.max(), abs(residual.mean())))


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_the_path_is_that_of_glmnet(l1_ratio: float) -> None:
    values, outcome, _ = glmnet_input()
    _, table = numbers("glmnet_path.csv")
    theirs = table[table[:, 0] == l1_ratio]
    path = logistic_path(values, outcome, theirs[:, 1], l1_ratio)
    np.testing.assert_allclose(path.coefficients, theirs[:, 3:], atol=2e-5)
    np.testing.assert_allclose(path.intercepts, theirs[:, 2], atol=2e-5)
    if l1_ratio:
        assert ((np.abs(path.coefficients) > 1e-12) == (np.abs(theirs[:, 3:]) > 1e-12)).all()


def test_the_first_penalty_keeps_nothing_and_the_next_something() -> None:
    values, outcome, _ = glmnet_input()
    penalties = penalty_grid(values, outcome, 1.0, 50, 0.01)
    _, table = numbers("glmnet_path.csv")
    assert penalties[0] == pytest.approx(table[table[:, 0] == 1][0, 1], rel=1e-9)  # glmnet begins there as well
    kept = (logistic_path(values, outcome, penalties).coefficients != 0).sum(axis=1)
    assert kept[0] == 0
    assert kept[1] > 0
    assert penalties[-1] == pytest.approx(penalties[0] / 100)


@given(seed=st.integers(0, 10_000), l1_ratio=st.sampled_from([0.0, 0.2, 1.0]), columns=st.integers(1, 60))
def test_every_solution_is_optimal_also_with_columns_that_are_almost_the_same(
    seed: int, l1_ratio: float, columns: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(40, columns)) + rng.normal(size=(40, 1))
    values = np.column_stack([values, values[:, :1] + 1e-3 * rng.normal(size=(40, 1))])
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    outcome = (rng.random(40) < expit(values[:, 0])).astype(float)
    outcome[:2] = 0, 1
    penalties = penalty_grid(values, outcome, l1_ratio, 12, 0.05)
    path = logistic_path(values, outcome, penalties, l1_ratio)
    for penalty, slope, eta in zip(penalties, path.coefficients, path.scores(values), strict=True):
        assert worst_condition(values, outcome, penalty, l1_ratio, slope, eta) < 1e-5 * max(penalty, 0.01) + 1e-8


def test_separated_classes_end_the_path_early_and_stay_finite() -> None:
    values = np.linspace(-1, 1, 20)[:, None]
    path = logistic_path(values, (values[:, 0] > 0).astype(float), np.geomspace(0.5, 1e-12, 60))
    assert np.isfinite(path.coefficients).all()
    assert path.coefficients[-1] == path.coefficients[-2]
    assert (np.sign(path.scores(values)[-1]) == np.sign(values[:, 0])).all()


def test_ridge_with_more_columns_than_rows() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 200))
    outcome = (values[:, 0] > 0).astype(float)
    path = logistic_path(values, outcome, np.array([0.3]), 0.0)
    assert worst_condition(values, outcome, 0.3, 0.0, path.coefficients[0], path.scores(values)[0]) < 1e-6
