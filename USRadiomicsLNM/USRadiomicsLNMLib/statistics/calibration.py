"""Whether probabilities mean what they say: calibration intercept and slope, curve, and Brier score.

Van Calster et al., BMC Medicine 2019, 17:230: the intercept is that of a logistic regression of the outcome with the
log odds as offset (0 when the mean is right, positive when risks are underestimated); the slope is the coefficient of
the log odds (1 when they are right, below 1 when they are too extreme).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from .interval import LEVEL, Estimate
from .proportions import wilson
from .roc import Floats

ITERATIONS = 100
UNDEFINED = Estimate(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Calibration:
    """Calibration of log odds.

    Attributes:
        intercept, slope: with Wald intervals; NaN where they have no finite value (all log odds equal, or the classes
            separated).
        brier: mean squared difference of probability and outcome, 0 is best.
    """

    intercept: Estimate
    slope: Estimate
    brier: float


@dataclass(frozen=True)
class CalibrationPoint:
    """A group of patients of similar probability: its size, mean probability, and share with the event."""

    patients: int
    predicted: float
    observed: Estimate


def calibration(outcome: NDArray[Any], log_odds: NDArray[Any]) -> Calibration:
    """Calibration of ``log_odds`` (n,) for ``outcome`` (n,) 0 or 1."""
    event, eta = np.asarray(outcome, dtype=np.float64), np.asarray(log_odds, dtype=np.float64)
    ones = np.ones((len(eta), 1))
    return Calibration(
        intercept=_coefficient(ones, event, eta),
        slope=_coefficient(np.column_stack([eta, ones]), event, np.zeros(len(eta))),
        brier=float(np.mean((expit(eta) - event) ** 2)),
    )


def calibration_curve(outcome: NDArray[Any], log_odds: NDArray[Any], groups: int = 5) -> list[CalibrationPoint]:
    """Up to ``groups`` groups of equal size by probability, lowest first; shares with Wilson intervals."""
    event, probability = np.asarray(outcome), expit(np.asarray(log_odds, dtype=np.float64))
    parts = np.array_split(np.argsort(probability, kind="stable"), groups)
    return [
        CalibrationPoint(len(part), float(probability[part].mean()), wilson(int(event[part].sum()), len(part)))
        for part in parts
        if len(part)
    ]


def _coefficient(design: Floats, outcome: Floats, offset: Floats) -> Estimate:
    """First coefficient of a logistic regression with offset, by Newton's method."""
    solution = np.zeros(design.shape[1])
    for _ in range(ITERATIONS):
        probability = expit(design @ solution + offset)
        information = (design.T * (probability * (1 - probability))) @ design
        if np.linalg.cond(information) > 1e12:
            return UNDEFINED
        step = np.linalg.solve(information, design.T @ (outcome - probability))
        # Far steps overshoot; a solution that runs away is none.
        solution += step / max(1.0, float(np.abs(design @ step).max()) / 5)
        if np.abs(design @ solution).max() > 1e3:
            return UNDEFINED
        if np.abs(step).max() < 1e-10:
            half = float(norm.ppf(0.5 + LEVEL / 2) * np.sqrt(np.linalg.inv(information)[0, 0]))
            return Estimate(float(solution[0]), float(solution[0]) - half, float(solution[0]) + half)
    return UNDEFINED
