"""Logistic regression with lasso, elastic-net or ridge penalty, for a whole sequence of penalties.

Minimised is, as in R's glmnet (Friedman, Hastie and Tibshirani, J Stat Softw 2010, 33(1), equations 13 to 15),

    -1/n sum_i [y_i eta_i - log(1 + exp(eta_i))] + penalty * ((1 - l1_ratio) / 2 ||b||_2^2 + l1_ratio ||b||_1)

with eta = intercept + X b; the intercept is not penalised. Columns are taken as they are: standardize them before.

With an L1 part each penalty is solved by iteratively reweighted least squares around scikit-learn's coordinate descent
(``enet_path``), on the columns that the strong rule keeps (Tibshirani et al., J R Stat Soc B 2012, 74(2)) and with its
optimality conditions checked on all the others. Dedicated packages are up to twice as fast, but copyleft, without
wheels for all systems, or bound to an old numpy. Ridge is solved by Newton's method in the space of the samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn import config_context
from sklearn.linear_model import enet_path

Floats = NDArray[np.float64]

# Converged when no linear predictor moves by more than this.
TOLERANCE = 1e-5
ITERATIONS = 100
# An observation that is all but certain would get no weight, and its working response would be infinite.
LEAST_WEIGHT = 1e-5
# The largest ridge penalty is the one at which an elastic net with this little L1 would keep nothing, as in glmnet.
RIDGE_L1_RATIO = 1e-3


@dataclass(frozen=True)
class Path:
    """Solutions for a sequence of penalties.

    Attributes:
        penalties: (penalties,) as given.
        coefficients: (penalties, columns).
        intercepts: (penalties,).
    """

    penalties: Floats
    coefficients: Floats
    intercepts: Floats

    def scores(self, values: Floats) -> Floats:
        """(penalties, n) log odds for (n, columns)."""
        return np.asarray(self.coefficients @ values.T + self.intercepts[:, None])


def penalty_grid(values: Floats, outcome: Floats, l1_ratio: float, count: int, least: float | None = None) -> Floats:
    """(count,) penalties, falling geometrically from the smallest that keeps no column.

    Args:
        values: (n, columns), standardized.
        outcome: (n,) 0 or 1.
        l1_ratio: 0 (ridge) to 1 (lasso).
        count: how many.
        least: the last as a share of the first; by default 0.01 with fewer samples than columns, else 0.0001.
    """
    if least is None:
        least = 0.01 if len(values) < values.shape[1] else 1e-4
    gradient = float(np.abs(values.T @ (outcome - outcome.mean())).max()) / len(values)
    largest = max(gradient, 1e-12) / max(l1_ratio, RIDGE_L1_RATIO)
    return np.geomspace(largest, largest * least, count)


def logistic_path(
    values: Floats, outcome: Floats, penalties: Floats, l1_ratio: float = 1.0, tolerance: float = TOLERANCE
) -> Path:
    """Solve for each penalty, each starting from the solution before.

    Args:
        values: (n, columns), finite.
        outcome: (n,) 0 or 1, both present.
        penalties: positive; falling ones are solved fastest.
        l1_ratio: 0 (ridge) to 1 (lasso).
        tolerance: largest change of a linear predictor (log odds) at which iterations end.
    """
    solve = _ridge if l1_ratio == 0 else _elastic_net
    table, event = np.asarray(values, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    # Checking the parameters of thousands of small problems takes longer than solving them.
    with config_context(skip_parameter_validation=True):
        coefficients, intercepts = solve(table, event, penalties, l1_ratio, tolerance)
    return Path(np.asarray(penalties, dtype=np.float64), coefficients, intercepts)


def _loss(outcome: Floats, eta: Floats) -> float:
    return float(np.mean(np.logaddexp(0, eta) - outcome * eta))


def _working(outcome: Floats, eta: Floats) -> tuple[Floats, Floats]:
    """Weights and working response of iteratively reweighted least squares."""
    probability = expit(eta)
    weight = np.maximum(probability * (1 - probability), LEAST_WEIGHT)
    return weight, eta + (outcome - probability) / weight


# ---------------------------------------------------------------- lasso and elastic net


def _elastic_net(
    values: Floats, outcome: Floats, penalties: Floats, l1_ratio: float, tolerance: float
) -> tuple[Floats, Floats]:
    rows, columns = values.shape
    transposed = np.ascontiguousarray(values.T)
    coefficients, intercepts = np.zeros((len(penalties), columns)), np.zeros(len(penalties))
    slope, intercept = np.zeros(columns), float(np.log(outcome.mean() / (1 - outcome.mean())))
    gradient = np.abs(transposed @ (outcome - outcome.mean())) / rows
    before = float(gradient.max()) / l1_ratio
    ever = np.zeros(columns, dtype=bool)
    for place, penalty in enumerate(penalties):
        active = ever | (gradient >= l1_ratio * (2 * penalty - before))
        while True:
            kept = np.flatnonzero(active)
            slope[kept], intercept, eta = _reweighted(
                transposed[kept], outcome, float(penalty), l1_ratio, slope[kept], intercept, tolerance
            )
            gradient = np.abs(transposed @ (outcome - expit(eta))) / rows
            left_out = ~active & (gradient > l1_ratio * penalty)
            if not left_out.any():
                break
            active |= left_out
        ever |= slope != 0
        before = float(penalty)
        coefficients[place], intercepts[place] = slope, intercept
    return coefficients, intercepts


def _reweighted(
    transposed: Floats,
    outcome: Floats,
    penalty: float,
    l1_ratio: float,
    slope: Floats,
    intercept: float,
    tolerance: float,
) -> tuple[Floats, float, Floats]:
    """Solve for one penalty on (columns, n); returns slope, intercept and linear predictor."""

    def objective(slope: Floats, eta: Floats) -> float:
        penalised = (1 - l1_ratio) / 2 * float(slope @ slope) + l1_ratio * float(np.abs(slope).sum())
        return _loss(outcome, eta) + penalty * penalised

    eta = slope @ transposed + intercept
    value = objective(slope, eta)
    for iteration in range(ITERATIONS):
        weight, response = _working(outcome, eta)
        share, root = weight / weight.sum(), np.sqrt(weight)
        centre, middle = transposed @ share, float(response @ share)
        fitted = slope
        if len(slope):
            _, path, _ = enet_path(
                ((transposed - centre[:, None]) * root).T,
                (response - middle) * root,
                l1_ratio=l1_ratio,
                alphas=[penalty],
                coef_init=slope,
                precompute=len(slope) < len(outcome),
                copy_X=False,
                check_input=False,
                max_iter=10_000,
                tol=1e-8 if iteration else 1e-4,
            )
            fitted = path[:, 0]
        level = middle - float(centre @ fitted)
        fitted_eta = fitted @ transposed + level
        # A full step can overshoot where classes are nearly separable.
        step = 1.0
        while (new := objective(slope + step * (fitted - slope), eta + step * (fitted_eta - eta))) > value + 1e-12:
            step /= 2
            if step < 1e-4:
                return slope, intercept, eta
        moved = step * float(np.abs(fitted_eta - eta).max())
        slope = fitted if step == 1 else slope + step * (fitted - slope)
        intercept += step * (level - intercept)
        eta, value = slope @ transposed + intercept, new
        if iteration and moved < tolerance:
            break
    return slope, intercept, eta


# ---------------------------------------------------------------- ridge


def _ridge(
    values: Floats, outcome: Floats, penalties: Floats, l1_ratio: float, tolerance: float
) -> tuple[Floats, Floats]:
    rows, columns = values.shape
    middle = values.mean(axis=0)
    # The solution lies in the span of the samples, so that min(n, columns) numbers describe it.
    left, size, right = np.linalg.svd(values - middle, full_matrices=False)
    design = np.column_stack([np.ones(rows), left * size])
    solution = np.zeros(design.shape[1])
    solution[0] = np.log(outcome.mean() / (1 - outcome.mean()))
    coefficients, intercepts = np.zeros((len(penalties), columns)), np.zeros(len(penalties))
    for place, penalty in enumerate(penalties):
        shrink = np.full(len(solution), float(penalty))
        shrink[0] = 0
        solution = _newton(design, outcome, shrink, solution, tolerance)
        coefficients[place] = solution[1:] @ right
        intercepts[place] = solution[0] - middle @ coefficients[place]
    return coefficients, intercepts


def _newton(design: Floats, outcome: Floats, shrink: Floats, solution: Floats, tolerance: float) -> Floats:
    """Minimise mean logistic loss + sum(shrink * solution^2) / 2."""

    def objective(solution: Floats, eta: Floats) -> float:
        return _loss(outcome, eta) + float(shrink @ solution**2) / 2

    eta = design @ solution
    value = objective(solution, eta)
    for _ in range(ITERATIONS):
        probability = expit(eta)
        gradient = design.T @ (probability - outcome) / len(design) + shrink * solution
        weight = np.maximum(probability * (1 - probability), LEAST_WEIGHT)
        hessian = (design.T * weight) @ design / len(design) + np.diag(shrink)
        # Directions without spread (rank below the number of columns) get the smallest possible ridge.
        hessian[np.diag_indices_from(hessian)] += 1e-12
        direction = np.linalg.solve(hessian, gradient)
        moves = design @ direction
        step = 1.0
        while (new := objective(solution - step * direction, eta - step * moves)) > value + 1e-12:
            step /= 2
            if step < 1e-4:
                return solution
        solution, value = solution - step * direction, new
        eta = design @ solution
        if step * float(np.abs(moves).max()) < tolerance:
            break
    return solution
