"""qMRMLWidget and qSlicerWidget: widgets that know a scene."""

from __future__ import annotations

from typing import Any

from PySide6 import QtWidgets

from ..scene_observers import Observers
from ..widget_base import emit, register


class SceneWidget(QtWidgets.QWidget):
    """A widget that is told the scene."""

    SIGNALS = ("mrmlSceneChanged(vtkMRMLScene*)",)
    SLOTS = ("setMRMLScene(vtkMRMLScene*)",)

    def __init__(self, parent: Any = None, *flags: Any) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._observers = Observers(self)

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        self._scene = scene
        self._scene_set()
        emit(self, "mrmlSceneChanged(vtkMRMLScene*)", scene)

    def _scene_set(self) -> None:
        """For derived classes."""


@register
class qMRMLWidget(SceneWidget):
    """The base of widgets with a scene."""

    def mrmlScene(self) -> Any:
        return self._scene


@register
class qSlicerWidget(SceneWidget):
    """The base of widgets of modules, which do not tell the scene."""
