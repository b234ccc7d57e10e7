"""The receiver operating characteristic: curve, area (AUC) with DeLong's interval and paired test, Youden's threshold.

DeLong, DeLong and Clarke-Pearson, Biometrics 1988, 44(3), in the form that needs ranks only (Sun and Xu, IEEE Signal
Processing Letters 2014, 21(11)). A higher score always speaks for the event; no direction is chosen by the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from USHarmonizationLib.errors import InputError

from .interval import LEVEL, Estimate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RocCurve:
    """Points of the curve, from (0, 0) to (1, 1): rates of false and true positives at score >= threshold."""

    false_positive: Floats
    true_positive: Floats
    thresholds: Floats


@dataclass(frozen=True)
class PairedTest:
    """Two AUCs on the same patients.

    Attributes:
        difference: second AUC minus first, with its interval.
        z: difference in standard errors; p: two-sided.
    """

    difference: Estimate
    z: float
    p: float


def delong(outcome: NDArray[Any], *scores: NDArray[Any], strata: NDArray[Any] | None = None) -> tuple[Floats, Floats]:
    """AUCs (k,) and their covariance (k, k) for ``outcome`` (n,) 0 or 1 and k ``scores`` (n,).

    With ``strata`` (n,), only pairs inside a stratum are compared: scores of different models, as the folds of a
    cross-validation have, are on no common scale. A stratum with one class says nothing.

    Raises:
        InputError: only one class, or fewer than two of one.
    """
    event = _events(outcome, least=2)
    table = np.array(scores, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(event) or not np.isfinite(table).all():
        raise InputError(f"scores of shape {table.shape[1:]} for {len(event)} outcomes; needed: the same, all finite")
    parts = [event] if strata is None else [event[strata == name] for name in np.unique(strata)]
    tables = [table] if strata is None else [table[:, strata == name] for name in np.unique(strata)]
    both = [place for place, part in enumerate(parts) if part.any() and not part.all()]
    if not both:
        raise InputError("no stratum (fold) has patients with and without the event")
    pairs = sum(int(parts[place].sum()) * int((~parts[place]).sum()) for place in both)
    m, n = (sum(int((parts[place] == value).sum()) for place in both) for value in (True, False))
    # Share of the other class that each member is placed right against; weighted by the pairs it takes part in.
    placed_events, placed_others = [], []
    for place in both:
        part, score = parts[place], tables[place]
        every = rankdata(score, axis=1)
        right = every[:, part] - rankdata(score[:, part], axis=1)
        placed_events.append(right * m / pairs)
        wrong = every[:, ~part] - rankdata(score[:, ~part], axis=1)
        placed_others.append((part.sum() - wrong) * n / pairs)
    first, second = np.hstack(placed_events), np.hstack(placed_others)
    covariance = np.atleast_2d(np.cov(first)) / m + np.atleast_2d(np.cov(second)) / n
    return first.mean(axis=1), covariance


def auc(
    outcome: NDArray[Any], score: NDArray[Any], level: float = LEVEL, strata: NDArray[Any] | None = None
) -> Estimate:
    """AUC with DeLong's interval, cut at 0 and 1; ``strata`` as in ``delong``.

    Raises:
        InputError: only one class, or fewer than two of one.
    """
    areas, covariance = delong(outcome, score, strata=strata)
    half = float(norm.ppf(0.5 + level / 2) * np.sqrt(covariance[0, 0]))
    area = float(areas[0])
    return Estimate(area, max(0.0, area - half), min(1.0, area + half))


def paired_test(
    outcome: NDArray[Any],
    first: NDArray[Any],
    second: NDArray[Any],
    level: float = LEVEL,
    strata: NDArray[Any] | None = None,
) -> PairedTest:
    """DeLong's test of two scores of the same patients; ``strata`` as in ``delong``.

    Raises:
        InputError: only one class, or fewer than two of one.
    """
    areas, covariance = delong(outcome, first, second, strata=strata)
    difference = float(areas[1] - areas[0])
    error = float(np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0)))
    half = float(norm.ppf(0.5 + level / 2)) * error
    if error < 1e-12:  # the same order of all patients
        return PairedTest(Estimate(difference, difference, difference), 0.0, 1.0)
    z = difference / error
    return PairedTest(Estimate(difference, difference - half, difference + half), z, float(2 * norm.sf(abs(z))))


def roc_curve(outcome: NDArray[Any], score: NDArray[Any], strata: NDArray[Any] | None = None) -> RocCurve:
    """The curve, one point a distinct score.

    With ``strata`` (n,), the mean of the strata's curves at each rate of false positives, weighted by their pairs: the
    area under it is that of ``auc`` with the same strata. It has no thresholds (NaN), which are on no common scale.

    Raises:
        InputError: only one class, or no stratum has both.
    """
    event = _events(outcome, least=1)
    scores = np.asarray(score, dtype=np.float64)
    if strata is None or (np.asarray(strata) == np.asarray(strata)[0]).all():
        return _curve(event, scores)
    members = [np.asarray(strata) == name for name in np.unique(strata)]
    both = [rows for rows in members if event[rows].any() and not event[rows].all()]
    if not both:
        raise InputError("no stratum (fold) has patients with and without the event")
    curves = [_curve(event[rows], scores[rows]) for rows in both]
    pairs = np.array([event[rows].sum() * (~event[rows]).sum() for rows in both], dtype=np.float64)
    # A curve jumps where several of its points have one rate of false positives: both ends of the jump are points.
    at = np.unique(np.concatenate([curve.false_positive for curve in curves]))
    ends = np.average([_jumps(curve, at) for curve in curves], axis=0, weights=pairs)
    false, true = np.repeat(at, 2), ends.T.ravel()
    kept = np.append(True, (np.diff(false) > 0) | (np.diff(true) > 0))
    return RocCurve(false[kept], true[kept], np.full(int(kept.sum()), np.nan))


def _curve(event: NDArray[np.bool_], score: Floats) -> RocCurve:
    order = np.argsort(-score, kind="stable")
    ordered, hit = score[order], event[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    true, false = np.cumsum(hit)[last], np.cumsum(~hit)[last]
    return RocCurve(
        np.append(0.0, false / false[-1]), np.append(0.0, true / true[-1]), np.append(np.inf, ordered[last])
    )


def _jumps(curve: RocCurve, at: Floats) -> Floats:
    """(2, rates) lowest and highest rate of true positives at each rate of false positives, which holds the curve's."""
    rates, first = np.unique(curve.false_positive, return_index=True)
    last = np.append(first[1:], len(curve.false_positive)) - 1
    low, high = curve.true_positive[first], curve.true_positive[last]
    place = np.searchsorted(rates, at)
    exact = rates[place] == at
    before = np.maximum(place - 1, 0)
    share = (at - rates[before]) / np.where(exact, 1.0, rates[place] - rates[before])
    between = high[before] + share * (low[place] - high[before])
    return np.array([np.where(exact, low[place], between), np.where(exact, high[place], between)])


def youden_threshold(outcome: NDArray[Any], score: NDArray[Any]) -> float:
    """Score at or above which sensitivity + specificity - 1 is largest (Youden, Cancer 1950): midway between the lowest
    score that is called positive and the next below, so that it does not hang on one patient. Of several the highest.
    """
    curve = roc_curve(outcome, score)
    best = max(int(np.argmax(np.round(curve.true_positive - curve.false_positive, 12))), 1)
    upper = curve.thresholds[best]
    return float((upper + curve.thresholds[best + 1]) / 2 if best + 1 < len(curve.thresholds) else upper)


def _events(outcome: NDArray[Any], least: int) -> NDArray[np.bool_]:
    values = np.asarray(outcome)
    event = values == 1
    fewer = min(int(event.sum()), int((~event).sum()))
    if values.ndim != 1 or fewer < least:
        raise InputError(
            f"{int(event.sum())} with and {int((~event).sum())} without the event; needed: {least} of both"
        )
    return np.asarray(event)
