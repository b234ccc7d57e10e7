"""Attributes of Qt objects as PythonQt has them: properties are attributes, and nothing else can be set.

The rules are those of PythonQt's instance wrapper (``PythonQtInstanceWrapper.cpp``): a Qt property hides the method of
the same name, ``name`` is ``objectName``, dynamic properties and named children are attributes too, and setting what a
C++ object does not have raises AttributeError. A Python class derived from a Qt class may have Python attributes.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import shiboken6
from PySide6.QtCore import Property, QObject, SignalInstance

from . import objects, signals
from .qt6_only import is_qt6_only

OWN_PACKAGE = __name__.rpartition(".")[0]

# How PySide6 finds attributes: of each class that has a way of its own, and of the others.
_ways: dict[type, Any] = {QObject: QObject.__getattribute__}
_set = shiboken6.Object.__setattr__
_dynamic_names = QObject.dynamicPropertyNames
_children = QObject.children
_property = QObject.property
_set_property = QObject.setProperty

# What a name means on objects of a class; classes do not change.
_kinds: dict[tuple[type, str], str] = {}


def _get(self: QObject, name: str) -> Any:
    for base in type(self).__mro__:
        if base in _ways:
            return _ways[base](self, name)
    raise TypeError(f"{type(self).__name__} is no class of Qt")


def is_python_class(cls: type) -> bool:
    """Whether somebody derived this class in Python; widgets of the stand-in play classes of C++."""
    return not cls.__module__.startswith(("PySide6", "shiboken6", OWN_PACKAGE))


def _mapped(cls: type, name: str) -> str:
    meta = cls.staticMetaObject
    return "objectName" if name == "name" and meta.indexOfProperty("name") < 0 else name


def _kind(cls: type, name: str) -> str:
    key = (cls, name)
    if key not in _kinds:
        _kinds[key] = _find_kind(cls, name)
    return _kinds[key]


def own_property(cls: type, name: str) -> Any:
    """The Property that a class of the stand-in declares under this name, or None."""
    for base in cls.__mro__:
        if isinstance(vars(base).get(name), Property):
            return vars(base)[name]
    return None


def _find_kind(cls: type, name: str) -> str:
    for base in cls.__mro__:
        if not is_python_class(base):
            break
        if name in vars(base) and not isinstance(vars(base)[name], Property):
            return "python"
    if own_property(cls, name) is not None:
        return "own property"
    if name in NOT_IN_SLICER or is_qt6_only(cls, name):
        return "unknown"
    if any(name in vars(base) for base in cls.__mro__ if base.__module__.startswith(OWN_PACKAGE)):
        return "private" if name.startswith("_") else "method"
    if cls.staticMetaObject.indexOfProperty(_mapped(cls, name)) >= 0:
        return "property"
    if signals.declared(cls, name):
        return "signal"
    for base in cls.__mro__:
        if name in vars(base):
            return "method"
    return "private" if name.startswith("_") else "unknown"


# PySide6 has these on each object, PythonQt has not.
NOT_IN_SLICER = frozenset({"emit", "receivers", "sender", "senderSignalIndex", "isSignalConnected", "staticMetaObject"})


def _from_standin() -> bool:
    return str(sys._getframe(2).f_globals.get("__name__", "")).startswith(OWN_PACKAGE)


def get_attribute(self: QObject, name: str) -> Any:
    if name.startswith("__"):
        return _get(self, name)
    if name in objects.METHODS:
        return types.MethodType(objects.METHODS[name], self)
    cls = type(self)
    python = is_python_class(cls)
    if python and name in _get(self, "__dict__"):
        return _get(self, name)
    kind = _kind(cls, name)
    if kind == "property":
        return _read(self, cls, _mapped(cls, name))
    if kind == "own property":
        return own_property(cls, name).fget(self)  # Qt's own way asks for the attribute again
    if kind == "signal":
        return signals.SignalHandle(self, name)
    if kind == "private" and (python or _from_standin()):
        return _get(self, name)
    if kind in ("python", "method"):
        found = _get(self, name)
        return signals.SignalHandle(self, name) if isinstance(found, SignalInstance) else found
    if name.encode() in [bytes(each.data()) for each in _dynamic_names(self)]:
        return _property(self, name)
    for child in _children(self):
        if _property(child, "objectName") == name:
            return child
    raise AttributeError(f"{cls.__name__} has no attribute named '{name}'")


# Properties being read: Qt asks for the attribute sizeHint, which may be overridden, when it reads the property.
_reading: set[tuple[int, str]] = set()


def _read(self: QObject, cls: type, name: str) -> Any:
    key = (id(self), name)
    if key in _reading:
        return _get(self, name)
    _reading.add(key)
    try:
        return _property(self, name)
    finally:
        _reading.discard(key)


def set_attribute(self: QObject, name: str, value: Any) -> None:
    cls = type(self)
    if name.startswith("__"):
        _set(self, name, value)
        return
    kind = _kind(cls, name)
    if kind == "own property":
        _write_own(self, cls, name, value)
    elif kind == "property":
        _write(self, cls, _mapped(cls, name), value)
    elif is_python_class(cls) or (name.startswith("_") and _from_standin()):
        _set(self, name, value)
    elif kind in ("method", "signal"):
        what = "Signal" if kind == "signal" else "Slot"
        raise AttributeError(f"{what} '{name}' can not be overwritten on {cls.__name__} object")
    elif name.encode() in [bytes(each.data()) for each in _dynamic_names(self)]:
        _set_property(self, name, value)
    else:
        raise AttributeError(
            f"'{name}' does not exist on {cls.__name__} and creating new attributes on C++ objects is not allowed"
        )


def _write(self: QObject, cls: type, name: str, value: Any) -> None:
    meta = cls.staticMetaObject
    prop = meta.property(meta.indexOfProperty(name))
    if not prop.isWritable():
        raise AttributeError(f"Property '{name}' of {cls.__name__} object is not writable")
    done = False
    if value is not None:
        if isinstance(value, int) and not isinstance(value, bool) and prop.typeName() == "double":
            value = float(value)
        try:
            done = prop.write(self, value)
        except (TypeError, ValueError):
            done = False
    if not done:
        raise AttributeError(
            f"Property '{name}' of type '{prop.typeName()}' does not accept an object of type "
            f"{type(value).__name__} ({value!r})"
        )


# Types that values of the stand-in's own properties have to be of, by Qt's name; others are taken as they come.
_accepted: dict[str, tuple[type, ...]] = {
    "bool": (bool, int), "int": (int, float), "double": (int, float), "QString": (str,), "QStringList": (list, tuple),
}  # fmt: skip
_made: dict[str, Any] = {"bool": bool, "int": int, "double": float, "QStringList": list}


def _write_own(self: QObject, cls: type, name: str, value: Any) -> None:
    meta = cls.staticMetaObject
    prop = meta.property(meta.indexOfProperty(name))
    if not prop.isWritable():
        raise AttributeError(f"Property '{name}' of {cls.__name__} object is not writable")
    kind = prop.typeName()
    fits = isinstance(value, _accepted.get(kind, object))
    if fits and kind == "QStringList":
        fits = all(isinstance(each, str) for each in value)
    if not fits:
        raise AttributeError(
            f"Property '{name}' of type '{kind}' does not accept an object of type {type(value).__name__} ({value!r})"
        )
    own_property(cls, name).fset(self, _made.get(kind, lambda it: it)(value))


def install(classes: list[type]) -> None:
    """Give these classes of Qt, which have QObject as base, the manners of PythonQt."""
    for cls in classes:
        if cls is QObject or "__getattribute__" in vars(cls):
            _ways[cls] = cls.__getattribute__
            cls.__getattribute__ = get_attribute
        cls.__setattr__ = set_attribute
