"""One score as a person sees it: probability, meaning, warnings, and what makes it up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from USHarmonizationPanel.section import paintStatus
from USRadiomicsLNMLogic.meaning import RESEARCH_USE

from .drawing import SCALE, SHOWN, contributionsPixmap, probabilityPixmap

WIDTH_ALONE, WIDTH_OF_TWO = 400, 200


class ResultColumn:
    """A column of labels; ``widget`` is put into a layout."""

    def __init__(self) -> None:
        path = Path(__file__).resolve().parents[1] / "Resources" / "UI" / "USRadiomicsLNMResult.ui"
        self.widget = slicer.util.loadUI(str(path))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self._enlarge(self.ui.percentLabel, 2.8)
        self._enlarge(self.ui.captionLabel, 1.1)
        for label in (self.ui.contributionsTitle, self.ui.verdictLabel):
            self._enlarge(label, 1.0)
        for label in (self.ui.researchLabel, self.ui.moreLabel):
            self._enlarge(label, 0.9, bold=False)
        for label in (self.ui.captionLabel, self.ui.sentenceLabel, self.ui.verdictLabel, self.ui.moreLabel):
            label.textFormat = qt.Qt.PlainText
        self.ui.researchLabel.text = _(RESEARCH_USE)
        self.widget.visible = False

    def show(self, scored: Any, meaning: Any, alone: bool) -> None:
        """Show a score; ``alone`` is whether no other column is beside it."""
        ui, width = self.ui, WIDTH_ALONE if alone else WIDTH_OF_TWO
        ui.captionLabel.text = _(scored.caption)
        ui.captionLabel.toolTip = scored.harmonizer
        ui.captionLabel.visible = not alone or bool(scored.harmonizer)
        ui.percentLabel.text = meaning.percent
        self._paint(ui.barLabel, probabilityPixmap(scored, width, ui.barLabel))
        ui.verdictLabel.text = meaning.verdict
        ui.sentenceLabel.text = meaning.sentence
        several = "\n".join(f"• {warning}" for warning in meaning.warnings)
        paintStatus(ui.warningsLabel, meaning.warnings[0] if len(meaning.warnings) == 1 else several, "warning")
        self._paint(ui.contributionsLabel, contributionsPixmap(scored, width, ui.contributionsLabel))
        left = len(scored.score.contributions) - SHOWN
        added = _("Orange raises the probability, blue lowers it (log odds).")
        ui.moreLabel.text = added + (" " + _("And {count} smaller parts.").format(count=left) if left > 0 else "")
        for label in (
            ui.captionLabel,
            ui.researchLabel,
            ui.verdictLabel,
            ui.sentenceLabel,
            ui.warningsLabel,
            ui.moreLabel,
        ):
            label.minimumHeight = max(0, label.heightForWidth(width))  # or a full panel would cut lines off
        self.widget.visible = True

    def hide(self) -> None:
        """Show nothing."""
        self.widget.visible = False

    def _paint(self, label: Any, pixmap: Any) -> None:
        label.setPixmap(pixmap)
        label.minimumHeight = pixmap.height() // SCALE

    def _enlarge(self, label: Any, factor: float, bold: bool = True) -> None:
        font = qt.QFont(label.font)
        font.setPointSizeF(font.pointSizeF() * factor)
        font.setBold(bold)
        label.font = font
