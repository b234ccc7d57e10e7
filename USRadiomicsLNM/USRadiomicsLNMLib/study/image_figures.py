"""What became of images and features: Table 2, and each feature's shift from the target's (Figure 4).

FID, KID, FRD and scanner recognition compare a scanner's images with those of the target. MI, SSIM and PSNR need images
of the same thing; a cohort has none of two scanners, so that they compare each generated image with its own original:
they tell what was kept, not whether the target was met. The figures ``frd_features`` and ``scanner_features`` are of
the features that the models see, and the only ones that ComBat has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from USHarmonizationLib.cohort import CohortRow, absolute
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.evaluation.folders import Task
from USHarmonizationLib.evaluation.measure import Measured, Recipe
from USHarmonizationLib.evaluation.run import measure_all
from USHarmonizationLib.evaluation.settings import TARGET
from USHarmonizationLib.evaluation.summary import Figure, summarize
from USHarmonizationLib.metrics.definitions import IMAGE, SETS
from USHarmonizationLib.metrics.extractors import load_extractor
from USHarmonizationLib.metrics.feature_agreement import mean_shift
from USHarmonizationLib.metrics.frechet import frechet_distance
from USHarmonizationLib.metrics.scanner_classifier import scanner_recognition
from USHarmonizationLib.records import Applied

from ..combat import ComBat
from ..features_table import FeatureTable, Floats
from ..fit import HELD_OUT as HELD_OUT_SPLITS
from ..fit import training_rows
from .harmonizing import Work, image_methods
from .memory import key_of, once
from .methods import ORIGINAL
from .models import with_features
from .progress import MEASURING
from .results import ALL, ALL_SOURCES, HELD_OUT, TEXTURE, FeatureShift, ImageFigure, LeftOutRow

OF_MODELS = "features of the models"


@dataclass(frozen=True)
class MeasuredImages:
    """All images that could be measured: by scanner, those of the target under its own id."""

    images: Mapping[str, Sequence[Measured]]
    splits: Mapping[str, str]
    left_out: tuple[LeftOutRow, ...]


def measure_images(work: Work, generated: Mapping[tuple[str, str], Sequence[Applied]]) -> MeasuredImages:
    """Measure the target's images, and those of each harmonized scanner by all methods together.

    Lesions are all that an image's (first) mask holds, whatever its labels.

    Args:
        work: what to do, and where.
        generated: method, scanner -> what became of each image.
    """
    study, plan = work.study, work.plan
    recipe = Recipe(study.extractor, study.weights, (), False, (work.out / "evaluation").absolute())
    tasks: dict[str, list[Task]] = {
        study.target: [_task(row, {TARGET: row.image}) for row in chosen_images(work, study.target)]
    }
    for source in plan.harmonized:
        made = {method: _outputs(work, method, source, generated[method, source]) for method in image_methods(study)}
        tasks[source] = [
            _task(row, {ORIGINAL: row.image, **{method: files[row.image] for method, files in made.items()}})
            for row in chosen_images(work, source)
            if all(row.image in files for files in made.values())
        ]
    splits = {str(row.image): row.split or "" for row in plan.rows}
    found: dict[str, list[Measured]] = {}
    left_out: list[LeftOutRow] = []
    for scanner, mine in tasks.items():
        measured = measure_all(
            recipe,
            mine,
            work.jobs,
            lambda done, total, failed, at=scanner: work.progress.advance(MEASURING, f"measuring ({at})"),  # type: ignore[misc]
        )
        found[scanner] = [one for one in measured if not one.failure]
        left_out += [LeftOutRow(Path(one.name).name, "", "measure", one.failure) for one in measured if one.failure]
    return MeasuredImages(found, splits, tuple(left_out))


def chosen_images(work: Work, scanner: str) -> list[CohortRow]:
    """The first row of each image that is to be measured."""
    rows = list({row.image: row for row in reversed(work.plan.of(scanner))}.values())[::-1]
    chosen = sorted(rows, key=lambda row: (row.split not in HELD_OUT_SPLITS, work.plan.hashes.get(row.image, "")))
    wanted = {row.image for row in chosen[: work.study.measured]}
    return [row for row in rows if row.image in wanted]


def _task(row: CohortRow, images: dict[str, Path]) -> Task:
    return Task(str(row.image), images, row.mask, None, row.patient or str(row.image))


def _outputs(work: Work, method: str, source: str, rows: Sequence[Applied]) -> dict[Path, Path]:
    folder = absolute(work.out / "generated" / method / source)
    return {absolute(folder / row.input): folder / row.output for row in rows if row.output}


def image_rows(work: Work, measured: MeasuredImages) -> list[ImageFigure]:
    """Table 2 of the image methods."""
    study = work.study
    extractor = None if study.extractor is None else load_extractor(study.extractor, study.weights).name
    methods = (ORIGINAL, *image_methods(study))
    found: list[ImageFigure] = []
    for scanner, images, mine, target in _selections(work, measured):
        key = key_of(
            [(one.name, one.patient, sorted(one.hashes.items())) for one in (*mine, *target)],
            methods,
            extractor,
            study.seed,
        )
        path = work.out / "evaluation" / f"{scanner}--{images}.json".replace(" ", "-")

        measure = partial(_measured_rows, methods, mine, target, extractor, study.seed, scanner, images)
        figures = once(path, key, measure)
        found += [ImageFigure(**one) for one in figures]
    return found


def _selections(
    work: Work, measured: MeasuredImages
) -> Iterator[tuple[str, str, Sequence[Measured], Sequence[Measured]]]:
    """Scanner, which images, these, and the target's."""
    target = measured.images[work.study.target]
    groups = {source: measured.images[source] for source in work.plan.harmonized}
    if len(groups) > 1:
        groups[ALL_SOURCES] = [one for mine in groups.values() for one in mine]

    def held_out(images: Sequence[Measured]) -> list[Measured]:
        return [one for one in images if measured.splits[one.name] in HELD_OUT_SPLITS]

    for scanner, mine in groups.items():
        if mine and target:
            yield scanner, ALL, mine, target
        if held_out(mine) and held_out(target):
            yield scanner, HELD_OUT, held_out(mine), held_out(target)


def _measured_rows(
    methods: Sequence[str],
    mine: Sequence[Measured],
    target: Sequence[Measured],
    extractor: str | None,
    seed: int,
    scanner: str,
    images: str,
) -> list[dict[str, Any]]:
    summary = summarize(methods, mine, target, extractor, seed)
    return [asdict(_row(figure, scanner, images)) for figure in summary.figures]


def _row(figure: Figure, scanner: str, images: str) -> ImageFigure:
    definition = {**IMAGE, **SETS}[figure.key]
    return ImageFigure(
        method=figure.method,
        scanner=scanner,
        images=images,
        key=figure.key,
        title=figure.title,
        against=figure.against,
        unit=definition.unit,
        better=definition.better,
        value=float("nan") if figure.value is None else figure.value,
        sd=float("nan") if figure.sd is None else figure.sd,
        n=figure.n,
        n_target=figure.n_target,
        warnings="; ".join(figure.warnings),
    )


def feature_rows(work: Work, tables: Mapping[str, FeatureTable]) -> tuple[list[ImageFigure], list[FeatureShift]]:
    """FRD and scanner recognition of the features that the models see, ComBat's among them; each feature's shift."""
    figures: list[ImageFigure] = []
    shifts: list[FeatureShift] = []
    textures = {images: with_features(table, TEXTURE) for images, table in tables.items()}
    base = textures[ORIGINAL]
    for method in work.study.methods:
        table = textures[method.images]
        values = combat_values(table) if method.combat else table.values
        usable = np.asarray(np.isfinite(values).all(axis=0) & np.isfinite(base.values).all(axis=0))
        key = key_of(values.tobytes(), base.values.tobytes(), table.cases, work.plan.harmonized, work.study.seed)
        path = work.out / "evaluation" / f"features--{method.name}.json"

        content = once(path, key, partial(_of_features, work, method.name, table, values, base.values, usable))
        figures += [ImageFigure(**one) for one in content["figures"]]
        shifts += [FeatureShift(**one) for one in content["shifts"]]
    return figures, shifts


def _of_features(
    work: Work, method: str, table: FeatureTable, values: Floats, before: Floats, usable: NDArray[np.bool_]
) -> dict[str, Any]:
    return {
        "figures": [asdict(one) for one in _figures(work, method, table, values, usable)],
        "shifts": [asdict(one) for one in _shifts(work, method, table, values, before, usable)],
    }


def combat_values(table: FeatureTable) -> Floats:
    """All rows by a ComBat of the training rows; NaN in rows of scanners with too few of them."""
    train = training_rows(table)
    filled = np.where(np.isfinite(table.values), table.values, np.nanmedian(table.values, axis=0))
    names, counts = np.unique(table.scanners[train], return_counts=True)
    known = np.isin(table.scanners, names[counts > 1])
    fitted = ComBat().fit(filled[train & known], batch=table.scanners[train & known])
    values = np.array(table.values)
    values[known] = fitted.transform(filled[known], batch=table.scanners[known])
    return values


def _rows(work: Work, table: FeatureTable) -> Iterator[tuple[str, str, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Scanner, which images, their rows and those of the target."""
    target = table.scanners == work.study.target
    held_out = np.isin(table.splits, HELD_OUT_SPLITS)
    groups = {source: table.scanners == source for source in work.plan.harmonized}
    if len(groups) > 1:
        groups[ALL_SOURCES] = np.isin(table.scanners, work.plan.harmonized)
    for scanner, mine in groups.items():
        for images, wanted in ((ALL, np.ones(len(target), dtype=bool)), (HELD_OUT, held_out)):
            if (mine & wanted).any() and (target & wanted).any():
                yield scanner, images, mine & wanted, target & wanted


def _figures(
    work: Work, method: str, table: FeatureTable, values: Floats, usable: NDArray[np.bool_]
) -> Iterator[ImageFigure]:
    plain = usable & np.array([name.startswith("original_") for name in table.names])
    for scanner, images, mine, target in _rows(work, table):
        for key in ("frd", "scanner"):
            warning, value = "", float("nan")
            try:
                if key == "frd":
                    value = frechet_distance(values[mine][:, plain], values[target][:, plain])
                    if (few := min(mine.sum(), target.sum())) <= plain.sum():
                        warning = f"{few} lesions for {plain.sum()} features: biased upwards"
                else:
                    value = scanner_recognition(
                        values[mine][:, usable], values[target][:, usable],
                        table.patients[mine], table.patients[target], work.study.seed,
                    )  # fmt: skip
            except UsageError as error:
                warning = str(error)
            definition = SETS[key]
            yield ImageFigure(
                method=method, scanner=scanner, images=images, key=f"{key}_features",
                title=f"{definition.title} ({OF_MODELS})", against=TARGET, unit=definition.unit,
                better=definition.better, value=value, sd=float("nan"), n=int(mine.sum()), n_target=int(target.sum()),
                warnings=warning,
            )  # fmt: skip


def _shifts(
    work: Work, method: str, table: FeatureTable, values: Floats, before: Floats, usable: NDArray[np.bool_]
) -> Iterator[FeatureShift]:
    target = table.scanners == work.study.target
    for source in work.plan.harmonized:
        mine = table.scanners == source
        for place in np.flatnonzero(usable):
            shift = mean_shift(values[mine][:, [place]], values[target][:, [place]])[1]
            kept = float("nan")
            if np.ptp(values[mine, place]) > 0 and np.ptp(before[mine, place]) > 0:
                kept = float(spearmanr(values[mine, place], before[mine, place]).statistic)
            yield FeatureShift(method, source, table.names[place], float(shift[0]), kept)
