"""``usharmonize import-weights``: a generator of the reference CycleGAN implementation becomes a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, ScannersFile, print_json, use_scanners

UNKNOWN = "unknown"


def import_weights(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.pth", help="Generator from source to target, e.g. latest_net_G_A.pth.")
    ],
    out: Annotated[Path, typer.Option(metavar="BUNDLE", help="Folder of the new bundle.")],
    reverse: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.pth", help="Generator of the way back (latest_net_G_B.pth); makes a cycle error possible."
        ),
    ] = None,
    source: Annotated[str, typer.Option(metavar="ID", help="Scanner whose images it takes.")] = UNKNOWN,
    target: Annotated[str, typer.Option(metavar="ID", help="Scanner whose style it gives.")] = UNKNOWN,
    licence: Annotated[str, typer.Option(help="Licence of the weights.")] = UNKNOWN,
    citation: Annotated[str, typer.Option(help="What to cite.")] = "",
    scanners_file: ScannersFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a bundle of a generator trained with the reference CycleGAN implementation (pytorch-CycleGAN-and-pix2pix).

    Takes ResNet generators with instance norm (resnet_9blocks, resnet_6blocks), grey or colour, of any width. Nothing
    in the file is executed; a file that holds more than tensors is refused.

    Scanner ids are those of: usharmonize scanners.
    """
    from ..reference_weights import import_weights as run

    catalogue = use_scanners(scanners_file)
    for scanner in (source, target):
        if scanner != UNKNOWN:
            catalogue.scanner(scanner)
    bundle = run(file, out, reverse, source, target, licence, citation)
    settings = bundle.networks["generator"].settings
    if as_json:
        print_json({"bundle": str(out), "name": bundle.name, "version": bundle.version, "network": settings})
    else:
        print(
            f"{out}: {bundle.name}, version {bundle.version}, {settings['blocks']} blocks of width "
            f"{settings['width']}, {settings['channels']} to {settings['channels_out']} channels"
        )
