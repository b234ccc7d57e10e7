"""A study from cohort to results; what is done of the same inputs with the same settings is not done again."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from USHarmonizationLib import __version__
from USHarmonizationLib.bundle import MODEL_FILE
from USHarmonizationLib.cohort import absolute
from USHarmonizationLib.errors import HarmonizationError, UsageError
from USHarmonizationLib.evaluation.run import package_versions
from USHarmonizationLib.jobs import usable_cores
from USHarmonizationLib.records import COHORT, Applied, Ledger, sha256
from USHarmonizationLib.scanners import Catalogue, catalogue

from ..extraction.engine import PYRADIOMICS, find_engine, parameter_file
from ..statistics.patients_table import patients_table
from .examples import draw_examples
from .harmonizing import (
    Work,
    extract_features,
    failures,
    harmonize,
    harmonizer,
    image_methods,
    make_tables,
    provenance,
    training_folder,
    write_cohorts,
)
from .image_figures import chosen_images, feature_rows, image_rows, measure_images
from .methods import ORIGINAL
from .model_rows import (
    calibration_rows,
    decision_rows,
    performance_rows,
    prediction_rows,
    roc_rows,
    scanner_rows,
    test_rows,
)
from .model_rows import (
    feature_rows as kept_rows,
)
from .models import Fitted, Task, fit_all, tasks_of
from .plan import Plan, events_in, make_plan, patients_in
from .progress import EXTRACTING, FITTING, HARMONIZING, MEASURING, TRAINING, StudyProgress
from .results import ALL, AS_IS, FOLDER, TEXTURE, CohortCount, Harmonized, MethodResult, StudyResults
from .settings import Study


def run(
    study: Study,
    cohort: Path,
    out: Path,
    device: str = "auto",
    jobs: int | None = None,
    scanners: Catalogue | None = None,
    quiet: bool = False,
) -> StudyResults:
    """Do a study; its results also stand in ``out/results``.

    Args:
        study: what to do.
        cohort: the cohort table.
        out: folder for all of it.
        device: of networks and trainings.
        jobs: local processes of all but the trainings; None: as many as are worth it.
        scanners: the catalogue.
        quiet: whether to say nothing of the progress.

    Raises:
        UsageError: see ``plan.make_plan``; or another run is writing to the folder.
        InputError: no image could be used.
        TrainingStopped: Ctrl-C or SIGTERM came while training; the same call goes on.
    """
    from USHarmonizationLib.training.devices import parse_device

    parse_device(device)
    # Not what stands in for it: images are trained and measured by its texture features as well.
    find_engine(PYRADIOMICS).parameters(parameter_file(study.params))
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is {jobs}; needed: at least 1")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is not a folder")
    known = scanners or catalogue()
    plan = make_plan(study, cohort, known)
    if study.extractor is not None:
        from USHarmonizationLib.metrics.extractors import load_extractor

        load_extractor(study.extractor, study.weights)
    work = Work(study, plan, absolute(out), known, device, jobs, StudyProgress({}))
    work = replace(work, progress=StudyProgress(_expected(work), None if quiet else sys.stderr))
    try:
        with Ledger(out).locked():
            return _run(work, cohort)
    except OSError as error:
        raise HarmonizationError(f"cannot write to {out}: {error.strerror or error}") from error


def _expected(work: Work) -> dict[str, int]:
    from USHarmonizationLib.training.settings import TrainingSettings

    study, plan = work.study, work.plan
    steps = sum(
        int(study.training_settings(variant).get("steps", TrainingSettings().steps))
        for variant in study.variants
        for source in plan.harmonized
        if (variant, source) not in plan.bundles and not (training_folder(work, variant, source) / MODEL_FILE).is_file()
    )
    images = len({row.image for source in plan.harmonized for row in plan.of(source)})
    generated = images * len(image_methods(study))
    return {
        TRAINING: steps,
        HARMONIZING: generated,
        EXTRACTING: len({row.image for row in plan.rows}) + generated,
        MEASURING: sum(len(chosen_images(work, scanner)) for scanner in (study.target, *plan.harmonized)),
        FITTING: 2 * len(study.methods) + 1,
    }


def _run(work: Work, cohort: Path) -> StudyResults:
    study, plan, progress = work.study, work.plan, work.progress
    results = work.out / FOLDER
    (results / "study.json").unlink(missing_ok=True)  # of an earlier run, with other results
    for note in plan.notes:
        progress.line(f"note: {note}")
    for source, reason in plan.as_is.items():
        progress.line(f"images of {source} stay as they are: {reason}")
    write_cohorts(work)
    left_out = list(plan.left_out)
    failed, notes = extract_features(work, work.out / COHORT, ORIGINAL, ORIGINAL)
    left_out += failed
    treated: dict[str, list[Harmonized]] = {}
    generated: dict[tuple[str, str], list[Applied]] = {}
    bundles: dict[str, list[Path]] = {}
    test = {row.patient for row in plan.rows if row.split == "test" and row.patient}
    for method in image_methods(study):
        for source in plan.harmonized:
            bundle, how = harmonizer(work, method, source)
            rows = harmonize(work, method, source, bundle)
            generated[method, source] = rows
            left_out += failures(method, rows)
            failed, _ = extract_features(
                work, work.out / "generated" / method / source / COHORT, f"{method}--{source}", method
            )
            left_out += failed
            treated.setdefault(method, []).append(provenance(source, how, bundle, rows, test))
            if bundle not in bundles.setdefault(method, []):
                bundles[method].append(bundle)
    tables = make_tables(work)
    tasks = tasks_of(
        [(method.name, method.images, method.combat) for method in study.methods],
        work.out / "tables",
        study.fit_settings,
        bundles,
        study.target,
        work.out / "models",
    )

    def fitted(task: Task, reused: bool) -> None:
        progress.advance(FITTING, f"fitting ({task.name})", reused)

    models = fit_all(tasks, work.jobs, fitted)
    measured = measure_images(work, generated)
    left_out += measured.left_out
    progress.line("comparing images, features and models")
    of_features, shifts = feature_rows(work, tables)
    table1, table1_notes = patients_table(plan.rows, study.outcome)
    performance, unjudged = performance_rows(models, study.seed)
    found = StudyResults(
        title=study.title or cohort.stem,
        target=study.target,
        outcome=study.outcome,
        settings=_settings(work, tables[ORIGINAL].parameters),
        methods=_methods(work, treated, models),
        counts=_counts(plan, study),
        patients_table=tuple(table1),
        image_figures=(*image_rows(work, measured), *of_features),
        performance=tuple(performance),
        tests=tuple(test_rows(models, study.seed)),
        roc=tuple(roc_rows(models)),
        calibration=tuple(calibration_rows(models)),
        decisions=tuple(decision_rows(models)),
        features=tuple(kept_rows(models)),
        scanners=tuple(scanner_rows(models)),
        shifts=tuple(shifts),
        predictions=tuple(prediction_rows(models)),
        examples=draw_examples(work, generated, results),
        left_out=tuple(left_out),
        notes=tuple(dict.fromkeys([*plan.notes, *notes, *table1_notes, *unjudged, *_model_notes(models)])),
        limits=tuple(_limits(work)),
        versions={"usharmonization": __version__, "python": platform.python_version(), **package_versions()},
        inputs=_inputs(work, cohort, bundles),
    )
    found.write(results)
    return found


def _settings(work: Work, parameters: str) -> dict[str, object]:
    return {
        **work.study.as_json(),
        "device": work.device,
        "jobs": work.jobs or usable_cores(),
        "radiomics_engine": find_engine().name,
        "radiomics_parameters": parameters,
        "fit": {**vars(work.study.fit_settings()), "l1_ratios": list(work.study.fit_settings().l1_ratios)},
        "training": {variant: work.study.training_settings(variant) for variant in work.study.variants},
    }


def _methods(
    work: Work, treated: dict[str, list[Harmonized]], models: dict[tuple[str, str], Fitted]
) -> tuple[MethodResult, ...]:
    found = []
    for method in work.study.methods:
        left = tuple(Harmonized(source, AS_IS, reason) for source, reason in work.plan.as_is.items())
        if method.images == ORIGINAL:
            left = tuple(Harmonized(source, AS_IS, "the method changes no image") for source in work.plan.sources)
        model = models[method.name, TEXTURE]
        found.append(
            MethodResult(
                name=method.name,
                title=method.title,
                summary=method.summary,
                combat=method.combat,
                images=method.images,
                scanners=(*treated.get(method.images, ()), *left),
                features_offered=model.offered,
                features_passed=model.passed,
                features_kept=len(model.kept),
            )
        )
    return tuple(found)


def _counts(plan: Plan, study: Study) -> tuple[CohortCount, ...]:
    found = []
    splits = [split for split in ("train", "validation", "test") if any(row.split == split for row in plan.rows)]
    for scanner in (ALL, study.target, *plan.sources):
        for split in (ALL, *splits):
            rows = [row for row in plan.rows if scanner in (ALL, row.scanner) and split in (ALL, row.split)]
            images, events = len({row.image for row in rows}), len(events_in(rows, study.outcome)) if rows else 0
            found.append(CohortCount(scanner, split, images, len(patients_in(rows)), events))
    return tuple(found)


def _model_notes(models: dict[tuple[str, str], Fitted]) -> list[str]:
    """Each note once, with the models that it is of."""
    of: dict[str, list[str]] = {}
    for (method, features), model in models.items():
        for note in model.notes:
            of.setdefault(note, []).append(f"{method} ({features})")
    return [note if len(names) == len(models) else f"{', '.join(names)}: {note}" for note, names in of.items()]


def _limits(work: Work) -> Sequence[str]:
    study, plan = work.study, work.plan
    limits = [
        "There are no registered pairs of two scanners in a cohort: PSNR, SSIM and MI compare a generated image with "
        "its own original and tell what was kept, not whether the target was met; correlation with the target's "
        "features needs phantoms (usharmonize phantom-study).",
        "FID depends on network and number of images: compare it inside this study only.",
        "A harmonizer that learned from patients learned from those of the splits train and, for its checkpoint, "
        "validation: figures of all images (not held out) contain them.",
        "ComBat shifts and scales features scanner by scanner; it needs images of every scanner to be fitted, treats "
        "no new one, and does not make scanners indistinguishable: of its figures only those of held-out images are of "
        "images that it was not fitted to (see scanner_features).",
        "Several texture features depend on the number of pixels of a lesion, so that a model without shape features "
        "still knows something of its size.",
        "Tests of a cross-validation compare predictions that are not independent: trust those of held-out patients "
        "more. Differences are tested against the original only; p_holm is adjusted for the number of methods.",
        "Research use only.",
    ]
    if not any(row.split for row in plan.rows):
        limits.append("The cohort has no splits: the cross-validated estimate is the only one, and harmonizers have "
                      "seen its patients' images.")  # fmt: skip
    if study.measured is not None:
        limits.append(
            f"Figures of images are of at most {study.measured} images of each scanner, held-out ones first; those "
            "of the features of the models are of all."
        )
    balanced = sorted({str(study.training_settings(name).get("balance", "")) for name in study.variants} - {""})
    if balanced:
        limits.append(
            f"Trainings draw the classes of {', '.join(balanced)} equally often, and so use it of training patients."
        )
    return limits


def _inputs(work: Work, cohort: Path, bundles: dict[str, list[Path]]) -> dict[str, str]:
    plan = work.plan
    images = sorted({plan.hashes.get(row.image, "") for row in plan.rows})
    masks = sorted({plan.hashes.get(row.mask, "") for row in plan.rows if row.mask})
    return {
        cohort.name: sha256(cohort),
        "images": hashlib.sha256("\n".join(images).encode()).hexdigest(),
        "masks": hashlib.sha256("\n".join(masks).encode()).hexdigest(),
        **{
            f"bundle {method} {bundle.name}": sha256(bundle / MODEL_FILE)
            for method, mine in bundles.items()
            for bundle in mine
        },
    }
