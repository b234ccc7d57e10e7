"""qSlicerSimpleMarkupsWidget: a list of points."""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PySide6 import QtWidgets
from PySide6.QtCore import Property

from ..widget_base import emit, register, stored
from .node_combo_box import qMRMLNodeComboBox
from .scene_widget import qSlicerWidget


@register
class qSlicerSimpleMarkupsWidget(qSlicerWidget):
    """A selector of a fiducial list and a table of its points."""

    SIGNALS = (
        "markupsNodeChanged()", "markupsFiducialNodeChanged()", "currentMarkupsControlPointSelectionChanged(int)",
        "currentMarkupsFiducialSelectionChanged(int)", "activeMarkupsPlaceModeChanged(bool)",
        "activeMarkupsFiducialPlaceModeChanged(bool)", "updateFinished()",
    )  # fmt: skip
    SLOTS = (
        "setCurrentNode(vtkMRMLNode*)", "setNodeBaseName(QString)", "setEnterPlaceModeOnNodeChange(bool)",
        "setJumpToSliceEnabled(bool)", "setNodeSelectorVisible(bool)", "setOptionsVisible(bool)",
        "setNodeColor(QColor)", "setDefaultNodeColor(QColor)", "setPositionStatusColumnVisible(bool)",
        "highlightNthControlPoint(int)", "highlightNthFiducial(int)", "activate()", "placeActive(bool)",
    )  # fmt: skip

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._selector = qMRMLNodeComboBox()
        self._selector.nodeTypes = ["vtkMRMLMarkupsFiducialNode"]
        self._selector.noneEnabled = True
        self._table = QtWidgets.QTableWidget(0, 4)
        self._table.setHorizontalHeaderLabels(["Label", "R", "A", "S"])
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._selector)
        layout.addWidget(self._table)
        self._selector.connect("currentNodeChanged(vtkMRMLNode*)", self._changed)
        self._table.connect("itemSelectionChanged()", self._selected)

    def _scene_set(self) -> None:
        self._selector.setMRMLScene(self._scene)

    def _changed(self, node: Any) -> None:
        self._observers.clear()
        if node is not None:
            kinds = slicer.vtkMRMLMarkupsNode
            events = [kinds.PointAddedEvent, kinds.PointRemovedEvent, kinds.PointModifiedEvent]
            self._observers.add(node, [*events, vtk.vtkCommand.ModifiedEvent], self._fill)
        self._fill()
        emit(self, "markupsNodeChanged()")
        emit(self, "markupsFiducialNodeChanged()")

    def _fill(self) -> None:
        node = self.currentNode()
        count = node.GetNumberOfControlPoints() if node is not None else 0
        self._table.setRowCount(count)
        for index in range(count):
            position = node.GetNthControlPointPositionWorld(index)
            texts = [node.GetNthControlPointLabel(index), *(f"{each:.2f}" for each in position)]
            for column, text in enumerate(texts):
                self._table.setItem(index, column, QtWidgets.QTableWidgetItem(text))
        emit(self, "updateFinished()")

    def _selected(self) -> None:
        row = self._table.currentRow()
        emit(self, "currentMarkupsControlPointSelectionChanged(int)", row)
        emit(self, "currentMarkupsFiducialSelectionChanged(int)", row)

    def currentNode(self) -> Any:
        return self._selector.currentNode()

    def getCurrentNode(self) -> Any:
        return self.currentNode()

    def tableWidget(self) -> Any:
        return self._table

    def markupsSelectorComboBox(self) -> qMRMLNodeComboBox:
        return self._selector

    def setCurrentNode(self, node: Any) -> None:
        self._selector.setCurrentNode(node)

    def setNodeBaseName(self, name: str) -> None:
        self._selector.baseName = name

    def setNodeSelectorVisible(self, visible: bool) -> None:
        self._selector.setVisible(visible)

    def setOptionsVisible(self, visible: bool) -> None:
        self.__dict__["_stored_optionsVisible"] = visible

    def setJumpToSliceEnabled(self, enabled: bool) -> None:
        self.__dict__["_stored_jumpToSliceEnabled"] = enabled

    def setEnterPlaceModeOnNodeChange(self, enter: bool) -> None:
        self.__dict__["_stored_enterPlaceModeOnNodeChange"] = enter

    def setNodeColor(self, color: Any) -> None:
        self.nodeColor = color

    def setDefaultNodeColor(self, color: Any) -> None:
        self.defaultNodeColor = color

    def setPositionStatusColumnVisible(self, visible: bool) -> None:
        self.__dict__["_stored_positionStatusColumnVisible"] = visible

    def highlightNthControlPoint(self, index: int) -> None:
        self._table.selectRow(index)

    def highlightNthFiducial(self, index: int) -> None:
        self._table.selectRow(index)

    def activate(self) -> None:
        slicer.modules.markups.logic().SetActiveListID(self.currentNode())

    def placeActive(self, place: bool) -> None:
        node = self.currentNode()
        if place and node is not None:
            slicer.modules.markups.logic().StartPlaceMode(False)
        emit(self, "activeMarkupsPlaceModeChanged(bool)", place)

    enterPlaceModeOnNodeChange = stored(bool, "enterPlaceModeOnNodeChange", True)
    jumpToSliceEnabled = stored(bool, "jumpToSliceEnabled", False)
    nodeSelectorVisible = Property(
        bool, lambda self: not self._selector.isHidden(), lambda self, value: self._selector.setVisible(value)
    )
    optionsVisible = stored(bool, "optionsVisible", True)
    nodeColor = stored("QColor", "nodeColor", None)
    defaultNodeColor = stored("QColor", "defaultNodeColor", None)
    viewGroup = stored(int, "viewGroup", -1)
    positionStatusColumnVisible = stored(bool, "positionStatusColumnVisible", False)
