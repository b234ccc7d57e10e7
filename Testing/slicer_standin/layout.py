"""``slicer.app.layoutManager()``: the real layout logic and node; the views it names in a widget."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Qt

from .scene_observers import Observers
from .slice_view import qMRMLSliceWidget
from .widget_base import emit
from .widgets_qmrml.plots import qMRMLPlotWidget
from .widgets_qmrml.tables import qMRMLTableWidget


class qSlicerLayoutManager(QtCore.QObject):
    """Makes the views of the current layout; 3D views stay empty here."""

    SIGNALS = ("layoutChanged(int)",)
    SLOTS = ("setLayout(int)", "resetSliceViews()", "resetThreeDViews()")

    def __init__(self, application_logic: Any) -> None:
        super().__init__()
        self._viewport = QtWidgets.QWidget()
        box = QtWidgets.QVBoxLayout(self._viewport)
        box.setContentsMargins(0, 0, 0, 0)
        self._contents: Any = None
        self._slices: dict[str, qMRMLSliceWidget] = {}
        self._plots: list[qMRMLPlotWidget] = []
        self._tables: list[qMRMLTableWidget] = []
        self._logics = vtk.vtkCollection()
        application_logic.SetSliceLogics(self._logics)
        self._application_logic = application_logic
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(slicer.mrmlScene)
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLScene(slicer.mrmlScene)
        self._node = self._logic.GetLayoutNode()
        self._node.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView)
        self._observers = Observers(self)
        self._observers.add(self._node, [vtk.vtkCommand.ModifiedEvent], self._update)
        self._shown = ""
        self._update()

    def _update(self) -> None:
        description = self._node.GetCurrentLayoutDescription()
        if not description or description == self._shown:
            return
        self._shown = description
        root = ElementTree.fromstring(description)
        contents = self._build(root)
        box = self._viewport.layout()
        if self._contents is not None:
            for widget in [*self._slices.values(), *self._plots, *self._tables]:
                if self._contents.isAncestorOf(widget) and not contents.isAncestorOf(widget):
                    widget.setParent(None)
                    widget.hide()
            box.removeWidget(self._contents)
            self._contents.setParent(None)
            self._contents.deleteLater()
        self._contents = contents
        box.addWidget(contents)
        contents.show()
        emit(self, "layoutChanged(int)", self._node.GetViewArrangement())

    def _build(self, element: ElementTree.Element) -> Any:
        """The widget of a ``layout`` element, which holds items with views or further layouts."""
        if element.tag == "view":
            return self._view(element)
        kind = element.get("type", "vertical")
        if kind == "tab":
            tabs = QtWidgets.QTabWidget()
            for item in element.findall("item"):
                tabs.addTab(self._build(item[0]), item.get("name", ""))
            return tabs
        if kind == "grid":
            holder = QtWidgets.QWidget()
            grid = QtWidgets.QGridLayout(holder)
            grid.setContentsMargins(0, 0, 0, 0)
            for item in element.findall("item"):
                place = [int(item.get(key, default)) for key, default in
                         (("row", "0"), ("column", "0"), ("rowspan", "1"), ("colspan", "1"))]  # fmt: skip
                grid.addWidget(self._build(item[0]), *place)
            return holder
        splitter = QtWidgets.QSplitter(Qt.Orientation.Horizontal if kind == "horizontal" else Qt.Orientation.Vertical)
        for item in element.findall("item"):
            splitter.addWidget(self._build(item[0]))
        for index in range(splitter.count()):
            splitter.setStretchFactor(index, 1)
        splitter.setSizes([1000] * splitter.count())
        splitter.setChildrenCollapsible(False)
        return splitter

    def _view(self, element: ElementTree.Element) -> Any:
        kind, tag = element.get("class", ""), element.get("singletontag", "")
        node = slicer.mrmlScene.GetSingletonNode(tag, kind)
        widget: Any
        if kind == "vtkMRMLSliceNode":
            if tag not in self._slices:
                self._slices[tag] = self._make_slice(node, tag)
            widget = self._slices[tag]
        elif kind == "vtkMRMLPlotViewNode":
            widget = next((each for each in self._plots if each.mrmlPlotViewNode() is node), None)
            if widget is None:
                widget = qMRMLPlotWidget()
                widget.setMRMLPlotViewNode(node)
                self._plots.append(widget)
        elif kind == "vtkMRMLTableViewNode":
            widget = next((each for each in self._tables if each.mrmlTableViewNode() is node), None)
            if widget is None:
                widget = qMRMLTableWidget()
                widget.setMRMLTableViewNode(node)
                self._tables.append(widget)
        else:
            widget = QtWidgets.QFrame()
            widget.setStyleSheet("background: rgb(193, 195, 232)")
        widget.show()
        return widget

    def _make_slice(self, node: Any, tag: str) -> qMRMLSliceWidget:
        logic = self._application_logic.GetSliceLogic(node)
        if logic is None:
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLApplicationLogic(self._application_logic)
            logic.SetMRMLScene(slicer.mrmlScene)
            logic.SetSliceNode(node)
            self._logics.AddItem(logic)
        widget = qMRMLSliceWidget()
        widget._make(logic)
        widget.setObjectName(f"qMRMLSliceWidget{tag}")
        return widget

    def layoutLogic(self) -> Any:
        return self._logic

    def mrmlScene(self) -> Any:
        return slicer.mrmlScene

    def mrmlSliceLogics(self) -> Any:
        return self._logics

    def viewport(self) -> Any:
        return self._viewport

    def setLayout(self, layout: int) -> None:
        self._node.SetViewArrangement(layout)

    def sliceWidget(self, name: str) -> Any:
        return self._slices.get(name)

    def sliceViewNames(self) -> list[str]:
        return [name for name, widget in self._slices.items() if self._contents.isAncestorOf(widget)]

    def plotWidget(self, index: int) -> Any:
        return self._plots[index] if index < len(self._plots) else None

    def tableWidget(self, index: int) -> Any:
        return self._tables[index] if index < len(self._tables) else None

    def resetSliceViews(self) -> None:
        for widget in self._slices.values():
            widget.fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        """There are none."""

    layout = Property(int, lambda self: self._node.GetViewArrangement(), lambda self, value: self.setLayout(value))
    threeDViewCount = Property(int, lambda self: 0)
    plotViewCount = Property(int, lambda self: len(self._plots))
    tableViewCount = Property(int, lambda self: len(self._tables))
