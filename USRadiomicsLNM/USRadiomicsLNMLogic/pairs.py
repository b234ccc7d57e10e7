"""Before and after: which volume a harmonized one was made of, and by what."""

from __future__ import annotations

from typing import Any


def harmonizerOf(image: Any) -> str:
    """Name of the harmonizer that a volume went through, "" for none."""
    return (image.GetAttribute("USHarmonization.Model") or "") if image is not None else ""


def originalOf(scene: Any, image: Any) -> Any:
    """The volume that a harmonized one was made of; None when it is not in the scene."""
    return None


def otherOf(scene: Any, image: Any) -> Any:
    """The original of a harmonized volume, else the newest volume that was made of it; None when there is none."""
    return None


def scannerOf(scene: Any, image: Any) -> str:
    """Id of the scanner, "" when unknown."""
    return ""
