"""``usharmonize phantom-study``: the paper's phantom study, simulated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..variants import VARIANTS
from .options import AsJson, Device, print_json


def phantom_study(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for all of it; new, or one to go on with.")],
    source: Annotated[str, typer.Option(metavar="ID", help="Scanner whose images are harmonized.")] = "ge-voluson-e8",
    target: Annotated[str, typer.Option(metavar="ID", help="Scanner they are to look like.")] = "hitachi-preirus",
    probe: Annotated[str, typer.Option(metavar="NAME", help="linear, convex, endocavity, or of your own.")] = "linear",
    variants: Annotated[
        list[str] | None,
        typer.Option("--variant", metavar="V", help=f"To be repeated; by default all: {', '.join(VARIANTS)}."),
    ] = None,
    training_images: Annotated[
        int, typer.Option(metavar="N", help="Simulated images of each scanner to learn from.")
    ] = 120,
    pairs: Annotated[int, typer.Option(metavar="N", help="Images of one phantom by both scanners, to judge on.")] = 30,
    repeats: Annotated[int, typer.Option(metavar="N", help="Trainings of each variant, with other seeds.")] = 3,
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
    size: Annotated[int | None, typer.Option(metavar="PIXELS", help="Rows and columns of the images.")] = None,
    transform: Annotated[
        str, typer.Option(metavar="rigid|similarity|affine|tps", help="Of the registration.")
    ] = "rigid",
    device: Device = "auto",
    jobs: Annotated[int, typer.Option(metavar="N", help="Local processes of all but the trainings.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="Other seeds give other phantoms.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure on simulated phantoms how well FDA, histogram matching and each trained variant do.

    Simulates images of two scanners, trains every variant several times, harmonizes images of phantoms and poses that
    no training saw, registers them by landmarks to those of the target scanner, and evaluates: one table like the
    paper's figure 4, with standard deviations over the trainings.

    With the default settings this takes a GPU or days. Stopped or killed, the same command goes on where it was.
    """
    from ..phantom_study.run import run
    from ..phantom_study.settings import Study
    from ..training.report import TrainingStopped
    from .train import ConsoleReporter

    study = Study(
        source, target, probe, tuple(variants or VARIANTS), training_images, pairs, repeats, steps,
        tuple(assignments or ()), size, transform, seed,
    )  # fmt: skip
    reporter = ConsoleReporter()
    try:
        found = run(study, out, device, jobs, reporter)
    except TrainingStopped as stopped:
        reporter.line(str(stopped).replace("with --resume", "with the same command"))
        raise typer.Exit(128 + stopped.signal) from None
    finally:
        reporter.close()
    if as_json:
        print_json({"report": str(found.report), "warnings": list(found.warnings)})
    else:
        print(found.text)
        for warning in found.warnings:
            print(f"note: {warning}")
        print(f"report: {found.report}")
