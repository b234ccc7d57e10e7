"""Band around a ROC curve: the interval of the sensitivity at each rate of false positives, by bootstrap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .interval import LEVEL
from .roc import Floats

RESAMPLES = 500


def roc_band(
    outcome: NDArray[Any],
    score: NDArray[Any],
    strata: NDArray[Any] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> tuple[Floats, Floats, Floats]:
    """Rates of false positives (101,) from 0 to 1, and both ends of the sensitivity there.

    Those with and without the event are drawn apart, as many as there are; with ``strata`` inside each, and its curves
    are averaged as ``roc.roc_curve`` does.

    Args:
        outcome: (n,) 0 or 1, both present, one entry a patient; score: (n,).
        strata: (n,) which model the score is of.
        resamples, seed, level: of the bootstrap.
    """
    event = np.asarray(outcome) == 1
    group = np.zeros(len(event), dtype=np.intp) if strata is None else np.unique(strata, return_inverse=True)[1]
    generator = np.random.default_rng(seed)
    at = np.linspace(0, 1, 101)
    total, pairs = np.zeros((resamples, len(at))), 0
    for number in range(int(group.max()) + 1):
        rows = group == number
        events, others = int((event & rows).sum()), int((~event & rows).sum())
        if events and others:
            drawn = _curves(np.asarray(score, dtype=np.float64)[rows], event[rows], at, resamples, generator)
            total += drawn * events * others
            pairs += events * others
    low, high = np.quantile(total / pairs, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return at, low, high


def _curves(
    score: Floats, event: NDArray[np.bool_], at: Floats, resamples: int, generator: np.random.Generator
) -> Floats:
    """(resamples, rates) sensitivities of samples of one model's scores."""
    values, place = np.unique(-score, return_inverse=True)
    rates = []
    for kind in (~event, event):
        count = int(kind.sum())
        drawn = generator.multinomial(count, np.full(count, 1 / count), size=resamples)
        # How many of each sample have the first, the two first ... scores.
        reached = (place[kind][:, None] < np.arange(len(values) + 1)).astype(np.float64)
        rates.append(drawn @ reached / count)
    return np.array([np.interp(at, false, true) for false, true in zip(*rates, strict=True)])
