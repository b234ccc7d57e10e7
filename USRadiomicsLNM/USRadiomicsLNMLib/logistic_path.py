"""Logistic regression with lasso, elastic-net or ridge penalty, for a whole sequence of penalties.

Minimised is, as in R's glmnet (Friedman, Hastie and Tibshirani, J Stat Softw 2010, 33(1), equations 13 to 15),

    -1/n sum_i [y_i eta_i - log(1 + exp(eta_i))] + penalty * ((1 - l1_ratio) / 2 ||b||_2^2 + l1_ratio ||b||_1)

with eta = intercept + X b; the intercept is not penalised. Columns are taken as they are: standardize them before.

With an L1 part each penalty is solved by Newton's method on an active set of columns (compare Perkins, Lacker and
Theiler, J Mach Learn Res 2003, 3). Radiomics features come in groups that correlate above 0.99: coordinate descent, as
in scikit-learn's ``enet_path``, needs tens of thousands of sweeps there, and packages that do it faster are copyleft,
without wheels for all systems, or bound to an old numpy. Ridge is solved by Newton's method in the space of the
samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

# Converged when no optimality condition is off by more than this share of the penalty.
TOLERANCE = 1e-6
ITERATIONS = 1000
# A path ends, as in glmnet, where the model explains this share of the deviance; what follows repeats the last.
MOST_EXPLAINED = 0.999
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
        tolerance: how far optimality conditions may be off, as a share of the penalty.
    """
    solve = _ridge if l1_ratio == 0 else _elastic_net
    table, event = np.asarray(values, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    coefficients, intercepts = solve(table, event, penalties, l1_ratio, tolerance)
    return Path(np.asarray(penalties, dtype=np.float64), coefficients, intercepts)


def _loss(outcome: Floats, eta: Floats) -> float:
    return float(np.mean(np.logaddexp(0, eta) - outcome * eta))


# ---------------------------------------------------------------- lasso and elastic net


def _elastic_net(
    values: Floats, outcome: Floats, penalties: Floats, l1_ratio: float, tolerance: float
) -> tuple[Floats, Floats]:
    coefficients, intercepts = np.zeros((len(penalties), values.shape[1])), np.zeros(len(penalties))
    slope, intercept = np.zeros(values.shape[1]), float(np.log(outcome.mean() / (1 - outcome.mean())))
    null_loss = _loss(outcome, np.full(len(outcome), intercept))
    values = np.asfortranarray(values)
    for place, penalty in enumerate(penalties):
        slope, intercept, eta = _active_set(values, outcome, float(penalty), l1_ratio, slope, intercept, tolerance)
        coefficients[place], intercepts[place] = slope, intercept
        if _loss(outcome, eta) < (1 - MOST_EXPLAINED) * null_loss:
            coefficients[place + 1 :], intercepts[place + 1 :] = slope, intercept
            break
    return coefficients, intercepts


def _active_set(
    values: Floats,
    outcome: Floats,
    penalty: float,
    l1_ratio: float,
    slope: Floats,
    intercept: float,
    tolerance: float,
) -> tuple[Floats, float, Floats]:
    """Solve for one penalty, starting from a near one's; returns slope, intercept and linear predictor.

    On the active columns, whose signs are fixed, the objective is smooth: Newton steps, each cut where a coefficient
    would change its sign; that one then leaves. When these have converged, the columns that break the optimality
    conditions most come in.
    """
    rows = len(outcome)
    l1, l2 = penalty * l1_ratio, penalty * (1 - l1_ratio)
    slope, sign = slope.copy(), np.sign(slope)
    active = np.flatnonzero(slope)
    eta = values[:, active] @ slope[active] + intercept
    value = _loss(outcome, eta) + l1 * float(np.abs(slope).sum()) + l2 / 2 * float(slope @ slope)
    for _ in range(ITERATIONS):
        probability = expit(eta)
        residual = probability - outcome
        design = values[:, active]
        gradient = np.append(design.T @ residual / rows + l2 * slope[active] + l1 * sign[active], residual.mean())
        entering = 0
        if float(np.abs(gradient).max()) < tolerance * max(penalty, 1e-6):
            slack = np.abs(values.T @ residual) / rows - l1
            slack[active] = -np.inf
            candidates = np.flatnonzero(slack > tolerance * l1)
            if not len(candidates):
                break
            entering = min(len(candidates), max(1, len(active) // 4))
            best = candidates[np.argsort(-slack[candidates], kind="stable")[:entering]]
            sign[best] = -np.sign(values[:, best].T @ residual)
            active = np.append(active, best)
            design = values[:, active]
            gradient = np.append(design.T @ residual / rows + l2 * slope[active] + l1 * sign[active], residual.mean())
        weight = np.maximum(probability * (1 - probability), LEAST_WEIGHT)
        move = _newton_step(design, weight, gradient, l2)
        # Of several that come in, one may be pushed to the wrong side; a single one never is.
        while entering > 1 and (wrong := (slope[active] == 0) & (move[:-1] * sign[active] <= 0)).any():
            keep = ~wrong
            if not (slope[active[keep]] == 0).any():
                keep[len(active) - entering] = True
            entering = int((slope[active[keep]] == 0).sum())
            active, gradient = active[keep], gradient[np.append(keep, True)]
            design = values[:, active]
            move = _newton_step(design, weight, gradient, l2)
        crossing = slope[active] * (slope[active] + move[:-1]) < 0
        limits = np.where(crossing, -slope[active] / np.where(move[:-1] == 0, 1, move[:-1]), 1.0)
        step = float(min(1.0, limits.min(initial=1.0)))
        leaving = crossing & (limits <= step)
        moved_eta = design @ move[:-1] + move[-1]
        before = slope[active]
        while True:
            after = before + step * move[:-1]
            after[leaving] = 0
            new_eta = eta + step * moved_eta
            new = _loss(outcome, new_eta) + l1 * float(np.abs(after).sum()) + l2 / 2 * float(after @ after)
            if new <= value + 1e-13 or step < 1e-8:
                break
            step, leaving = step / 2, np.zeros_like(leaving)
        slope[active], intercept, eta, value = after, intercept + step * float(move[-1]), new_eta, new
        active = active[after != 0]
    return slope, intercept, eta


def _newton_step(design: Floats, weight: Floats, gradient: Floats, l2: float) -> Floats:
    """Newton direction for the columns of ``design`` and, last, the intercept."""
    count = design.shape[1]
    hessian = np.empty((count + 1, count + 1))
    weighted = design * (weight / len(weight))[:, None]
    hessian[:count, :count] = weighted.T @ design
    hessian[:count, count] = hessian[count, :count] = weighted.sum(axis=0)
    hessian[count, count] = weight.mean()
    # Columns that are almost the same would make it singular.
    hessian[np.arange(count), np.arange(count)] += l2 + 1e-9
    return -np.asarray(np.linalg.solve(hessian, gradient))


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
