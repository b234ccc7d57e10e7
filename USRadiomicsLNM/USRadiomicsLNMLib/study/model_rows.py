"""From fitted models to rows of the results: performance, curves, tests against the original, other scanners."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace

import numpy as np

from USHarmonizationLib.errors import InputError

from ..statistics.bootstrap import bootstrap_difference
from ..statistics.calibration import calibration_curve
from ..statistics.decision_curve import decision_curve
from ..statistics.interval import Estimate
from ..statistics.performance import Patients, performance
from ..statistics.roc import auc, paired_test, roc_curve
from .methods import ORIGINAL
from .models import Fitted
from .results import (
    CalibrationRow,
    DecisionRow,
    FeatureRow,
    PerformanceRow,
    Prediction,
    RocPoint,
    ScannerRow,
    TestRow,
)

Models = Mapping[tuple[str, str], Fitted]
RATES = ("accuracy", "sensitivity", "specificity", "ppv", "npv")
NONE = math.nan


def performance_rows(models: Models, seed: int) -> tuple[list[PerformanceRow], list[str]]:
    """Table 3, and notes on what cannot be judged."""
    found, notes = [], []
    for (method, features), model in models.items():
        for name, members in model.patients.items():
            try:
                one = performance(members, seed)
            except InputError as error:
                notes.append(f"{method}, {features} features, {name}: cannot be judged: {error}")
                continue
            numbers = [
                *_ends(one.auc),
                *_ends(one.auc_bootstrap)[1:],
                *(end for rate in RATES for end in _ends(one.rates[rate])),
                *_ends(one.calibration.intercept),
                *_ends(one.calibration.slope),
                one.calibration.brier,
            ]
            found.append(PerformanceRow(method, features, name, one.patients, one.events, *numbers))
    return found, notes


def roc_rows(models: Models) -> Iterator[RocPoint]:
    """Figure 6. Of a cross-validation the mean of the folds' curves, which has no thresholds; its area is the AUC."""
    for (method, features), name, members in _judged(models):
        curve = roc_curve(members.outcome, members.log_odds, strata=members.models)
        for point in zip(curve.thresholds, curve.false_positive, curve.true_positive, strict=True):
            yield RocPoint(method, features, name, *map(float, point))


def calibration_rows(models: Models) -> Iterator[CalibrationRow]:
    """Calibration curves."""
    for (method, features), name, members in _judged(models):
        for point in calibration_curve(members.outcome, members.log_odds):
            yield CalibrationRow(method, features, name, point.patients, point.predicted, *_ends(point.observed))


def decision_rows(models: Models) -> Iterator[DecisionRow]:
    """Decision curves."""
    for (method, features), name, members in _judged(models):
        curve = decision_curve(members.outcome, 1 / (1 + np.exp(-members.log_odds)))
        for point in zip(curve.thresholds, curve.model, curve.treat_all, strict=True):
            yield DecisionRow(method, features, name, *map(float, point))


def feature_rows(models: Models) -> Iterator[FeatureRow]:
    """Features kept, the largest coefficient first."""
    for (method, features), model in models.items():
        for feature, coefficient in model.kept:
            yield FeatureRow(method, features, feature, coefficient)


def prediction_rows(models: Models) -> Iterator[Prediction]:
    """What each model says of each patient."""
    for (method, features), model in models.items():
        for name, members in model.patients.items():
            for patient, outcome, score, called in zip(
                members.names, members.outcome, members.log_odds, members.called, strict=True
            ):
                yield Prediction(method, features, name, str(patient), int(outcome), float(score), int(called))


def test_rows(models: Models, seed: int) -> list[TestRow]:
    """Each method against ``original``, on the patients that both have."""
    found = []
    for (method, features), model in models.items():
        base = models.get((ORIGINAL, features))
        if method == ORIGINAL or base is None:
            continue
        for name, members in model.patients.items():
            if name not in base.patients:
                continue
            before, after = shared(base.patients[name], members)
            try:
                test = paired_test(before.outcome, before.log_odds, after.log_odds, strata=before.models)
            except InputError:
                continue
            drawn = bootstrap_difference(
                before.outcome, before.log_odds, after.log_odds, before.names, seed=seed, strata=before.models
            )
            count = len(before.outcome)
            found.append(
                TestRow(
                    *(method, features, name, *_ends(test.difference), *_ends(drawn)[1:], test.z, test.p, NONE, count)
                )
            )
    return _adjusted(found)


def shared(first: Patients, second: Patients) -> tuple[Patients, Patients]:
    """Both for the patients that are in both, in one order."""
    places = [{key: place for place, key in enumerate(_keys(one))} for one in (first, second)]
    both = [key for key in places[0] if key in places[1]]
    parts = []
    for members, mine in zip((first, second), places, strict=True):
        rows = np.array([mine[key] for key in both], dtype=np.intp)
        parts.append(Patients(**{item.name: getattr(members, item.name)[rows] for item in fields(Patients)}))
    return parts[0], parts[1]


def _keys(members: Patients) -> list[tuple[str, int]]:
    return [(str(name), int(event)) for name, event in zip(members.names, members.outcome, strict=True)]


def _adjusted(rows: Sequence[TestRow]) -> list[TestRow]:
    """With p values adjusted for their number within features and set (Holm 1979)."""
    adjusted = list(rows)
    for group in dict.fromkeys((row.features, row.set) for row in rows):
        places = sorted(
            (place for place, row in enumerate(rows) if (row.features, row.set) == group), key=lambda at: rows[at].p
        )
        largest = 0.0
        for rank, place in enumerate(places):
            largest = max(largest, min(1.0, rows[place].p * (len(places) - rank)))
            adjusted[place] = replace(rows[place], p_holm=largest)
    return adjusted


def scanner_rows(models: Models) -> Iterator[ScannerRow]:
    """Models on scanners that they were not trained on."""
    for (method, features), model in models.items():
        base = models.get((ORIGINAL, features))
        known = {(one.trained, one.scanner, one.images): one.patients for one in base.elsewhere} if base else {}
        for one in model.elsewhere:
            before = known.get((one.trained, one.scanner, one.images)) if method != ORIGINAL else None
            yield _scanner_row(method, features, one.trained, one.scanner, one.images, one.patients, before, one.reason)


def _scanner_row(
    method: str,
    features: str,
    trained: str,
    scanner: str,
    images: str,
    members: Patients | None,
    before: Patients | None,
    reason: str,
) -> ScannerRow:
    start = (method, features, trained, scanner, images)
    if members is None:
        return ScannerRow(*start, 0, 0, *(NONE,) * 9, reason)
    counts = (len(members.outcome), int(members.outcome.sum()))
    try:
        area = auc(members.outcome, members.log_odds)
        called, event = members.called == 1, members.outcome == 1
        rates = (float(called[event].mean()), float((~called[~event]).mean()))
        change = (NONE,) * 4
        if before is not None:
            first, second = shared(before, members)
            test = paired_test(first.outcome, first.log_odds, second.log_odds)
            change = (*_ends(test.difference), test.p)
    except InputError as error:
        return ScannerRow(*start, *counts, *(NONE,) * 9, str(error))
    return ScannerRow(*start, *counts, *_ends(area), *rates, *change)


def _judged(models: Models) -> Iterator[tuple[tuple[str, str], str, Patients]]:
    for key, model in models.items():
        for name, members in model.patients.items():
            if len(set(members.outcome.tolist())) == 2:
                yield key, name, members


def _ends(estimate: Estimate) -> tuple[float, float, float]:
    return float(estimate.value), float(estimate.low), float(estimate.high)
