"""Where the data files of this package lie: the scanner catalogue, the bundles that ship."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def resource_path(*parts: str, package: Path = PACKAGE) -> Path:
    """Path of a shipped resource, e.g. ``resource_path("Models")`` or ``resource_path("scanners.json")``.

    In a checkout and in the Slicer extension the folder ``Resources`` lies beside the package; in an installed wheel
    it lies inside it.

    Args:
        parts: of the path inside ``Resources``.
        package: folder of the package whose resource it is; by default this one.
    """
    inside = package / "Resources"
    return (inside if inside.is_dir() else package.parent / "Resources").joinpath(*parts)
