"""Where the data files of this package lie: the scanner catalogue, the bundles that ship."""

from __future__ import annotations

from pathlib import Path


def resource_path(*parts: str) -> Path:
    """Path of a shipped resource, e.g. ``resource_path("Models")`` or ``resource_path("scanners.json")``.

    In a checkout and in the Slicer extension the folder ``Resources`` lies beside this package; in an installed wheel
    it lies inside it.
    """
    package = Path(__file__).resolve().parent
    inside = package / "Resources"
    return (inside if inside.is_dir() else package.parent / "Resources").joinpath(*parts)
