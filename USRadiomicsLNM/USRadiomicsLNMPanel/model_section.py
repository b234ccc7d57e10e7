"""What the sections Fit and Compare have in common: a child process at work, and its tables and charts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from USHarmonizationLib.progress import duration
from USHarmonizationPanel.polling import Poller
from USHarmonizationPanel.section import (
    Section,
    choose,
    chosen,
    connectPath,
    fill,
    keepInHistory,
    saysErrors,
    signalsBlocked,
)
from USRadiomicsLNMLogic import LogicError

from .files import expect, openLocal
from .views import showInViews

# A person types; a table is looked at when the typing has stopped.
PAUSE_MS = 250
# Of text in a panel of the usual width.
LABEL_WIDTH = 400


class ModelSection(Section):
    """A section that starts a process on tables and shows what it found.

    Subclasses say which fields name tables, how the process is started and how its results are read.
    """

    outputKind = "folder"
    startText = ""
    runningText = ""

    def setup(self) -> None:
        ui = self.ui
        self.askToInstall: Callable[[str], bool] = slicer.util.confirmOkCancelDisplay  # tests replace these two
        self.openLocal = openLocal
        self.results: Any = None
        self._tables: list[Any] = []  # what the chosen files are
        self._poller: Poller | None = None
        self._note: tuple[str, str] | None = None
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.connect("timeout()", self.lookAtTables)
        ui.progressWidget.visible = False
        ui.resultGroup.visible = False
        expect(ui.wheelsEdit, "folder")
        expect(self.outputEdit(), self.outputKind)
        for edit in self.tableEdits():
            expect(edit, "file")
            connectPath(edit, self.onTablePathChanged)
        connectPath(self.outputEdit(), self.onChanged)
        ui.outcomeComboBox.connect("currentIndexChanged(int)", self.onChanged)
        ui.startButton.connect("clicked()", self.onStart)
        ui.cancelButton.connect("clicked()", self.onCancel)
        ui.chartComboBox.connect("currentIndexChanged(int)", self.onChartChosen)
        ui.tableComboBox.connect("currentIndexChanged(int)", self.onTableChosen)
        ui.openFolderButton.connect("clicked()", self.onOpenFolder)
        self.observe(slicer.mrmlScene, slicer.mrmlScene.NodeRemovedEvent, self._onNodeRemoved)

    # What a subclass says

    def tableEdits(self) -> tuple[Any, ...]:
        """The fields that name tables."""
        raise NotImplementedError

    def outputEdit(self) -> Any:
        """The field that names what is written."""
        raise NotImplementedError

    def outputProblem(self, path: str) -> str:
        """Why that cannot be written, "" when it can."""
        raise NotImplementedError

    def makeProcess(self) -> Any:
        """The process, not yet started."""
        raise NotImplementedError

    def readResults(self, process: Any) -> Any:
        """``Results`` of a process that has ended."""
        raise NotImplementedError

    # Life

    @property
    def running(self) -> bool:
        """Whether a process is at work."""
        return self._poller is not None

    def enter(self) -> None:
        super().enter()
        self.lookAtTables()

    def sceneStartClose(self) -> None:
        self._forget()

    def cleanup(self) -> None:
        self._forget()
        self._timer.stop()
        self._timer.disconnect("timeout()", self.lookAtTables)
        super().cleanup()

    def _forget(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
        self._poller = self._note = self.results = None
        self.ui.resultGroup.visible = False
        self._showState()

    @saysErrors
    def _onNodeRemoved(self, caller: Any = None, event: Any = None) -> None:
        """Tables and charts that a person deletes are no longer offered."""
        if self.results is not None and not slicer.mrmlScene.IsClosing():
            self._fillResults()

    # Choices

    def onTablePathChanged(self, path: str = "") -> None:
        self._timer.start()

    @saysErrors
    def onChanged(self) -> None:
        self._note = None
        self._showState()

    @saysErrors
    def lookAtTables(self) -> None:
        """Tell what the chosen tables are, and offer their outcome columns."""
        paths = [edit.currentPath.strip() for edit in self.tableEdits()]
        self._tables, self._tableProblem = [], ""
        try:
            self._tables = [self.logic.lookAtTable(path) for path in paths if path]
        except LogicError as error:
            self._tableProblem = str(error)
        outcomes = self._sharedOutcomes()
        with signalsBlocked(self.ui.outcomeComboBox):
            before = chosen(self.ui.outcomeComboBox)
            fill(self.ui.outcomeComboBox, [(name, name) for name in outcomes])
            for name in (before, "lnm", *outcomes[:1]):
                if choose(self.ui.outcomeComboBox, name):
                    break
        self._note = None
        self._showState()

    def _sharedOutcomes(self) -> list[str]:
        if not self._tables or len(self._tables) < len(self.tableEdits()):
            return []
        return [name for name in self._tables[0].outcomes if all(name in table.outcomes for table in self._tables)]

    # What is shown

    def problem(self) -> str:
        """Why nothing can be started, as a sentence; "" when it can."""
        if any(not edit.currentPath.strip() for edit in self.tableEdits()):
            return _("Choose the table: features that were extracted, or a cohort of images with masks.")
        if self._tableProblem:
            return self._tableProblem
        if len(self._tables) < len(self.tableEdits()):
            return _("Looking at the table...")
        if not chosen(self.ui.outcomeComboBox):
            return _(
                "No column of the table holds 0 and 1 only: a model needs an outcome, 1 for patients with the event."
            )
        path = self.outputEdit().currentPath.strip()
        return self.outputProblem(path)

    def updateFromParameterNode(self) -> None:
        self._showState()

    _tableProblem = ""

    def _showState(self) -> None:
        ui, running = self.ui, self.running
        widgets = (*self.tableEdits(), self.outputEdit(), ui.outcomeComboBox, ui.combatCheckBox)
        for widget in (*widgets, ui.foldsSpinBox, ui.seedSpinBox, ui.wheelsEdit):
            widget.enabled = not running
        ui.progressWidget.visible = running
        texts = [_tableText(table) for table in self._tables]
        ui.tableLabel.text = " ".join(dict.fromkeys(texts))
        ui.tableLabel.visible = bool(texts)
        several = all(table.scanners > 1 for table in self._tables) and bool(self._tables)
        ui.combatCheckBox.enabled = several and not running
        if not several and not running:
            ui.combatCheckBox.checked = False
        problem = self.problem()
        ui.startButton.enabled = not running and not problem
        ui.startButton.toolTip = problem or self.startText
        if not running:
            self.say(*(self._note or (problem, "info")))

    # The job

    @saysErrors
    def onStart(self) -> None:
        """Start it."""
        if self.running or self.problem():
            return
        self._note = self.results = None
        self.ui.resultGroup.visible = False
        self.logic.installDependencies(self.askToInstall, self.ui.wheelsEdit.currentPath.strip() or None)
        process = self.makeProcess()
        self._poller = Poller(process.start(), self._onProgress, self._onFinished)
        self.ui.progressBar.maximum = 0
        self.ui.timeLabel.text = self.runningText
        self.say("")
        self._showState()

    @saysErrors
    def onCancel(self) -> None:
        """Stop it."""
        if self.running:
            self._poller.process.cancel()
            self.ui.timeLabel.text = _("Stopping...")

    def _onProgress(self, process: Any) -> None:
        progress = process.progress
        if progress is None or process.state != "running":
            return
        self.ui.progressBar.maximum = 1000
        self.ui.progressBar.value = round(1000 * progress.share)
        left = duration(progress.secondsLeft) if progress.secondsLeft else ""
        text = f"{progress.done:g} / {progress.total:g}"
        self.ui.timeLabel.text = _("{done}, about {left} left").format(done=text, left=left) if left else text

    @saysErrors
    def _onFinished(self, process: Any) -> None:
        self._poller = None
        if process.state == "cancelled":
            self._note = (_("Cancelled."), "info")
        else:
            try:
                self.results = self.readResults(process)
                self._note = (_("Done: {name}.").format(name=self.results.files.name), "good")
            except LogicError as error:
                self._note = (str(error), "error")
        for edit in (*self.tableEdits(), self.outputEdit()):
            keepInHistory(edit)
        if self.results is not None:
            self._showResults()
        self._showState()

    def _showResults(self) -> None:
        ui, found = self.ui, self.results
        for label in (ui.summaryLabel, ui.notesLabel):
            label.textFormat = qt.Qt.PlainText
        ui.summaryLabel.text = "\n".join(found.summary)
        ui.notesLabel.text = "\n".join(f"• {note}" for note in found.notes)
        ui.notesLabel.visible = bool(found.notes)
        for label in (ui.summaryLabel, ui.notesLabel):
            label.minimumHeight = max(0, label.heightForWidth(LABEL_WIDTH))  # or a full panel would cut lines off
        self._fillResults()
        ui.resultGroup.visible = True
        self.onTableChosen()
        self.onChartChosen()

    def _fillResults(self) -> None:
        ui = self.ui
        for combo, nodes in ((ui.chartComboBox, self.results.charts), (ui.tableComboBox, self.results.tables)):
            there = [node for node in nodes if node.GetScene() is not None]
            with signalsBlocked(combo):
                fill(combo, [(node.GetID(), node.GetName()) for node in there])
            combo.enabled = bool(there)

    @saysErrors
    def onChartChosen(self) -> None:
        """Show the chosen chart in the plot view."""
        showInViews("vtkMRMLPlotViewNode", slicer.mrmlScene.GetNodeByID(chosen(self.ui.chartComboBox)))

    @saysErrors
    def onTableChosen(self) -> None:
        """Show the chosen table in the table view."""
        node = slicer.mrmlScene.GetNodeByID(chosen(self.ui.tableComboBox))
        showInViews("vtkMRMLTableViewNode", node, changeLayout=False)

    @saysErrors
    def onOpenFolder(self) -> None:
        """Show the files on disk."""
        if self.results is not None:
            path = Path(self.results.files)
            self.openLocal(path if path.is_dir() else path.parent)


def _tableText(table: Any) -> str:
    if table.isFeatures:
        return _("Features, {rows} rows.").format(rows=table.rowsText)
    return _("A cohort, {rows} rows: its features are extracted first, to {name}.").format(
        rows=table.rowsText, name=table.featuresPath.name
    )
