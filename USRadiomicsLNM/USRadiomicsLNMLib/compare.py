"""Two features tables of the same patients, before and after harmonization: the same fit, folds and splits for both."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.cohort import CohortRow, absolute
from USHarmonizationLib.errors import InputError, UsageError

from .design import design_of
from .features_table import FRAME, FeatureTable
from .fit import Fit, fit_model, training_rows
from .model import write_model
from .nested import LeftOut, leave_one_scanner_out, outer_folds
from .settings import FitSettings
from .statistics.bootstrap import bootstrap_difference
from .statistics.calibration import calibration_curve
from .statistics.decision_curve import decision_curve
from .statistics.interval import Estimate
from .statistics.performance import Patients, by_patient, performance
from .statistics.roc import PairedTest, paired_test, roc_curve

BEFORE, AFTER = "before", "after"
RATES = ("accuracy", "sensitivity", "specificity", "ppv", "npv")


@dataclass(frozen=True)
class Comparison:
    """Two fits on the same patients.

    Attributes:
        fits: ``before`` and ``after``.
        tests: by set of patients: DeLong's paired test of the AUCs, after minus before.
        bootstrap: by set: the difference with its interval over patients.
        left_out: each scanner predicted by a model of the others, for both; empty where that is impossible.
        notes: what people must know, one line each.
    """

    fits: dict[str, Fit]
    tests: dict[str, PairedTest]
    bootstrap: dict[str, Estimate]
    left_out: dict[str, list[tuple[LeftOut, Patients | None]]]
    notes: tuple[str, ...]


def match(before: FeatureTable, after: FeatureTable, outcome: str) -> tuple[FeatureTable, FeatureTable, list[str]]:
    """The cases that are in both tables, in the order of the first.

    A case is recognised by patient, name of its image, mask, label and frame; the folders of the images differ.

    Raises:
        UsageError: a case is not unique, the tables share none, or disagree on outcome, split or scanner of one.
    """
    places = [_by_key(table, name) for table, name in ((before, BEFORE), (after, AFTER))]
    shared = [key for key in places[0] if key in places[1]]
    if not shared:
        raise UsageError("the tables have no case in common (same patient, name of the image, mask and label)")
    notes = [
        f"{len(mine) - len(shared)} cases of the table {name} are not in the other and left out"
        for mine, name in zip(places, (BEFORE, AFTER), strict=True)
        if len(mine) > len(shared)
    ]
    tables = [
        table.take(np.array([mine[key] for key in shared])) for table, mine in zip((before, after), places, strict=True)
    ]
    outcomes = [table.outcome(outcome) for table in tables]
    for place, (first, second) in enumerate(zip(tables[0].cases, tables[1].cases, strict=True)):
        for what, one, other in (
            (outcome, outcomes[0][place], outcomes[1][place]),
            ("split", first.split, second.split),
            ("scanner", first.scanner, second.scanner),
        ):
            if one != other:
                raise UsageError(f"{what} of {first.image.name} is {one} before and {other} after; needed: the same")
    return tables[0], tables[1], notes


def _by_key(table: FeatureTable, name: str) -> dict[tuple[Any, ...], int]:
    places: dict[tuple[Any, ...], int] = {}
    for place, case in enumerate(table.cases):
        key = _key(case)
        if key in places:
            raise UsageError(
                f"two cases of the table {name} are called {case.image.name} and cannot be told apart; "
                "needed: masks or patients that differ"
            )
        places[key] = place
    return places


def _key(case: CohortRow) -> tuple[Any, ...]:
    mask = case.mask and absolute(case.mask)
    return case.patient, case.image.name, mask, case.label, case.others.get(FRAME, "")


def compare(
    before: FeatureTable,
    after: FeatureTable,
    settings: FitSettings,
    bundles: Sequence[Path] = (),
    jobs: int = 1,
    report: Callable[[], None] | None = None,
    sources: tuple[str, str] = ("", ""),
) -> Comparison:
    """Fit and judge both tables alike.

    Args:
        before, after: features of the same patients.
        settings: of both fits.
        bundles: folders of harmonizers, see ``fit_model``.
        jobs: local processes.
        report: called when a fold of one of both is done.
        sources: SHA-256 of the files.

    Raises:
        UsageError: the tables do not match, or do not allow a fit.
        InputError: a worker process died.
    """
    first, second, notes = match(before, after, settings.outcome)
    # Where no patients are named, images stand for them: the same ones in both tables, so that all folds are the same.
    cases = tuple(replace(b, image=a.image) for a, b in zip(first.cases, second.cases, strict=True))
    second = replace(second, cases=cases)
    rows = training_rows(first)
    folds = outer_folds(design_of(first, settings).take(rows), settings)
    fits = {
        name: fit_model(table, settings, bundles, jobs, report, source, folds)
        for name, table, source in zip((BEFORE, AFTER), (first, second), sources, strict=True)
    }
    tests, bootstrap = {}, {}
    for name in fits[BEFORE].performance:
        a, b = fits[BEFORE].patients[name], fits[AFTER].patients[name]
        tests[name] = paired_test(a.outcome, a.log_odds, b.log_odds, strata=a.models)
        bootstrap[name] = bootstrap_difference(
            a.outcome, a.log_odds, b.log_odds, a.names, seed=settings.seed, strata=a.models
        )
    left_out: dict[str, list[tuple[LeftOut, Patients | None]]] = {}
    if settings.combat is None and len(set(first.scanners)) > 1:
        for name, table in ((BEFORE, first), (AFTER, second)):
            left_out[name] = _left_out(table, settings)
    else:
        notes.append("leave-one-scanner-out needs several scanners, and no ComBat: not done")
    notes.append("predictions of a cross-validation are not independent: trust the test of a held-out split more")
    return Comparison(fits, tests, bootstrap, left_out, tuple(notes))


def _left_out(table: FeatureTable, settings: FitSettings) -> list[tuple[LeftOut, Patients | None]]:
    outcome = table.outcome(settings.outcome)
    return [
        (
            one,
            None
            if one.reason
            else by_patient(outcome[one.rows], one.log_odds, one.threshold, table.patients[one.rows]),
        )
        for one in leave_one_scanner_out(table, settings)
    ]


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write all tables of a comparison to ``folder`` as CSV, and both models.

    ``table3.csv`` (performance by model and set), ``tests.csv`` (after against before), ``roc.csv``,
    ``calibration.csv``, ``decision_curve.csv``, ``features.csv``, ``predictions.csv``, ``leave_one_scanner_out.csv``,
    ``notes.txt``, ``before.json`` and ``after.json``.

    Raises:
        OSError: the folder cannot be written to.
    """
    sets = [(model, name) for model, fit in comparison.fits.items() for name in fit.performance]
    patients = {(model, name): comparison.fits[model].patients[name] for model, name in sets}
    tables: dict[str, tuple[list[str], Iterable[Sequence[Any]]]] = {
        "table3.csv": (
            [
                *("model", "set", "patients", "events", "auc", "auc_low", "auc_high"),
                *("auc_bootstrap_low", "auc_bootstrap_high"),
                *(f"{rate}{end}" for rate in RATES for end in ("", "_low", "_high")),
                *("calibration_intercept", "calibration_slope", "brier"),
            ],
            (_table3_row(comparison, model, name) for model, name in sets),
        ),
        "tests.csv": (
            [
                *("set", "auc_difference", "low", "high", "z", "p", "bootstrap_low", "bootstrap_high"),
            ],
            (
                [name, *_ends(test.difference), test.z, test.p, *_ends(comparison.bootstrap[name])[1:]]
                for name, test in comparison.tests.items()
            ),
        ),
        "roc.csv": (["model", "set", "threshold", "false_positive_rate", "true_positive_rate"], _roc(patients)),
        "calibration.csv": (
            ["model", "set", "patients", "predicted", "observed", "low", "high"],
            (
                [*key, point.patients, point.predicted, *_ends(point.observed)]
                for key, members in patients.items()
                for point in calibration_curve(members.outcome, members.log_odds)
            ),
        ),
        "decision_curve.csv": (["model", "set", "threshold", "net_benefit", "treat_all"], _decisions(patients)),
        "features.csv": (
            ["model", "feature", "coefficient"],
            (
                [model, feature.name, feature.coefficient]
                for model, fit in comparison.fits.items()
                for feature in sorted(fit.model.features, key=lambda one: -abs(one.coefficient))
            ),
        ),
        "predictions.csv": (
            ["model", "set", "patient", "outcome", "radiomics_score", "called"],
            (
                [*key, *values]
                for key, members in patients.items()
                for values in zip(members.names, members.outcome, members.log_odds, members.called, strict=True)
            ),
        ),
        "leave_one_scanner_out.csv": (
            [
                *("model", "scanner", "patients", "events", "auc", "auc_low", "auc_high"),
                *(f"{rate}{end}" for rate in RATES for end in ("", "_low", "_high")),
                "reason",
            ],
            (
                [model, *_left_out_row(one, members)]
                for model, found in comparison.left_out.items()
                for one, members in found
            ),
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file, (header, rows) in tables.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_cell(value) for value in row] for row in rows)
        write_text(folder / file, text.getvalue())
    notes = [*comparison.notes]
    for model, fit in comparison.fits.items():
        write_model(folder / f"{model}.json", fit.model)
        notes += [f"{model}: {note}" for note in fit.notes]
    write_text(folder / "notes.txt", "\n".join(notes) + "\n")


def _table3_row(comparison: Comparison, model: str, name: str) -> list[Any]:
    figures = comparison.fits[model].performance[name]
    rates = [end for rate in RATES for end in _ends(figures.rates[rate])]
    return [
        *(model, name, figures.patients, figures.events, *_ends(figures.auc), *_ends(figures.auc_bootstrap)[1:]),
        *(*rates, figures.calibration.intercept.value, figures.calibration.slope.value, figures.calibration.brier),
    ]


def _left_out_row(one: LeftOut, members: Patients | None) -> list[Any]:
    blank: list[Any] = [""] * (3 * len(RATES) + 5)
    if members is None:
        return [one.scanner, *blank, one.reason]
    try:
        figures = performance(members)
    except InputError as error:
        return [one.scanner, *blank, str(error)]
    rates = [end for rate in RATES for end in _ends(figures.rates[rate])]
    return [one.scanner, figures.patients, figures.events, *_ends(figures.auc), *rates, ""]


def _roc(patients: dict[tuple[str, str], Patients]) -> Iterable[list[Any]]:
    for key, members in patients.items():
        curve = roc_curve(members.outcome, members.log_odds, strata=members.models)
        for point in zip(curve.thresholds, curve.false_positive, curve.true_positive, strict=True):
            yield [*key, *point]


def _decisions(patients: dict[tuple[str, str], Patients]) -> Iterable[list[Any]]:
    for key, members in patients.items():
        curve = decision_curve(members.outcome, 1 / (1 + np.exp(-members.log_odds)))
        for point in zip(curve.thresholds, curve.model, curve.treat_all, strict=True):
            yield [*key, *point]


def _ends(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.low, estimate.high]


def _cell(value: Any) -> Any:
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else f"{value:.6g}"
    return value
