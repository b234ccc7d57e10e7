"""The module ``qt``: PySide6 in the manners of PythonQt."""

from __future__ import annotations

import types
from typing import Any

from PySide6 import QtCore, QtGui, QtPrintSupport, QtSvg, QtUiTools, QtWidgets

from . import objects, properties, ui_files

# Without QtNetwork, QtSql and QtXml: nothing of ours needs them, and QtNetwork needs more system libraries.
LIBRARIES = (QtCore, QtGui, QtWidgets, QtPrintSupport, QtSvg, QtUiTools)
# Names of PySide6 that PythonQt does not have.
LEFT_OUT = frozenset({"QtMsgType"})


class ModalDialogError(RuntimeError):
    """A modal dialog, which would wait for a person for ever, was opened in a test."""


def _refuse_modal(name: str) -> Any:
    def refuse(*arguments: Any, **named: Any) -> Any:
        raise ModalDialogError(f"{name} would wait for a person; inject the question, or replace it in the test")

    return refuse


def all_classes() -> dict[str, type]:
    """Classes of Qt by name; the enumerations and helpers of PySide6 are not among them."""
    found: dict[str, type] = {}
    for library in LIBRARIES:
        for name in dir(library):
            item = getattr(library, name)  # made when asked for
            if name.startswith("Q") and isinstance(item, type) and name not in LEFT_OUT:
                found.setdefault(name, item)
    return found


def make() -> types.ModuleType:
    """Make the module and give the classes of PySide6 their manners, which holds for the whole process."""
    classes = all_classes()
    qobjects = [cls for cls in classes.values() if issubclass(cls, QtCore.QObject)]
    module = types.ModuleType("qt", __doc__)
    for name, cls in classes.items():
        setattr(module, name, cls)
    module.Qt = QtCore.Qt
    module.QUiLoader = ui_files.QUiLoader

    _refuse_modal_dialogs()
    for cls in classes.values():
        if "exec" in vars(cls):
            cls.exec_ = vars(cls)["exec"]
    QtCore.QTimer.singleShot = staticmethod(objects.single_shot)
    properties.install(qobjects)
    return module


def _refuse_modal_dialogs() -> None:
    for name in ("question", "information", "warning", "critical", "about", "exec"):
        setattr(QtWidgets.QMessageBox, name, staticmethod(_refuse_modal(f"QMessageBox.{name}")))
    for name in ("getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"):
        setattr(QtWidgets.QFileDialog, name, staticmethod(_refuse_modal(f"QFileDialog.{name}")))
    for name in ("getText", "getInt", "getDouble", "getItem"):
        setattr(QtWidgets.QInputDialog, name, staticmethod(_refuse_modal(f"QInputDialog.{name}")))
    QtWidgets.QDialog.exec = _refuse_modal("QDialog.exec")
