"""Features of a whole cohort: over its images, here, in processes or on a cluster; then the tables.

Beside ``FEATURES.csv``, which holds the lesions that are done, ``FEATURES-cases.csv`` says what became of each, and
``FEATURES-robustness.csv``, where asked for, which features depend on how the outline was drawn.
"""

from __future__ import annotations

import csv
import errno
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.cohort import CohortRow, absolute, read_cohort, relative
from USHarmonizationLib.errors import HarmonizationError, UsageError
from USHarmonizationLib.jobs import Lost, map_jobs, usable_cores
from USHarmonizationLib.records import DONE, FAILED

from ..features_table import ENGINE, FEATURE, FRAME, PARAMETERS, FeatureTable, read_features, write_features
from .graphics import originals
from .job import Case, Job, Recipe, extract_job
from .journal import Journal
from .robustness import LEAST_LESIONS, Robustness, robustness, write_robustness

WARNINGS = "extraction_warnings"

# A process takes two seconds to start; with fewer lesions each, the one that is there is as fast.
WORTH_A_PROCESS = 40


@dataclass(frozen=True)
class Extraction:
    """What came of a run.

    Attributes:
        cases: the cohort's row and what became of it, a frame each, in the order of the table.
        features, table: the features table, and where what became of each case stands.
        robustness: of the features; None when it was not asked for, or there are too few lesions.
        robustness_table: where it stands.
        notes: what to know of the table as a whole, one line each.
    """

    cases: tuple[tuple[CohortRow, Case], ...]
    features: Path
    table: Path
    robustness: Robustness | None
    robustness_table: Path
    notes: tuple[str, ...]


def select_jobs(cohort: Path, recipe: Recipe) -> tuple[Job, ...]:
    """A job for each image of a cohort table, with all rows that name it.

    Raises:
        UsageError: the table cannot be read or already holds features, or the originals of its harmonized images, where
            graphics are to be looked for in them, are not known.
    """
    rows = read_cohort(cohort, recipe.scanners)
    for name in rows[0].others:
        if name in (ENGINE, PARAMETERS, WARNINGS) or re.fullmatch(FEATURE, name):
            raise UsageError(f"{cohort} has the column {name}, which extraction writes; remove it")
    made_of = originals(cohort, rows) if recipe.without_graphics else {}
    by_image: dict[Path, list[CohortRow]] = {}
    for row in rows:
        mask = None if row.mask is None else absolute(row.mask)
        by_image.setdefault(absolute(row.image), []).append(replace(row, image=absolute(row.image), mask=mask))
    return tuple(Job(image, tuple(same), made_of.get(image)) for image, same in by_image.items())


def extract(
    tasks: Sequence[Job],
    out: Path,
    recipe: Recipe,
    jobs: int | None = None,
    scheduler: str | None = None,
    report: Callable[[Sequence[Case], bool], None] = lambda cases, reused: None,
) -> Extraction:
    """Extract the features of a cohort's lesions.

    Args:
        tasks: what ``select_jobs`` found.
        out: features table to write; written when all is done, and only if there is a lesion to put into it.
        recipe: what to do.
        jobs, scheduler: as ``jobs.map_jobs`` takes them; workers of a cluster must see the images under the same paths.
        report: called with each image's cases as they get done, and whether they were there from an earlier run.

    Raises:
        UsageError: the table cannot be written, another run is making it, or no scheduler answers.
        HarmonizationError: the disk is full, or the cluster is gone. What is done is remembered, also after Ctrl-C: the
            same call goes on from there.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is {jobs}; needed: at least 1")
    journal = Journal(out)
    with journal.locked():
        states = {str(task.image): recipe.state(task) for task in tasks}
        known = journal.keep(states)
        for cases in known.values():
            report(cases, True)
        todo = [task for task in tasks if str(task.image) not in known]
        lesions = sum(len(task.rows) for task in todo)
        jobs = max(1, min(usable_cores(), lesions // WORTH_A_PROCESS)) if jobs is None else jobs
        try:
            for task, cases in _results(todo, recipe, jobs, scheduler):
                known[str(task.image)] = cases
                if all(case.status == DONE for case in cases):
                    journal.write(str(task.image), states[str(task.image)], cases)
                report(cases, False)
            found = [(task.rows[case.row], case) for task in tasks for case in known[str(task.image)]]
            return _write_tables(out, found, recipe)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                full = f"the disk of {out} is full; make room, then run the same again"
                raise HarmonizationError(full) from error
            raise


def _results(
    tasks: Sequence[Job], recipe: Recipe, jobs: int, scheduler: str | None
) -> Iterator[tuple[Job, list[Case]]]:
    for place, cases in map_jobs(partial(extract_job, recipe), tasks, jobs, scheduler):
        task = tasks[place]
        if isinstance(cases, Lost):
            reason = f"{task.image}: {cases.reason}"
            yield task, [Case(number, FAILED, reason) for number in range(len(task.rows))]
        else:
            yield task, cases


def _write_tables(out: Path, found: Sequence[tuple[CohortRow, Case]], recipe: Recipe) -> Extraction:
    table, robustness_table = (out.with_name(f"{out.stem}-{name}.csv") for name in ("cases", "robustness"))
    _write_cases(table, found)
    done = [(row, case) for row, case in found if case.status == DONE]
    stability = None
    if done:
        write_features(out, _features(done, recipe))
        read_features(out)  # what was written is what models will read
    else:
        out.unlink(missing_ok=True)  # of an earlier run, with other results
    if recipe.seed is not None:
        values, names = _perturbed(done), tuple(done[0][1].values) if done else ()
        if values.shape[1] >= LEAST_LESIONS:
            stability = robustness(names, values)
            write_robustness(robustness_table, stability)
    notes = tuple(_notes(done, recipe, stability))
    return Extraction(tuple(found), out, table, stability, robustness_table, notes)


def _features(done: Sequence[tuple[CohortRow, Case]], recipe: Recipe) -> FeatureTable:
    names = tuple(done[0][1].values)
    cases = []
    for row, case in done:
        frame = {FRAME: str(case.frame)} if case.frame else {}
        others = {**row.others, **frame, WARNINGS: "; ".join(case.warnings)}
        cases.append(replace(row, scanner=case.scanner or None, others=others))
    values = np.array([[case.values[name] for name in names] for _, case in done])
    return FeatureTable(tuple(cases), names, values, recipe.engine.name, recipe.parameters_column)


def _perturbed(done: Sequence[tuple[CohortRow, Case]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(masks, lesions, features) of the lesions all of whose masks could be used."""
    lesions = [
        [tuple(case.values.values()), *case.perturbed]
        for _, case in done
        if case.perturbed and all(len(values) for values in case.perturbed)
    ]
    return np.array(lesions, dtype=np.float64).swapaxes(0, 1) if lesions else np.empty((0, 0, 0))


def _write_cases(path: Path, found: Sequence[tuple[CohortRow, Case]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    what = [
        "status",
        "reason",
        "warnings",
        "scanner",
        "pixels",
        "graphics_left_out",
        "pixel_height_mm",
        "pixel_width_mm",
    ]
    writer.writerow(["image", "mask", "label", FRAME, *what])
    for row, case in found:
        mask = "" if row.mask is None else relative(row.mask, path.parent)
        writer.writerow(
            [relative(row.image, path.parent), mask, row.label, case.frame or "", case.status, case.reason]
            + ["; ".join(case.warnings), case.scanner, case.pixels, f"{case.graphics:.4f}"]
            + [f"{size:.6g}" for size in case.spacing_mm or ()]
            + [""] * (2 - len(case.spacing_mm))
        )
    write_text(path, text.getvalue())


def _notes(done: Sequence[tuple[CohortRow, Case]], recipe: Recipe, stability: Robustness | None) -> Iterator[str]:
    known = sum(bool(case.spacing_mm) for _, case in done)
    if 0 < known < len(done):
        yield (
            f"{len(done) - known} of {len(done)} images do not say how large a pixel is: their sizes (shape2D) are in "
            "pixels, those of the others in mm"
        )
    elif done and not known:
        yield "no image says how large a pixel is: sizes (shape2D) are in pixels"
    if stability is not None:
        left = len(done) - stability.lesions
        if left:
            yield f"{left} lesions became too small for a perturbed mask and are left out of the robustness"
    elif recipe.seed is not None:
        yield f"no robustness: needed are at least {LEAST_LESIONS} lesions large enough for every perturbed mask"
