"""Asking for a file to write, showing what was written, and the clipboard: what leaves the panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ctk
import qt
import slicer


def askSaveFile(title: str, name: str, filters: str) -> str:
    """Path that the user chooses to write to, "" when cancelled."""
    return str(qt.QFileDialog.getSaveFileName(slicer.util.mainWindow(), title, name, filters) or "")


def expect(edit: Any, what: str) -> None:
    """Make a ctkPathLineEdit ask for ``"file"`` (that is there), ``"newFile"`` (to write) or ``"folder"``."""
    kinds = ctk.ctkPathLineEdit
    edit.filters = {"file": kinds.Files, "newFile": kinds.Files | kinds.Writable, "folder": kinds.Dirs}[what]


def openLocal(path: Path | str) -> None:
    """Show a file or folder in the system's own program."""
    qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path)))


def copyText(text: str) -> None:
    """Put text onto the clipboard."""
    qt.QApplication.clipboard().setText(text)
