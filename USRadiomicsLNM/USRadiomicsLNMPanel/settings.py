"""What the panel remembers between sessions, for this user: paths of files."""

from __future__ import annotations

import qt
import slicer

GROUP = "USRadiomicsLNM"


def remembered(name: str) -> str:
    """A value of an earlier session, "" when there is none."""
    return str(slicer.util.settingsValue(f"{GROUP}/{name}", ""))


def remember(name: str, value: str) -> None:
    """Keep a value for later sessions."""
    qt.QSettings().setValue(f"{GROUP}/{name}", value)
