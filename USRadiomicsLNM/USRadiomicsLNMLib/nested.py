"""Honest estimates: nested cross-validation by patient, and leaving one scanner out.

Everything that learns (imputation, ComBat, scaling, selection, penalties, threshold) is fitted anew without the rows
that are predicted; the penalties and the threshold by a cross-validation inside the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from USHarmonizationLib.errors import HarmonizationError, InputError, UsageError
from USHarmonizationLib.jobs import Lost, map_jobs

from .design import LEAST_EVENTS, Design, design_of, estimator
from .features_table import FeatureTable, Floats
from .folds import Folds, fold_count, patient_folds
from .settings import FitSettings


@dataclass(frozen=True)
class Predictions:
    """What models said of rows that they had not seen.

    Attributes:
        log_odds: (n,) radiomics scores.
        thresholds: (n,) log odds from which the same model calls a row positive.
        folds: (n,) which model it was.
    """

    log_odds: Floats
    thresholds: Floats
    folds: Folds


def outer_folds(design: Design, settings: FitSettings) -> Folds:
    """(n,) the fold in which each row is held out; other ones than the inner cross-validation has."""
    count = fold_count(design.outcome, design.patients, settings.folds)
    return patient_folds(design.strata, design.patients, count, settings.seed + 1)


def cross_validate(
    design: Design,
    settings: FitSettings,
    folds: Folds,
    jobs: int = 1,
    report: Callable[[], None] | None = None,
) -> Predictions:
    """Predict each fold by a model fitted on the others.

    Args:
        design: the rows.
        settings: of the fit.
        folds: (n,) number of the fold in which each row is held out.
        jobs: local processes.
        report: called when a fold is done.

    Raises:
        InputError: a worker process died.
    """
    log_odds, thresholds = np.empty(len(folds)), np.empty(len(folds))
    numbers = np.unique(folds)
    held_out = [folds == number for number in numbers]
    for place, found in map_jobs(partial(_predict, design, settings), held_out, jobs):
        if isinstance(found, Lost):
            raise InputError(f"fold {place + 1} of the cross-validation: {found.reason}")
        log_odds[held_out[place]], thresholds[held_out[place]] = found
        if report is not None:
            report()
    return Predictions(log_odds, thresholds, folds)


def _predict(design: Design, settings: FitSettings, held_out: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Log odds of the held-out rows and the threshold, of a model that has not seen them."""
    train = design.take(~held_out)
    search = estimator(settings).fit(train.values, train.outcome, groups=train.patients, strata=train.strata)
    return search.decision_function(design.values[held_out]), float(logit(search.threshold_))


@dataclass(frozen=True)
class LeftOut:
    """One scanner, predicted by a model of all the others.

    Attributes:
        scanner: its id.
        rows: (n,) True for its rows.
        log_odds: of its rows; empty when no model could be fitted or judged.
        threshold: log odds from which they are positive.
        reason: why not, one line; else "".
    """

    scanner: str
    rows: NDArray[np.bool_]
    log_odds: Floats
    threshold: float = float("nan")
    reason: str = ""


def leave_one_scanner_out(table: FeatureTable, settings: FitSettings) -> list[LeftOut]:
    """Each scanner predicted by a model that was fitted on the images of all others.

    Raises:
        UsageError: fewer than two scanners, or ComBat, which cannot treat a scanner that it has not seen.
    """
    if settings.combat:
        raise UsageError("a scanner cannot be left out with ComBat, which must have seen it")
    design = design_of(table, settings)
    names = np.unique(table.scanners)
    if len(names) < 2:
        raise UsageError(f"all images are of one scanner ({names[0] or 'unknown'}); needed to leave one out: two")
    found = []
    for name in names:
        rows = table.scanners == name
        # A patient examined on several scanners must not be on both sides.
        train = ~np.isin(design.patients, design.patients[rows])
        reason = _too_few(design, train, rows)
        if not reason:
            part = design.take(train)
            try:
                search = estimator(settings).fit(part.values, part.outcome, groups=part.patients, strata=part.strata)
            except (ValueError, HarmonizationError) as error:
                reason = " ".join(str(error).split())
        if reason:
            found.append(LeftOut(str(name), rows, np.empty(0), reason=reason))
        else:
            log_odds = search.decision_function(design.values[rows])
            found.append(LeftOut(str(name), rows, log_odds, float(logit(search.threshold_))))
    return found


def _too_few(design: Design, train: NDArray[np.bool_], test: NDArray[np.bool_]) -> str:
    for what, rows, least in (("the other scanners have", train, LEAST_EVENTS), ("it has", test, 2)):
        counts = [len(np.unique(design.patients[rows & (design.outcome == value)])) for value in (1, 0)]
        if min(counts) < least:
            return f"{what} {counts[0]} patients with and {counts[1]} without the event; needed: {least} of both"
    return ""
