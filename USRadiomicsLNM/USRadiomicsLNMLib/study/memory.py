"""What stages remember: a result counts only as long as all that it depends on is what it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from USHarmonizationLib import __version__
from USHarmonizationLib.atomic import write_text


def key_of(*depends: object) -> str:
    """Hash of all that a result depends on, by text, and of the software's version."""
    return hashlib.sha256(repr((__version__, *depends)).encode()).hexdigest()


def remembered(path: Path, key: str) -> Any:
    """What ``remember`` wrote under this key; None when it is another one, is not there or cannot be read."""
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
        return entry["content"] if entry["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(path: Path, key: str, content: Any) -> None:
    """Write what a stage found (as JSON can hold it, NaN and infinity too), whole or not at all."""
    write_text(path, json.dumps({"key": key, "content": content}) + "\n")


def once(path: Path, key: str, make: Callable[[], Any]) -> Any:
    """What is remembered under this key; else what ``make`` gives, from then on."""
    known = remembered(path, key)
    if known is None:
        known = make()
        remember(path, key, known)
    return known
