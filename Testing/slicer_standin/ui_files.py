"""``.ui`` files, really loaded by Qt, after each class, property, signal and slot in them was found to exist.

Qt's own loader goes on without a word where a property does not exist, and makes a plain QWidget of a class it does
not know.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

from PySide6 import QtCore, QtUiTools, QtWidgets

from . import signals

# Classes by name that .ui files may use besides those of Qt; filled by the packages of widgets.
CUSTOM_WIDGETS: dict[str, type] = {}
# What a line is made of, which Qt's loader takes as a frame.
LINE_PROPERTIES = frozenset({"orientation", "frameShape", "frameShadow", "lineWidth", "midLineWidth"})


class UiFileError(RuntimeError):
    """A .ui file uses what Slicer does not have."""


class QUiLoader(QtUiTools.QUiLoader):
    """Loads a .ui file with ctk and qMRML widgets."""

    def createWidget(self, class_name: str, parent: Any = None, name: str = "") -> Any:
        if class_name in CUSTOM_WIDGETS:
            widget = CUSTOM_WIDGETS[class_name](parent)
        else:
            widget = super().createWidget(class_name, parent, name)
        widget.setObjectName(name)
        return widget

    def load(self, device: Any, parent: Any = None) -> Any:
        text = bytes(device.readAll().data()).decode()
        tree = ElementTree.fromstring(text)
        check(tree)
        connections = tree.find("connections")
        if connections is not None:
            tree.remove(connections)
        numbers = _take_numbers(tree)
        buffer = QtCore.QBuffer()
        buffer.setData(QtCore.QByteArray(ElementTree.tostring(tree)))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        widget = QtUiTools.QUiLoader.load(self, buffer, parent)
        for owner, prop, value in numbers:
            found = widget if widget.objectName == owner else widget.findChild(QtCore.QObject, owner)
            setattr(found, prop, value)
        for connection in connections if connections is not None else ():
            _make_connection(widget, connection)
        return widget


def widget_class(name: str) -> type:
    """The class a .ui file names."""
    if name in CUSTOM_WIDGETS:
        return CUSTOM_WIDGETS[name]
    found = getattr(QtWidgets, name, None)
    if found is None:
        raise UiFileError(f"no widget class {name}: neither Qt nor the stand-in has it")
    return found


def check(tree: ElementTree.Element) -> None:
    """Raise UiFileError where a class or a property does not exist."""
    for element in tree.iter():
        if element.tag not in ("widget", "layout"):
            continue
        name = element.get("class", "")
        cls = QtWidgets.QFrame if name == "Line" else widget_class(name)
        for prop in element.findall("property"):
            _check_property(cls, name, element, prop)


def _check_property(cls: type, name: str, element: ElementTree.Element, prop: ElementTree.Element) -> None:
    wanted = prop.get("name", "")
    if prop.get("stdset") == "0" and wanted.startswith("SlicerParameterName"):
        return  # a dynamic property, with which the parameter node wrapper connects widgets
    known = cls.staticMetaObject.indexOfProperty(wanted) >= 0
    line = name == "Line" and wanted in LINE_PROPERTIES
    buddy = wanted == "buddy" and name == "QLabel"
    margins = element.tag == "layout" and wanted in LAYOUT_PROPERTIES
    if not (known or line or buddy or margins):
        raise UiFileError(f"{name} {element.get('name')} has no property {wanted}")


LAYOUT_PROPERTIES = frozenset(
    {"leftMargin", "topMargin", "rightMargin", "bottomMargin", "margin", "horizontalSpacing", "verticalSpacing"}
    | {"spacing", "fieldGrowthPolicy", "rowWrapPolicy", "labelAlignment", "formAlignment", "sizeConstraint"}
)


def _take_numbers(tree: ElementTree.Element) -> list[tuple[str, str, int]]:
    """Enumerations and flags of the stand-in's widgets, which Qt's loader cannot read, out of the file."""
    taken = []
    for element in tree.iter("widget"):
        cls = CUSTOM_WIDGETS.get(element.get("class", ""))
        for prop in element.findall("property") if cls is not None else ():
            value = prop[0]
            own = isinstance(getattr(cls, prop.get("name", ""), None), QtCore.Property)
            if own and value.tag in ("enum", "set"):
                taken.append((element.get("name", ""), prop.get("name", ""), _number(value.text or "")))
                element.remove(prop)
    return taken


def _number(text: str) -> int:
    """The value of "ctkPathLineEdit::Files|ctkPathLineEdit::Readable"."""
    total = 0
    for part in text.split("|"):
        scope, _, name = part.strip().rpartition("::")
        owner: Any = QtCore.Qt if scope == "Qt" else widget_class(scope.split("::")[0])
        if not hasattr(owner, name):
            raise UiFileError(f"there is no {part}")
        total |= int(getattr(owner, name))
    return total


def _make_connection(root: QtWidgets.QWidget, connection: ElementTree.Element) -> None:
    part = {each.tag: each.text or "" for each in connection}

    def named(name: str) -> QtCore.QObject:
        if root.objectName == name:
            return root
        found = root.findChild(QtCore.QObject, name)
        if found is None:
            raise UiFileError(f"a connection names {name}, which the file does not have")
        return found

    sender, receiver = named(part["sender"]), named(part["receiver"])
    try:
        signals.connect(sender, part["signal"], receiver, part["slot"])
    except signals.NoSuchSignalError as error:
        raise UiFileError(f"connection of {part['sender']} to {part['receiver']}: {error}") from error
