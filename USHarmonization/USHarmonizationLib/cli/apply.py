"""``usharmonize apply``: harmonize files, folders or a cohort."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Device, Jobs, ScannersFile, Scheduler, print_json, use_scanners

if TYPE_CHECKING:
    from ..records import Applied

# More than this many failures are only counted on the screen; the table has them all.
SHOWN = 20


def apply(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Image files, folders (with all below), or one cohort CSV."),
    ],
    model: Annotated[
        str,
        typer.Option(metavar="BUNDLE|NAME|fda|histogram", help="Folder or name of a harmonizer, or a plain method."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results; made if there is none.")],
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="IMAGE_OR_DIR", help="For fda and histogram: image or folder of images of the scanner to imitate."
        ),
    ] = None,
    beta: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="For fda: how far the swapped low frequencies reach, as a share of the shorter side. Default 0.01.",
        ),
    ] = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    device: Device = "auto",
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Also write a side-by-side picture of each image to DIR/pictures.")
    ] = False,
    scanners_file: ScannersFile = None,
    as_json: AsJson = False,
) -> None:
    """Bring ultrasound images to the style of another scanner.

    Each result lies in DIR under its input's relative path and name, in the same format. DIR/apply.csv has a row for
    every input: what became of it, quality figures, and warnings that say what to look at before trusting it.

    Stopped or killed, the same command goes on where it was; run again, it does nothing that is done. Exit code 0: all
    done; 1: some failed (the table says which and why), the others are done; 2: wrong usage; 130: stopped by Ctrl-C.
    """
    from ..apply import apply as run
    from ..cohort import absolute
    from ..harmonizers import PLAIN_METHODS, load_harmonizer
    from ..inputs import select_inputs
    from ..pipeline import Recipe
    from ..progress import Progress
    from ..records import DONE, FAILED, TABLE

    catalogue = use_scanners(scanners_file)
    selection = select_inputs(inputs, out, catalogue)
    # From the root, since workers of a cluster may be elsewhere.
    named = absolute(Path(model)) if Path(model).is_dir() and model not in PLAIN_METHODS else model
    recipe = Recipe(load_harmonizer(named, reference, device, beta=beta), absolute(out), catalogue, pictures)
    count = {DONE: 0, FAILED: 0, "before": 0}

    with Progress("harmonizing", len(selection.inputs), None if as_json else sys.stderr) as progress:

        def report(row: Applied, reused: bool) -> None:
            count[row.status] += 1
            count["before"] += reused
            progress.advance(f"{count[FAILED]} failed" if count[FAILED] else "", skipped=reused)

        try:
            rows = run(selection, recipe, jobs, scheduler, report, progress.partly)
        except KeyboardInterrupt:
            print("\nusharmonize: stopped; the same command goes on from here", file=sys.stderr)
            raise typer.Exit(130) from None

    failed = [row for row in rows if row.status == FAILED]
    warned = sum(1 for row in rows if row.warnings)
    if as_json:
        print_json(
            {
                "done": count[DONE],
                "done_before": count["before"],
                "failed": len(failed),
                "with_warnings": warned,
                "table": str(out / TABLE),
                "failures": [{"input": row.input, "reason": row.reason} for row in failed],
            }
        )
    else:
        for row in failed[:SHOWN]:
            print(f"failed: {row.reason}", file=sys.stderr)
        if len(failed) > SHOWN:
            print(f"failed: {len(failed) - SHOWN} more; see the table", file=sys.stderr)
        before = f" ({count['before']} of them before)" if count["before"] else ""
        print(f"{count[DONE]} done{before}, {len(failed)} failed, {warned} with warnings; table: {out / TABLE}")
    if failed:
        raise typer.Exit(1)
