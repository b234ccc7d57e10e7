"""``usharmonize simulate``: phantom frames of two scanners, a cohort of several."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..progress import Progress
from .options import AsJson, ScannersFile, print_json, use_scanners

simulate = typer.Typer(
    help="Make ultrasound images whose truth is known: a phantom seen by two scanners, a cohort of several.",
    no_args_is_help=False,
)

Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results; new, or one to go on with.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Same seed, same images; other seeds, other ones.")]
Format = Annotated[str, typer.Option("--format", metavar="dcm|png|nrrd", help="Of the images.")]
Jobs = Annotated[int, typer.Option(metavar="N", help="Local processes.")]
Size = Annotated[
    int | None, typer.Option(metavar="PIXELS", help="Rows and columns of the images; else as the catalogue says.")
]


@simulate.command()
def phantom(
    out: Out,
    source: Annotated[str, typer.Option(metavar="ID", help="Scanner of the moving images.")] = "ge-voluson-e8",
    target: Annotated[str, typer.Option(metavar="ID", help="Scanner of the fixed images.")] = "hitachi-preirus",
    probe: Annotated[str, typer.Option(metavar="NAME", help="linear, convex, endocavity, or of your own.")] = "linear",
    count: Annotated[int, typer.Option(metavar="N", help="Pairs of images.")] = 3,
    seed: Seed = 0,
    layout: Annotated[
        str,
        typer.Option(metavar="fixed|varied", help="Targets where the phantom has them, or varied from pair to pair."),
    ] = "fixed",
    image_format: Format = "dcm",
    size: Size = None,
    jobs: Jobs = 1,
    scanners_file: ScannersFile = None,
    as_json: AsJson = False,
) -> None:
    """Simulate paired B-mode images of one phantom, as two scanners would show it.

    The phantom has the kinds of targets of a CIRS 040GSE: grey-scale and anechoic cylinders, wires. Probes are held a
    little differently. With the images come true landmarks (3D Slicer markups), label maps, the true transform, and
    DIR/truth.json; DIR/cohort.csv lists the images for training.

    The scanners' settings (scanner catalogue) are plausible, not measured from the devices. Stopped or killed, the same
    command goes on where it was; with a larger --count it adds pairs.
    """
    from ..errors import UsageError
    from ..simulation.phantom_files import phantom_pairs, write_phantom_pairs

    scanners = use_scanners(scanners_file)
    if layout not in ("fixed", "varied"):
        raise UsageError(f"--layout is {layout!r}; needed: fixed or varied")
    plan = phantom_pairs(source, target, probe, seed, layout == "varied", image_format, size, scanners)
    with Progress("simulating pair", count, None if as_json else sys.stderr) as progress:
        truth = write_phantom_pairs(plan, count, out, jobs, lambda reused: progress.advance(skipped=reused))
    if as_json:
        print_json({"pairs": count, "truth": str(truth)})
    else:
        print(f"{count} pairs of {source} and {target}; truth: {truth}")


@simulate.command()
def cohort(
    out: Out,
    patients: Annotated[int, typer.Option(metavar="N", help="Number of patients.")] = 100,
    frames: Annotated[int, typer.Option(metavar="N", help="Images of each patient.")] = 1,
    scanner: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="One of the scanners; to be repeated. By default all that can be simulated."),
    ] = None,
    probe: Annotated[
        str, typer.Option(metavar="NAME", help="linear, convex, endocavity, or of your own.")
    ] = "endocavity",
    confounded: Annotated[
        float,
        typer.Option(
            metavar="S",
            help="How far scanner and outcome hang together: log odds ratio of lnm between the last scanner and the "
            "first; 0 not at all.",
        ),
    ] = 0.0,
    prevalence: Annotated[float, typer.Option(metavar="P", help="Expected share of patients with lnm = 1.")] = 0.3,
    seed: Seed = 0,
    image_format: Format = "dcm",
    size: Size = None,
    jobs: Jobs = 1,
    scanners_file: ScannersFile = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a cohort: patients with a lesion, imaged by several scanners, with masks, lymph-node metastasis (lnm)
    and clinical columns.

    lnm is drawn from a logistic model of the lesion's true texture and shape: DIR/truth.json has its coefficients,
    DIR/latent.csv each patient's true values. DIR/cohort.csv is the cohort as other commands take it.

    The scanners' settings (scanner catalogue) are plausible, not measured from the devices; no figure of this cohort
    says anything about real patients. Stopped or killed, the same command goes on where it was.
    """
    from ..simulation.cohort import CohortPlan, write_simulated_cohort
    from ..simulation.settings import imaging, simulated

    scanners = use_scanners(scanners_file)
    ways = [imaging(name, probe, scanners) for name in scanner or simulated(scanners)]
    plan = CohortPlan(
        tuple(way if size is None else way.with_matrix(size, size) for way in ways),
        patients, frames, confounded, prevalence, seed, image_format,
    )  # fmt: skip
    with Progress("simulating patient", patients, None if as_json else sys.stderr) as progress:
        table = write_simulated_cohort(plan, out, jobs, lambda reused: progress.advance(skipped=reused))
    if as_json:
        print_json({"patients": patients, "cohort": str(table)})
    else:
        print(f"{patients} patients; cohort: {table}")
