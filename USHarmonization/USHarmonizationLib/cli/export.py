"""``usharmonize export``: a bundle's network for other software."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .options import AsJson, print_json

FORMATS = ("onnx",)


def export(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="Folder or name of a bundle.")],
    to: Annotated[str, typer.Option(metavar="onnx", help="Format.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; by default NAME.onnx in the current folder.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="The network of the way back, target to source.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the network of a bundle as one file that other software can run.

    ONNX: input and output are float32 images (1, channels, rows, columns), -1 black and 1 white unless the file's
    metadata say otherwise; rows and columns are multiples of 4, at least 16. Fill overlays and everything outside the
    sector from around before, as apply does.
    """
    from ..bundle import find_bundle
    from ..onnx_export import export_onnx

    if to not in FORMATS:
        raise UsageError(f"unknown format {to!r}; known: {', '.join(FORMATS)}")
    found = find_bundle(bundle)
    role = "reverse" if reverse else "generator"
    file = out if out is not None else Path(f"{found.name}{'-reverse' if reverse else ''}.{to}")
    export_onnx(found, file, role)
    if as_json:
        print_json({"file": str(file), "name": found.name, "version": found.version, "role": role})
    else:
        print(f"{file}: {role} of {found.name}, version {found.version}, {file.stat().st_size / 1e6:.1f} MB")
