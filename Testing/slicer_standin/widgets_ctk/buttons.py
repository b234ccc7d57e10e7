"""ctkCollapsibleButton, ctkCollapsibleGroupBox, ctkMenuButton, ctkExpandButton."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Qt

from ..widget_base import emit, register, stored

HEADER = 26


def _show_contents(self: Any, shown: bool) -> None:
    """Show what lies in a widget, or hide it; what its owner hid stays hidden."""
    for child in self.children():
        if not isinstance(child, QtWidgets.QWidget):
            continue
        if shown and child.property("_collapsed_away"):
            child.setProperty("_collapsed_away", False)
            child.setVisible(True)
        elif not shown and not child.isHidden():
            child.setProperty("_collapsed_away", True)
            child.setVisible(False)


@register
class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A titled section that folds."""

    SIGNALS = ("contentsCollapsed(bool)",)

    def __init__(self, *arguments: Any) -> None:
        text = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        parents = [each for each in arguments if not isinstance(each, str)]
        super().__init__(parents[0] if parents else None)
        self._is_collapsed = False
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setContentsMargins(0, HEADER, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)
        self.connect("toggled(bool)", self._follow)

    def _follow(self, checked: bool) -> None:
        self._collapse(not checked)

    def _collapse(self, collapsed: bool) -> None:
        if collapsed == self._is_collapsed:
            return
        self._is_collapsed = collapsed
        self.setChecked(not collapsed)
        _show_contents(self, not collapsed)
        self.updateGeometry()
        self.update()
        emit(self, "contentsCollapsed(bool)", collapsed)

    collapsed = Property(bool, lambda self: self._is_collapsed, lambda self, value: self._collapse(value))
    collapsedHeight = stored(int, "collapsedHeight", 10)
    flat = stored(bool, "flat", False)
    contentsFrameShape = stored(int, "contentsFrameShape", 0)
    contentsFrameShadow = stored(int, "contentsFrameShadow", 16)
    contentsLineWidth = stored(int, "contentsLineWidth", 1)
    contentsMidLineWidth = stored(int, "contentsMidLineWidth", 0)
    buttonTextAlignment = stored(int, "buttonTextAlignment", 0x84)
    indicatorAlignment = stored(int, "indicatorAlignment", 0x84)

    def sizeHint(self) -> QtCore.QSize:
        layout = self.layout()
        width = self.fontMetrics().horizontalAdvance(self.text) + 60
        if layout is None or self._is_collapsed:
            return QtCore.QSize(width, HEADER + (self.collapsedHeight if self._is_collapsed else 10))
        inside = layout.totalSizeHint()  # with the margin that the header lies in
        return QtCore.QSize(max(width, inside.width()), inside.height())

    def minimumSizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(40, self.sizeHint().height())

    def hasHeightForWidth(self) -> bool:
        return self.layout() is not None and not self._is_collapsed and self.layout().hasHeightForWidth()

    def heightForWidth(self, width: int) -> int:
        return self.layout().totalHeightForWidth(width)

    def hitButton(self, position: QtCore.QPoint) -> bool:
        return position.y() < HEADER

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        palette = self.palette
        header = QtCore.QRect(0, 0, self.width, HEADER - 2)
        painter.setPen(palette.color(QtGui.QPalette.ColorRole.Mid))
        painter.setBrush(palette.color(QtGui.QPalette.ColorRole.Button))
        painter.drawRoundedRect(header.adjusted(0, 0, -1, -1), 3, 3)
        arrow = QtWidgets.QStyleOption()
        arrow.initFrom(self)
        arrow.rect = QtCore.QRect(6, 5, 14, 14)
        elements = QtWidgets.QStyle.PrimitiveElement
        which = elements.PE_IndicatorArrowRight if self._is_collapsed else elements.PE_IndicatorArrowDown
        self.style().drawPrimitive(which, arrow, painter, self)
        role = QtGui.QPalette.ColorRole.ButtonText
        self.style().drawItemText(
            painter,
            header.adjusted(26, 0, -4, 0),
            int(Qt.AlignmentFlag.AlignVCenter),
            palette,
            bool(self.enabled),
            str(self.text).replace("&&", "&"),
            role,
        )
        if self.hasFocus():
            painter.setPen(QtGui.QPen(palette.color(QtGui.QPalette.ColorRole.Highlight), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(header.adjusted(1, 1, -2, -2), 3, 3)


@register
class ctkCollapsibleGroupBox(QtWidgets.QGroupBox):
    """A group box whose check mark folds it."""

    def __init__(self, *arguments: Any) -> None:
        text = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        parents = [each for each in arguments if not isinstance(each, str)]
        super().__init__(text, parents[0] if parents else None)
        self._is_collapsed = False
        self.setCheckable(True)
        self.connect("toggled(bool)", self._follow)

    def _follow(self, checked: bool) -> None:
        self._collapse(not checked)

    def _collapse(self, collapsed: bool) -> None:
        if collapsed != self._is_collapsed:
            self._is_collapsed = collapsed
            self.setChecked(not collapsed)
            _show_contents(self, not collapsed)
            self.setMaximumHeight(24 if collapsed else 16777215)
            self.updateGeometry()

    collapsed = Property(bool, lambda self: self._is_collapsed, lambda self, value: self._collapse(value))
    collapsedHeight = stored(int, "collapsedHeight", 14)


@register
class ctkMenuButton(QtWidgets.QPushButton):
    """A push button with a menu on a separate arrow."""


@register
class ctkExpandButton(QtWidgets.QToolButton):
    """A checkable button that shows a direction."""

    orientation = stored(int, "orientation", 1)
    mirrorOnExpand = stored(bool, "mirrorOnExpand", False)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setAutoRaise(True)
