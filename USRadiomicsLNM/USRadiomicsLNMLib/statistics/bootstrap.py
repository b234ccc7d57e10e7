"""Bootstrap intervals of AUCs, patients drawn with all their rows.

Patients with and without the event are drawn apart, so that each sample has as many of either as there are. Each sample
is a vector of weights; the AUCs of all samples are two matrix products.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .interval import LEVEL, Estimate
from .roc import Floats

RESAMPLES = 2000
# So many weights at a time, to bound the memory.
CHUNK = 250


def bootstrap_auc(
    outcome: NDArray[Any],
    score: NDArray[Any],
    patients: NDArray[Any],
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
    strata: NDArray[Any] | None = None,
) -> Estimate:
    """AUC with percentile interval.

    Args:
        outcome: (n,) 0 or 1, both present.
        score: (n,) higher for the event.
        patients: (n,) whose rows these are.
        resamples, seed, level: of the bootstrap.
        strata: (n,) only pairs inside one are compared, as in ``roc.delong``.
    """
    (areas,), (whole,) = _areas(outcome, [score], patients, resamples, seed, strata)
    return _interval(whole, areas, level)


def bootstrap_difference(
    outcome: NDArray[Any],
    first: NDArray[Any],
    second: NDArray[Any],
    patients: NDArray[Any],
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
    strata: NDArray[Any] | None = None,
) -> Estimate:
    """Second AUC minus first on the same patients, the same ones drawn for both; arguments as ``bootstrap_auc``."""
    areas, whole = _areas(outcome, [first, second], patients, resamples, seed, strata)
    return _interval(whole[1] - whole[0], areas[1] - areas[0], level)


def _interval(value: float, drawn: Floats, level: float) -> Estimate:
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(float(value), float(low), float(high))


def _areas(
    outcome: NDArray[Any],
    scores: list[NDArray[Any]],
    patients: NDArray[Any],
    resamples: int,
    seed: int,
    strata: NDArray[Any] | None,
) -> tuple[Floats, Floats]:
    """AUCs (scores, resamples) of the samples and (scores,) of all rows."""
    event = np.asarray(outcome) == 1
    group = np.zeros(len(event)) if strata is None else np.unique(strata, return_inverse=True)[1]
    compared = (group[event][:, None] == group[~event][None]).astype(np.float64)
    wins = [_wins(np.asarray(score, dtype=np.float64), event) * compared for score in scores]
    names, place = np.unique(patients, return_inverse=True)
    has_event = np.zeros(len(names), dtype=bool)
    np.logical_or.at(has_event, place, event)
    generator = np.random.default_rng(seed)
    areas = np.empty((len(scores), resamples))
    for start in range(0, resamples, CHUNK):
        size = min(CHUNK, resamples - start)
        drawn = np.empty((size, len(names)))
        for kind in (has_event, ~has_event):
            if count := int(kind.sum()):
                drawn[:, kind] = generator.multinomial(count, np.full(count, 1 / count), size=size)
        weights = drawn[:, place]
        first, second = weights[:, event], weights[:, ~event]
        # A patient with rows of both kinds may leave one kind out of a sample.
        pairs = np.maximum(((first @ compared) * second).sum(axis=1), 1e-300)
        for row, win in enumerate(wins):
            areas[row, start : start + size] = ((first @ win) * second).sum(axis=1) / pairs
    return areas, np.array([win.sum() / compared.sum() for win in wins])


def _wins(score: Floats, event: NDArray[np.bool_]) -> Floats:
    """(events, others) 1 where the event has the higher score, 0.5 where they are equal."""
    difference = score[event][:, None] - score[~event][None]
    return np.asarray((np.sign(difference) + 1) / 2)
