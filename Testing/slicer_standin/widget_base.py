"""What the stand-in's ctk and qMRML widgets have in common.

Only what Python reaches in Slicer is public on them: Qt properties, public slots and invokable methods. Setters of
properties that are neither slots nor invokable are not there, as in Slicer: ``selector.nodeTypes = [...]`` works,
``selector.setNodeTypes([...])`` does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Property

from . import signals, ui_files

# Classes of each module, by name.
CTK: dict[str, type] = {}
SLICER: dict[str, type] = {}


def register(cls: type) -> type:
    """Make a class known to ``.ui`` files and as a member of ``ctk`` or ``slicer``."""
    (CTK if cls.__name__.startswith("ctk") else SLICER)[cls.__name__] = cls
    ui_files.CUSTOM_WIDGETS[cls.__name__] = cls
    return cls


def stored(kind: Any, name: str, default: Any, changed: Callable[[Any], None] | None = None) -> Any:
    """A property that only keeps its value; ``changed(self)`` is called when it gets another one."""

    def getter(self: Any) -> Any:
        return self.__dict__.get(f"_stored_{name}", default)

    def setter(self: Any, value: Any) -> None:
        before = getter(self)
        self.__dict__[f"_stored_{name}"] = value
        if changed is not None and value != before:
            changed(self)

    return Property(kind, getter, setter)


def forwarded(kind: Any, widget: str, name: str) -> Any:
    """A property of a widget inside: ``forwarded(str, "_line", "text")``."""

    def getter(self: Any) -> Any:
        return getattr(self.__dict__[widget], name)

    def setter(self: Any, value: Any) -> None:
        setattr(self.__dict__[widget], name, value)

    return Property(kind, getter, setter)


def emit(self: Any, signature: str, *arguments: Any) -> None:
    """Emit one of the signals that the class of ``self`` declares in SIGNALS."""
    signals.emit(self, signature, *arguments)
