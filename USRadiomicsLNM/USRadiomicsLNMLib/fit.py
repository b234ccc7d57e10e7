"""From a features table to a model with its estimates: nested cross-validation, and every split that was held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.covariance import LedoitWolf

from USHarmonizationLib.cohort import PSEUDONYM
from USHarmonizationLib.errors import InputError, UsageError

from .combat import ComBat
from .design import Design, check_trainable, design_of, estimator, notes_on
from .features_table import FeatureTable, Floats
from .folds import Folds
from .harmonizer_patients import overlap_notes, refuse_overlap, training_patients
from .model import CombatShift, Feature, LnmModel, Population, ScannerShift
from .nested import cross_validate, outer_folds
from .penalty_search import PenaltySearch
from .settings import FitSettings
from .statistics.interval import as_json
from .statistics.performance import Patients, Performance, by_patient, performance

TRAIN, HELD_OUT = "train", ("validation", "test")
NESTED, TRAINING = "nested", "training"
# Fewer patients with the event for each feature than this is few (Peduzzi et al., J Clin Epidemiol 1996).
EVENTS_A_FEATURE = 10


@dataclass(frozen=True)
class Fit:
    """A model and what is known of it.

    Attributes:
        model: for the file.
        search: the fitted estimator.
        patients: by set (``nested``, ``training``, and each held-out split), outcome and score of each patient.
        performance: the same, as figures; a set that cannot be judged (one class) is left out.
        notes: what people must know, one line each.
    """

    model: LnmModel
    search: PenaltySearch
    patients: dict[str, Patients]
    performance: dict[str, Performance]
    notes: tuple[str, ...]


def fit_model(
    table: FeatureTable,
    settings: FitSettings,
    bundles: Sequence[Path] = (),
    jobs: int = 1,
    report: Callable[[], None] | None = None,
    source: str = "",
    folds: Folds | None = None,
) -> Fit:
    """Fit on the rows of split ``train`` (on all where there are no splits) and judge.

    Args:
        table: features and outcome.
        settings: of the fit.
        bundles: folders of harmonizers that the images went through, to know their training patients.
        jobs: local processes for the folds of the cross-validation.
        report: called when one of these folds is done.
        source: SHA-256 of the table's file, for the model.
        folds: (training rows,) outer folds, to use the same for several tables; made from the seed when None.

    Raises:
        UsageError: the table or the settings do not allow a fit (see ``design``), or a held-out split has patients that
            a harmonizer was trained on.
        InputError: a worker process died.
    """
    train = training_rows(table)
    trained = training_patients(table.harmonizers, bundles)
    splits = [split for split in HELD_OUT if (table.splits == split).any()]
    for split in splits:
        refuse_overlap(split, table.patients[table.splits == split], trained)
    whole = design_of(table, settings)
    if settings.combat:
        for split in splits:
            _refuse_unseen_scanner(split, table.scanners[table.splits == split], table.scanners[train])
    design, training = whole.take(train), table.take(train)
    check_trainable(design, settings.outcome)
    notes = notes_on(training, settings) + overlap_notes(training.patients, trained)

    # The estimate first: it does not depend on what is found on all rows.
    made = outer_folds(design, settings) if folds is None else folds
    nested = cross_validate(design, settings, made, jobs, report)
    search = estimator(settings).fit(design.values, design.outcome, groups=design.patients, strata=design.strata)

    patients = {NESTED: by_patient(design.outcome, nested.log_odds, nested.thresholds, design.patients, made)}
    for name, rows in [(TRAINING, train), *((split, table.splits == split) for split in splits)]:
        part = whole.take(rows)
        log_odds = search.decision_function(part.values)
        patients[name] = by_patient(part.outcome, log_odds, float(logit(search.threshold_)), part.patients)
    figures, unjudged = _judge(patients, settings)
    if not splits:
        unjudged.append("no split was held out (column split): the cross-validated estimate is the only one")
    places = _places(search, bool(settings.combat))
    notes += _model_notes(search, design, places) + unjudged
    model = _model(search, training, design, settings, places, figures, notes, source)
    return Fit(model, search, patients, figures, tuple(notes))


def training_rows(table: FeatureTable) -> NDArray[np.bool_]:
    """(n,) rows to train on: those of split ``train``, or all where there are no splits.

    Raises:
        UsageError: there are splits, but none is ``train``.
    """
    if not any(table.splits):
        return np.ones(len(table.cases), dtype=bool)
    train = np.asarray(table.splits == TRAIN)
    if not train.any():
        raise UsageError(f"no row is of split {TRAIN}; splits: {', '.join(sorted(set(table.splits)))}")
    return train


def _refuse_unseen_scanner(split: str, held_out: NDArray[np.str_], train: NDArray[np.str_]) -> None:
    if unseen := sorted(set(held_out.tolist()) - set(train.tolist())):
        raise UsageError(f"scanner {unseen[0]} of split {split} is not in split {TRAIN}: ComBat cannot harmonize it")


def _judge(patients: dict[str, Patients], settings: FitSettings) -> tuple[dict[str, Performance], list[str]]:
    figures, notes = {}, []
    for name, members in patients.items():
        try:
            figures[name] = performance(members, settings.seed)
        except InputError as error:
            notes.append(f"{name} cannot be judged: {error}")
            continue
        events = min(figures[name].events, figures[name].patients - figures[name].events)
        if name in HELD_OUT and events < EVENTS_A_FEATURE:
            notes.append(f"{name} has only {events} patients of one class: its figures are very uncertain")
    return figures, notes


def _places(search: PenaltySearch, combat: bool) -> NDArray[np.intp]:
    """Numbers of the features that the regression sees."""
    return search.support() - int(combat)


def _model_notes(search: PenaltySearch, design: Design, places: NDArray[np.intp]) -> list[str]:
    notes = []
    steps = search.pipeline_.named_steps["preparation"].named_steps
    if steps["mann_whitney"].relaxed_:
        notes.append("no feature passed the Mann-Whitney U filter; the one with the smallest p value was kept")
    events = min(len(np.unique(design.patients[design.outcome == value])) for value in (0, 1))
    if events < EVENTS_A_FEATURE * len(places):
        notes.append(f"{len(places)} features on {events} patients of the rarer class: fewer than 10 for each feature")
    return notes


def _model(
    search: PenaltySearch,
    training: FeatureTable,
    design: Design,
    settings: FitSettings,
    places: NDArray[np.intp],
    figures: dict[str, Performance],
    notes: list[str],
    source: str,
) -> LnmModel:
    steps = search.pipeline_.named_steps["preparation"].named_steps
    classifier = search.pipeline_.named_steps["classifier"]
    combat = steps["combat"] if settings.combat and len(np.unique(design.values[:, 0])) > 1 else None
    # Position of each of the model's features among those that the scaler saw.
    scaled = np.searchsorted(np.flatnonzero(steps["distinct"].get_support()), places)
    prepared = np.asarray(search.pipeline_[:-1].transform(design.values))
    features = tuple(
        Feature(
            name=training.names[place],
            centre=float(steps["scale"].mean_[position]),
            scale=float(steps["scale"].scale_[position]),
            coefficient=float(search.slope_ * coefficient),
            least=float(np.nanmin(training.values[:, place])),
            most=float(np.nanmax(training.values[:, place])),
        )
        for place, position, coefficient in zip(places, scaled, classifier.coef_[0], strict=True)
    )
    harmonizers = {
        str(name): tuple(sorted({str(used) for used in training.harmonizers[training.scanners == name]}))
        for name in np.unique(training.scanners)
    }
    passed = int(steps["mann_whitney"].get_support().sum())
    return LnmModel(
        outcome=settings.outcome,
        features=features,
        intercept=float(search.slope_ * classifier.intercept_[0] + search.offset_),
        threshold=float(search.threshold_),
        population=_population(prepared),
        combat=None if combat is None else _combat(combat, design.scanners, places),
        scanners={
            str(name): int(count) for name, count in zip(*np.unique(training.scanners, return_counts=True), strict=True)
        },
        harmonizers=harmonizers,
        radiomics={"engine": training.engine, "parameters": training.parameters},
        fitted=as_json(
            {
                "settings": asdict(settings),
                "selection_penalty": search.selection_penalty_,
                "penalty": search.penalty_,
                "l1_ratio": search.l1_ratio_,
                "features_offered": len(training.names),
                "features_after_mann_whitney": passed,
                "rows": len(design.outcome),
                "patients": len(np.unique(design.patients)),
                "patients_with_outcome": len(np.unique(design.patients[design.outcome == 1])),
                "notes": notes,
                "table_sha256": source,
                "software": {name: version(name) for name in ("numpy", "scikit-learn", "scipy")},
            }
        ),
        performance=as_json(figures),
        training_patients=tuple(sorted({str(name) for name in design.patients if PSEUDONYM.fullmatch(name)})),
    )


def _population(prepared: Floats) -> Population:
    precision = np.asarray(LedoitWolf(assume_centered=True).fit(prepared).precision_)
    distances = np.sqrt(np.einsum("ij,jk,ik->i", prepared, precision, prepared))
    percentiles = np.percentile(distances, np.arange(101))
    return Population(tuple(map(tuple, precision.tolist())), tuple(percentiles.tolist()))


def _combat(combat: ComBat, scanners: tuple[str, ...], places: NDArray[np.intp]) -> CombatShift:
    def numbers(values: Any) -> tuple[float, ...]:
        return tuple(np.asarray(values)[places].tolist())

    shifts = {
        scanners[int(code)]: ScannerShift(numbers(location), numbers(np.sqrt(ratio)))
        for code, location, ratio in zip(combat.batches_, combat.gamma_, combat.delta_, strict=True)
    }
    return CombatShift(numbers(combat.alpha_), numbers(combat.sigma_), shifts)
