"""ctkComboBox and ctkCheckableComboBox."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Qt

from ..widget_base import emit, register, stored


@register
class ctkComboBox(QtWidgets.QComboBox):
    """A combo box with a default text."""

    SIGNALS = ("returnRelease()",)
    SLOTS = ("setCurrentUserDataAsString(QString)",)
    NeverScroll, AlwaysScroll, ScrollWithFocus, ScrollWithNoFocus = range(4)

    def _default_changed(self) -> None:
        self.setPlaceholderText(self.defaultText)

    def setCurrentUserDataAsString(self, data: str) -> None:
        self.setCurrentIndex(self.findData(data))

    defaultText = stored(str, "defaultText", "", _default_changed)
    defaultIcon = stored("QIcon", "defaultIcon", None)
    forceDefault = stored(bool, "forceDefault", False)
    elideMode = stored(int, "elideMode", 3)
    scrollWheelEffect = stored(int, "scrollWheelEffect", 1)
    currentUserDataAsString = Property(
        str,
        lambda self: str(self.itemData(self.currentIndex) or ""),
        lambda self, value: self.setCurrentUserDataAsString(value),
    )


@register
class ctkCheckableComboBox(QtWidgets.QComboBox):
    """A combo box whose entries have check marks."""

    SIGNALS = ("checkedIndexesChanged()", "returnRelease()")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._model = QtGui.QStandardItemModel(0, 1, self)
        self.setModel(self._model)
        self._model.connect("rowsInserted(QModelIndex,int,int)", self._inserted)
        self._model.connect("itemChanged(QStandardItem*)", lambda item: emit(self, "checkedIndexesChanged()"))

    def _inserted(self, parent: QtCore.QModelIndex, first: int, last: int) -> None:
        blocked = self._model.blockSignals(True)
        for row in range(first, last + 1):
            item = self._model.item(row)
            if item is not None:
                item.setCheckable(True)
        self._model.blockSignals(blocked)

    def checkableModel(self) -> QtGui.QStandardItemModel:
        return self._model

    def checkedIndexes(self) -> list[QtCore.QModelIndex]:
        items = [self._model.item(row) for row in range(self._model.rowCount())]
        return [item.index() for item in items if item.checkState() == Qt.CheckState.Checked]

    def allChecked(self) -> bool:
        return len(self.checkedIndexes()) == self._model.rowCount()

    def noneChecked(self) -> bool:
        return not self.checkedIndexes()

    def setCheckState(self, index: QtCore.QModelIndex, check: Any) -> None:
        self._model.itemFromIndex(index).setCheckState(Qt.CheckState(check))

    def checkState(self, index: QtCore.QModelIndex) -> Any:
        return self._model.itemFromIndex(index).checkState()
