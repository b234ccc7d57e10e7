"""The section Batch: a folder, a cohort table or all volumes of the scene; what is done stays done."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from USHarmonizationLogic import LogicError

from .polling import Poller
from .section import (
    DOUBLE_CLICK_SECONDS,
    Section,
    choose,
    chosen,
    connectPath,
    fill,
    keepInHistory,
    saysErrors,
    signalsBlocked,
)


class BatchSection(Section):
    """Choose images, a model and a folder; harmonize all; stop and go on whenever wanted."""

    title = _("Many images")
    uiFile = "USHarmonizationBatch.ui"

    def setup(self) -> None:
        ui = self.ui
        self.install = self.logic.installDependencies
        self.askToInstall = slicer.util.confirmOkCancelDisplay
        self._models: list[Any] = []
        self._note: tuple[str, str] | None = None
        self._poller: Poller | None = None
        self._startedAt = 0.0
        self._table: Any = None
        fill(
            ui.inputComboBox,
            [
                ("folder", _("A folder with image files")),
                ("cohort", _("A table of images (CSV)")),
                ("scene", _("All ultrasound images of this scene")),
            ],
        )
        ui.folderEdit.filters = ui.outputEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.cohortEdit.filters = ctk.ctkPathLineEdit.Files
        ui.resultsWidget.visible = False
        ui.inputComboBox.connect("currentIndexChanged(int)", self.onInputChanged)
        connectPath(ui.folderEdit, self.onFolderChanged)
        connectPath(ui.cohortEdit, self.onCohortChanged)
        ui.modelComboBox.connect("currentIndexChanged(int)", self.onModelChanged)
        connectPath(ui.outputEdit, self.onOutputChanged)
        ui.startButton.connect("clicked()", self.onStart)
        ui.openButton.connect("clicked()", self.onOpen)

    # Life

    def sceneStartClose(self) -> None:
        self._forget()

    def cleanup(self) -> None:
        self._forget()
        super().cleanup()

    @property
    def running(self) -> bool:
        """Whether a job of this section is under way."""
        return self._poller is not None

    @saysErrors
    def setModels(self, models: Sequence[Any]) -> None:
        self._models = [model for model in models if not model.error]
        self.updateFromParameterNode()

    def _forget(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
        self._poller = self._note = self._table = None
        self.ui.resultsTable.setMRMLTableNode(None)
        self.ui.resultsWidget.visible = False

    # Choices

    def onInputChanged(self) -> None:
        self._set("batchInput", chosen(self.ui.inputComboBox))

    def onFolderChanged(self, path: str) -> None:
        self._set("batchFolder", path)

    def onCohortChanged(self, path: str) -> None:
        self._set("batchCohort", path)

    def onModelChanged(self) -> None:
        self._set("batchModel", chosen(self.ui.modelComboBox))

    def onOutputChanged(self, path: str) -> None:
        self._set("batchOutput", path)

    @saysErrors
    def _set(self, name: str, value: Any) -> None:
        if self.parameterNode is not None:
            self._note = None
            setattr(self.parameterNode, name, value)

    # What is shown

    def updateFromParameterNode(self) -> None:
        ui, node = self.ui, self.parameterNode
        with signalsBlocked(ui.inputComboBox, ui.folderEdit, ui.cohortEdit, ui.modelComboBox, ui.outputEdit):
            if node:
                choose(ui.inputComboBox, node.batchInput)
                for edit, path in ((ui.folderEdit, node.batchFolder), (ui.cohortEdit, node.batchCohort)):
                    if edit.currentPath != path:  # the cursor stays where it is while somebody types
                        edit.currentPath = path
                if ui.outputEdit.currentPath != node.batchOutput:
                    ui.outputEdit.currentPath = node.batchOutput
                fill(ui.modelComboBox, [(model.name, _modelText(model)) for model in self._models])
                if not choose(ui.modelComboBox, node.batchModel) and self._models:
                    node.batchModel = self._models[0].name
        self._showState()

    def _showState(self) -> None:
        """The lines that count for the choice, the button, the status line."""
        ui, running, problem = self.ui, self.running, self.problem()
        kind = chosen(ui.inputComboBox)
        for name, widgets in {
            "folder": (ui.folderLabel, ui.folderEdit),
            "cohort": (ui.cohortLabel, ui.cohortEdit),
            "scene": (ui.sceneLabel, ui.sceneVolumesLabel),
        }.items():
            for widget in widgets:
                widget.visible = kind == name
        if kind == "scene":
            names = [volume.GetName() for volume in self.logic.ultrasoundVolumes()]
            ui.sceneVolumesLabel.textFormat = qt.Qt.PlainText
            ui.sceneVolumesLabel.text = f"{len(names)}: {', '.join(names)}" if names else _("none")
        ui.progressWidget.visible = running
        for widget in (ui.inputComboBox, ui.folderEdit, ui.cohortEdit, ui.modelComboBox, ui.outputEdit):
            widget.enabled = not running
        if running:
            return
        ui.startButton.text = _("Go &on") if self._isBegun() else _("Harmonize a&ll")
        ui.startButton.enabled = not problem
        ui.startButton.toolTip = problem or _("What is done already is not done again.")
        if self._note:
            self.say(*self._note)
        else:
            self.say(problem)

    def _isBegun(self) -> bool:
        """Whether the output folder holds results of an earlier run."""
        output = self.parameterNode.batchOutput if self.parameterNode else ""
        return bool(output) and (Path(output) / "apply.csv").is_file()

    def problem(self) -> str:
        """Why it cannot be started, as a sentence; "" when it can."""
        node = self.parameterNode
        if node is None:
            return _("There is no scene.")
        if node.batchInput == "folder" and not Path(node.batchFolder or "/nowhere").is_dir():
            return _("Choose the folder with the images.") if not node.batchFolder else _("This folder does not exist.")
        if node.batchInput == "cohort" and not Path(node.batchCohort or "/nowhere").is_file():
            return _("Choose the table of images.") if not node.batchCohort else _("This table does not exist.")
        if node.batchInput == "scene" and not self.logic.ultrasoundVolumes():
            return _("Load ultrasound images first.")
        if not chosen(self.ui.modelComboBox):
            return _("There is no model. Install one below, under Models, or train one.")
        if not node.batchOutput:
            return _("Choose a folder for the results.")
        if node.batchInput == "folder" and Path(node.batchOutput).resolve() == Path(node.batchFolder).resolve():
            return _("Results and images cannot be in the same folder; choose another one for the results.")
        return ""

    # The job

    @saysErrors
    def onStart(self) -> None:
        """Start, go on, or stop what runs."""
        if self.running:
            if time.monotonic() - self._startedAt > DOUBLE_CLICK_SECONDS:
                self._poller.process.cancel()
                self.ui.startButton.enabled = False
                self.ui.timeLabel.text = _("Stopping...")
            return
        if self.problem():
            return
        node = self.parameterNode
        self._note = None
        self.install("harmonize", confirm=self.askToInstall)
        inputs = {"folder": node.batchFolder, "cohort": node.batchCohort, "scene": None}[node.batchInput]
        process = self.logic.startBatch(inputs, node.batchModel, node.batchOutput)
        for edit in (self.ui.folderEdit, self.ui.cohortEdit, self.ui.outputEdit):
            if edit.visible and edit.currentPath:
                keepInHistory(edit)
        self._startedAt = time.monotonic()
        self._poller = Poller(process, self._onProgress, self._onFinished)
        self.ui.startButton.text = _("S&top")
        self.ui.startButton.toolTip = _("Stop after the images in work; start again to go on from there.")
        self.ui.timeLabel.text = _("Starting...")
        self.ui.progressBar.value = 0
        self.say("")
        self._showState()

    def _onProgress(self, process: Any) -> None:
        progress = process.progress
        if progress is not None and self.ui.startButton.enabled:
            self.ui.progressBar.value = round(1000 * progress.share)
            count = _("{done:.0f} of {total:.0f}").format(done=progress.done, total=progress.total)
            self.ui.timeLabel.text = ", ".join(filter(None, (count, progress.note, progress.timeLeft)))

    @saysErrors
    def _onFinished(self, process: Any) -> None:
        self._poller = None
        try:
            result = self.logic.finishBatch(process, self._table)
        except LogicError as error:
            self._note = (str(error), "error")
        else:
            self._table = result.table
            self.ui.resultsTable.setMRMLTableNode(result.table)
            self.ui.resultsTable.setFirstRowLocked(True)
            self.ui.resultsWidget.visible = True
            kind = (
                "error" if result.failed and not result.done else "warning" if result.failed or result.left else "info"
            )
            self._note = (result.sentence, kind)
        self._showState()

    @saysErrors
    def onOpen(self) -> None:
        """Show the results in the system's own file browser."""
        if self.parameterNode is not None:
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(self.parameterNode.batchOutput))


def _modelText(model: Any) -> str:
    return _("{target} (images of {source})").format(target=model.targetName, source=model.sourceName)
