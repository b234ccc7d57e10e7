"""A slice view: the real slice logic and the real displayable managers, rendered off screen into a Qt widget."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property
from vtk.util.numpy_support import vtk_to_numpy

from .scene_observers import Observers
from .widget_base import register

# Those of Slicer's slice views that draw what our modules show.
MANAGERS = (
    "vtkMRMLVolumeGlyphSliceDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLScalarBarDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
)
COLORS = {"Red": (243, 74, 51), "Green": (110, 176, 75), "Yellow": (237, 213, 76)}
_managers_ready = False


def _factory() -> Any:
    global _managers_ready
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    if not _managers_ready:
        # Without it the manager of markups crashes on the first point list.
        factory.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        for name in MANAGERS:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        _managers_ready = True
    return factory


class qMRMLSliceView(QtWidgets.QWidget):
    """The picture of a slice; rendered when it is painted or asked for."""

    def __init__(self, logic: Any) -> None:
        super().__init__()
        self._logic = logic
        self._window: Any = None
        self._annotation = vtk.vtkCornerAnnotation()
        self._group: Any = None
        self._text = ""
        self.setMinimumSize(60, 60)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding)

    def _make_window(self) -> None:
        renderer = vtk.vtkRenderer()
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetNumberOfLayers(2)
        self._window.AddRenderer(renderer)
        self._renderer = renderer
        interactor = vtk.vtkGenericRenderWindowInteractor()
        interactor.SetRenderWindow(self._window)
        self._interactor = interactor
        self._actor = vtk.vtkActor2D()
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().SetDisplayLocationToBackground()
        renderer.AddViewProp(self._actor)
        self._annotation.SetMaximumFontSize(14)
        self._annotation.GetTextProperty().SetColor(1.0, 1.0, 0.6)
        renderer.AddViewProp(self._annotation)
        self._group = slicer.vtkMRMLDisplayableManagerGroup()
        self._group.Initialize(_factory(), renderer)
        self._group.SetMRMLDisplayableNode(self._logic.GetSliceNode())
        # Events of the mouse go to the displayable managers, as in qMRMLSliceView.
        interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self._observer = slicer.vtkMRMLSliceViewInteractorStyle()
        self._observer.SetSliceLogic(self._logic)
        self._observer.SetDisplayableManagers(self._group)
        self._observer.SetInteractor(interactor)

    def _render(self) -> Any:
        """An array (height, width, 3) of uint8, first row on top."""
        size = self.property("size")
        width, height = max(size.width(), 2), max(size.height(), 2)
        if self._window is None:
            self._make_window()
        self._window.SetSize(width, height)
        self._resize_slice(width, height)
        connection = self._logic.GetImageDataConnection()
        self._actor.SetVisibility(connection is not None)
        if connection is not None:
            self._mapper.SetInputConnection(connection)
        self._window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self._window)
        grab.ReadFrontBufferOff()
        grab.Update()
        image = grab.GetOutput()
        columns, rows, _ = image.GetDimensions()
        pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)
        return np.ascontiguousarray(pixels[::-1, :, :3])

    def _resize_slice(self, width: int, height: int) -> None:
        node = self._logic.GetSliceNode()
        if tuple(node.GetDimensions()[:2]) != (width, height):
            self._logic.ResizeSliceNode(width, height)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        pixels = self._render()
        rows, columns, _ = pixels.shape
        image = QtGui.QImage(pixels.tobytes(), columns, rows, 3 * columns, QtGui.QImage.Format.Format_RGB888)
        QtGui.QPainter(self).drawImage(0, 0, image)

    def _set_text(self, text: str) -> None:
        self._text = text
        self._annotation.SetText(vtk.vtkCornerAnnotation.UpperLeft, text)

    def renderWindow(self) -> Any:
        if self._window is None:
            self._make_window()
        return self._window

    def interactor(self) -> Any:
        self.renderWindow()
        return self._interactor

    def cornerAnnotation(self) -> Any:
        return self._annotation

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def displayableManagerByClassName(self, name: str) -> Any:
        self.renderWindow()
        return self._group.GetDisplayableManagerByClassName(name)

    def convertRASToXYZ(self, ras: list[float]) -> list[float]:
        matrix = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self.mrmlSliceNode().GetXYToRAS(), matrix)
        return list(matrix.MultiplyPoint((*ras, 1.0))[:3])

    def convertXYZToRAS(self, xyz: list[float]) -> list[float]:
        return list(self.mrmlSliceNode().GetXYToRAS().MultiplyPoint((*xyz, 1.0))[:3])

    def scheduleRender(self) -> None:
        self.update()

    def forceRender(self) -> None:
        self.update()

    def setCornerAnnotationText(self, text: str) -> None:
        self._set_text(text)

    cornerAnnotationText = Property(str, lambda self: self._text, lambda self, value: self._set_text(value))


class qMRMLSliceControllerWidget(QtWidgets.QWidget):
    """The bar above a slice view: its name and a slider through the slices."""

    def __init__(self, logic: Any) -> None:
        super().__init__()
        self._logic = logic
        node = logic.GetSliceNode()
        self._label = QtWidgets.QLabel(node.GetLayoutLabel() or node.GetLayoutName())
        color = COLORS.get(node.GetLayoutName(), tuple(int(255 * each) for each in node.GetLayoutColor()))
        self._label.setStyleSheet(f"background: rgb{color}; color: black; font-weight: bold; padding: 1px 8px;")
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._slider.setRange(-100, 100)
        self._slider.connect("valueChanged(int)", self._slid)
        self._observers = Observers(self)
        self._observers.add(node, [vtk.vtkCommand.ModifiedEvent], self._place)
        self._place()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._label)
        layout.addWidget(self._slider, 1)

    def _place(self) -> None:
        blocked = self._slider.blockSignals(True)
        self._slider.setValue(round(self._logic.GetSliceOffset()))
        self._slider.blockSignals(blocked)

    def _slid(self, value: int) -> None:
        self._logic.SetSliceOffset(float(value))

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        return self._logic.GetSliceCompositeNode()

    def sliceLogic(self) -> Any:
        return self._logic

    def setSliceLink(self, linked: bool) -> None:
        self._logic.GetSliceCompositeNode().SetLinkedControl(linked)

    def setHotLinked(self, hot: bool) -> None:
        self._logic.GetSliceCompositeNode().SetHotLinkedControl(hot)

    def setSliceVisible(self, visible: bool) -> None:
        self._logic.GetSliceNode().SetSliceVisible(visible)

    def setSliceOffsetValue(self, offset: float) -> None:
        self._logic.SetSliceOffset(offset)

    def fitSliceToBackground(self) -> None:
        self._logic.FitSliceToBackground()


@register
class qMRMLSliceWidget(QtWidgets.QWidget):
    """A slice view with its controller; made by the layout manager, which knows its node."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._logic: Any = None
        self._observers = Observers(self)

    def _make(self, logic: Any) -> None:
        self._logic = logic
        self._view = qMRMLSliceView(logic)
        self._controller = qMRMLSliceControllerWidget(logic)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._controller)
        layout.addWidget(self._view, 1)
        events = [vtk.vtkCommand.ModifiedEvent]
        self._observers.add(logic, events, self._view.update)
        self._observers.add(logic.GetSliceNode(), events, self._view.update)

    def sliceLogic(self) -> Any:
        return self._logic

    def logic(self) -> Any:
        return self._logic

    def sliceView(self) -> qMRMLSliceView:
        return self._view

    def sliceController(self) -> qMRMLSliceControllerWidget:
        return self._controller

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        return self._logic.GetSliceCompositeNode()

    def overlayCornerAnnotation(self) -> Any:
        return self._view.cornerAnnotation()

    def fitSliceToBackground(self) -> None:
        size = self._view.property("size")
        self._view._resize_slice(max(size.width(), 2), max(size.height(), 2))
        self._logic.FitSliceToBackground()

    def setSliceOrientation(self, orientation: str) -> None:
        self._logic.GetSliceNode().SetOrientation(orientation)

    sliceViewName = Property(str, lambda self: self._logic.GetSliceNode().GetLayoutName())
    sliceViewLabel = Property(str, lambda self: self._logic.GetSliceNode().GetLayoutLabel())
    sliceOrientation = Property(
        str,
        lambda self: self._logic.GetSliceNode().GetOrientation(),
        lambda self, value: self.setSliceOrientation(value),
    )
