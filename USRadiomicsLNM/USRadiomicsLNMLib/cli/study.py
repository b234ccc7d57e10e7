"""``uslnm study``: the whole paper for a cohort."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from USHarmonizationLib.cli.options import AsJson, Device, Jobs, ScannersFile, print_json, use_scanners
from USHarmonizationLib.variants import VARIANTS

from .options import Folds, Outcome, Seed


def study(
    cohort: Annotated[
        Path,
        typer.Argument(metavar="COHORT.csv", help="Cohort table: image, mask, patient, scanner, outcome, split ..."),
    ],
    target: Annotated[str, typer.Option(metavar="ID", help="Scanner whose style all other images are to get.")],
    outcome: Outcome,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for all of it; new, or one to go on with.")],
    variants: Annotated[
        list[str] | None,
        typer.Option("--variant", metavar="V", help=f"To be repeated; by default all: {', '.join(VARIANTS)}."),
    ] = None,
    bundles: Annotated[
        list[Path] | None,
        typer.Option(
            "--bundle",
            metavar="FOLDER",
            help="Trained harmonizer to take instead of training one; its model.json says for what. May be repeated.",
        ),
    ] = None,
    train_default: Annotated[
        bool, typer.Option("--train-default", help="Train the default variant even where an installed one fits.")
    ] = False,
    steps: Annotated[int | None, typer.Option(metavar="N", help="Of each training, in place of the defaults.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="[VARIANT:]NAME=VALUE",
            help="A training setting of all variants that have it, or of those that VARIANT (with * and ?) means; "
            "may be repeated.",
        ),
    ] = None,
    leave_as_is: Annotated[
        list[str] | None,
        typer.Option("--leave-as-is", metavar="ID", help="Scanner that is not harmonized; may be repeated."),
    ] = None,
    with_graphics: Annotated[
        bool,
        typer.Option(
            "--with-graphics", help="Take burned-in graphics (callipers, text) and colour inside lesions for tissue."
        ),
    ] = False,
    params: Annotated[
        str | None,
        typer.Option(metavar="FILE.yaml|NAME", help="Parameters of the features, as uslnm extract takes them."),
    ] = None,
    measured: Annotated[
        int | None,
        typer.Option(
            "--measure",
            metavar="N",
            help="At most so many images of each scanner for the figures of images (Table 2), held-out ones first; by "
            "default all.",
        ),
    ] = None,
    extractor: Annotated[
        str, typer.Option(metavar="NAME|none", help="Network of FID and KID; see usharmonize evaluate.")
    ] = "efficientnet-lite0",
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its weights, where they do not come with a package.")
    ] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Of the report; by default the cohort's file name.")] = "",
    anatomy: Annotated[
        str, typer.Option(metavar="TEXT", help="What the images show, e.g. 'cervical cancer'; the report says it.")
    ] = "",
    folds: Folds = 10,
    device: Device = "auto",
    jobs: Jobs = None,
    seed: Seed = 0,
    scanners_file: ScannersFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare all methods on a cohort: harmonize its images to one scanner, extract features, fit and test models.

    Methods: the originals, histogram matching, FDA, each variant (loaded where a bundle is given, else trained on the
    split "train"), ComBat, and the default variant with ComBat. DIR/results gets all tables: patients (Table 1), image
    figures (Table 2), performance (Table 3), tests against the originals, ROC, calibration and decision curves,
    features, scanners that a model was not trained on, example images; study.json says what was done.
    DIR/report.html is the report to read and to print: all of it in one file, figures and reporting sheets included.

    Trainings take a GPU or hours. Stopped or killed, the same command goes on where it was; changed inputs or settings
    do what depends on them again. Exit code 0: done; 1: some images were left out (left_out.csv says which and why);
    2: wrong usage; 130: stopped by Ctrl-C.
    """
    from USHarmonizationLib.errors import UsageError
    from USHarmonizationLib.training.report import TrainingStopped

    from ..report.write import write_report
    from ..study.results import FOLDER, NESTED, TEST, TEXTURE
    from ..study.run import run
    from ..study.settings import Study

    wanted = Study(
        target=target,
        outcome=outcome,
        variants=tuple(variants or VARIANTS),
        steps=steps,
        assignments=tuple(assignments or ()),
        bundles=tuple(bundles or ()),
        train_default=train_default,
        leave_as_is=tuple(leave_as_is or ()),
        with_graphics=with_graphics,
        params=params,
        measured=measured,
        extractor=None if extractor == "none" else extractor,
        weights=weights,
        folds=folds,
        seed=seed,
        title=title,
        anatomy=anatomy,
    )
    try:
        found = run(wanted, cohort, out, device, jobs, use_scanners(scanners_file), quiet=as_json)
    except TrainingStopped as stopped:
        print(str(stopped).replace("with --resume", "with the same command"), file=sys.stderr)
        raise typer.Exit(128 + stopped.signal) from None
    results, notes = out / FOLDER, list(found.notes)
    try:
        report = str(write_report(out, found))
    except UsageError as error:
        report = ""
        notes.append(f"no report written: {error}")
    if as_json:
        rows = {(row.method, row.features, row.set): row.auc for row in found.performance}
        print_json(
            {
                "results": str(results),
                "report": report,
                "auc": [{"method": m, "features": f, "set": s, "auc": auc} for (m, f, s), auc in rows.items()],
                "left_out": len(found.left_out),
                "notes": notes,
            }
        )
    else:
        for row in found.performance:
            if row.features == TEXTURE and row.set in (NESTED, TEST):
                print(f"{row.method}, {row.set}: AUC {row.auc:.3f} (95 % CI {row.auc_low:.3f} to {row.auc_high:.3f})")
        for note in notes:
            print(f"note: {note}")
        print(f"{len(found.left_out)} images left out; results: {results}{f'; report: {report}' if report else ''}")
    if found.left_out:
        raise typer.Exit(1)
