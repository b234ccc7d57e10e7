"""ctkSliderWidget and ctkDoubleSpinBox."""

from __future__ import annotations

from typing import Any

from PySide6 import QtWidgets
from PySide6.QtCore import Property, Qt

from ..widget_base import emit, forwarded, register, stored


@register
class ctkDoubleSpinBox(QtWidgets.QWidget):
    """A spin box for real numbers; not a QDoubleSpinBox, it holds one."""

    SIGNALS = ("valueChanged(double)", "valueChanged(QString)", "editingFinished()", "decimalsChanged(int)")
    SLOTS = ("setValue(double)", "setValueIfDifferent(double)", "setValueAlways(double)", "stepUp()", "stepDown()",
             "setDecimals(int)", "setReadOnly(bool)")  # fmt: skip

    def __init__(self, *arguments: Any) -> None:
        parents = [each for each in arguments if isinstance(each, QtWidgets.QWidget)]
        super().__init__(parents[0] if parents else None)
        self._box = QtWidgets.QDoubleSpinBox()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self.setFocusProxy(self._box)
        self._box.connect("valueChanged(double)", self._changed)
        self._box.connect("editingFinished()", lambda: emit(self, "editingFinished()"))

    def _changed(self, value: float) -> None:
        emit(self, "valueChanged(double)", value)
        emit(self, "valueChanged(QString)", self._box.text)

    def setValue(self, value: float) -> None:
        self._box.setValue(value)

    def setValueIfDifferent(self, value: float) -> None:
        self._box.setValue(value)

    def setValueAlways(self, value: float) -> None:
        before = self._box.value
        self._box.setValue(value)
        if before == self._box.value:
            self._changed(before)

    def stepUp(self) -> None:
        self._box.stepUp()

    def stepDown(self) -> None:
        self._box.stepDown()

    def setDecimals(self, decimals: int) -> None:
        self._box.setDecimals(decimals)
        emit(self, "decimalsChanged(int)", decimals)

    def setReadOnly(self, read_only: bool) -> None:
        self._box.setReadOnly(read_only)

    alignment = forwarded(int, "_box", "alignment")
    frame = forwarded(bool, "_box", "frame")
    readOnly = forwarded(bool, "_box", "readOnly")
    prefix = forwarded(str, "_box", "prefix")
    suffix = forwarded(str, "_box", "suffix")
    cleanText = Property(str, lambda self: self._box.cleanText)
    decimals = Property(int, lambda self: self._box.decimals, lambda self, value: self.setDecimals(value))
    decimalsOption = stored(int, "decimalsOption", 0)
    minimum = forwarded(float, "_box", "minimum")
    maximum = forwarded(float, "_box", "maximum")
    singleStep = forwarded(float, "_box", "singleStep")
    value = forwarded(float, "_box", "value")
    setMode = stored(int, "setMode", 0)
    invertedControls = stored(bool, "invertedControls", False)
    sizeHintPolicy = stored(int, "sizeHintPolicy", 0)
    isSettingValue = Property(bool, lambda self: False)


@register
class ctkSliderWidget(QtWidgets.QWidget):
    """A slider with a spin box, for real numbers."""

    SIGNALS = ("valueChanged(double)", "valueIsChanging(double)", "decimalsChanged(int)")
    SLOTS = ("reset()", "setValue(double)", "setSpinBoxVisible(bool)", "setDecimals(int)")
    STEPS = 1000

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._slider = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, self.STEPS)
        self._box = QtWidgets.QDoubleSpinBox()
        self._box.setRange(0.0, 99.0)
        self._box.setSingleStep(1.0)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._box)
        self.setFocusProxy(self._slider)
        self._box.connect("valueChanged(double)", self._changed)
        self._slider.connect("valueChanged(int)", self._slid)

    def _slid(self, position: int) -> None:
        low, high = float(self._box.minimum), float(self._box.maximum)
        self._box.setValue(low + (high - low) * position / self.STEPS)

    def _changed(self, value: float) -> None:
        self._place()
        if self.tracking:
            emit(self, "valueIsChanging(double)", value)
        emit(self, "valueChanged(double)", value)

    def _place(self) -> None:
        low, high = float(self._box.minimum), float(self._box.maximum)
        blocked = self._slider.blockSignals(True)
        share = (float(self._box.value) - low) / (high - low) if high > low else 0.0
        self._slider.setValue(round(share * self.STEPS))
        self._slider.blockSignals(blocked)

    def _set_range(self, name: str, value: float) -> None:
        setattr(self._box, name, value)
        self._place()

    def setValue(self, value: float) -> None:
        self._box.setValue(value)

    def setDecimals(self, decimals: int) -> None:
        self._box.setDecimals(decimals)
        emit(self, "decimalsChanged(int)", decimals)

    def setSpinBoxVisible(self, visible: bool) -> None:
        self._box.setVisible(visible)

    def reset(self) -> None:
        self._box.setValue(0.0)

    decimals = Property(int, lambda self: self._box.decimals, lambda self, value: self.setDecimals(value))
    minimum = Property(float, lambda self: self._box.minimum, lambda self, value: self._set_range("minimum", value))
    maximum = Property(float, lambda self: self._box.maximum, lambda self, value: self._set_range("maximum", value))
    value = forwarded(float, "_box", "value")
    singleStep = forwarded(float, "_box", "singleStep")
    pageStep = stored(float, "pageStep", 10.0)
    prefix = forwarded(str, "_box", "prefix")
    suffix = forwarded(str, "_box", "suffix")
    tickInterval = stored(float, "tickInterval", 0.0)
    tickPosition = stored(int, "tickPosition", 0)
    synchronizeSiblings = stored(int, "synchronizeSiblings", 0)
    spinBoxAlignment = stored(int, "spinBoxAlignment", 0)
    tracking = stored(bool, "tracking", True)
    spinBoxVisible = Property(
        bool, lambda self: not self._box.isHidden(), lambda self, value: self.setSpinBoxVisible(value)
    )
    popupSlider = stored(bool, "popupSlider", False)
    invertedAppearance = stored(bool, "invertedAppearance", False)
    invertedControls = stored(bool, "invertedControls", False)
