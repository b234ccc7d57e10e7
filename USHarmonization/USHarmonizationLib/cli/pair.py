"""``usharmonize pair``: bring two images of one phantom onto each other by landmarks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from .options import AsJson, print_json


def pair(
    fixed: Annotated[Path, typer.Argument(metavar="FIXED", help="The image whose grid is kept.")],
    moving: Annotated[Path, typer.Argument(metavar="MOVING", help="The image that is brought onto it.")],
    landmarks: Annotated[
        tuple[Path, Path],
        typer.Option(metavar="FIXED MOVING", help="Landmarks of the two images: .mrk.json, .fcsv or .csv."),
    ],
    transform: Annotated[str, typer.Option(metavar="rigid|similarity|affine|tps", help="tps: thin-plate spline.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results; made if there is none.")],
    refine: Annotated[
        bool,
        typer.Option("--refine", help="Refine by the images' brightness; kept only where the landmarks agree."),
    ] = False,
    frame: Annotated[int, typer.Option(metavar="N", help="Frame of a cine or slice of a volume, from 0.")] = 0,
    moving_frame: Annotated[
        int | None, typer.Option(metavar="N", help="The moving image's, where it is another one.")
    ] = None,
    fixed_spacing: Annotated[
        str | None,
        typer.Option(
            metavar="MM[,MM]",
            help="Height and width of the fixed image's pixels, where its file does not say or is wrong. Landmarks "
            "still lie on the pixels on which they were placed.",
        ),
    ] = None,
    moving_spacing: Annotated[str | None, typer.Option(metavar="MM[,MM]", help="The same of the moving image.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register two images by landmarks and say how exactly.

    DIR gets the fixed frame, the moving one on its grid and the mask of what both show (NRRD), the transform (.h5, from
    the fixed to the moving image; transform.h5 for 3D Slicer, transform_2d.h5 for the images here), residuals.csv,
    pictures to judge it by, and pair.json with all figures. FRE is the error of the landmarks that were fitted; the
    honest figure is that of landmarks left out. Landmarks with the same names in both files belong together, others by
    their order; an order that does not fit is refused, and the one that fits proposed.

    To measure a harmonizer on such pairs: pair each fixed image with the moving one as it was and, by the same
    landmarks, with the harmonized one; collect fixed.nrrd, both moving.nrrd and overlap.nrrd in four folders, under the
    pair's name; these are --target, --original, --generated and --overlap of usharmonize evaluate --paired.

    Exit code 1: an image or its landmarks cannot be used; 2: wrong usage.
    """
    from ..landmarks.pairing import Source, pair

    sources = (
        Source(fixed, landmarks[0], frame, _spacing("--fixed-spacing", fixed_spacing)),
        Source(
            moving,
            landmarks[1],
            frame if moving_frame is None else moving_frame,
            _spacing("--moving-spacing", moving_spacing),
        ),
    )
    report = pair(*sources, transform, out, refined=refine)
    if as_json:
        print_json(report)
        return
    for warning in report["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    print(_summary(report))
    print(f"results: {out}")


def _summary(report: dict[str, Any]) -> str:
    figures, refinement = report["registration"], report["refinement"]
    error = figures["left_out_tre_mm"]
    text = (
        f"{report['settings']['transform']}: {figures['landmarks']} landmarks, FRE {figures['fre_mm']:.3f} mm"
        + ("" if error is None else f", left out {error:.3f} mm")
        + f"; rotation {figures['rotation_degrees']:.2f} degrees, scale {figures['scale']:.4f}; "
        f"{report['overlap_of_fixed_tissue']:.0%} of the fixed image's tissue in common"
    )
    if refinement is not None:
        text += (
            f"\nrefinement: mutual information {refinement['mutual_information_before']:.4f} -> "
            f"{refinement['mutual_information_after']:.4f}, landmarks {refinement['landmarks_before_mm']:.3f} -> "
            f"{refinement['landmarks_after_mm']:.3f} mm; {refinement['why']}"
        )
    return text


def _spacing(option: str, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, 2) or not all(0 < value < 100 for value in values):
        raise UsageError(f"{option} {text!r}; needed: one or two numbers of mm above 0, e.g. 0.25 or 0.25,0.2")
    return values[0], values[-1]
