"""Decision curve: the net benefit of treating by the model, by threshold probability.

Vickers and Elkin, Medical Decision Making 2006, 26(6): net benefit = true positives / n - false positives / n *
threshold / (1 - threshold). A model is of use at thresholds where it is above both treating all and treating none (0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .roc import Floats


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit, each (thresholds,): of treating who is at or above the threshold, and of treating all."""

    thresholds: Floats
    model: Floats
    treat_all: Floats


def decision_curve(
    outcome: NDArray[Any], probability: NDArray[Any], thresholds: NDArray[Any] | None = None
) -> DecisionCurve:
    """Net benefit for ``outcome`` (n,) 0 or 1 at ``thresholds`` between 0 and 1 (0.01 to 0.99 when None)."""
    event = np.asarray(outcome) == 1
    at = np.linspace(0.01, 0.99, 99) if thresholds is None else np.asarray(thresholds, dtype=np.float64)
    odds = at / (1 - at)
    treated = np.asarray(probability, dtype=np.float64)[None] >= at[:, None]
    benefit = (treated & event).mean(axis=1) - (treated & ~event).mean(axis=1) * odds
    return DecisionCurve(at, benefit, event.mean() - (~event).mean() * odds)
