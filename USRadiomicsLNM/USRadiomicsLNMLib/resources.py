"""Where the data files of this package lie: reporting sheets, the template of reports."""

from __future__ import annotations

from pathlib import Path

from USHarmonizationLib.resources import resource_path as resource_of


def resource_path(*parts: str) -> Path:
    """Path of a shipped resource, e.g. ``resource_path("Reporting", "clear.json")``."""
    return resource_of(*parts, package=Path(__file__).resolve().parent)
