"""qMRMLPlotView and qMRMLPlotWidget: charts of the scene, drawn by VTK's chart where a picture is asked for."""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PySide6 import QtGui, QtWidgets

from .. import chart_picture
from ..scene_observers import Observers
from ..widget_base import emit, register


@register
class qMRMLPlotView(QtWidgets.QWidget):
    """Shows the chart of a vtkMRMLPlotViewNode."""

    SIGNALS = ("mrmlSceneChanged(vtkMRMLScene*)", "dataSelected(vtkStringArray*,vtkCollection*)")
    SLOTS = ("setMRMLScene(vtkMRMLScene*)", "setMRMLPlotViewNode(vtkMRMLPlotViewNode*)", "fitToContent()")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._view_node: Any = None
        self._observers = Observers(self)
        self.setMinimumSize(100, 100)

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        emit(self, "mrmlSceneChanged(vtkMRMLScene*)", scene)

    def setMRMLPlotViewNode(self, node: Any) -> None:
        self._observers.clear()
        self._view_node = node
        if node is not None:
            events = [vtk.vtkCommand.ModifiedEvent, slicer.vtkMRMLNode.ReferenceModifiedEvent]
            self._observers.add(node, events, self.update)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        chart = self._view_node.GetPlotChartNode() if self._view_node is not None else None
        size = self.size
        pixels = chart_picture.draw(chart, size.width(), size.height())
        rows, columns, _ = pixels.shape
        image = QtGui.QImage(pixels.tobytes(), columns, rows, 3 * columns, QtGui.QImage.Format.Format_RGB888)
        QtGui.QPainter(self).drawImage(0, 0, image)

    def fitToContent(self) -> None:
        """The chart always shows all of its content here."""


@register
class qMRMLPlotWidget(QtWidgets.QWidget):
    """A plot view with its controller."""

    SLOTS = ("setMRMLPlotViewNode(vtkMRMLPlotViewNode*)", "setMRMLAbstractViewNode(vtkMRMLAbstractViewNode*)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._view = qMRMLPlotView()
        self._node: Any = None
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)

    def mrmlPlotViewNode(self) -> Any:
        return self._node

    def setMRMLPlotViewNode(self, node: Any) -> None:
        self._node = node
        self._view.setMRMLPlotViewNode(node)

    def plotView(self) -> qMRMLPlotView:
        return self._view
