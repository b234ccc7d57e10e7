"""The section Score: a lesion's features, its score, what the score means, and whether to trust it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from USHarmonizationLib.scanners import catalogue
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

from .files import expect
from .score_result import ScoreResult
from .settings import remember, remembered
from .views import showInViews

OWN_FILE = "own"


class ScoreSection(Section):
    """Choose image, lesion and model; score."""

    title = _("Score")
    uiFile = "USRadiomicsLNMScore.ui"

    def setup(self) -> None:
        ui = self.ui
        self.askToInstall: Callable[[str], bool] = slicer.util.confirmOkCancelDisplay  # tests replace it
        self.result = ScoreResult(ui, self.logic, self.say)
        self._lesions: tuple[Any, ...] = ()  # as they were when features were extracted
        self._choices: tuple[Any, ...] = ()  # that the table's features belong to
        self._poller: Poller | None = None
        self._model: tuple[str, Any] | None = None  # path and change of the file, model
        self._note: tuple[str, str] | None = None  # what the last job led to, until something else is chosen
        self._watched: Any = None  # segmentation whose changes make features old
        names = self.logic.parameterFiles()
        fill(ui.parametersComboBox, [*((name, _parametersText(name)) for name in names), (OWN_FILE, _("Own file"))])
        for edit, what in ((ui.modelEdit, "file"), (ui.parametersEdit, "file"), (ui.wheelsEdit, "folder")):
            expect(edit, what)
        ui.modelEdit.currentPath = remembered("Model")
        ui.parametersEdit.currentPath = remembered("Parameters")
        ui.progressWidget.visible = False
        self._connect()
        self.observe(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self._onNodeAdded)
        self.observe(slicer.mrmlScene, slicer.mrmlScene.NodeRemovedEvent, self._onNodeRemoved)

    def _connect(self) -> None:
        ui = self.ui
        ui.imageSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onImageChanged)
        ui.segmentSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onSegmentationChanged)
        ui.segmentSelector.connect("currentSegmentChanged(QString)", self.onSegmentChanged)
        ui.otherSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onOtherChanged)
        ui.scannerComboBox.connect("currentIndexChanged(int)", self.onScannerChanged)
        ui.parametersComboBox.connect("currentIndexChanged(int)", self.onParametersChanged)
        connectPath(ui.parametersEdit, self.onParametersFileChanged)
        ui.graphicsCheckBox.connect("toggled(bool)", self.onGraphicsToggled)
        ui.tableSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onTableChanged)
        connectPath(ui.modelEdit, self.onModelChanged)
        ui.extractButton.connect("clicked()", self.onExtract)
        ui.scoreButton.connect("clicked()", self.onScore)
        ui.cancelButton.connect("clicked()", self.onCancel)

    # Life

    @property
    def running(self) -> bool:
        """Whether features are being extracted."""
        return self._poller is not None

    def enter(self) -> None:
        super().enter()
        self.pickDefaults()
        self.updateFromParameterNode()  # files may have come or gone

    def sceneStartClose(self) -> None:
        self._forget()

    def cleanup(self) -> None:
        self._forget()
        super().cleanup()

    def _forget(self) -> None:
        """Cancel what runs; drop every node and result."""
        if self._poller is not None:
            self._poller.cancel()
        self._poller = self._note = None
        self._watch(None)
        self._dropResult()

    def _dropResult(self) -> None:
        self._lesions, self._choices = (), ()
        self.result.clear()

    @saysErrors
    def pickDefaults(self) -> None:
        """The image that is shown, or the first one, becomes the image when there is none yet."""
        if self.parameterNode is None or self.running or self.parameterNode.image is not None:
            return
        volumes = [node for node in self.logic.volumes() if node.GetImageData() is not None]
        selection = slicer.mrmlScene.GetSingletonNode("Singleton", "vtkMRMLSelectionNode")
        active = selection.GetActiveVolumeID() if selection else None
        if volumes:
            self.onImageChanged(next((node for node in volumes if node.GetID() == active), volumes[0]))

    def _onNodeAdded(self, caller: Any = None, event: Any = None) -> None:
        if self.entered and self.parameterNode is not None:
            qt.QTimer.singleShot(0, self._pickOther)  # what a node was made of is said after it was added

    @saysErrors
    def _pickOther(self) -> None:
        """The image that came may be the other one of before and after."""
        node = self.parameterNode
        if self.entered and node is not None and node.image is not None and not self.running and not node.other:
            other = self.logic.otherOf(node.image)
            if other is not None:
                self._set("other", other)

    @saysErrors
    def _onNodeRemoved(self, caller: Any = None, event: Any = None) -> None:
        """A running extraction has its own copy of all it needs, and goes on."""
        if self._watched is not None and self._watched.GetScene() is None:
            self._watch(None)
        if self.parameterNode is not None and not slicer.mrmlScene.IsClosing():
            self._showState()

    # Choices

    @saysErrors
    def onImageChanged(self, node: Any) -> None:
        """Another image: find its outline, its scanner, and what it was harmonized to."""
        parameters = self.parameterNode
        if parameters is None or node is parameters.image:
            return
        self._changed()
        with slicer.util.NodeModify(parameters.parameterNode):
            parameters.image = node
            parameters.other = self.logic.otherOf(node)
            parameters.scanner = self.logic.scannerOf(node)
            segmentation = self.logic.segmentationOf(node)
            if segmentation is not None and segmentation is not parameters.segmentation:
                parameters.segmentation = segmentation
                parameters.segment = _firstSegment(segmentation)

    @saysErrors
    def onSegmentationChanged(self, node: Any) -> None:
        parameters = self.parameterNode
        if parameters is None or node is parameters.segmentation:
            return
        self._changed()
        with slicer.util.NodeModify(parameters.parameterNode):
            parameters.segmentation = node
            parameters.segment = _firstSegment(node)

    def onSegmentChanged(self, segmentId: str) -> None:
        self._set("segment", str(segmentId or ""))

    def onOtherChanged(self, node: Any) -> None:
        self._set("other", node)

    def onScannerChanged(self) -> None:
        self._set("scanner", chosen(self.ui.scannerComboBox))

    def onParametersChanged(self) -> None:
        self._set("parameters", chosen(self.ui.parametersComboBox))

    @saysErrors
    def onParametersFileChanged(self, path: str) -> None:
        remember("Parameters", str(path))
        self._changed()
        self._showState()

    def onGraphicsToggled(self, checked: bool) -> None:
        self._set("withoutGraphics", bool(checked))

    def onTableChanged(self, node: Any) -> None:
        self._set("table", node)

    @saysErrors
    def onModelChanged(self, path: str) -> None:
        remember("Model", str(path))
        self._note = None
        self.result.clear()
        self._showState()

    @saysErrors
    def _set(self, name: str, value: Any) -> None:
        if self.parameterNode is not None and getattr(self.parameterNode, name) != value:
            self._changed()
            setattr(self.parameterNode, name, value)

    def _changed(self) -> None:
        """Something else is chosen: what is shown does not belong to it."""
        self._note = None
        if not self.running:
            self._dropResult()

    def _watch(self, segmentation: Any) -> None:
        """Notice when the outline is edited."""
        if segmentation is self._watched:
            return
        kinds = slicer.vtkSegmentation  # the first edit of a new segment is only told as SegmentModified
        events = (kinds.SourceRepresentationModified, kinds.SegmentModified, kinds.SegmentRemoved)
        for event in events:
            if self._watched is not None:
                self.unobserve(self._watched, event, self._onSegmentationEdited)
            if segmentation is not None:
                self.observe(segmentation, event, self._onSegmentationEdited)
        self._watched = segmentation

    @saysErrors
    def _onSegmentationEdited(self, caller: Any = None, event: Any = None) -> None:
        if self.running or not self._choices:
            return
        self._dropResult()
        self._note = (_("The segmentation was changed; score again."), "info")
        self._showState()

    # What is shown

    def updateFromParameterNode(self) -> None:
        ui, node = self.ui, self.parameterNode
        selectors = (ui.imageSelector, ui.segmentSelector, ui.otherSelector, ui.tableSelector)
        others = (ui.scannerComboBox, ui.parametersComboBox, ui.graphicsCheckBox)
        with signalsBlocked(*selectors, *others):
            ui.imageSelector.setCurrentNode(node.image if node else None)
            ui.otherSelector.setCurrentNode(node.other if node else None)
            ui.tableSelector.setCurrentNode(node.table if node else None)
            ui.segmentSelector.setCurrentNode(node.segmentation if node else None)
            if node:
                ui.segmentSelector.setCurrentSegmentID(node.segment)
                self._fillScanners()
                if not choose(ui.parametersComboBox, node.parameters):
                    ui.parametersComboBox.currentIndex = 0
                ui.graphicsCheckBox.checked = node.withoutGraphics
        self._watch(node.segmentation if node else None)
        self._showState()

    def _fillScanners(self) -> None:
        known = sorted((scanner.name, key) for key, scanner in catalogue().scanners.items())
        fill(self.ui.scannerComboBox, [("", _("Unknown")), *((key, name) for name, key in known)])
        choose(self.ui.scannerComboBox, self.parameterNode.scanner)

    def problem(self, needsModel: bool = True) -> str:
        """Why nothing can be started, as a sentence; "" when it can."""
        node = self.parameterNode
        if node is None or node.image is None:
            return _("Load an ultrasound image, then choose it above.")
        if node.segmentation is None:
            return _("Draw the outline of the lesion in the Segment Editor, then choose it above.")
        if not node.segment or node.segmentation.GetSegmentation().GetSegment(node.segment) is None:
            return _("Choose the segment that is the lesion.")
        if chosen(self.ui.parametersComboBox) == OWN_FILE and not self.ui.parametersEdit.currentPath.strip():
            return _("Choose the parameter file, under Advanced.")
        if needsModel and not self.ui.modelEdit.currentPath.strip():
            return _("Choose an LNM model: the file that Fit has written, or that a colleague has sent.")
        return ""

    def _showState(self) -> None:
        ui, running = self.ui, self.running
        widgets = (ui.imageSelector, ui.segmentSelector, ui.otherSelector, ui.scannerComboBox, ui.parametersComboBox)
        for widget in (*widgets, ui.parametersEdit, ui.graphicsCheckBox, ui.tableSelector, ui.modelEdit, ui.wheelsEdit):
            widget.enabled = not running
        ui.progressWidget.visible = running
        ui.parametersEdit.visible = chosen(ui.parametersComboBox) == OWN_FILE
        ui.parametersEditLabel.visible = chosen(ui.parametersComboBox) == OWN_FILE
        self._showModel()
        problem, small = self.problem(), self.problem(needsModel=False)
        ui.scoreButton.enabled = not running and not problem
        ui.scoreButton.toolTip = problem or _("Extract the features of the lesion and score them with the model.")
        ui.extractButton.enabled = not running and not small
        ui.extractButton.toolTip = small or _("Extract the features of the lesion into a table.")
        if not running:
            self.say(*(self._note or (problem, "info")))

    def _showModel(self) -> None:
        """What the chosen model is, in a line."""
        ui = self.ui
        path = ui.modelEdit.currentPath.strip()
        text = ""
        if path:
            try:
                text = self.logic.modelText(self._loadModel(path))
            except LogicError as error:
                text = str(error)
        ui.modelLabel.text = text
        ui.modelLabel.visible = bool(text)

    def _loadModel(self, path: str) -> Any:
        """The model; read again only when the file has changed."""
        try:
            key = f"{path} {Path(path).stat().st_mtime_ns}"
        except OSError:
            key = ""
        if self._model is None or not key or self._model[0] != key:
            self._model = (key, self.logic.loadModel(path))
        return self._model[1]

    # The job

    @saysErrors
    def onExtract(self) -> None:
        """Extract features only."""
        if not self.running and not self.problem(needsModel=False):
            self._start(self._onExtracted)

    @saysErrors
    def onScore(self) -> None:
        """Extract the features, unless they are there already, and score them."""
        if self.running or self.problem():
            return
        self._loadModel(self.ui.modelEdit.currentPath.strip())  # no waiting for features when this cannot work
        node = self.parameterNode
        if self._choices == self._currentChoices() and node.table is not None and self._lesions:
            self._scoreTable()
        else:
            self._start(self._onExtractedToScore)

    @saysErrors
    def onCancel(self) -> None:
        """Stop the extraction."""
        if self.running:
            self._poller.process.cancel()
            self.ui.timeLabel.text = _("Stopping...")

    def _start(self, finished: Callable[[Any], None]) -> None:
        node = self.parameterNode
        self._note = None
        self._dropResult()
        self.logic.installDependencies(self.askToInstall, self.ui.wheelsEdit.currentPath.strip() or None)
        choices = self._currentChoices()
        process = self.logic.startExtraction(
            node.image,
            node.segmentation,
            node.segment,
            self._parameters(),
            scanner=node.scanner,
            other=node.other,
            withoutGraphics=node.withoutGraphics,
        )
        self._poller = Poller(process.start(), None, lambda done: finished(done, choices))
        self.ui.progressBar.maximum = 0  # busy: a lesion takes seconds
        self.ui.timeLabel.text = _("Extracting features...")
        self.say("")
        self._showState()

    def _parameters(self) -> str:
        name = chosen(self.ui.parametersComboBox)
        return self.ui.parametersEdit.currentPath.strip() if name == OWN_FILE else name

    def _currentChoices(self) -> tuple[Any, ...]:
        """All that features depend on; pixels, outlines and an own parameter file by their time of change."""
        node, parameters = self.parameterNode, self._parameters()
        times = [one.GetImageData().GetMTime() if one and one.GetImageData() else 0 for one in (node.image, node.other)]
        own = Path(parameters)
        return (
            *map(_placeOf, (node.image, node.other, node.segmentation)),
            *times,
            node.segmentation.GetSegmentation().GetMTime() if node.segmentation else 0,
            *(node.segment, node.scanner, parameters, node.withoutGraphics),
            own.stat().st_mtime_ns if own.is_file() else 0,
        )

    def _finish(self, process: Any, choices: tuple[Any, ...]) -> bool:
        """Put features into the table; whether there are some. Says why where there are none."""
        self._poller = None
        if process.state == "cancelled":
            self._end(_("Cancelled; nothing was changed."), "info")
            return False
        lesions = tuple(source.lesion for source in process.job.sources)
        notes = process.job.notes
        try:
            table = self.logic.finishExtraction(process, self.parameterNode.table if self.parameterNode else None)
        except LogicError as error:
            self._end(str(error), "error")
            return False
        if self.parameterNode is not None:
            self.parameterNode.table = table
        self._choices, self._lesions = choices, lesions
        told = " ".join([_("The features are in the table {name}.").format(name=table.GetName()), *notes])
        self._end(told, "warning" if notes else "good")
        return True

    @saysErrors
    def _onExtracted(self, process: Any, choices: tuple[Any, ...]) -> None:
        if self._finish(process, choices):
            showInViews("vtkMRMLTableViewNode", self.parameterNode.table)

    @saysErrors
    def _onExtractedToScore(self, process: Any, choices: tuple[Any, ...]) -> None:
        if self._finish(process, choices):
            notes = self._note if self._note and self._note[1] == "warning" else None
            self._note = None
            self._scoreTable()
            if notes and self.result.scores:
                self._end(*notes)

    def _end(self, text: str, kind: str) -> None:
        self._poller = None
        self._note = (text, kind)
        self._showState()

    @saysErrors
    def _scoreTable(self) -> None:
        """Show the scores of the table's rows."""
        self.result.clear()
        try:
            model = self._loadModel(self.ui.modelEdit.currentPath.strip())
            scores = self.logic.score(model, self.parameterNode.table)
        except LogicError as error:
            self._end(str(error), "error")
            return
        self.result.show(scores, self._lesions)
        keepInHistory(self.ui.modelEdit)
        self._end("", "info")


def _placeOf(node: Any) -> tuple[Any, ...]:
    """Which node it is, and where in space its pixels lie and how large they are; () for none."""
    if node is None:
        return ()
    matrix = vtk.vtkMatrix4x4()
    if node.IsA("vtkMRMLVolumeNode"):
        node.GetIJKToRASMatrix(matrix)
    parent = node.GetParentTransformNode()
    moved = (parent.GetID(), parent.GetTransformToWorldMTime()) if parent else ()
    return (node.GetID(), *(matrix.GetElement(i, j) for i in range(4) for j in range(4)), *moved)


def _firstSegment(segmentation: Any) -> str:
    segments = segmentation.GetSegmentation() if segmentation is not None else None
    return segments.GetNthSegmentID(0) if segments is not None and segments.GetNumberOfSegments() else ""


def _parametersText(name: str) -> str:
    known = {"ultrasound-8bit": _("Ultrasound, 8 bits (default)"), "ibsi": _("IBSI (original image only)")}
    return known.get(name, name)
