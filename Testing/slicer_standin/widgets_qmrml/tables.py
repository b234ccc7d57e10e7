"""qMRMLTableView: a table node in a table."""

from __future__ import annotations

from typing import Any

import vtk
from PySide6 import QtGui, QtWidgets

from ..scene_observers import Observers
from ..widget_base import emit, register, stored


@register
class qMRMLTableView(QtWidgets.QTableView):
    """Shows a vtkMRMLTableNode; read only here."""

    SIGNALS = ("mrmlSceneChanged(vtkMRMLScene*)", "selectionChanged()")
    SLOTS = (
        "setMRMLScene(vtkMRMLScene*)", "setMRMLTableViewNode(vtkMRMLTableViewNode*)",
        "setMRMLTableNode(vtkMRMLTableNode*)", "setMRMLTableNode(vtkMRMLNode*)", "setTransposed(bool)",
        "setFirstRowLocked(bool)", "setFirstColumnLocked(bool)", "copySelection()",
    )  # fmt: skip

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._table: Any = None
        self._view_node: Any = None
        self._observers = Observers(self)
        self._model = QtGui.QStandardItemModel(self)
        self.setModel(self._model)

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        emit(self, "mrmlSceneChanged(vtkMRMLScene*)", scene)

    def mrmlTableNode(self) -> Any:
        return self._table

    def mrmlTableViewNode(self) -> Any:
        return self._view_node

    def setMRMLTableViewNode(self, node: Any) -> None:
        self._view_node = node
        self.setMRMLTableNode(node.GetTableNode() if node is not None else None)

    def setMRMLTableNode(self, node: Any) -> None:
        if node is self._table:
            return
        self._observers.clear()
        self._table = node
        if node is not None:
            self._observers.add(node, [vtk.vtkCommand.ModifiedEvent], self._fill)
        self._fill()

    def _fill(self) -> None:
        self._model.clear()
        table = self._table.GetTable() if self._table is not None else None
        if table is None:
            return
        columns, rows = table.GetNumberOfColumns(), table.GetNumberOfRows()
        names = [table.GetColumnName(column) or "" for column in range(columns)]
        cells = [[self._table.GetCellText(row, column) for column in range(columns)] for row in range(rows)]
        for row in cells:
            self._model.appendRow([QtGui.QStandardItem(each) for each in row])
        if self._table.GetUseColumnTitleAsColumnHeader():
            self._model.setHorizontalHeaderLabels(names)

    def setTransposed(self, transposed: bool) -> None:
        self.transposed = transposed

    def setFirstRowLocked(self, locked: bool) -> None:
        self.firstRowLocked = locked
        if self._table is not None:
            self._table.SetUseColumnTitleAsColumnHeader(locked)

    def setFirstColumnLocked(self, locked: bool) -> None:
        self.firstColumnLocked = locked

    def copySelection(self) -> None:
        rows: dict[int, list[str]] = {}
        for index in self.selectedIndexes():
            rows.setdefault(index.row(), []).append(str(index.data()))
        QtWidgets.QApplication.clipboard().setText("\n".join("\t".join(row) for row in rows.values()))

    transposed = stored(bool, "transposed", False)
    firstRowLocked = stored(bool, "firstRowLocked", False)
    firstColumnLocked = stored(bool, "firstColumnLocked", False)


@register
class qMRMLTableWidget(QtWidgets.QWidget):
    """A table view of the layout; ``tableView()`` is what it holds."""

    SLOTS = ("setMRMLTableViewNode(vtkMRMLTableViewNode*)",)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._view = qMRMLTableView()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)

    def mrmlTableViewNode(self) -> Any:
        return self._view.mrmlTableViewNode()

    def setMRMLTableViewNode(self, node: Any) -> None:
        self._view.setMRMLTableViewNode(node)

    def tableView(self) -> qMRMLTableView:
        return self._view
