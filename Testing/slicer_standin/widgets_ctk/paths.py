"""ctkPathLineEdit and ctkDirectoryButton."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property

from ..widget_base import emit, forwarded, register, stored


@register
class ctkPathLineEdit(QtWidgets.QWidget):
    """A line for a path, with a button to browse."""

    SIGNALS = ("validInputChanged(bool)", "currentPathChanged(QString)")
    SLOTS = ("setCurrentPath(QString)", "browse()", "retrieveHistory()", "addCurrentPathToHistory()")
    # Of QDir::Filter, as CTK has them.
    Dirs, Files, Drives, NoSymLinks, AllEntries, TypeMask = 0x1, 0x2, 0x4, 0x8, 0x7, 0xF
    Readable, Writable, Executable, PermissionMask = 0x10, 0x20, 0x40, 0x70
    Modified, Hidden, System, AccessMask = 0x80, 0x100, 0x200, 0x3F0
    AllDirs, CaseSensitive, NoDot, NoDotDot, NoDotAndDotDot, NoFilter = 0x400, 0x800, 0x2000, 0x4000, 0x6000, -1

    def __init__(self, *arguments: Any) -> None:
        parents = [each for each in arguments if isinstance(each, QtWidgets.QWidget)]
        super().__init__(parents[0] if parents else None)
        self._combo = QtWidgets.QComboBox()
        self._combo.setEditable(True)
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._browse = QtWidgets.QToolButton()
        self._browse.setText("...")
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        layout.addWidget(self._browse)
        self.setFocusProxy(self._combo)
        self._was_valid = False
        self._pattern = re.compile(".+")
        self._combo.lineEdit().connect("textChanged(QString)", self._changed)
        self._browse.connect("clicked()", self.browse)

    def _changed(self, path: str) -> None:
        """As CTK does: a path that the name filters do not take, or an empty one, is not told."""
        was, self._was_valid = self._was_valid, self._pattern.fullmatch(path) is not None
        if self._was_valid:
            emit(self, "currentPathChanged(QString)", path)
        if self._was_valid != was:
            emit(self, "validInputChanged(bool)", self._was_valid)

    def _filter(self) -> None:
        """CTK's pattern: paths with one of the endings, whose last letter may be missing; without any, not empty."""
        endings = re.findall(r"\*\.(\w+)", " ".join(self.nameFilters))
        self._pattern = re.compile("|".join(rf".*\.{ending}?" for ending in endings) or ".+")

    def comboBox(self) -> QtWidgets.QComboBox:
        return self._combo

    def setCurrentPath(self, path: str) -> None:
        if path != self._combo.currentText:
            self._combo.setEditText(path)

    def browse(self) -> None:
        ask = QtWidgets.QFileDialog.getExistingDirectory if self.filters & 1 else QtWidgets.QFileDialog.getOpenFileName
        self.setCurrentPath(ask(self, self.label or "Select a file"))

    def _key(self) -> str:
        return f"ctkPathLineEdit/{self.settingKey or self.property('objectName')}"

    def _history(self) -> list[str]:
        kept = QtCore.QSettings().value(self._key()) or []
        return [kept] if isinstance(kept, str) else [str(each) for each in kept]

    def retrieveHistory(self) -> None:
        """Offer the paths of earlier sessions; the latest is the current one where there is none yet."""
        path = self.currentPath
        blocked = self.blockSignals(True)
        self._combo.clear()
        self._combo.addItems(self._history())
        self.blockSignals(blocked if not path else True)
        if path:
            self.setCurrentPath(path)
        else:
            self._combo.setCurrentIndex(0)
        self.blockSignals(blocked)

    def addCurrentPathToHistory(self) -> None:
        """As CTK does, signals and all: a path that is in the list is taken out of it and put in at its beginning."""
        path = self.currentPath
        if not path:
            return
        QtCore.QSettings().setValue(self._key(), [path, *(each for each in self._history() if each != path)])
        place = self._combo.findText(path)
        if place >= 0:
            self._combo.removeItem(place)
        self._combo.insertItem(0, path)
        self._combo.setCurrentIndex(0)

    label = stored(str, "label", "")
    filters = stored(int, "filters", 0x1 | 0x2 | 0x4 | 0x10)
    currentPath = Property(str, lambda self: self._combo.currentText, lambda self, value: self.setCurrentPath(value))
    options = stored(int, "options", 0)
    settingKey = stored(str, "settingKey", "", lambda self: self.retrieveHistory())
    showBrowseButton = Property(
        bool, lambda self: not self._browse.isHidden(), lambda self, value: self._browse.setVisible(value)
    )
    showHistoryButton = stored(bool, "showHistoryButton", True)
    sizeAdjustPolicy = stored(int, "sizeAdjustPolicy", 0)
    minimumContentsLength = stored(int, "minimumContentsLength", 0)
    nameFilters = stored("QStringList", "nameFilters", [], lambda self: self._filter())


@register
class ctkDirectoryButton(QtWidgets.QWidget):
    """A button that shows a folder and lets one choose another."""

    SIGNALS = ("directoryChanged(QString)", "directorySelected(QString)")
    SLOTS = ("browse()",)

    def __init__(self, *arguments: Any) -> None:
        parents = [each for each in arguments if isinstance(each, QtWidgets.QWidget)]
        super().__init__(parents[0] if parents else None)
        self._button = QtWidgets.QPushButton()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._button)
        self._folder = ""
        self._set_folder(next((each for each in arguments if isinstance(each, str)), "."))
        self._button.connect("clicked()", self.browse)

    def _set_folder(self, folder: str) -> None:
        folder = str(Path(folder).absolute())
        if folder != self._folder:
            self._folder = folder
            if not self.text:
                self._button.setText(folder)
            emit(self, "directoryChanged(QString)", folder)
            emit(self, "directorySelected(QString)", folder)

    def browse(self) -> None:
        chosen = QtWidgets.QFileDialog.getExistingDirectory(self, self.caption, self._folder)
        if chosen:
            self._set_folder(chosen)

    acceptMode = stored(int, "acceptMode", 0)
    directory = Property(str, lambda self: self._folder, lambda self, value: self._set_folder(value))
    caption = stored(str, "caption", "Select a directory")
    text = stored(str, "text", "", lambda self: self._button.setText(self.text or self._folder))
    icon = forwarded("QIcon", "_button", "icon")
    elideMode = stored(int, "elideMode", 2)
    options = stored(int, "options", 1)
