"""The main window: the panel of the selected module on the left, the views on the right."""

from __future__ import annotations

from typing import Any

import slicer
from PySide6 import QtWidgets
from PySide6.QtCore import Property, Qt

from .widget_base import emit


class qSlicerModuleSelectorToolBar(QtWidgets.QToolBar):
    """Chooses the module whose panel is shown."""

    SIGNALS = ("moduleSelected(QString)",)
    SLOTS = ("selectModule(QString)",)

    def __init__(self, window: qSlicerMainWindow) -> None:
        super().__init__("Module Selection")
        self._window, self._selected = window, ""

    def selectModule(self, name: str) -> None:
        if name != self._selected:
            self._selected = name
            self._window._show_module(name)
            emit(self, "moduleSelected(QString)", name)

    selectedModule = Property(str, lambda self: self._selected, lambda self, value: self.selectModule(value))


class qSlicerMainWindow(QtWidgets.QMainWindow):
    """Slicer's main window, as far as scripts and pictures need it."""

    def __init__(self, viewport: QtWidgets.QWidget) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self.setWindowTitle("3D Slicer")
        self._selector = qSlicerModuleSelectorToolBar(self)
        self.addToolBar(self._selector)
        self._label = QtWidgets.QLabel("")
        self._label.setStyleSheet("font-weight: bold; padding: 3px;")
        self._selector.addWidget(self._label)
        self._panel = QtWidgets.QScrollArea()
        self._panel.setObjectName("PanelDockWidget")
        self._panel.setWidgetResizable(True)
        self._panel.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self._panel.setMinimumWidth(420)
        splitter = QtWidgets.QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self._panel)
        splitter.addWidget(viewport)
        splitter.setStretchFactor(1, 1)
        self.setCentralWidget(splitter)
        self._entered: Any = None
        self.statusBar()
        self.resize(1400, 900)

    def _show_module(self, name: str) -> None:
        module = slicer.app.moduleManager().module(name)
        if self._entered is not None:
            self._entered.exit()
            self._entered = None
        shown = self._panel.takeWidget()
        if shown is not None:
            shown.setParent(None)
        widget = module.widgetRepresentation() if module is not None else None
        self._label.setText(f"Module: {getattr(module, 'title', '') or name}")
        if widget is not None:
            widget.layout().addStretch(0)
            self._panel.setWidget(widget)
            widget.show()
            widget.enter()
            self._entered = widget

    def moduleSelector(self) -> qSlicerModuleSelectorToolBar:
        return self._selector
