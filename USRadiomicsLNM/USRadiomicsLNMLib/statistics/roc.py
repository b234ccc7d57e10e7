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


def roc_curve(outcome: NDArray[Any], score: NDArray[Any]) -> RocCurve:
    """The curve, one point a distinct score.

    Raises:
        InputError: only one class.
    """
    event = _events(outcome, least=1)
    order = np.argsort(-np.asarray(score, dtype=np.float64), kind="stable")
    ordered, hit = np.asarray(score, dtype=np.float64)[order], event[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    true, false = np.cumsum(hit)[last], np.cumsum(~hit)[last]
    return RocCurve(
        np.append(0.0, false / false[-1]), np.append(0.0, true / true[-1]), np.append(np.inf, ordered[last])
    )


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
