"""The comparison of an image with its harmonized one: side by side, blink, fade, difference."""

from __future__ import annotations

from typing import Any

import qt
from slicer.i18n import tr as _

from .section import signalsBlocked

BLINK_MS = 700
SIDE_BY_SIDE = _("Left: original. Right: harmonized. Zoom and position are linked.")


class Comparison:
    """Drives the two views of ``logic.showSideBySide`` by the buttons of the section's result.

    Args:
        ui: has sideBySideButton, blinkButton, fadeButton, differenceButton, fadeSlider, compareLabel, compareWidget and
            restoreButton.
        logic: a ``USHarmonizationLogic``.
    """

    def __init__(self, ui: Any, logic: Any) -> None:
        self._ui, self._logic = ui, logic
        self.views: Any = None
        self._blinkShowsGenerated = True
        self._timer = qt.QTimer()
        self._timer.setInterval(BLINK_MS)
        self._timer.connect("timeout()", self._blink)
        ui.sideBySideButton.connect("clicked()", self.showSideBySide)
        ui.blinkButton.connect("clicked()", self.showBlink)
        ui.fadeButton.connect("clicked()", self.showFade)
        ui.differenceButton.connect("clicked()", self.showDifference)
        ui.fadeSlider.connect("valueChanged(int)", self._onFade)
        ui.restoreButton.connect("clicked()", self.toggleViews)

    @property
    def available(self) -> bool:
        """Whether there are images to compare, all still in the scene."""
        nodes = (self.views.original, self.views.generated) if self.views else ()
        return bool(nodes) and all(node.GetScene() is not None for node in nodes)

    def open(self, original: Any, generated: Any, segmentation: Any, title: str) -> None:
        """Show two images side by side; without views (no main window), nothing."""
        self.close()
        self.views = self._logic.showSideBySide(original, generated, segmentation, title)
        self._ui.compareWidget.visible = self.views.shown
        qt.QTimer.singleShot(0, self._fit)  # the views have their size only when the layout has been drawn
        self._nameToggle()
        self._choose(self._ui.sideBySideButton, SIDE_BY_SIDE)

    def _fit(self) -> None:
        if self.available and self.views.shown:
            self.views.fit()

    def close(self) -> None:
        """Restore the layout and forget the images."""
        self._timer.stop()
        if self.views is not None:
            self.views.restore()
        self.views = None
        self._ui.compareWidget.visible = False

    def showSideBySide(self) -> None:
        """Original left, harmonized right."""
        if self._ready(self._ui.sideBySideButton, SIDE_BY_SIDE):
            self.views.showGenerated()

    def showBlink(self) -> None:
        """The right view changes between original and harmonized image."""
        if self._ready(
            self._ui.blinkButton, _("The right view changes between the original and the harmonized image.")
        ):
            self._blinkShowsGenerated = True
            self._blink()
            self._timer.start()

    def showFade(self) -> None:
        """The right view shows the share of the slider."""
        if self._ready(self._ui.fadeButton, _("Left end of the slider: original. Right end: harmonized.")):
            self._ui.fadeSlider.visible = True
            self._onFade(self._ui.fadeSlider.value)

    def showDifference(self) -> None:
        """The right view shows where the image became brighter or darker."""
        if self._ready(self._ui.differenceButton, ""):
            limit = self.views.showDifference()
            text = _("Red: brighter than the original; blue: darker. Full colour at {limit:g} grey levels or more.")
            self._ui.compareLabel.text = text.format(limit=limit)

    def toggleViews(self) -> None:
        """Back to the views as they were before, and from there to the comparison again."""
        if not self.available:
            self.close()
        elif self.views.shown:
            self._timer.stop()
            self.views.restore()
            self._nameToggle()
        else:
            self.showSideBySide()

    def _ready(self, button: Any, text: str) -> bool:
        if not self.available:
            self.close()
            return False
        if not self.views.shown:
            self.views.show()
        self._nameToggle()
        self._choose(button, text)
        return True

    def _nameToggle(self) -> None:
        shown = self.views is not None and self.views.shown
        self._ui.restoreButton.text = _("Back to the &previous views") if shown else _("&Compare with the original")

    def _choose(self, button: Any, text: str) -> None:
        self._timer.stop()
        with signalsBlocked(button):
            button.checked = True
        self._ui.fadeSlider.visible = False
        self._ui.compareLabel.text = text

    def _blink(self) -> None:
        if not self.available:
            self.close()
            return
        self.views.showFade(1.0 if self._blinkShowsGenerated else 0.0)
        self._blinkShowsGenerated = not self._blinkShowsGenerated

    def _onFade(self, value: int) -> None:
        if self.available and self._ui.fadeButton.checked:
            self.views.showFade(value / 100)
