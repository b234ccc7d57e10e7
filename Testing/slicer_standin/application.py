"""``slicer.app``: a QApplication with what scripts ask Slicer's for."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property

from .dicom_database import DicomDatabase
from .io_manager import qSlicerCoreIOManager
from .layout import qSlicerLayoutManager
from .main_window import qSlicerMainWindow
from .modules import qSlicerModuleManager
from .widget_base import stored


def _message(kind: Any, context: Any, text: str) -> None:
    """What Qt says goes to stderr, but for what its offscreen platform always says."""
    if "propagateSizeHints" not in text:
        sys.stderr.write(f"Qt: {text}\n")


class qSlicerCommandOptions(QtCore.QObject):
    """How Slicer was started."""

    runPythonAndExit = stored(bool, "runPythonAndExit", False)
    testingEnabled = Property(bool, lambda self: True)
    noMainWindow = Property(bool, lambda self: slicer.util.mainWindow() is None)
    pythonScript = Property(str, lambda self: "")


class qSlicerApplication(QtWidgets.QApplication):
    """The application, under ``--testing``; settings and temporary files lie in a folder that goes with it."""

    SIGNALS = ("startupCompleted()", "mrmlSceneChanged(vtkMRMLScene*)", "renderPaused(bool)")

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._folder = tempfile.TemporaryDirectory(prefix="slicer-standin-")
        self.setOrganizationName("SlicerStandin")
        self.setApplicationName("Slicer")
        formats = QtCore.QSettings.Format
        QtCore.QSettings.setDefaultFormat(formats.IniFormat)
        QtCore.QSettings.setPath(formats.IniFormat, QtCore.QSettings.Scope.UserScope, self._folder.name)
        self.setStyle("fusion")
        QtCore.qInstallMessageHandler(_message)
        self._return_code: int | None = None
        self._layout_manager: Any = None
        self._window: Any = None
        self._settings: Any = None

    def _begin(self, main_window: bool) -> None:
        """Make scene, logics, modules and, where asked for, the main window."""
        slicer.mrmlScene = slicer.vtkMRMLScene()
        self._logic = slicer.vtkSlicerApplicationLogic()
        self._logic.SetMRMLScene(slicer.mrmlScene)
        (Path(self._folder.name) / "share" / "ColorFiles").mkdir(parents=True)
        self._logic.SetHomeDirectory(self._folder.name)
        self._logic.SetShareDirectory("share")
        self._logic.SetTemporaryPath(self.temporaryPath)
        cache = slicer.vtkCacheManager()
        cache.SetRemoteCacheDirectory(self.temporaryPath)
        files = slicer.vtkDataIOManager()
        files.SetCacheManager(cache)
        slicer.mrmlScene.SetCacheManager(cache)
        slicer.mrmlScene.SetDataIOManager(files)  # scenes in one file (.mrb) are unpacked in the cache
        self._settings = QtCore.QSettings()
        self._options = qSlicerCommandOptions()
        self._modules = qSlicerModuleManager(self._logic)
        self._io = qSlicerCoreIOManager()
        self._database = DicomDatabase()
        slicer.dicomDatabase = self._database
        if main_window:
            self._layout_manager = qSlicerLayoutManager(self._logic)
            self._window = qSlicerMainWindow(self._layout_manager.viewport())
            self._window.show()

    # What Python reaches

    def mrmlScene(self) -> Any:
        return slicer.mrmlScene

    def applicationLogic(self) -> Any:
        return self._logic

    def moduleLogic(self, name: str) -> Any:
        return self._logic.GetModuleLogic(name)

    def moduleManager(self) -> qSlicerModuleManager:
        return self._modules

    def layoutManager(self) -> Any:
        return self._layout_manager

    def coreIOManager(self) -> qSlicerCoreIOManager:
        return self._io

    def ioManager(self) -> qSlicerCoreIOManager:
        return self._io

    def dicomDatabase(self) -> DicomDatabase:
        return self._database

    def commandOptions(self) -> qSlicerCommandOptions:
        return self._options

    def settings(self) -> Any:
        return self._settings

    def userSettings(self) -> Any:
        return self._settings

    def revisionUserSettings(self) -> Any:
        return self._settings

    def processEvents(self, *arguments: Any) -> None:
        """Also deletes what ``deleteLater`` was called on, which else waits for a loop that never begins here."""
        QtWidgets.QApplication.processEvents(*arguments)
        QtWidgets.QApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete.value)

    def testingEnabled(self) -> bool:
        return True

    def startupEnvironment(self) -> Any:
        return QtCore.QProcessEnvironment.systemEnvironment()

    def environment(self) -> Any:
        return QtCore.QProcessEnvironment.systemEnvironment()

    def moduleDocumentationUrl(self, name: str) -> str:
        return f"https://slicer.readthedocs.io/en/latest/user_guide/modules/{name.lower()}.html"

    def setRenderPaused(self, pause: bool) -> None:
        """Views here render when they are painted."""

    def pauseRender(self) -> None:
        """The same."""

    def resumeRender(self) -> None:
        """The same."""

    def restart(self) -> None:
        raise RuntimeError("a test must not restart the application")

    def exit(self, status: int = 0) -> None:
        """Leaves with this code; the loop of ``run_in_slicer.py`` outside Slicer reads it."""
        self._return_code = status
        QtWidgets.QApplication.exit(status)

    temporaryPath = Property(
        str, lambda self: self.__dict__.get("_temporary") or self._make_temporary(),
        lambda self, value: self.__dict__.__setitem__("_temporary", value),
    )  # fmt: skip

    def _make_temporary(self) -> str:
        folder = Path(self._folder.name) / "tmp"
        folder.mkdir(exist_ok=True)
        return str(folder)

    cachePath = Property(str, lambda self: self._make_temporary())
    slicerHome = Property(str, lambda self: self._folder.name)
    extensionsInstallPath = Property(str, lambda self: os.path.join(self._folder.name, "Extensions"))
    defaultScenePath = stored(str, "defaultScenePath", "")
    majorVersion = Property(int, lambda self: 5)
    minorVersion = Property(int, lambda self: 13)
    revision = Property(str, lambda self: "standin")
    repositoryRevision = Property(str, lambda self: "standin")
    os = Property(str, lambda self: "linux")
    arch = Property(str, lambda self: "amd64")
    platform = Property(str, lambda self: "linux-amd64")
    documentationBaseUrl = Property(str, lambda self: "https://slicer.readthedocs.io/en/latest/")
