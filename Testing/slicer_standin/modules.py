"""``slicer.modules`` and the module manager: Slicer's modules that have a logic in slicer-core, and scripted ones."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import slicer
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property

from .widget_base import register, stored
from .widgets_qmrml.scene_widget import qSlicerWidget

# Modules of Slicer whose logic slicer-core has, by name.
LOGICS = {
    "Colors": "vtkSlicerColorLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Models": "vtkSlicerModelsLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Units": "vtkSlicerUnitsLogic",
    "ViewControllers": "vtkSlicerViewControllersLogic",
    "Volumes": "vtkSlicerVolumesLogic",
}


class qSlicerAbstractCoreModule(QtCore.QObject):
    """What all modules have."""

    def __init__(self, name: str, path: str = "", logic: Any = None) -> None:
        super().__init__()
        self._name, self._path, self._logic = name, path, logic
        self._widget: Any = None
        self.setObjectName(name)

    def logic(self) -> Any:
        return self._logic

    def mrmlScene(self) -> Any:
        return slicer.mrmlScene

    def widgetRepresentation(self) -> Any:
        return self._widget

    def createNewWidgetRepresentation(self) -> Any:
        return None

    name = Property(str, lambda self: self._name)
    path = Property(str, lambda self: self._path)
    isBuiltIn = Property(bool, lambda self: False)
    isInstalled = Property(bool, lambda self: False)


class qSlicerLoadableModule(qSlicerAbstractCoreModule):
    """A module in C++: here only its logic, without a widget."""

    title = Property(str, lambda self: self._name)


@register
class qSlicerScriptedLoadableModuleWidget(qSlicerWidget):
    """The widget of a scripted module in C++; ``self()`` is the Python object."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._module: Any = None
        self._python: Any = None
        self._entered = False
        QtWidgets.QVBoxLayout(self)

    def _make(self, module: Any) -> None:
        self._module = module
        self._set_source()
        self._python.setup()

    def _set_source(self) -> None:
        name = str(self._module.name)
        self._python = getattr(sys.modules[name], f"{name}Widget")(self)
        setattr(slicer.modules, f"{name}Widget", self._python)

    def reload(self) -> None:
        self._set_source()
        self._python.setup()

    def self(self) -> Any:
        return self._python

    def enter(self) -> None:
        self._entered = True
        if hasattr(self._python, "enter"):
            self._python.enter()

    def exit(self) -> None:
        self._entered = False
        if hasattr(self._python, "exit"):
            self._python.exit()

    def setEditedNode(self, node: Any, role: str = "", context: str = "") -> bool:
        return (
            bool(self._python.setEditedNode(node, role, context)) if hasattr(self._python, "setEditedNode") else False
        )

    moduleName = Property(str, lambda self: str(self._module.name))
    isEntered = Property(bool, lambda self: self._entered)


@register
class qSlicerScriptedLoadableModule(qSlicerAbstractCoreModule):
    """A module written in Python; the Python object sets its title and the like on it."""

    title = stored(str, "title", "")
    categories = stored("QStringList", "categories", [])
    contributors = stored("QStringList", "contributors", [])
    associatedNodeTypes = stored("QStringList", "associatedNodeTypes", [])
    helpText = stored(str, "helpText", "")
    acknowledgementText = stored(str, "acknowledgementText", "")
    extensions = stored("QVariantMap", "extensions", {})
    icon = stored(QtGui.QIcon, "icon", QtGui.QIcon())
    hidden = stored(bool, "hidden", False)
    dependencies = stored("QStringList", "dependencies", [])
    index = stored(int, "index", -1)
    widgetRepresentationCreationEnabled = stored(bool, "creation", True)

    def __init__(self, path: Path) -> None:
        super().__init__(path.stem, str(path))
        name = path.stem
        if str(path.parent) not in sys.path:
            sys.path.insert(0, str(path.parent))
        if not hasattr(sys.modules.get(name), name):
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
        module = sys.modules[name]
        setattr(slicer.modules, f"{name}Instance", getattr(module, name)(self))
        if not hasattr(module, f"{name}Widget"):
            self.widgetRepresentationCreationEnabled = False
        elif hasattr(module, f"{name}Logic"):
            self._logic = slicer.vtkSlicerScriptedLoadableModuleLogic()

    def widgetRepresentation(self) -> Any:
        if self._widget is None and self.widgetRepresentationCreationEnabled:
            self._widget = self.createNewWidgetRepresentation()
        return self._widget

    def createNewWidgetRepresentation(self) -> Any:
        if not self.widgetRepresentationCreationEnabled:
            return None
        widget = qSlicerScriptedLoadableModuleWidget()
        widget.setMRMLScene(slicer.mrmlScene)
        widget._make(self)
        return widget


class qSlicerModuleFactoryManager(QtCore.QObject):
    """Registers and loads modules by file."""

    SIGNALS = ("moduleLoaded(QString)", "modulesLoaded(QStringList)", "moduleAboutToBeUnloaded(QString)")

    def __init__(self, manager: qSlicerModuleManager) -> None:
        super().__init__()
        self._manager = manager
        self._registered: dict[str, Path] = {}

    def registerModule(self, file: Any) -> None:
        path = Path(file.absoluteFilePath())
        if path.is_file() and path.suffix == ".py":
            self._registered[path.stem] = path

    def registeredModuleNames(self) -> list[str]:
        return list(self._registered)

    def isRegistered(self, name: str) -> bool:
        return name in self._registered

    def isLoaded(self, name: str) -> bool:
        return name in self._manager._modules

    def loadedModuleNames(self) -> list[str]:
        return list(self._manager._modules)

    def loadModules(self, names: list[str]) -> bool:
        for name in names:
            if name not in self._registered:
                return False
            if name not in self._manager._modules:
                self._manager._add(qSlicerScriptedLoadableModule(self._registered[name]))
        return True


class qSlicerModuleManager(QtCore.QObject):
    """Modules by name."""

    SIGNALS = ("moduleLoaded(QString)", "moduleAboutToBeUnloaded(QString)")

    def __init__(self, application_logic: Any) -> None:
        super().__init__()
        self._modules: dict[str, Any] = {}
        slicer.modules = SimpleNamespace()
        slicer.moduleNames = SimpleNamespace()
        self._factory = qSlicerModuleFactoryManager(self)
        for name, class_name in LOGICS.items():
            logic = getattr(slicer, class_name)()
            logic.SetMRMLApplicationLogic(application_logic)
            logic.SetMRMLScene(slicer.mrmlScene)
            application_logic.SetModuleLogic(name, logic)
            self._add(qSlicerLoadableModule(name, logic=logic))

    def _add(self, module: Any) -> None:
        name = str(module.name)
        self._modules[name] = module
        setattr(slicer.modules, name.lower(), module)
        setattr(slicer.moduleNames, name, name)

    def factoryManager(self) -> qSlicerModuleFactoryManager:
        return self._factory

    def modulesNames(self) -> list[str]:
        return list(self._modules)

    def module(self, name: str) -> Any:
        return self._modules.get(name)
