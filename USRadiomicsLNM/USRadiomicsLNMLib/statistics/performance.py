"""How well a model does on patients: discrimination, classification and calibration, each with its interval.

Figures count patients, not images: the score of a patient is the mean log odds of its images. Should a patient have
images with and without the event, either kind counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bootstrap import bootstrap_auc
from .calibration import Calibration, calibration
from .interval import Estimate
from .proportions import Confusion
from .roc import Floats, auc


@dataclass(frozen=True)
class Patients:
    """One entry a patient (see above).

    Attributes:
        names: (m,) pseudonyms; outcome: (m,) 0 or 1; log_odds: (m,) mean over the images.
        called: (m,) 1 where the mean distance of the log odds to the threshold is not negative.
        models: (m,) which model said so. AUCs compare patients of the same model only.
    """

    names: NDArray[Any]
    outcome: NDArray[np.intp]
    log_odds: Floats
    called: NDArray[np.intp]
    models: NDArray[np.intp]


@dataclass(frozen=True)
class Performance:
    """Figures of one model on one set of patients.

    Attributes:
        patients, events: counts.
        auc: with DeLong's interval; auc_bootstrap: with the percentile interval over patients.
        confusion: counts at the threshold; rates: ``accuracy``, ``sensitivity``, ``specificity``, ``ppv``, ``npv``.
        calibration: intercept, slope and Brier score.
    """

    patients: int
    events: int
    auc: Estimate
    auc_bootstrap: Estimate
    confusion: Confusion
    rates: dict[str, Estimate]
    calibration: Calibration


def by_patient(
    outcome: NDArray[Any],
    log_odds: NDArray[Any],
    thresholds: NDArray[Any] | float,
    patients: NDArray[Any],
    models: NDArray[np.intp] | None = None,
) -> Patients:
    """Join the rows (n,) of each patient.

    Args:
        outcome: 0 or 1.
        log_odds: radiomics scores.
        thresholds: in log odds, of each row or one of all.
        patients: whose rows these are.
        models: number of the model (fold) that each row's score is from, the same for all rows of a patient; None: one.
    """
    made_by = np.zeros(len(outcome), dtype=np.intp) if models is None else np.asarray(models, dtype=np.intp)
    event = np.asarray(outcome, dtype=np.intp)
    score = np.asarray(log_odds, dtype=np.float64)
    keys = np.array([f"{value} {name}" for value, name in zip(event, patients, strict=True)])
    _, first, place, count = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    mean = np.bincount(place, score) / count
    above = np.bincount(place, score - thresholds) / count
    return Patients(np.asarray(patients)[first], event[first], mean, (above >= 0).astype(np.intp), made_by[first])


def performance(patients: Patients, seed: int = 0) -> Performance:
    """All figures; ``seed`` is of the bootstrap.

    Raises:
        InputError: only one class, or fewer than two patients of one.
    """
    confusion = Confusion.of(patients.outcome, patients.called)
    return Performance(
        patients=len(patients.outcome),
        events=int(patients.outcome.sum()),
        auc=auc(patients.outcome, patients.log_odds, strata=patients.models),
        auc_bootstrap=bootstrap_auc(
            patients.outcome, patients.log_odds, patients.names, seed=seed, strata=patients.models
        ),
        confusion=confusion,
        rates=confusion.rates(),
        calibration=calibration(patients.outcome, patients.log_odds),
    )
