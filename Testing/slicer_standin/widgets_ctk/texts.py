"""ctkFittedTextBrowser, ctkSearchBox, ctkMessageBox."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property

from ..widget_base import register, stored


@register
class ctkFittedTextBrowser(QtWidgets.QTextBrowser):
    """A text browser as high as its text."""

    SLOTS = ("setCollapsibleText(QString)", "setCollapsibleHtml(QString)", "setCollapsiblePlainText(QString)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.connect("textChanged()", self.updateGeometry)

    def sizeHint(self) -> QtCore.QSize:
        width = max(100, self.viewport().width)
        document = self.document.clone()
        document.setTextWidth(width)
        return QtCore.QSize(width, int(document.size.height()) + 2 * int(self.frameWidth))

    def setCollapsibleText(self, text: str) -> None:
        self._collapsible = text
        self.setText(text)

    def setCollapsibleHtml(self, text: str) -> None:
        self._collapsible = text
        self.setHtml(text)

    def setCollapsiblePlainText(self, text: str) -> None:
        self._collapsible = text
        self.setPlainText(text)

    def collapsibleText(self) -> str:
        return str(self.__dict__.get("_collapsible", ""))

    disableMouseScroll = stored(bool, "disableMouseScroll", True)
    collapsed = stored(bool, "collapsed", True)
    showDetailsText = stored(str, "showDetailsText", "Show details...")
    hideDetailsText = stored(str, "hideDetailsText", "Hide details.")


@register
class ctkSearchBox(QtWidgets.QLineEdit):
    """A line edit with a magnifying glass and a button to clear it."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Search...")
        self.setClearButtonEnabled(True)

    showSearchIcon = stored(bool, "showSearchIcon", False)
    searchIcon = stored("QIcon", "searchIcon", None)
    clearIcon = stored("QIcon", "clearIcon", None)


@register
class ctkMessageBox(QtWidgets.QMessageBox):
    """A message box that can be told not to come again."""

    SLOTS = ("setDontShowAgain(bool)",)

    def setDontShowAgain(self, dont_show: bool) -> None:
        self.__dict__["_stored_dontShowAgain"] = dont_show

    def addDontShowAgainButtonRole(self, role: Any) -> None:
        """Roles for which the answer is kept: none here."""

    dontShowAgain = Property(bool, lambda self: self.__dict__.get("_stored_dontShowAgain", False), setDontShowAgain)
    dontShowAgainSettingsKey = stored(str, "dontShowAgainSettingsKey", "")
    dontShowAgainVisible = stored(bool, "dontShowAgainVisible", False)
