"""What several commands have in common."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..extraction.engine import Engine

Outcome = Annotated[str, typer.Option(metavar="COLUMN", help="Column that is 1 for the event, else 0.")]

Combat = Annotated[
    str | None,
    typer.Option(metavar="scanner", help="Harmonize the features of the scanners by ComBat, inside the folds."),
]

Harmonizers = Annotated[
    list[Path] | None,
    typer.Option(
        "--harmonizer",
        metavar="BUNDLE",
        help="Folder of a harmonizer that images went through and that is not installed, to know its training "
        "patients; may be repeated.",
    ),
]

Level = Annotated[float, typer.Option(metavar="P", help="Largest p value that passes the Mann-Whitney U filter.")]

Fdr = Annotated[bool, typer.Option("--fdr", help="Adjust these p values for their number (Benjamini-Hochberg).")]

L1Ratios = Annotated[
    list[float] | None,
    typer.Option("--l1-ratio", metavar="R", help="Of the regression: 0 ridge (default) to 1 lasso; may be repeated."),
]

Folds = Annotated[int, typer.Option(metavar="N", help="Folds of both cross-validations.")]

Missing = Annotated[
    str,
    typer.Option(metavar="refuse|impute", help="Missing values: refuse, or take the median of the training folds."),
]

Pattern = Annotated[
    str | None,
    typer.Option("--features", metavar="REGEX", help="Columns that are features; by default pyradiomics' names."),
]

Jobs = Annotated[int | None, typer.Option(metavar="N", help="Local processes; by default as many as cores, at most 4.")]

Seed = Annotated[int, typer.Option(metavar="N", help="Same seed, same result.")]

EngineName = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="pyradiomics|numpy",
        help="What computes features; by default pyradiomics where it is installed, else the project's own, whose "
        "values agree with it.",
    ),
]

# More processes than this start longer than they help.
MOST_JOBS = 4


def default_jobs(jobs: int | None) -> int:
    """``jobs``, or what the machine has, up to four."""
    from USHarmonizationLib.jobs import usable_cores

    return min(usable_cores(), MOST_JOBS) if jobs is None else jobs


def use_engine(name: str | None) -> Engine:
    """The engine of that name, or the one that there is; tells on the screen when none was named and it stands in."""
    from ..extraction.engine import NUMPY_ENGINE, find_engine

    engine = find_engine(name)
    if name is None and engine.name.startswith(NUMPY_ENGINE):
        print(f"note: pyradiomics cannot be imported here; features are computed by {engine.name}", file=sys.stderr)
    return engine
