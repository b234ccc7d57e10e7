"""Keeps the folder ``Testing/slicer`` out of the package ``slicer``.

slicer-core's package takes every folder named slicer beside the modules on ``sys.path`` as a part of itself and imports
all modules there; with ``Testing`` on the path that would be our tests.
"""

from __future__ import annotations

import importlib.machinery as machinery
import sys
from pathlib import Path
from typing import Any


class _Finder(machinery.FileFinder):
    """Finds everything in a folder but ``slicer``."""

    def find_spec(self, fullname: str, target: Any = None) -> Any:
        return None if fullname == "slicer" else super().find_spec(fullname, target)


def install() -> None:
    """Let imports from the folder ``Testing`` find no package ``slicer``."""
    folder = Path(__file__).resolve().parent.parent
    same = [entry for entry in sys.path if entry and Path(entry).resolve() == folder]  # .., as an ini file may have it
    for entry in {str(folder), *same}:
        sys.path_importer_cache[entry] = _Finder(
            entry,
            (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
            (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
            (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
        )
