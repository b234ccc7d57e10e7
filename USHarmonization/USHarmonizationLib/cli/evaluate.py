"""``usharmonize evaluate``: measure how well harmonization worked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, print_json

if TYPE_CHECKING:
    from ..evaluation.run import Evaluated

# More than this many failures are only counted on the screen; the table has them all.
SHOWN = 20


def evaluate(
    original: Annotated[Path, typer.Option(metavar="DIR", help="The images as they were.")],
    generated: Annotated[
        list[str],
        typer.Option(
            metavar="[NAME=]DIR",
            help="Images that a method made of them, under the same names (suffixes aside); once a method.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results; made if there is none.")],
    target: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Images of the scanner that is to be imitated.")
    ] = None,
    paired: Annotated[
        bool,
        typer.Option("--paired", help="Target images show the same as the originals of their names, registered."),
    ] = False,
    masks: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Label masks under the images' names: regions to take texture features of."),
    ] = None,
    target_masks: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Masks of an unpaired target; by default in --masks too.")
    ] = None,
    overlap: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Masks of where original and paired target overlap; by default where both show grey tissue.",
        ),
    ] = None,
    label: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Value of a region in the masks; by default each but 0.")
    ] = None,
    patients: Annotated[
        Path | None, typer.Option(metavar="COHORT.csv", help="Table that names each image's patient, for the folds.")
    ] = None,
    wavelet: Annotated[bool, typer.Option("--wavelet", help="Also take features of the wavelet bands.")] = False,
    extractor: Annotated[
        str,
        typer.Option(metavar="efficientnet-lite0|inception|none", help="Network whose features FID and KID compare."),
    ] = "efficientnet-lite0",
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Weights for inception (pytorch-fid's or torchvision's), .pth or .safetensors."
        ),
    ] = None,
    examples: Annotated[int, typer.Option(metavar="N", help="Images shown side by side.")] = 4,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Local processes; by default as many as the work and the cores are worth."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of folds, subsets and bootstrap.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure how well harmonization worked.

    With a paired target (a phantom; registered before, e.g. by usharmonize pair, on one grid of pixels): PSNR, SSIM,
    MS-SSIM, mutual information inside the overlap, and how features of the masks' regions agree with the target's,
    before and after. With any target: FID, KID, Frechet radiomics distance, and whether the scanner can still be told.
    Without one: how much the images were changed.

    DIR/evaluate.json has all figures with their definitions and warnings, evaluate.csv a row an image, features.csv
    and agreement.csv the features; figures are PNG and SVG. Exit code 0: all measured; 1: some images could not be
    (left out of all methods; the table says why); 2: wrong usage. Stopped, the same command goes on where it was.
    """
    from ..errors import UsageError
    from ..evaluation.run import evaluate as run
    from ..evaluation.settings import Evaluation
    from ..metrics.extractors import EXTRACTORS
    from ..progress import Progress

    if extractor not in (*EXTRACTORS, "none"):
        raise UsageError(f"unknown extractor {extractor!r}; accepted: {', '.join(EXTRACTORS)}, none")
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is {jobs}; needed: at least 1")
    settings = Evaluation(
        original=original,
        generated=tuple(_named(value, len(generated)) for value in generated),
        target=target,
        paired=paired,
        masks=masks,
        target_masks=target_masks,
        overlap=overlap,
        labels=tuple(label or ()),
        patients=patients,
        wavelet=wavelet,
        extractor=None if extractor == "none" else extractor,
        weights=weights,
        examples=examples,
        seed=seed,
    )
    bar: Progress | None = None
    failures = 0

    def report(done: int, total: int, failed: bool) -> None:
        nonlocal bar, failures
        bar = bar or Progress("measuring", total, None if as_json else sys.stderr)
        failures += failed
        bar.advance(f"{failures} failed" if failures else "")

    found = run(settings, out, jobs, report)
    if sys.stderr.isatty() and not as_json:
        print(file=sys.stderr)
    _show(found, out, settings.methods, as_json)
    if found.failed:
        raise typer.Exit(1)


def _named(value: str, count: int) -> tuple[str, Path]:
    """``NAME=DIR``, or a folder, which gives its name to the method."""
    name, equals, folder = value.partition("=")
    if equals and not Path(value).is_dir():
        return name, Path(folder)
    return ("generated" if count == 1 else Path(value).resolve().name), Path(value)


def _show(found: Evaluated, out: Path, methods: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        figures: list[dict[str, Any]] = [
            {"figure": one.key, "name": one.title, "method": one.method, "against": one.against, "n": one.n}
            | {"value": one.value, "sd": one.sd, "warnings": list(one.warnings)}
            for one in found.summary.figures
        ]
        files = [str(path) for path in found.files]
        content = {"images": found.images, "failed": dict(found.failed), "warnings": list(found.warnings)}
        print_json({**content, "figures": figures, "files": files})
        return
    for name, reason in list(found.failed.items())[:SHOWN]:
        print(f"failed: {name}: {reason}", file=sys.stderr)
    if len(found.failed) > SHOWN:
        print(f"failed: {len(found.failed) - SHOWN} more; see the table", file=sys.stderr)
    for warning in (*found.warnings, *found.summary.doubts):
        print(f"note: {warning}", file=sys.stderr)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for one in found.summary.figures:
        value = "-" if one.value is None else f"{one.value:.4g}" + (f" ± {one.sd:.2g}" if one.sd is not None else "")
        rows.setdefault((one.title, one.against), {})[one.method] = value
    for method, features in found.summary.features.items():
        if (agreement := features.agreement) is not None:
            rows.setdefault(("mean r of features", "target"), {})[method] = f"{agreement.mean_pearson:.3g}"
            rows.setdefault(("features with ICC >= 0.9", "target"), {})[method] = f"{agreement.reproducible:.0%}"
    lines = [["figure", "against", *methods]]
    lines += [[title, against, *(cells.get(m, "") for m in methods)] for (title, against), cells in rows.items()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print(f"{found.images} images, {len(found.failed)} failed; report: {out / 'evaluate.json'}")
