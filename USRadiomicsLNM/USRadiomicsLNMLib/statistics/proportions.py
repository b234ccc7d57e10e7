"""Accuracy, sensitivity, specificity and predictive values, with Wilson intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from .interval import LEVEL, Estimate


@dataclass(frozen=True)
class Confusion:
    """How many patients were called what.

    Attributes:
        true_positive, false_positive, true_negative, false_negative: counts.
    """

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @classmethod
    def of(cls, outcome: NDArray[Any], called: NDArray[Any]) -> Confusion:
        """Count (n,) outcomes and calls, both 0 or 1."""
        event, positive = np.asarray(outcome) == 1, np.asarray(called) == 1
        return cls(
            int((event & positive).sum()),
            int((~event & positive).sum()),
            int((~event & ~positive).sum()),
            int((event & ~positive).sum()),
        )

    def rates(self) -> dict[str, Estimate]:
        """``accuracy``, ``sensitivity``, ``specificity``, ``ppv`` and ``npv``, with Wilson intervals."""
        tp, fp, tn, fn = self.true_positive, self.false_positive, self.true_negative, self.false_negative
        return {
            "accuracy": wilson(tp + tn, tp + fp + tn + fn),
            "sensitivity": wilson(tp, tp + fn),
            "specificity": wilson(tn, tn + fp),
            "ppv": wilson(tp, tp + fp),
            "npv": wilson(tn, tn + fn),
        }


def wilson(successes: int, total: int, level: float = LEVEL) -> Estimate:
    """A share with its score interval (Wilson, J Am Stat Assoc 1927; no continuity correction); NaN of nothing."""
    if not total:
        return Estimate(float("nan"), float("nan"), float("nan"))
    z = float(norm.ppf(0.5 + level / 2))
    share = successes / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * float(np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)))
    # Rounding must not put the ends of 0 of n and n of n beyond 0 and 1.
    low = middle - half if successes else 0.0
    high = middle + half if successes < total else 1.0
    return Estimate(share, low, high)
