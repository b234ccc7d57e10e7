"""``uslnm extract``: the features of a cohort's lesions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from USHarmonizationLib.cli.options import AsJson, Jobs, ScannersFile, Scheduler, print_json, use_scanners

from .options import EngineName, Seed, use_engine

if TYPE_CHECKING:
    from ..extraction.job import Case

# More than this many failures are only counted on the screen; the table has them all.
SHOWN = 20


def extract(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT.csv", help="Cohort table with images and masks.")],
    out: Annotated[Path, typer.Option(metavar="FEATURES.csv", help="Features table to write.")],
    params: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.yaml|NAME",
            help="Parameters as pyradiomics reads them, or ultrasound-8bit (default) or ibsi.",
        ),
    ] = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Also extract with masks a pixel smaller, larger, aside and with shaky outlines (9 times the work), "
            "and write each feature's ICC to FEATURES-robustness.csv.",
        ),
    ] = False,
    without_graphics: Annotated[
        bool,
        typer.Option(
            "--without-graphics",
            help="Leave burned-in graphics (callipers, text) and coloured pixels out of the lesions. Use it where "
            "callipers were set on lesions and scanners are compared: their crosses would pass for texture. Use it for "
            "all tables of a study or for none.",
        ),
    ] = False,
    engine: EngineName = None,
    seed: Seed = 0,
    scanners_file: ScannersFile = None,
    as_json: AsJson = False,
) -> None:
    """Extract radiomics features of the lesions of a cohort, by pyradiomics or what stands in for it.

    One row a lesion: several masks or labels of an image are several rows of the cohort. In a cine, each frame that its
    mask marks is a row, or the one that the column frame names. Images are taken on the 8-bit scale, 0 to 255.

    FEATURES-cases.csv beside the table says what became of each lesion. Stopped or killed, the same command goes on
    where it was. Exit code 0: all done; 1: some lesions failed (FEATURES-cases.csv says which and why) and are not in
    the table; 2: wrong usage; 130: stopped by Ctrl-C.
    """
    from USHarmonizationLib.cohort import absolute
    from USHarmonizationLib.errors import UsageError
    from USHarmonizationLib.progress import Progress
    from USHarmonizationLib.records import DONE, FAILED

    from ..extraction.engine import parameter_file
    from ..extraction.job import Recipe
    from ..extraction.run import extract as run
    from ..extraction.run import select_jobs

    computes = use_engine(engine)
    recipe = Recipe(
        computes,
        computes.parameters(parameter_file(params)),
        use_scanners(scanners_file),
        without_graphics,
        seed if robustness else None,
    )
    count = {DONE: 0, FAILED: 0, "before": 0}
    if absolute(cohort) == absolute(out):
        raise UsageError(f"{out} is the cohort itself; name another table")
    tasks = select_jobs(cohort, recipe)
    with Progress("extracting", len(tasks), None if as_json else sys.stderr) as progress:

        def report(cases: Sequence[Case], reused: bool) -> None:
            for case in cases:
                count[case.status] += 1
            count["before"] += reused * len(cases)
            progress.advance(f"{count[FAILED]} failed" if count[FAILED] else "", skipped=reused)

        found = run(tasks, absolute(out), recipe, jobs, scheduler, report)
    failed = [case for _, case in found.cases if case.status == FAILED]
    warned = sum(1 for _, case in found.cases if case.warnings)
    unstable = (
        []
        if found.robustness is None
        else [name for name, stable in zip(found.robustness.names, found.robustness.stable, strict=True) if not stable]
    )
    if as_json:
        print_json(
            {
                "done": count[DONE],
                "done_before": count["before"],
                "failed": len(failed),
                "with_warnings": warned,
                "features": str(out) if count[DONE] else "",
                "cases": str(found.table),
                "engine": computes.name,
                "parameters": recipe.parameters_column,
                "failures": [case.reason for case in failed],
                "unstable": unstable,
                "notes": list(found.notes),
            }
        )
    else:
        for case in failed[:SHOWN]:
            print(f"failed: {case.reason}", file=sys.stderr)
        if len(failed) > SHOWN:
            print(f"failed: {len(failed) - SHOWN} more; see {found.table}", file=sys.stderr)
        before = f" ({count['before']} of them before)" if count["before"] else ""
        table = f"features: {out}" if count[DONE] else "no features table"
        print(f"{count[DONE]} lesions done{before}, {len(failed)} failed, {warned} with warnings; {table}")
        if found.robustness is not None:
            share = f"{len(unstable)} of {len(found.robustness.names)} features"
            print(f"{share} depend on how the outline is drawn (ICC below 0.75): {found.robustness_table}")
        for note in found.notes:
            print(f"note: {note}")
    if failed:
        raise typer.Exit(1)
