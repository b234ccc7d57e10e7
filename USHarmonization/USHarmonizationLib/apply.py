"""Harmonize many images; each a row of ``apply.csv``.

What was done is remembered per image in ``.usharmonize/`` inside the output folder (``records``), so that a run that
was interrupted or killed goes on where it stopped, and a second run does nothing. What is done to each image stands in
``pipeline``; where it is done, in ``jobs``.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from .errors import HarmonizationError, UsageError
from .harmonizers.base import Harmonizer
from .inputs import Input, Selection
from .jobs import Lost, map_jobs, usable_cores
from .pipeline import Recipe, harmonize_input, harmonize_inputs, is_full, row_of
from .records import COHORT, DONE, FAILED, NOT_DONE, TABLE, Applied, Ledger, write_cohort_of, write_table

# A process takes a few seconds to load a network; with fewer inputs each, the one that is there is as fast.
WORTH_A_PROCESS = 8

# Seconds until a file that another machine wrote must be visible here.
SHARED_TRIES = 10


def apply(
    selection: Selection,
    recipe: Recipe,
    jobs: int | None = None,
    scheduler: str | None = None,
    report: Callable[[Applied, bool], None] = lambda row, reused: None,
    partly: Callable[[float], None] = lambda share: None,
) -> list[Applied]:
    """Harmonize all images of ``selection`` into ``recipe.out``; write ``apply.csv`` and, for a cohort, ``cohort.csv``.

    Args:
        selection: what ``select_inputs`` found.
        recipe: what to do.
        jobs, scheduler: as ``jobs.map_jobs`` takes them. Workers of a cluster must see inputs and ``out`` under the
            same paths.
        report: called with each row as it gets done, and whether it was there from an earlier run.
        partly: called, where one process does it all, with the share of its frames of which the next row is done.

    Returns:
        One row an input, in their order.

    Raises:
        UsageError: the output folder cannot be written to, another run is at it, or no scheduler answers.
        HarmonizationError: the disk is full, or the cluster is gone. As with Ctrl-C (KeyboardInterrupt), what is done
            stays done, the table is written, and the same call goes on from there.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is {jobs}; needed: at least 1")
    ledger = Ledger(recipe.out)
    rows: dict[int, Applied] = {}
    with ledger.locked():
        try:
            todo: list[tuple[int, Input]] = []
            for position, task in enumerate(selection.inputs):
                known = ledger.read(task.relative, task.path, recipe.state(task))
                if known is None:
                    ledger.forget(task.relative)
                    todo.append((position, task))
                else:
                    rows[position] = known
                    report(known, True)
            jobs = _worth(len(todo), recipe.harmonizer) if jobs is None else jobs
            for place, row in _results([task for _, task in todo], recipe, jobs, scheduler, partly):
                rows[todo[place][0]] = row
                report(row, False)
        except UsageError:
            raise
        except BaseException as error:
            with suppress(OSError):
                _write_tables(selection, rows, recipe)
            if isinstance(error, OSError) and is_full(error):
                full = f"the disk of {recipe.out} is full; make room, then run the same again"
                raise HarmonizationError(full) from error
            raise
        return _write_tables(selection, rows, recipe)


def _worth(inputs: int, harmonizer: Harmonizer) -> int:
    """A process a core, each with at least ``WORTH_A_PROCESS`` inputs; one process where a GPU does the work."""
    if not getattr(harmonizer, "device", "cpu").startswith("cpu"):
        return 1
    return max(1, min(usable_cores(), inputs // WORTH_A_PROCESS))


def _results(
    tasks: Sequence[Input], recipe: Recipe, jobs: int, scheduler: str | None, partly: Callable[[float], None]
) -> Iterator[tuple[int, Applied]]:
    if jobs == 1 and scheduler is None:
        yield from enumerate(harmonize_inputs(tasks, recipe, partly))
        return
    for position, result in map_jobs(partial(harmonize_input, pickle.dumps(recipe)), tasks, jobs, scheduler):
        if isinstance(result, Lost):
            yield position, row_of(tasks[position], recipe, FAILED, f"{tasks[position].path}: {result.reason}")
            continue
        if result.status == DONE and not _appears(recipe.out / result.output):
            raise UsageError(f"workers write to another {recipe.out} than this one; needed: a file system that all see")
        yield position, result


def _appears(path: Path) -> bool:
    """Whether a file that another machine has written gets visible here; network file systems may take a moment."""
    for _ in range(SHARED_TRIES):
        if path.is_file():
            return True
        time.sleep(1)
    return False


def _write_tables(selection: Selection, rows: Mapping[int, Applied], recipe: Recipe) -> list[Applied]:
    table = [rows.get(place) or row_of(task, recipe, NOT_DONE) for place, task in enumerate(selection.inputs)]
    write_table(recipe.out / TABLE, table)
    if selection.cohort:
        became = {task.path: row for task, row in zip(selection.inputs, table, strict=True)}
        write_cohort_of(recipe.out / COHORT, selection.cohort, became)
    return table
