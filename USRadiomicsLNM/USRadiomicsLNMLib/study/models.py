"""The models of a study: each method's, with texture, shape or all features, and how they do on other scanners."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from USHarmonizationLib.errors import HarmonizationError, InputError
from USHarmonizationLib.jobs import Lost, map_jobs, usable_cores
from USHarmonizationLib.records import sha256

from ..design import LEAST_OF_SCANNER, check_trainable, design_of, estimator
from ..features_table import FeatureTable, read_features
from ..fit import HELD_OUT as HELD_OUT_SPLITS
from ..fit import fit_model, training_rows
from ..folds import Folds
from ..model import write_model
from ..nested import leave_one_scanner_out, outer_folds
from ..settings import FitSettings
from ..statistics.performance import Patients, by_patient
from .memory import key_of, remember, remembered
from .results import ALL, ALL_FEATURES, HELD_OUT, ON_OTHERS, ON_TARGET, SHAPE, TEXTURE

COMBAT_UNSEEN = "ComBat cannot treat a scanner that it has not seen"
SHAPE_CLASSES = ("shape", "shape2D")


@dataclass(frozen=True)
class Task:
    """A model to be fitted. Can be pickled.

    Attributes:
        method: of the study; features: ``texture``, ``shape`` or ``all``.
        table: of the method's images; settings: of the fit.
        bundles: that the images went through.
        target: the target scanner; folds: (training rows,) of the nested cross-validation, as hexadecimal text.
        folder: where the model and what is known of it are written.
    """

    method: str
    features: str
    table: Path
    settings: FitSettings
    bundles: tuple[Path, ...]
    target: str
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.method}--{self.features}"


@dataclass(frozen=True)
class Elsewhere:
    """A model on a scanner that it was not trained on; ``patients`` None where there is no such model, and why."""

    trained: str
    scanner: str
    images: str
    patients: Patients | None
    reason: str = ""


@dataclass(frozen=True)
class Fitted:
    """A model and all that it says of patients.

    Attributes:
        patients: by set (``nested``, ``training``, each held-out split).
        kept: features and coefficients. offered, passed: how many there were, and passed the Mann-Whitney U filter.
        elsewhere: on other scanners. notes: one line each.
    """

    patients: Mapping[str, Patients]
    kept: tuple[tuple[str, float], ...]
    offered: int
    passed: int
    elsewhere: tuple[Elsewhere, ...]
    notes: tuple[str, ...]


def fit_all(
    tasks: Sequence[Task], jobs: int | None, report: Callable[[Task, bool], None]
) -> dict[tuple[str, str], Fitted]:
    """Fit what is not fitted yet: method, features -> what came of it.

    Raises:
        UsageError: a table does not allow a fit.
        InputError: a worker process died.
    """
    keys = [_key(task) for task in tasks]
    missing = [place for place, task in enumerate(tasks) if remembered(_memory(task), keys[place]) is None]
    for place, task in enumerate(tasks):
        if place not in missing:
            report(task, True)
    processes = max(1, min(usable_cores() if jobs is None else jobs, len(missing)))
    todo = [(tasks[place], keys[place]) for place in missing]
    for place, result in map_jobs(_fit, todo, processes):
        if isinstance(result, Lost):
            raise InputError(f"model {todo[place][0].name}: {result.reason}")
        report(todo[place][0], False)
    return {
        (task.method, task.features): _from_json(remembered(_memory(task), key))
        for task, key in zip(tasks, keys, strict=True)
    }


def _memory(task: Task) -> Path:
    return task.folder / f"{task.name}.fitted.json"


def _key(task: Task) -> str:
    bundles = [sha256(bundle / "model.json") for bundle in task.bundles]
    return key_of(sha256(task.table), task.features, task.settings, bundles, task.target)


def _fit(job: tuple[Task, str]) -> None:
    task, key = job
    whole = read_features(task.table)
    # The same folds for all methods: those of the whole cohort without ComBat.
    plain = replace(task.settings, combat=None)
    folds = outer_folds(design_of(whole, plain).take(training_rows(whole)), plain)
    table = with_features(whole, task.features)
    notes: list[str] = []
    if task.settings.combat:
        table, folds, left_out = _for_combat(table, folds)
        notes += [f"ComBat: {name} is left out, with fewer than {LEAST_OF_SCANNER} patients to train on"
                  for name in left_out]  # fmt: skip
    fit = fit_model(table, task.settings, task.bundles, source=sha256(task.table), folds=folds)
    write_model(task.folder / f"{task.name}.json", fit.model)
    fitted = Fitted(
        patients=fit.patients,
        kept=tuple(
            (one.name, one.coefficient) for one in sorted(fit.model.features, key=lambda f: -abs(f.coefficient))
        ),
        offered=int(fit.model.fitted["features_offered"]),
        passed=int(fit.model.fitted["features_after_mann_whitney"]),
        elsewhere=() if task.features == ALL_FEATURES else tuple(_elsewhere(table, task)),
        notes=(*notes, *fit.notes),
    )
    remember(_memory(task), key, _as_json(fitted))


def with_features(table: FeatureTable, features: str) -> FeatureTable:
    """The table with texture features only (all but shape), shape features only, or all."""
    if features == ALL_FEATURES:
        return table
    shape = np.array([is_shape(name) for name in table.names])
    wanted = shape if features == SHAPE else ~shape
    names = tuple(np.array(table.names)[wanted].tolist())
    return replace(table, names=names, values=table.values[:, wanted])


def is_shape(name: str) -> bool:
    """Whether a feature is one of shape, which no harmonizer may change."""
    return any(part in SHAPE_CLASSES for part in name.split("_"))


def _for_combat(table: FeatureTable, folds: Folds) -> tuple[FeatureTable, Folds, list[str]]:
    """Without the scanners that are too few for ComBat."""
    train = training_rows(table)
    names = sorted(set(table.scanners.tolist()))
    few = [
        name for name in names if len(np.unique(table.patients[train & (table.scanners == name)])) < LEAST_OF_SCANNER
    ]
    wanted = ~np.isin(table.scanners, few)
    return table.take(wanted), folds[wanted[train]], few


def _elsewhere(table: FeatureTable, task: Task) -> list[Elsewhere]:
    others = [name for name in sorted(set(table.scanners.tolist())) if name != task.target]
    if task.settings.combat:
        return [Elsewhere(ON_TARGET, name, images, None, COMBAT_UNSEEN) for name in others for images in _images(table)]
    found = []
    outcome = table.outcome(task.settings.outcome)
    try:
        log_odds, threshold = _trained_on(table, task)
    except (HarmonizationError, ValueError) as error:
        reason = " ".join(str(error).split())
        found += [Elsewhere(ON_TARGET, name, images, None, reason) for name in others for images in _images(table)]
    else:
        for name in others:
            for images, rows in _images(table).items():
                found.append(_of(ON_TARGET, name, images, table, outcome, log_odds, threshold, rows))
    for one in leave_one_scanner_out(table, task.settings):
        for images, rows in _images(table).items():
            if one.reason:
                found.append(Elsewhere(ON_OTHERS, one.scanner, images, None, one.reason))
                continue
            whole = np.zeros(len(outcome))
            whole[one.rows] = one.log_odds
            found.append(_of(ON_OTHERS, one.scanner, images, table, outcome, whole, one.threshold, rows))
    return found


def _images(table: FeatureTable) -> dict[str, NDArray[np.bool_]]:
    """All rows, and where there are splits those that are held out."""
    rows = {ALL: np.ones(len(table.cases), dtype=bool)}
    held_out = np.isin(table.splits, HELD_OUT_SPLITS)
    return {**rows, HELD_OUT: held_out} if held_out.any() else rows


def _trained_on(table: FeatureTable, task: Task) -> tuple[NDArray[np.float64], float]:
    """Log odds of all rows by a model of the target's training rows, and its threshold."""
    design = design_of(table, task.settings)
    train = training_rows(table) & (table.scanners == task.target)
    part = design.take(train)
    check_trainable(part, task.settings.outcome)
    search = estimator(task.settings).fit(part.values, part.outcome, groups=part.patients, strata=part.strata)
    return search.decision_function(design.values), float(logit(search.threshold_))


def _of(
    trained: str,
    scanner: str,
    images: str,
    table: FeatureTable,
    outcome: NDArray[np.intp],
    log_odds: NDArray[np.float64],
    threshold: float,
    rows: NDArray[np.bool_],
) -> Elsewhere:
    mine = rows & (table.scanners == scanner)
    if not mine.any():
        return Elsewhere(trained, scanner, images, None, f"it has no {images} images")
    return Elsewhere(
        trained, scanner, images, by_patient(outcome[mine], log_odds[mine], threshold, table.patients[mine])
    )


def tasks_of(
    methods: Sequence[tuple[str, str, bool]],
    tables: Path,
    settings: Callable[[bool], FitSettings],
    bundles: Mapping[str, Sequence[Path]],
    target: str,
    folder: Path,
) -> list[Task]:
    """A task for each method (name, method of its images, ComBat) with texture and with all features; shape once."""
    return [
        Task(
            method=name,
            features=features,
            table=tables / f"{images}.csv",
            settings=settings(combat),
            bundles=tuple(bundles.get(images, ())),
            target=target,
            folder=folder,
        )
        for place, (name, images, combat) in enumerate(methods)
        for features in (TEXTURE, ALL_FEATURES, *(() if place else (SHAPE,)))
    ]


def _as_json(fitted: Fitted) -> dict[str, Any]:
    return {
        "patients": {name: _patients_json(members) for name, members in fitted.patients.items()},
        "kept": list(fitted.kept),
        "offered": fitted.offered,
        "passed": fitted.passed,
        "elsewhere": [
            {**vars(one), "patients": None if one.patients is None else _patients_json(one.patients)}
            for one in fitted.elsewhere
        ],
        "notes": list(fitted.notes),
    }


def _patients_json(members: Patients) -> dict[str, list[Any]]:
    return {name: np.asarray(values).tolist() for name, values in vars(members).items()}


def _from_json(content: dict[str, Any]) -> Fitted:
    return Fitted(
        patients={name: _patients(one) for name, one in content["patients"].items()},
        kept=tuple((name, value) for name, value in content["kept"]),
        offered=content["offered"],
        passed=content["passed"],
        elsewhere=tuple(
            Elsewhere(**{**one, "patients": None if one["patients"] is None else _patients(one["patients"])})
            for one in content["elsewhere"]
        ),
        notes=tuple(content["notes"]),
    )


def _patients(content: dict[str, list[Any]]) -> Patients:
    return Patients(
        names=np.array(content["names"]),
        outcome=np.array(content["outcome"], dtype=np.intp),
        log_odds=np.array(content["log_odds"], dtype=np.float64),
        called=np.array(content["called"], dtype=np.intp),
        models=np.array(content["models"], dtype=np.intp),
    )
