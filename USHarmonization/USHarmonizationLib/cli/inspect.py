"""``usharmonize inspect``: what we see in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import ScannersFile, print_json, use_scanners


def inspect(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="An image file, or a folder of them.")],
    scanners_file: ScannersFile = None,
) -> None:
    """Show what is seen in an image, as JSON: frames, size, spacing, scanner, imaged area and overlays.

    For a folder a list, one entry a file. Nothing about the patient is shown. Exit code 1 when a file cannot be used.
    """
    from ..errors import UsageError
    from ..files import find_images

    catalogue = use_scanners(scanners_file)
    if not path.exists():
        raise UsageError(f"{path} does not exist; needed: an image file or a folder")
    files = find_images(path) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"{path} holds no images")
    seen = [_seen(file, catalogue) for file in files]
    print_json(seen if path.is_dir() else seen[0])
    if any("error" in one for one in seen):
        raise typer.Exit(1)


def _seen(path: Path, catalogue: Any) -> dict[str, Any]:
    from ..errors import InputError
    from ..inspection import inspect_image

    try:
        return inspect_image(path, catalogue)
    except InputError as error:
        return {"path": str(path), "error": str(error)}
