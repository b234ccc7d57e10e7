"""ctkComboBox and ctkCheckableComboBox."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Qt

from ..widget_base import emit, register, stored


@register
class ctkComboBox(QtWidgets.QComboBox):  # noqa: N801 - CTK's name
    """A combo box with a default text."""

    SIGNALS = ("returnRelease()",)
    SLOTS = ("setCurrentUserDataAsString(QString)",)
    NeverScroll, AlwaysScroll, ScrollWithFocus, ScrollWithNoFocus = range(4)

    def _default_changed(self) -> None:
        self.setPlaceholderText(self.defaultText)

    def setCurrentUserDataAsString(self, data: str) -> None:  # noqa: N802
        self.setCurrentIndex(self.findData(data))

    defaultText = stored(str, "defaultText", "", _default_changed)  # noqa: N815
    defaultIcon = stored("QIcon", "defaultIcon", None)  # noqa: N815
    forceDefault = stored(bool, "forceDefault", False)  # noqa: N815
    elideMode = stored(int, "elideMode", 3)  # noqa: N815
    scrollWheelEffect = stored(int, "scrollWheelEffect", 1)  # noqa: N815
    currentUserDataAsString = Property(  # noqa: N815
        str,
        lambda self: str(self.itemData(self.currentIndex) or ""),
        lambda self, value: self.setCurrentUserDataAsString(value),
    )


@register
class ctkCheckableComboBox(QtWidgets.QComboBox):  # noqa: N801 - CTK's name
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

    def checkableModel(self) -> QtGui.QStandardItemModel:  # noqa: N802
        return self._model

    def checkedIndexes(self) -> list[QtCore.QModelIndex]:  # noqa: N802
        items = [self._model.item(row) for row in range(self._model.rowCount())]
        return [item.index() for item in items if item.checkState() == Qt.CheckState.Checked]

    def allChecked(self) -> bool:  # noqa: N802
        return len(self.checkedIndexes()) == self._model.rowCount()

    def noneChecked(self) -> bool:  # noqa: N802
        return not self.checkedIndexes()

    def setCheckState(self, index: QtCore.QModelIndex, check: Any) -> None:  # noqa: N802
        self._model.itemFromIndex(index).setCheckState(Qt.CheckState(check))

    def checkState(self, index: QtCore.QModelIndex) -> Any:  # noqa: N802
        return self._model.itemFromIndex(index).checkState()
