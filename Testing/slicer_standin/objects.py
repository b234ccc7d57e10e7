"""Methods that each Qt object has in PythonQt's manners, in place of those of PySide6."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, QTimer

from . import signals

_children = QObject.children


def class_name(self: QObject) -> str:
    """The class in C++; a class derived in Python has the name of its own."""
    return str(signals.meta(self).className())


def delete(self: QObject) -> None:
    """The C++ object goes at once."""
    shiboken6.delete(self)


def find_children(self: QObject, kind: Any = QObject, name: str = "") -> list[QObject]:
    """Descendants of a class, given as a class or by name, in Qt's order."""
    found: list[QObject] = []
    for child in _children(self):
        fits = child.inherits(kind) if isinstance(kind, str) else isinstance(child, kind)
        if fits and (not name or child.objectName == name):
            found.append(child)
    for child in _children(self):
        found += find_children(child, kind, name)
    return found


def find_child(self: QObject, kind: Any = QObject, name: str = "") -> QObject | None:
    """The first of them, or None."""
    return next(iter(find_children(self, kind, name)), None)


# Timers of single_shot, which nobody else holds.
_pending: set[QTimer] = set()


def single_shot(milliseconds: int, slot: Callable[..., Any]) -> None:
    """``QTimer.singleShot``, whose own form asks QObject for PySide6's ``connect``."""
    timer = QTimer()
    timer.setSingleShot(True)
    _pending.add(timer)

    def fire() -> None:
        _pending.discard(timer)
        slot()

    signals.connect(timer, "timeout()", fire)
    timer.start(milliseconds)


METHODS: dict[str, Callable[..., Any]] = {
    "className": class_name,
    "connect": signals.connect,
    "delete": delete,
    "disconnect": signals.disconnect,
    "findChild": find_child,
    "findChildren": find_children,
    "metaObject": signals.meta,
}
