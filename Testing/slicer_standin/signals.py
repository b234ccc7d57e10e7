"""``connect('signal(type)', slot)`` as PythonQt has it, but a signal that does not exist is an error.

Real Slicer only logs a signal that the object does not have, so a misspelt one goes unnoticed there. Slots get as many
arguments as they take, counted as PythonQt counts them; an exception in a slot goes to ``sys.excepthook``.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import SIGNAL, QMetaMethod, QMetaObject, QObject

from .qt6_only import is_qt6_only

_connect = QObject.connect
_disconnect = QObject.disconnect
_blocked = QObject.signalsBlocked
_get = QObject.__getattribute__

# Connections by address of the sender: (signal, slot, key of the slot, handle of Qt or None).
_connections: dict[int, list[tuple[str, Callable[..., Any], Any, Any]]] = {}


def meta(obj: QObject) -> QMetaObject:
    """The meta object of an object's class; ``QObject.metaObject`` hands out one that goes with the object."""
    return type(obj).staticMetaObject


class NoSuchSignalError(AttributeError):
    """The object does not have this signal (real Slicer would go on in silence)."""


def normalized(signature: str) -> str:
    return bytes(QMetaObject.normalizedSignature(signature).data()).decode()


def own_signals(cls: type) -> list[str]:
    """Signatures of the signals that the stand-in's widget classes declare in ``SIGNALS``."""
    return [normalized(each) for base in cls.__mro__ for each in vars(base).get("SIGNALS", ())]


def _name(signature: str) -> str:
    return signature.partition("(")[0]


def declared(cls: type, name: str) -> bool:
    return name in [_name(each) for each in own_signals(cls)]


def _native_signatures(obj: QObject, name: str) -> list[str]:
    its = meta(obj)
    methods = [its.method(index) for index in range(its.methodCount())]
    signals = [m for m in methods if m.methodType() == QMetaMethod.MethodType.Signal]
    return [bytes(m.methodSignature().data()).decode() for m in signals if bytes(m.name().data()).decode() == name]


def signatures(obj: QObject, name: str) -> list[str]:
    """Signatures of an object's signals of that name."""
    if is_qt6_only(type(obj), name):
        return []
    return [each for each in own_signals(type(obj)) if _name(each) == name] or _native_signatures(obj, name)


def argument_count(slot: Callable[..., Any]) -> int | None:
    """How many arguments of a signal PythonQt hands to this slot; None: all of them."""
    method = isinstance(slot, types.MethodType)
    function = slot.__func__ if method else slot
    if not isinstance(function, types.FunctionType) or function.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return function.__code__.co_argcount - method


def call(slot: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Call a slot as a signal does."""
    count = argument_count(slot)
    try:
        slot(*(arguments if count is None else arguments[:count]))
    except Exception:
        sys.excepthook(*sys.exc_info())


def _slot_of(receiver: Any, method: str | None) -> tuple[Callable[..., Any], Any]:
    """The callable, and what disconnect recognises it by."""
    if method is None:
        if not callable(receiver):
            raise TypeError(f"a slot has to be callable: {receiver!r}")
        return receiver, receiver
    name, takes = _name(method), method.partition("(")[2].rstrip(")").strip()
    wanted = normalized(method)
    own = [normalized(each) for base in type(receiver).__mro__ for each in vars(base).get("SLOTS", ())]
    if wanted not in own and meta(receiver).indexOfMethod(wanted) < 0:
        raise NoSuchSignalError(f"{type(receiver).__name__} has no slot {method}")
    count = len(takes.split(",")) if takes else 0
    function = getattr(receiver, name)
    return (lambda *arguments: function(*arguments[:count])), (id(receiver), wanted)


def _check(sender: QObject, signature: str) -> tuple[str, bool]:
    """The normalized signature, and whether the stand-in itself emits it."""
    if not re.fullmatch(r"\s*\w+\s*\(.*\)\s*", signature):
        raise NoSuchSignalError(f"'{signature}' is no signal: name its types, such as 'clicked(bool)'")
    wanted = normalized(signature)
    own = own_signals(type(sender))
    if wanted in own:
        return wanted, True
    if meta(sender).indexOfSignal(wanted) >= 0 and not is_qt6_only(type(sender), _name(wanted)):
        return wanted, False
    there = ", ".join(signatures(sender, _name(wanted))) or "none of that name"
    raise NoSuchSignalError(f"{type(sender).__name__} has no signal {wanted}; it has {there}")


def connect(sender: QObject, signature: str, receiver: Any, method: str | None = None) -> bool:
    """``sender.connect('clicked(bool)', slot)`` or ``sender.connect('clicked(bool)', other, 'setChecked(bool)')``."""
    wanted, own = _check(sender, signature)
    slot, key = _slot_of(receiver, method)
    handle = None
    if not own:

        def trampoline(*arguments: Any) -> None:
            call(slot, arguments)

        handle = _connect(sender, SIGNAL(wanted), trampoline)
    address = shiboken6.getCppPointer(sender)[0]
    if address not in _connections:
        _connections[address] = []
        _connect(sender, SIGNAL("destroyed()"), lambda: _connections.pop(address, None))
    _connections[address].append((wanted, slot, key, handle))
    return True


def disconnect(sender: QObject, signature: str | None = None, receiver: Any = None, method: str | None = None) -> bool:
    """Undo ``connect``; True where there was a connection, as in Slicer."""
    wanted = None if signature is None else _check(sender, signature)[0]
    key = None if receiver is None else _slot_of(receiver, method)[1]
    kept, undone = [], 0
    address = shiboken6.getCppPointer(sender)[0]
    for connection in _connections.get(address, []):
        signal, _, its_key, handle = connection
        if (wanted is None or signal == wanted) and (key is None or its_key == key):
            undone += 1
            if handle is not None:
                _disconnect(handle)
        else:
            kept.append(connection)
    if address in _connections:
        _connections[address][:] = kept
    return undone > 0


def emit(sender: QObject, signature: str, *arguments: Any) -> None:
    """Emit a signal that the stand-in's own class declares."""
    wanted = normalized(signature)
    if wanted not in own_signals(type(sender)):
        raise NoSuchSignalError(f"{type(sender).__name__} declares no signal {wanted}")
    if _blocked(sender):
        return
    for signal, slot, _, handle in list(_connections.get(shiboken6.getCppPointer(sender)[0], [])):
        if signal == wanted and handle is None:
            call(slot, arguments)


class SignalHandle:
    """What ``button.clicked`` is: can be connected, disconnected and, by a call, emitted."""

    def __init__(self, sender: QObject, name: str) -> None:
        self._sender, self._name = sender, name

    def connect(self, slot: Any, method: str | None = None) -> bool:
        return connect(self._sender, signatures(self._sender, self._name)[0], slot, method)

    def disconnect(self, slot: Any = None) -> bool:
        found = [disconnect(self._sender, each, slot) for each in signatures(self._sender, self._name)]
        return any(found)

    def __call__(self, *arguments: Any) -> None:
        own = [each for each in own_signals(type(self._sender)) if _name(each) == self._name]
        if own:
            fitting = [each for each in own if _takes(each) == len(arguments)]
            emit(self._sender, (fitting or own)[0], *arguments)
        else:
            _get(self._sender, self._name).emit(*arguments)


def _takes(signature: str) -> int:
    inside = signature.partition("(")[2].rstrip(")")
    return len(inside.split(",")) if inside else 0
