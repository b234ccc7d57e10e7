"""The section Harmonize: one image or cine, from the choice of its scanner to the comparison with the original."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.volumes import checkOutput, checkVolume, cineOf

from .comparison import Comparison
from .polling import Poller
from .section import DOUBLE_CLICK_SECONDS, Section, choose, chosen, fill, paintStatus, saysErrors, signalsBlocked

# Confidence of a detection, as USHarmonizationLib.scanners gives it: below the first it has to be checked.
SURE, DOUBTFUL = 0.9, 0.5
KIND_OF_COLOUR = {"good": "good", "doubtful": "warning", "bad": "error"}


class HarmonizeSection(Section):
    """Choose an image, its scanner and a model; harmonize; compare."""

    title = _("Harmonize")
    uiFile = "USHarmonizationHarmonize.ui"

    def setup(self) -> None:
        ui = self.ui
        self.install = self.logic.installDependencies
        self.askToInstall = slicer.util.confirmOkCancelDisplay
        self.result: Any = None
        self._models: list[Any] = []
        self._detection: tuple[Any, Any] | None = None  # volume, what was found
        self._note: tuple[str, str] | None = None  # what the last job led to, until something else is chosen
        self._noSegmentation = False  # a person wants none
        self._segmentation: Any = None  # whose segments are observed
        self._poller: Poller | None = None
        self._input: Any = None  # of the running job
        self._startedAt = 0.0
        self.comparison = Comparison(ui, self.logic)
        ui.wheelsEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.resultGroup.visible = False
        fill(
            ui.deviceComboBox,
            [("auto", _("Automatic")), ("cpu", _("Processor (CPU)")), ("cuda", _("Graphics card (CUDA)"))],
        )
        ui.inputSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onInputChanged)
        ui.segmentationSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onSegmentationChanged)
        ui.segmentComboBox.connect("currentIndexChanged(int)", self.onSegmentChanged)
        ui.outputSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onOutputChanged)
        ui.sourceComboBox.connect("currentIndexChanged(int)", self.onSourceChanged)
        ui.modelComboBox.connect("currentIndexChanged(int)", self.onModelChanged)
        ui.deviceComboBox.connect("currentIndexChanged(int)", self.onDeviceChanged)
        ui.harmonizeButton.connect("clicked()", self.onHarmonize)
        self.observe(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self._onNodeAdded)
        self.observe(slicer.mrmlScene, slicer.mrmlScene.NodeRemovedEvent, self._onNodeRemoved)

    # Life

    def enter(self) -> None:
        super().enter()
        self.pickDefaults()

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
        self._models = list(models)
        self.updateFromParameterNode()

    def _forget(self) -> None:
        """Cancel what runs; drop every node."""
        if self._poller is not None:
            self._poller.cancel()
        self._poller = self._input = self._detection = self._note = self.result = None
        self._observeSegments(None)
        self.comparison.close()
        self.ui.resultGroup.visible = False

    # Choices

    @saysErrors
    def onInputChanged(self, node: Any) -> None:
        """Another image: recognise its scanner, find its segmentation."""
        parameters = self.parameterNode
        if parameters is None or node is parameters.harmonizeInput:
            return
        self._note = None
        self._noSegmentation = False
        with slicer.util.NodeModify(parameters):
            parameters.harmonizeInput = node
            parameters.harmonizeOutput = None
            parameters.harmonizeSegmentation = _segmentationOf(node) or parameters.harmonizeSegmentation

    def onSegmentationChanged(self, node: Any) -> None:
        self._noSegmentation = node is None
        self._set("harmonizeSegmentation", node)

    def onSegmentChanged(self) -> None:
        self._set("harmonizeSegment", chosen(self.ui.segmentComboBox))

    def onOutputChanged(self, node: Any) -> None:
        self._set("harmonizeOutput", node)

    @saysErrors
    def onSourceChanged(self) -> None:
        """The scanner is remembered with the image; what its file says needs not be."""
        volume = self.parameterNode.harmonizeInput if self.parameterNode else None
        if volume is not None:
            self._note = None
            self.logic.setScanner(volume, "")
            if self.logic.detectScanner(volume).scannerId != chosen(self.ui.sourceComboBox):
                self.logic.setScanner(volume, chosen(self.ui.sourceComboBox))
            self._detection = None
            self.updateFromParameterNode()

    def onModelChanged(self) -> None:
        self._set("harmonizeModel", chosen(self.ui.modelComboBox))

    def onDeviceChanged(self) -> None:
        self._set("harmonizeDevice", chosen(self.ui.deviceComboBox))

    @saysErrors
    def _set(self, name: str, value: Any) -> None:
        if self.parameterNode is not None:
            self._note = None
            setattr(self.parameterNode, name, value)

    @saysErrors
    def pickDefaults(self) -> None:
        """The image that is shown, or the first one, becomes the input when there is none yet; so its segmentation."""
        node = self.parameterNode
        if node is None or self.running or not self.entered:
            return
        if node.harmonizeInput is not None:
            if (
                node.harmonizeSegmentation is None
                and not self._noSegmentation
                and (found := _segmentationOf(node.harmonizeInput)) is not None
            ):
                node.harmonizeSegmentation = found
            return
        volumes = self.logic.ultrasoundVolumes()
        selection = slicer.mrmlScene.GetSingletonNode("Singleton", "vtkMRMLSelectionNode")
        active = selection.GetActiveVolumeID() if selection else None
        if volumes:
            self.onInputChanged(next((node for node in volumes if node.GetID() == active), volumes[0]))

    def _onNodeAdded(self, caller: Any = None, event: Any = None) -> None:
        node = self.parameterNode
        if self.entered and node is not None and not (node.harmonizeInput and node.harmonizeSegmentation):
            qt.QTimer.singleShot(0, self.pickDefaults)  # a node's content comes after the node

    @saysErrors
    def _onNodeRemoved(self, caller: Any = None, event: Any = None) -> None:
        if self.running and self._input.GetScene() is None:
            self._poller.cancel()
            self._end(_("The image was deleted; harmonizing was stopped."), "warning")
        elif self.result is not None and not self.comparison.available:
            self.comparison.close()

    # What is shown

    def updateFromParameterNode(self) -> None:
        ui, node = self.ui, self.parameterNode
        selectors = (ui.inputSelector, ui.segmentationSelector, ui.outputSelector)
        combos = (ui.segmentComboBox, ui.sourceComboBox, ui.modelComboBox, ui.deviceComboBox)
        with signalsBlocked(*selectors, *combos):
            ui.inputSelector.setCurrentNode(node.harmonizeInput if node else None)
            ui.segmentationSelector.setCurrentNode(node.harmonizeSegmentation if node else None)
            ui.outputSelector.setCurrentNode(node.harmonizeOutput if node else None)
            if node:
                choose(ui.deviceComboBox, node.harmonizeDevice)
                self._fillSegments()
                self._fillSources()
                self._fillModels()
        self._showDetection()
        self._showState()

    def _fillSegments(self) -> None:
        """Which segment is the lesion; asked only where there are several."""
        node, combo = self.parameterNode.harmonizeSegmentation, self.ui.segmentComboBox
        self._observeSegments(node)
        segments = node.GetSegmentation() if node else None
        ids = list(segments.GetSegmentIDs()) if segments else []
        fill(combo, [(one, segments.GetSegment(one).GetName()) for one in ids])
        if not choose(combo, self.parameterNode.harmonizeSegment):
            self.parameterNode.harmonizeSegment = ids[0] if ids else ""
        combo.visible = len(ids) > 1

    def _observeSegments(self, node: Any) -> None:
        events = (slicer.vtkSegmentation.SegmentAdded, slicer.vtkSegmentation.SegmentRemoved)
        if self._segmentation is not node:
            for event in events:
                if self._segmentation is not None:
                    self.unobserve(self._segmentation, event, self._onSegmentsChanged)
                if node is not None:
                    self.observe(node, event, self._onSegmentsChanged)
            self._segmentation = node

    def _onSegmentsChanged(self, caller: Any = None, event: Any = None) -> None:
        self._onParameterNodeModified()

    def _fillSources(self) -> None:
        scanners = self.logic.scanners().items()
        fill(self.ui.sourceComboBox, [("", _("Choose the scanner...")), *scanners])
        choose(self.ui.sourceComboBox, self.source())

    def _fillModels(self) -> None:
        """The models for the chosen scanner; the chosen one stays, or the first one becomes it."""
        fitting = [model for model in self._models if model.source == self.source() and not model.error]
        fill(self.ui.modelComboBox, [(model.name, _modelText(model, fitting)) for model in fitting])
        if not choose(self.ui.modelComboBox, self.parameterNode.harmonizeModel) and fitting:
            self.parameterNode.harmonizeModel = fitting[0].name

    def _showDetection(self) -> None:
        """How sure the choice of the scanner is, in words."""
        label, node = self.ui.detectionLabel, self.parameterNode
        volume = node.harmonizeInput if node else None
        texts = [detectionWords(self._detected())] if volume else []
        if cine := cineOf(volume):
            texts.append(_("All {frames} frames of the cine are harmonized.").format(frames=cine.frames))
        label.textFormat = qt.Qt.PlainText
        label.text = " ".join(texts)
        label.visible = bool(texts)

    def source(self) -> str:
        """The id of the scanner that made the input, "" while it is not known."""
        volume = self.parameterNode.harmonizeInput if self.parameterNode else None
        return (self._detected().scannerId or "") if volume else ""

    def _detected(self) -> Any:
        """Which scanner made the input; looked up once for each input."""
        volume = self.parameterNode.harmonizeInput
        if self._detection is None or self._detection[0] is not volume:
            self._detection = (volume, self.logic.detectScanner(volume))
        return self._detection[1]

    def problem(self) -> str:
        """Why harmonizing cannot be started, as a sentence; "" when it can."""
        node = self.parameterNode
        if node is None or node.harmonizeInput is None:
            return _("Load an ultrasound image, then choose it above.")
        if text := _problemOf(node.harmonizeInput, node.harmonizeOutput):
            return text
        source = self.source()
        if not source:
            return _("Which scanner made this image? Choose it above.")
        if chosen(self.ui.modelComboBox):
            return ""
        if any(model.target == source for model in self._models):
            text = _("Images of the {name} already look as the models would make them: there is nothing to do.")
        else:
            text = _("There is no model for images of the {name}. Install one below, under Models, or train one.")
        return text.format(name=self.logic.scannerName(source))

    def _showState(self) -> None:
        """The button, the choices and the status line."""
        ui, running, problem = self.ui, self.running, self.problem()
        ui.progressWidget.visible = running
        selectors = (ui.inputSelector, ui.segmentationSelector, ui.outputSelector)
        combos = (ui.segmentComboBox, ui.sourceComboBox, ui.modelComboBox, ui.deviceComboBox)
        for widget in (*selectors, *combos, ui.wheelsEdit):
            widget.enabled = not running
        if running:
            return
        ui.modelComboBox.enabled = ui.modelComboBox.count > 0
        ui.harmonizeButton.text = _("Harmoni&ze")
        ui.harmonizeButton.enabled = not problem
        ui.harmonizeButton.toolTip = problem or _("Bring the image to the look of the other scanner.")
        if self._note:
            self.say(*self._note)
        else:
            self.say(problem)

    # The job

    @saysErrors
    def onHarmonize(self) -> None:
        """Start, or cancel what runs."""
        if self.running:
            if time.monotonic() - self._startedAt > DOUBLE_CLICK_SECONDS:
                self._poller.process.cancel()
                self.ui.harmonizeButton.enabled = False
                self.ui.timeLabel.text = _("Stopping...")
            return
        if self.parameterNode is None or self.problem():
            return
        node = self.parameterNode
        self._note = None
        self.install("harmonize", confirm=self.askToInstall, wheelFolder=self.ui.wheelsEdit.currentPath or None)
        process = self.logic.startHarmonize(
            node.harmonizeInput,
            node.harmonizeModel,
            node.harmonizeOutput,
            sourceScanner=self.source(),
            segmentation=node.harmonizeSegmentation,
            segmentId=node.harmonizeSegment,
            device=node.harmonizeDevice,
        )
        self._input, self._startedAt = node.harmonizeInput, time.monotonic()
        self.comparison.close()
        self.result = None
        self.ui.resultGroup.visible = False
        self._poller = Poller(process, self._onProgress, self._onFinished)
        self.ui.harmonizeButton.text = _("&Cancel")
        self.ui.harmonizeButton.toolTip = _("Stop; nothing is changed.")
        self.ui.timeLabel.text = _("Starting...")
        self.ui.progressBar.value = 0
        self.say("")
        self._showState()

    def _onProgress(self, process: Any) -> None:
        if process.progress is not None and self.ui.harmonizeButton.enabled:
            self.ui.progressBar.value = round(1000 * process.progress.share)
            self.ui.timeLabel.text = process.progress.timeLeft or _("Harmonizing...")

    @saysErrors
    def _onFinished(self, process: Any) -> None:
        self._poller = None
        try:
            result = self.logic.finishHarmonize(process)
        except LogicError as error:
            self._end(str(error), "error")
            return
        if result is None:
            self._end(_("Cancelled; nothing was changed."))
            return
        self.result = result
        self._end(_("Done: {name}.").format(name=result.outputVolume.GetName()))
        self._showResult(process.job)

    def _end(self, text: str, kind: str = "info") -> None:
        self._poller = self._input = None
        self._note = (text, kind)
        self._showState()

    def _showResult(self, job: Any) -> None:
        """Verdict, warnings, and both images side by side."""
        ui, result = self.ui, self.result
        paintStatus(ui.verdictLabel, result.verdict, KIND_OF_COLOUR[result.colour])
        warnings = [text for text in result.warnings if text not in result.verdict]  # it names the gravest one itself
        ui.warningsLabel.textFormat = qt.Qt.PlainText
        ui.warningsLabel.text = "\n".join(f"• {text}" for text in warnings)
        ui.warningsLabel.visible = bool(warnings)
        ui.resultGroup.visible = True
        title = _("Harmonized to {name}").format(name=job.targetName) if job.targetName else _("Harmonized")
        segmentation = self.parameterNode.harmonizeSegmentation if self.parameterNode else None
        self.comparison.open(job.inputVolume, result.outputVolume, segmentation, title)


def detectionWords(detection: Any) -> str:
    """How a scanner was told, and how sure that is, in words."""
    if not detection.scannerId:
        return _("Scanner not recognised: {why}.").format(why=detection.why)
    if detection.why == "chosen by hand":
        return _("Chosen by you.")
    if detection.confidence >= SURE:
        return _("Recognised from the DICOM header.")
    if detection.confidence >= DOUBTFUL:
        return _("Probably; please check: {why}.").format(why=detection.why)
    return _("Not sure, please check: {why}.").format(why=detection.why)


def _modelText(model: Any, fitting: list[Any]) -> str:
    """The target's name; the model's where several have that target; what was made from simulated images says so."""
    several = sum(other.target == model.target for other in fitting) > 1
    text = f"{model.targetName} ({model.name})" if several else model.targetName
    if model.variant.endswith("-simulated"):
        text += " " + _("(simulated)")
    return text


def _problemOf(volume: Any, output: Any = None) -> str:
    """Why a volume cannot be harmonized, or not into this output; "" when it can."""
    try:
        checkVolume(volume)
        checkOutput(volume, output)
    except LogicError as error:
        return str(error)
    return ""


def _segmentationOf(volume: Any) -> Any:
    """The segmentation that was drawn on this volume, else the only one that overlaps it; None when there is none."""
    if volume is None:
        return None
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    nodes = [node for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if not node.GetHideFromEditors()]
    drawn = [node for node in nodes if node.GetNodeReference(role) is volume]
    near = [node for node in nodes if node.GetNodeReference(role) is None and _overlap(node, volume)]
    return drawn[0] if drawn else near[0] if len(near) == 1 else None


def _overlap(segmentation: Any, volume: Any) -> bool:
    """Whether the boxes around both have a point in common, in world coordinates."""
    boxes = ([0.0] * 6, [0.0] * 6)
    for node, box in zip((segmentation, volume), boxes, strict=True):
        node.GetRASBounds(box)
    (one, other) = boxes
    return all(one[at] <= one[at + 1] and one[at] <= other[at + 1] and other[at] <= one[at + 1] for at in (0, 2, 4))
