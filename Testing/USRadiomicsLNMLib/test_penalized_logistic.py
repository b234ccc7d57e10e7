"""One penalized logistic regression as classifier and as selector."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from USRadiomicsLNMLib.logistic_path import logistic_path, penalty_grid
from USRadiomicsLNMLib.penalized_logistic import LassoSelector, PenalizedLogistic


def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(80, 12))
    return values, np.where(values[:, 3] - values[:, 5] + rng.normal(size=80) > 0.4, "yes", "no")


def test_ridge_is_scikit_learns() -> None:
    values, outcome = problem()
    ours = PenalizedLogistic(penalty=0.05).fit(values, outcome)
    theirs = LogisticRegression(C=1 / (0.05 * 80), tol=1e-10, max_iter=10_000).fit(values, outcome)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(values), theirs.predict_proba(values), atol=1e-5)
    assert ours.classes_.tolist() == ["no", "yes"]


def test_one_penalty_gives_the_point_of_the_path() -> None:
    values, outcome = problem()
    event = (outcome == "yes").astype(float)
    penalties = penalty_grid(values, event, 1.0, 20, 0.05)
    path = logistic_path(values, event, penalties)
    single = PenalizedLogistic(penalty=float(penalties[12]), l1_ratio=1.0).fit(values, outcome)
    np.testing.assert_allclose(single.coef_[0], path.coefficients[12], atol=1e-6)


def test_selector_keeps_what_has_a_coefficient() -> None:
    values, outcome = problem()
    selector = LassoSelector(penalty=0.12).fit(values, outcome)
    assert selector.get_support(indices=True).tolist() == [3, 5]
    assert (selector.get_support() == (selector.coef_ != 0)).all()


def test_selector_keeps_the_first_to_come_in_when_the_penalty_lets_none() -> None:
    values, outcome = problem()
    selector = LassoSelector(penalty=100.0).fit(values, outcome)
    assert not selector.coef_.any()
    assert selector.get_support().sum() == 1
    event = (outcome == "yes").astype(float)
    assert selector.get_support(indices=True)[0] == np.argmax(np.abs(values.T @ (event - event.mean())))


@pytest.mark.parametrize("estimator", [PenalizedLogistic(penalty=0.0), LassoSelector(penalty=-1.0)])
def test_a_penalty_that_is_none_is_refused(estimator: PenalizedLogistic | LassoSelector) -> None:
    with pytest.raises(ValueError, match="needed: positive"):
        estimator.fit(*problem())
