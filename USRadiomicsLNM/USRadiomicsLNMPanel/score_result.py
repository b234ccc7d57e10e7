"""What is shown of a score, and what can be done with it: plot, copy, save, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from USHarmonizationPanel.section import saysErrors

from .files import askSaveFile, copyText, openLocal
from .result_column import ResultColumn
from .views import showInViews


class ScoreResult:
    """One column, or two for before and after, and the buttons below.

    Args:
        ui: the widgets of the section.
        logic: of the module.
        say: writes into the section's status line.

    Attributes:
        scores: that are shown, at most two.
        askSaveFile, openLocal, copyText: what leaves the panel; tests replace them.
    """

    def __init__(self, ui: Any, logic: Any, say: Callable[..., None]) -> None:
        self.ui, self.logic, self.say = ui, logic, say
        self.scores: list[Any] = []
        self._lesions: Sequence[Any] = ()
        self.askSaveFile, self.openLocal, self.copyText = askSaveFile, openLocal, copyText
        self.columns = (ResultColumn(), ResultColumn())
        for column in self.columns:
            ui.columnsLayout.addWidget(column.widget)
        ui.resultGroup.visible = False
        ui.plotButton.connect("clicked()", self.onPlot)
        ui.copyButton.connect("clicked()", self.onCopy)
        ui.saveButton.connect("clicked()", self.onSave)
        ui.reportButton.connect("clicked()", self.onReport)

    def show(self, scores: Sequence[Any], lesions: Sequence[Any]) -> None:
        """Show scores, and keep the lesions that they are of for the report."""
        self.scores, self._lesions = list(scores[: len(self.columns)]), lesions
        for column, scored in zip(self.columns, self.scores, strict=False):
            column.show(scored, self.logic.meaning(scored), alone=len(self.scores) == 1)
        for column in self.columns[len(self.scores) :]:
            column.hide()
        self.ui.resultGroup.visible = bool(self.scores)

    def clear(self) -> None:
        """Show nothing."""
        self.show([], ())

    @saysErrors
    def onPlot(self) -> None:
        """Show the contributions in a plot view."""
        charts = [self.logic.plotContributions(scored) for scored in self.scores]
        if charts:
            showInViews("vtkMRMLPlotViewNode", charts[-1])
            self.say(_("The chart is in the scene: {name}.").format(name=charts[-1].GetName()), "good")

    @saysErrors
    def onCopy(self) -> None:
        """Copy the score in words."""
        if self.scores:
            self.copyText(self.logic.scoresText(self.scores))
            self.say(_("Copied."), "good")

    @saysErrors
    def onSave(self) -> None:
        """Save the score as CSV or JSON."""
        filters = _("Score as CSV (*.csv);;Score as JSON (*.json)")
        path = self.askSaveFile(_("Save the score"), "score.csv", filters) if self.scores else ""
        if path:
            self.logic.saveScores(self.scores, path)
            self.say(_("Saved as {name}.").format(name=Path(path).name), "good")

    @saysErrors
    def onReport(self) -> None:
        """Save one page and show it."""
        path = self.askSaveFile(_("Save the report"), "report.html", _("Web page (*.html)")) if self.scores else ""
        if path:
            path = path if path.lower().endswith((".html", ".htm")) else f"{path}.html"
            self.logic.saveReport(self.scores, path, self._lesions, self.ui.caseEdit.text.strip())
            self.openLocal(path)
            self.say(_("Saved as {name}.").format(name=Path(path).name), "good")
