"""From a features table to what estimators take: numbers, outcomes, patients, strata; and what people must be told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from USHarmonizationLib.errors import UsageError

from .combat import ComBat
from .distinct_columns import DistinctColumns
from .features_table import FeatureTable, Floats
from .mann_whitney import MannWhitneyFilter
from .penalty_search import PenaltySearch
from .settings import FitSettings

# With fewer patients of one class neither penalties nor a threshold can be chosen.
LEAST_EVENTS = 10
# With fewer patients of one scanner its shift and scale cannot be estimated in every fold.
LEAST_OF_SCANNER = 10
NAMED = 5
# One image with more than this share of a scanner's variance decides on its scale.
OUTLIER = 0.5


@dataclass(frozen=True)
class Design:
    """What estimators take.

    Attributes:
        values: (n, columns) features; with ComBat a first column with the number of the scanner in ``scanners``.
        outcome: (n,) 0 or 1.
        patients: (n,) pseudonyms.
        strata: (n,) what folds spread evenly: the outcome, with ComBat also the scanner.
        scanners: names of the scanners, by number; only with ComBat.
    """

    values: Floats
    outcome: NDArray[np.intp]
    patients: NDArray[np.str_]
    strata: NDArray[np.str_]
    scanners: tuple[str, ...] = ()

    def take(self, rows: NDArray[np.bool_]) -> Design:
        """Some of the rows."""
        return Design(self.values[rows], self.outcome[rows], self.patients[rows], self.strata[rows], self.scanners)


def design_of(table: FeatureTable, settings: FitSettings) -> Design:
    """The whole table as numbers.

    Raises:
        UsageError: the outcome is no column of 0 and 1, a value is missing, or ComBat is wanted of unknown scanners.
    """
    outcome = table.outcome(settings.outcome)
    if settings.missing == "refuse" and (gap := table.missing()):
        raise UsageError(f"{gap} is missing; remove the row or the column, or choose to impute missing values")
    strata = outcome.astype(str)
    if settings.combat is None:
        return Design(table.values, outcome, table.patients, strata)
    if unknown := [case for case in table.cases if not case.scanner]:
        raise UsageError(f"ComBat needs the scanner of every image; that of {unknown[0].image.name} is not given")
    names, code = np.unique(table.scanners, return_inverse=True)
    values = np.column_stack([code, table.values])
    strata = np.array([f"{event} {name}" for event, name in zip(outcome, table.scanners, strict=True)])
    return Design(values, outcome, table.patients, strata, tuple(map(str, names)))


def check_trainable(design: Design, outcome: str) -> None:
    """Refuse training data from which no model can come.

    Raises:
        UsageError: fewer than ten patients of one class, or with ComBat of one scanner.
    """
    with_event = len(np.unique(design.patients[design.outcome == 1]))
    without = len(np.unique(design.patients[design.outcome == 0]))
    if min(with_event, without) < LEAST_EVENTS:
        raise UsageError(
            f"{with_event} patients with {outcome} 1 and {without} with {outcome} 0 to train on; "
            f"needed: at least {LEAST_EVENTS} of both"
        )
    for place, name in enumerate(design.scanners):
        count = len(np.unique(design.patients[design.values[:, 0] == place]))
        if count < LEAST_OF_SCANNER:
            raise UsageError(
                f"{count} patients of scanner {name} to train on; needed for ComBat: at least {LEAST_OF_SCANNER} of "
                "each scanner; leave its rows out"
            )


def estimator(settings: FitSettings) -> PenaltySearch:
    """All that learns, as one estimator that is not fitted yet."""
    steps: list[tuple[str, object]] = []
    if settings.missing == "impute":
        steps.append(("impute", SimpleImputer(strategy="median", keep_empty_features=True)))
    if settings.combat is not None:
        steps.append(("combat", ComBat(batch_column=0)))
    steps.append(("distinct", DistinctColumns()))
    steps.append(("scale", StandardScaler()))
    steps.append(("mann_whitney", MannWhitneyFilter(settings.level, settings.fdr)))
    return PenaltySearch(Pipeline(steps), settings.l1_ratios, settings.folds, settings.penalties, settings.seed)


def notes_on(table: FeatureTable, settings: FitSettings) -> list[str]:
    """What people must know of the training rows, one line each."""
    notes = []
    outcome = table.outcome(settings.outcome)
    patients = len(np.unique(table.patients))
    if not any(case.patient for case in table.cases):
        notes.append("the table names no patients: each image counts as a patient, folds may separate their images")
    elif patients < len(outcome):
        notes.append(f"{len(outcome)} rows of {patients} patients: selection counts rows, estimates count patients")
    share = outcome.mean()
    if min(share, 1 - share) < 0.2:
        notes.append(f"classes are unbalanced: {settings.outcome} is 1 in {outcome.sum()} of {len(outcome)} rows")
    if gaps := int(np.isnan(table.values).sum()):
        features = int(np.isnan(table.values).any(axis=0).sum())
        notes.append(f"{gaps} missing values of {features} features are imputed by medians of the training folds")
    notes.extend(_column_notes(table))
    notes.extend(_scanner_notes(table, outcome, settings))
    return notes


def _column_notes(table: FeatureTable) -> list[str]:
    try:
        copies = DistinctColumns().fit(_filled(table)).copies_
    except ValueError:
        raise UsageError("all features are constant; nothing can be learned from them") from None
    own = np.arange(len(copies))
    constant = [table.names[place] for place in own[copies == own]]
    repeated = [
        f"{table.names[place]} (as {table.names[copies[place]]})" for place in own[(copies >= 0) & (copies != own)]
    ]
    notes = []
    if constant:
        notes.append(f"{len(constant)} constant features left out: {_list(constant)}")
    if repeated:
        notes.append(f"{len(repeated)} features left out that repeat another: {_list(repeated)}")
    return notes


def _scanner_notes(table: FeatureTable, outcome: NDArray[np.intp], settings: FitSettings) -> list[str]:
    names, code = np.unique(table.scanners, return_inverse=True)
    if len(names) == 1:
        if settings.combat:
            return [f"ComBat has nothing to do: all images are of {names[0]}"]
        return []
    notes = _outlier_notes(table, code) if settings.combat else []
    counts = np.array(
        [[np.sum((code == place) & (outcome == event)) for event in (0, 1)] for place in range(len(names))]
    )
    if chi2_contingency(counts, correction=False).pvalue >= 0.05:
        return notes
    shares = ", ".join(f"{name or 'unknown'} {row[1]} of {row.sum()}" for name, row in zip(names, counts, strict=True))
    note = f"{settings.outcome} and scanner hang together ({shares}): a model may recognise the scanner instead"
    return [*notes, note + ("; ComBat removes part of the outcome with it" if settings.combat else "")]


def _filled(table: FeatureTable) -> Floats:
    return np.asarray(SimpleImputer(strategy="median", keep_empty_features=True).fit_transform(table.values))


def _outlier_notes(table: FeatureTable, code: NDArray[np.intp]) -> list[str]:
    """Features of which one image makes up most of a scanner's variance, by which ComBat would scale all the others."""
    filled = _filled(table)
    found = np.zeros(len(table.names), dtype=bool)
    for place in np.unique(code):
        squares = (filled[code == place] - filled[code == place].mean(axis=0)) ** 2
        found |= squares.max(axis=0) > OUTLIER * squares.sum(axis=0)
    if not found.any():
        return []
    named = _list([name for name, bad in zip(table.names, found, strict=True) if bad])
    return [
        f"ComBat scales {found.sum()} features by a single outlying image of a scanner, which may set the scanners "
        f"further apart: {named}"
    ]


def _list(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
