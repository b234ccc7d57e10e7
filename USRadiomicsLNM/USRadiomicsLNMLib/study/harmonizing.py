"""The harmonizers of a study, the images that they make, and the features of all images.

::

    cohort.csv      the rows that take part; cohorts/<scanner>.csv: those of one scanner
    bundles/        what was fitted or trained; the end of each name is a hash of what it was made from
    generated/      <method>/<scanner>/: what ``usharmonize apply`` writes
    features/       original.csv; <method>--<scanner>.csv: what ``uslnm extract`` writes
    tables/         <method>.csv: all of the cohort by this method, for ``uslnm fit``
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.apply import apply
from USHarmonizationLib.bundle import MODEL_FILE, read_bundle, write_bundle
from USHarmonizationLib.cohort import PSEUDONYM, CohortRow, absolute, write_cohort
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.harmonizers import PLAIN_METHODS, UNKNOWN, load_harmonizer
from USHarmonizationLib.inputs import select_inputs
from USHarmonizationLib.pipeline import TRAINING_TEXT, Recipe
from USHarmonizationLib.records import COHORT, DONE, FAILED, Applied, sha256
from USHarmonizationLib.scanners import Catalogue

from ..extraction.engine import find_engine, parameter_file
from ..extraction.graphics import originals
from ..extraction.job import Case
from ..extraction.job import Recipe as ExtractionRecipe
from ..extraction.run import extract, select_jobs
from ..features_table import FRAME, FeatureTable, read_features, write_features
from ..fit import TRAIN
from .memory import key_of
from .methods import ORIGINAL
from .plan import Plan
from .progress import EXTRACTING, HARMONIZING, StudyProgress
from .results import FITTED, LOADED, TRAINED, Harmonized, LeftOutRow
from .settings import Study

DIGITS = 8

# What makes a case another one; its row and its features.
Key = tuple[object, ...]
One = tuple[CohortRow, NDArray[np.float64]]


@dataclass(frozen=True)
class Work:
    """Where and how a study is done.

    Attributes:
        study, plan: what to do.
        out: folder for all of it, from the root.
        scanners: the catalogue.
        device: of networks and trainings. jobs: local processes; None: as many as are worth it.
        progress: hears of all that is done.
    """

    study: Study
    plan: Plan
    out: Path
    scanners: Catalogue
    device: str
    jobs: int | None
    progress: StudyProgress


def image_methods(study: Study) -> tuple[str, ...]:
    """The methods that make images."""
    return tuple(method.name for method in study.methods if method.images == method.name != ORIGINAL)


def write_cohorts(work: Work) -> None:
    """The cohort as it takes part, and that of each scanner that is harmonized."""
    write_cohort(work.out / COHORT, work.plan.rows)
    for source in work.plan.harmonized:
        write_cohort(work.out / "cohorts" / f"{source}.csv", work.plan.of(source))


def harmonizer(work: Work, method: str, source: str) -> tuple[Path, str]:
    """The bundle that a method takes for a scanner, made where there is none, and how it was come by.

    Raises:
        UsageError: a training is not possible.
        TrainingStopped: Ctrl-C or SIGTERM came while training; the same call goes on.
    """
    if method in PLAIN_METHODS:
        return _fitted(work, method), FITTED
    if loaded := work.plan.bundles.get((method, source)):
        return loaded.folder, LOADED
    return _trained(work, method, source), TRAINED


def _fitted(work: Work, method: str) -> Path:
    from USHarmonizationLib.harmonizers.fda import FourierHarmonizer
    from USHarmonizationLib.harmonizers.histogram import HistogramHarmonizer
    from USHarmonizationLib.harmonizers.reference import reference_frames

    rows = work.plan.of(work.study.target, TRAIN)
    folder = work.out / "bundles" / f"{method}-{key_of(method, work.plan.digest(rows))[:DIGITS]}"
    if (folder / MODEL_FILE).is_file():
        return folder
    work.progress.line(f"fitting {method} to {len({row.image for row in rows})} images of {work.study.target}")
    classes: dict[str, type[FourierHarmonizer] | type[HistogramHarmonizer]] = {
        "fda": FourierHarmonizer,
        "histogram": HistogramHarmonizer,
    }
    images = dict.fromkeys(row.image for row in rows)
    fitted = classes[method].from_frames(frame for image in images for frame in reference_frames(image))
    write_bundle(
        folder,
        source=UNKNOWN,
        target=work.study.target,
        variant=method,
        name=method,
        networks={"generator": fitted.stored()},
        training_patients=tuple(sorted({row.patient for row in rows if PSEUDONYM.fullmatch(row.patient)})),
    )
    return folder


def training_folder(work: Work, variant: str, source: str) -> Path:
    """Where the bundle of a training goes; another one when anything that it depends on is another."""
    settings = work.study.training_settings(variant)
    rows = [row for scanner in (source, work.study.target) for row in work.plan.of(scanner, TRAIN, "validation")]
    depends = (variant, sorted(settings.items()), work.plan.digest(rows, *filter(None, [settings.get("balance")])))
    return work.out / "bundles" / f"{variant}--{source}-{key_of(*depends)[:DIGITS]}"


def _trained(work: Work, variant: str, source: str) -> Path:
    from USHarmonizationLib.training.trainer import train

    folder = training_folder(work, variant, source)
    if not (folder / MODEL_FILE).is_file():
        work.progress.line(f"training {variant} from {source} to {work.study.target}")
        work.progress.begin_training()
        train(
            work.out / COHORT,
            source,
            work.study.target,
            folder,
            variant,
            work.study.training_settings(variant),
            resume=True,
            device=work.device,
            reporter=work.progress,
        )
    return folder


def harmonize(work: Work, method: str, source: str, bundle: Path) -> list[Applied]:
    """A scanner's images by a method, one row an image; what is done already is not done again."""
    folder = absolute(work.out / "generated" / method / source)
    selection = select_inputs([work.out / "cohorts" / f"{source}.csv"], folder, work.scanners)
    recipe = Recipe(load_harmonizer(bundle, device=work.device), folder, work.scanners)
    return apply(
        selection,
        recipe,
        work.jobs,
        report=lambda row, reused: work.progress.advance(HARMONIZING, f"harmonizing ({method}, {source})", reused),
    )


def provenance(source: str, how: str, bundle: Path, rows: Sequence[Applied], test: set[str]) -> Harmonized:
    """How a scanner's images were treated; ``test`` are the pseudonyms of the test split."""
    made = read_bundle(bundle)
    done = [row for row in rows if row.status == DONE]
    settings = dict(made.networks["generator"].settings) if how == FITTED else dict(made.training)
    return Harmonized(
        source=source,
        how=how,
        name=made.name,
        version=made.version,
        sha256=sha256(bundle / MODEL_FILE),
        steps=int(settings.get("steps_done", settings.get("steps", 0))),
        seed=int(settings.get("seed", 0)),
        training_patients=len(made.training_patients),
        patients_in_test=len(test & set(made.training_patients)),
        settings=settings,
        metrics=dict(made.metrics),
        warned=warned_share(done),
    )


def warned_share(rows: Sequence[Applied]) -> float:
    """Share of images whose checks warn; that a patient was in the training says nothing of the image. NaN of none."""
    if not rows:
        return float("nan")
    return sum(any(not text.startswith(TRAINING_TEXT) for text in row.warnings) for row in rows) / len(rows)


def failures(method: str, rows: Sequence[Applied]) -> list[LeftOutRow]:
    """The images that could not be harmonized."""
    return [LeftOutRow(Path(row.input).name, method, "harmonize", row.reason) for row in rows if row.status == FAILED]


def extract_features(work: Work, cohort: Path, name: str, method: str) -> tuple[list[LeftOutRow], tuple[str, ...]]:
    """Features of a cohort's lesions into ``features/<name>.csv``: those that failed, and notes."""
    engine = find_engine()
    parameters = engine.parameters(parameter_file(work.study.params))
    recipe = ExtractionRecipe(engine, parameters, work.scanners, not work.study.with_graphics)

    def report(cases: Sequence[Case], reused: bool) -> None:
        work.progress.advance(EXTRACTING, f"extracting ({name})", reused)

    found = extract(
        select_jobs(cohort, recipe), work.out / "features" / f"{name}.csv", recipe, work.jobs, report=report
    )
    failed = [
        LeftOutRow(row.image.name, method, "extract", case.reason) for row, case in found.cases if case.status == FAILED
    ]
    return failed, found.notes


def make_tables(work: Work) -> dict[str, FeatureTable]:
    """Images' method -> features of the whole cohort, the same cases in the same order in all; ``tables/`` holds them.

    Images keep the names of the originals; the column ``harmonizer`` says what each went through.

    Raises:
        InputError: no case is left that all methods have.
    """
    original = _read(work.out / "features" / f"{ORIGINAL}.csv")
    found: dict[str, dict[Key, One]] = {ORIGINAL: _by_case(original, {})}
    for method in image_methods(work.study):
        cases = {key: one for key, one in found[ORIGINAL].items() if one[0].scanner not in work.plan.harmonized}
        for source in work.plan.harmonized:
            folder = work.out / "generated" / method / source
            table = _read(work.out / "features" / f"{method}--{source}.csv")
            cases |= _by_case(table, originals(folder / COHORT, table.cases))
        found[method] = cases
    common = [key for key in found[ORIGINAL] if all(key in cases for cases in found.values())]
    if not common:
        raise InputError("no lesion has features by all methods; the tables in features/ say why")
    tables = {}
    for method, cases in found.items():
        rows = tuple(cases[key][0] for key in common)
        values = np.array([cases[key][1] for key in common])
        tables[method] = FeatureTable(rows, original.names, values, original.engine, original.parameters)
        write_features(work.out / "tables" / f"{method}.csv", tables[method])
    return tables


def _read(path: Path) -> FeatureTable:
    try:
        return read_features(path)
    except UsageError as error:
        raise InputError(f"no features: {error}") from None


def _by_case(table: FeatureTable, made_of: Mapping[Path, Path]) -> dict[Key, One]:
    return dict(_cases(table, made_of))


def _cases(table: FeatureTable, made_of: Mapping[Path, Path]) -> Iterator[tuple[Key, One]]:
    for case, values in zip(table.cases, table.values, strict=True):
        image = made_of.get(absolute(case.image), absolute(case.image))
        mask = case.mask and absolute(case.mask)
        others = {"harmonizer": "", **case.others}
        row = replace(case, image=image, mask=mask, others=others)
        yield (image, mask, case.label, case.others.get(FRAME, "")), (row, values)
