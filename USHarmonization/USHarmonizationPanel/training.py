"""The section Training: a cohort table becomes a model, in a child process that can be stopped and resumed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from USHarmonizationLib.errors import HarmonizationError
from USHarmonizationLogic import LogicError
from USHarmonizationLogic.cohort_summary import CohortSummary, cohortSummary
from USHarmonizationLogic.training import TrainingRun
from USHarmonizationLogic.training_views import TrainingViews

from .polling import Poller
from .section import Section, choose, chosen, connectPath, fill, paintStatus, saysErrors, signalsBlocked

# Seconds between two looks at what a training has written.
CURVES_SECONDS = 2.0
# A click on Stop this soon after Start is the second half of a double click.
DOUBLE_CLICK_SECONDS = 0.6
PREVIEW_HEIGHT = 420


class TrainingSection(Section):
    """Choose a table and two scanners; train; look at the curves; install the result."""

    title = _("Training")
    uiFile = "USHarmonizationTraining.ui"

    def setup(self) -> None:
        ui = self.ui
        self.askToInstall = slicer.util.confirmOkCancelDisplay
        self.views = TrainingViews(slicer.mrmlScene)
        self.run: TrainingRun | None = None
        self._summary: CohortSummary | None = None
        self._tableProblem = ""
        self._read: tuple[str, float] | None = None  # path and time of change of the table that was read
        self._poller: Poller | None = None
        self._note: tuple[str, str] | None = None
        self._startedAt = self._looked = 0.0
        self._preview: Path | None = None
        fill(ui.variantComboBox, [(name, _variantTitle(name)) for name in self.logic.variants()])
        fill(
            ui.deviceComboBox,
            [("auto", _("Automatic")), ("cpu", _("Processor (CPU)")), ("cuda", _("Graphics card (CUDA)"))],
        )
        connectPath(ui.cohortEdit, self.onCohortChanged)
        connectPath(ui.folderEdit, self.onFolderChanged)
        for name, combo in self._combos().items():
            combo.connect("currentIndexChanged(int)", lambda index, name=name: self._onCombo(name))
        for name, spin, signal in self._spins():
            spin.connect(signal, lambda value, name=name: self._set(name, value))
        ui.startButton.connect("clicked()", self.onStart)
        ui.curvesButton.connect("clicked()", self.showCurves)
        ui.installButton.connect("clicked()", self.onInstall)
        ui.restoreButton.connect("clicked()", self.onRestore)
        ui.previewSlider.connect("valueChanged(int)", self.onPreview)

    # Life

    def enter(self) -> None:
        super().enter()
        self.updateFromParameterNode()

    def sceneStartClose(self) -> None:
        # The training has nothing to do with the scene: it goes on, and its charts are drawn anew in the next one.
        self.views.restore()

    def cleanup(self) -> None:
        if self._poller is not None:
            # Asked to stop, it finishes its step and saves its state, so that it can be resumed.
            self._poller.cancel()
            self._poller = None
        self.views.restore()
        super().cleanup()

    @property
    def running(self) -> bool:
        """Whether a training of this section is under way."""
        return self._poller is not None

    # Choices

    def _combos(self) -> dict[str, Any]:
        ui = self.ui
        return {
            "trainingSource": ui.sourceComboBox,
            "trainingTarget": ui.targetComboBox,
            "trainingVariant": ui.variantComboBox,
            "trainingDevice": ui.deviceComboBox,
        }

    def _spins(self) -> list[tuple[str, Any, str]]:
        ui = self.ui
        return [
            ("trainingSteps", ui.stepsSpinBox, "valueChanged(int)"),
            ("trainingValidateEvery", ui.validateSpinBox, "valueChanged(int)"),
            ("trainingContentFloor", ui.floorSpinBox, "valueChanged(double)"),
            ("trainingSeed", ui.seedSpinBox, "valueChanged(int)"),
        ]

    def onCohortChanged(self, path: str) -> None:
        self._set("trainingCohort", path)

    def onFolderChanged(self, path: str) -> None:
        self._set("trainingFolder", path)

    def _onCombo(self, name: str) -> None:
        self._set(name, chosen(self._combos()[name]))

    @saysErrors
    def _set(self, name: str, value: Any) -> None:
        if self.parameterNode is not None and getattr(self.parameterNode, name) != value:
            self._note = None
            setattr(self.parameterNode, name, value)

    # What is shown

    @saysErrors
    def updateFromParameterNode(self) -> None:
        ui, node = self.ui, self.parameterNode
        if node is None:
            return
        self._readTable(node.trainingCohort)
        widgets = [*self._combos().values(), *(spin for _name, spin, _signal in self._spins())]
        with signalsBlocked(*widgets, ui.cohortEdit, ui.folderEdit):
            for edit, value in ((ui.cohortEdit, node.trainingCohort), (ui.folderEdit, node.trainingFolder)):
                if edit.currentPath != value:
                    edit.setCurrentPath(value)
            for name, spin, _signal in self._spins():
                if spin.value != getattr(node, name):
                    spin.value = getattr(node, name)
            self._fillScanners()
            choose(ui.variantComboBox, node.trainingVariant)
            choose(ui.deviceComboBox, node.trainingDevice)
        ui.variantLabel.text = _variantSentence(chosen(ui.variantComboBox))
        self._showRun()
        self._showState()

    def _readTable(self, path: str) -> None:
        """Read the table when it is another one, or was changed."""
        try:
            key = (path, Path(path).stat().st_mtime if path else 0.0)
        except OSError:
            key = (path, 0.0)
        if key == self._read:
            return
        self._read, self._summary, self._tableProblem = key, None, ""
        if not path:
            return
        try:
            self._summary = cohortSummary(path)
        except (LogicError, HarmonizationError) as error:
            self._tableProblem = str(error)

    def _fillScanners(self) -> None:
        """The scanners of the table, with how many images they have; all known ones where the table names none."""
        node, names = self.parameterNode, self.logic.scanners()
        counts = dict(self._summary.scanners) if self._summary else {}
        found = counts if counts and not self._summary.undetected else {**dict.fromkeys(names, 0), **counts}
        items = [
            (one, _("{name} ({count} images)").format(name=names.get(one, one), count=count) if count else names[one])
            for one, count in found.items()
        ]
        for combo, name in ((self.ui.sourceComboBox, "trainingSource"), (self.ui.targetComboBox, "trainingTarget")):
            first = ("", _("Choose a cohort table first") if self._summary is None else _("Choose the scanner..."))
            fill(combo, [first, *(items if self._summary else [])])
            choose(combo, getattr(node, name)) or choose(combo, "")

    def bundle(self) -> Path | None:
        """Where the model is made: ``<folder>/<source>-to-<target>``; None while that is not chosen."""
        node = self.parameterNode
        if node is None or not node.trainingFolder.strip():
            return None
        source, target = chosen(self.ui.sourceComboBox), chosen(self.ui.targetComboBox)
        return (
            Path(node.trainingFolder).expanduser().absolute() / f"{source}-to-{target}" if source and target else None
        )

    def problem(self) -> str:
        """Why no training can start, as a sentence; "" when one can."""
        node = self.parameterNode
        if node is None:
            return ""
        if self._tableProblem:
            return self._tableProblem
        if self._summary is None:
            return _("Choose a table of images: a CSV file with the columns image and scanner.")
        source, target = chosen(self.ui.sourceComboBox), chosen(self.ui.targetComboBox)
        if text := self._summary.problem(source, target, self.logic.scanners()):
            return text
        if not (source and target):
            return _("Choose the scanner whose images are changed, and the one whose look they get.")
        if source == target:
            return _("Both scanners are the same; choose two.")
        if not node.trainingFolder.strip():
            return _("Choose a folder for the model.")
        if self.run is not None and self.run.bundle.exists() and not self.run.exists:
            return _("{name} is there already; choose another folder.").format(name=self.run.bundle)
        return ""

    def _showRun(self) -> None:
        """Follow the folder: what was begun there can be resumed, looked at, installed."""
        if self.running:
            return
        bundle = self.bundle()
        if bundle is None:
            self.run = None
        elif self.run is None or self.run.bundle != bundle:
            self.run = self.logic.trainingRun(bundle)
        if self.run is not None:
            self.run.update()
        self._showFigures()

    def _showState(self) -> None:
        ui, running = self.ui, self.running
        problem = self.problem()
        ui.cohortLabel.text = self._summary.sentence(self.logic.scanners()) if self._summary else ""
        ui.cohortLabel.visible = self._summary is not None
        ui.bundleLabel.text = _("Makes {path}").format(path=self.run.bundle) if self.run else ""
        ui.bundleLabel.visible = self.run is not None
        exists = self.run is not None and self.run.exists
        finished = self.run is not None and self.run.isFinished
        if running:
            ui.startButton.text = _("&Stop")
        else:
            ui.startButton.text = _("&Resume training") if exists and not finished else _("Start t&raining")
            ui.startButton.enabled = not problem and not finished
        ui.progressWidget.visible = running
        ui.curvesButton.enabled = exists
        ui.installButton.visible = finished and not running
        ui.restoreButton.visible = self.views.shown
        for widget in (ui.cohortEdit, ui.folderEdit, ui.advancedButton, *self._combos().values(), ui.stepsSpinBox):
            widget.enabled = not running
        if exists and not running:  # what was begun cannot change its method
            for widget in (ui.variantComboBox, ui.floorSpinBox, ui.seedSpinBox):
                widget.enabled = False
        if running:
            return
        if self._note:
            self.say(*self._note)
        elif problem:
            self.say(problem, "error" if self._tableProblem else "info")
        elif finished:
            self.say(_("This training is finished. Install its model, or choose another folder."), "good")
        elif exists:
            self.say(_("A training was begun here and can be resumed."))
        else:
            self.say("")

    # The training

    @saysErrors
    def onStart(self) -> None:
        """Start, resume, or stop what runs."""
        if self.running:
            if time.monotonic() - self._startedAt > DOUBLE_CLICK_SECONDS:
                self._poller.process.cancel()
                self.ui.startButton.enabled = False
                self.ui.timeLabel.text = _("Saving the state...")
            return
        self.updateFromParameterNode()
        node = self.parameterNode
        if node is None or self.run is None or self.problem():
            return
        self._note = None
        self.logic.installDependencies("train", confirm=self.askToInstall)
        resume = self.run.exists
        settings: dict[str, Any] = {"validate_every": node.trainingValidateEvery}
        if not resume:
            settings["content_floor"] = node.trainingContentFloor
        process = self.logic.startTraining(
            node.trainingCohort,
            chosen(self.ui.sourceComboBox),
            chosen(self.ui.targetComboBox),
            self.run.bundle,
            variant=self.run.description.get("variant", "") if resume else node.trainingVariant,
            steps=node.trainingSteps,
            seed=None if resume else node.trainingSeed,
            settings=settings,
            resume=resume,
            device=node.trainingDevice,
        )
        self.run = process.job
        self._startedAt, self._looked = time.monotonic(), 0.0
        self._poller = Poller(process, self._onProgress, self._onFinished)
        self.ui.progressBar.value = 0
        self.ui.timeLabel.text = _("Reading the images...")
        self.say(_("Training runs in the background. You can go on working, and stop and resume it at any time."))
        self._showState()

    @saysErrors
    def _onProgress(self, process: Any) -> None:
        progress = process.progress
        if progress is not None and self.ui.startButton.enabled:
            self.ui.progressBar.value = round(1000 * progress.share)
            self.ui.timeLabel.text = _stage(progress)
        if time.monotonic() - self._looked >= CURVES_SECONDS:
            self._look()

    def _look(self) -> None:
        """Take in what the training has written; the curves follow where they are shown."""
        self._looked = time.monotonic()
        if self.run is not None and self.run.update():
            if self.views.shown:
                self.logic.plotTraining(self.run)
            self._showFigures()
            self.ui.curvesButton.enabled = True

    @saysErrors
    def _onFinished(self, process: Any) -> None:
        self._poller = None
        self._look()
        if process.state == "done":
            self._note = (_("Done: the model is ready to be installed."), "good")
            warning = next((line for line in process.lines if "do not trust it" in line), "")
            if warning:
                self._note = (_sentence(warning), "warning")
        elif process.state == "cancelled":
            self._note = (_("Stopped; the state is saved. Resume it when you like."), "info")
        else:
            self._note = (_sentence(process.message), "error")
        self.updateFromParameterNode()

    @saysErrors
    def onInstall(self) -> None:
        """The model becomes one of those that can be chosen."""
        if self.run is not None:
            model = self.logic.installTraining(self.run)
            self.modelsChanged()
            self._note = (
                _("Installed: {name}. It can be chosen in the section Harmonize.").format(name=model.name),
                "good",
            )
            self._showState()

    @saysErrors
    def showCurves(self) -> None:
        """Losses, texture distance and content agreement in plot views."""
        if self.run is None:
            return
        self.run.update()
        if not self.views.show(self.logic.plotTraining(self.run)):
            raise LogicError(_("Curves are shown in the views of the main window, which is not there."))
        self.ui.restoreButton.visible = True

    def onRestore(self) -> None:
        self.views.restore()
        self.ui.restoreButton.visible = False

    # Figures and previews

    def _showFigures(self) -> None:
        """The last validation in words, whether content is kept, and its preview."""
        ui = self.ui
        figures = self.run.validation.columns if self.run is not None else {}
        steps = figures.get("step", [])
        ui.figuresLabel.visible = ui.contentLabel.visible = bool(steps)
        if steps:
            distance, content = figures["distance"], figures["content"]
            ui.figuresLabel.text = _(
                "Step {step:.0f}: texture distance to the target {now:.1f}; of the images as they were {before:.1f}."
            ).format(step=steps[-1], now=distance[-1], before=distance[0])
            floor = self.run.description.get("settings", {}).get("content_floor", 0.0)
            trained = content[1:]
            if not trained:
                ui.contentLabel.visible = False
            elif trained[-1] >= floor:
                text = _("Lesions keep their contrast: content agreement {value:.2f}, at least {floor:.2f} is needed.")
                paintStatus(ui.contentLabel, text.format(value=trained[-1], floor=floor), "good")
            else:
                text = _(
                    "Content is being changed: agreement {value:.2f}, below {floor:.2f}. "
                    "This checkpoint will not become the model; if no later one does better, do not use the result."
                )
                paintStatus(ui.contentLabel, text.format(value=trained[-1], floor=floor), "warning")
        previews = self.run.previews if self.run is not None else []
        ui.previewWidget.visible = bool(previews)
        if previews:
            last = ui.previewSlider.value == ui.previewSlider.maximum
            with signalsBlocked(ui.previewSlider):
                ui.previewSlider.maximum = len(previews) - 1
                if last:
                    ui.previewSlider.value = len(previews) - 1
            self.onPreview(ui.previewSlider.value)

    def onPreview(self, place: int) -> None:
        """Show the preview of one validation."""
        previews = self.run.previews if self.run is not None else []
        if not 0 <= place < len(previews):
            return
        path = previews[place]
        step = int(path.stem.rpartition("-")[2])
        text = _("Step {step}. From left: as it was, harmonized, target scanner").format(step=step)
        self.ui.previewStepLabel.text = text
        if path == self._preview:
            return
        self._preview = path
        pixmap = qt.QPixmap(str(path))
        if not pixmap.isNull():
            width = max(200, min(self.widget.width - 30, 600))
            size = qt.QSize(width, PREVIEW_HEIGHT)
            self.ui.previewLabel.setPixmap(pixmap.scaled(size, qt.Qt.KeepAspectRatio, qt.Qt.SmoothTransformation))


def _variantTitle(name: str) -> str:
    titles = {
        "texture": _("Texture (recommended)"),
        "cyclegan": _("CycleGAN"),
        "cyclegan-sn": _("CycleGAN + SN"),
        "cyclegan-sn-se": _("CycleGAN + SN + SE"),
        "cyclegan-sn-se-mix": _("CycleGAN + SN + SE + Mix (the paper's)"),
    }
    return titles.get(name, name)


def _variantSentence(name: str) -> str:
    sentences = {
        "texture": _("The project's own: fits brightness and speckle, and is held to the structures of the original."),
        "cyclegan": _("Two generators that undo each other, as in the reference implementation."),
        "cyclegan-sn": _("CycleGAN with spectral norm, which steadies the training."),
        "cyclegan-sn-se": _("With spectral norm and channel attention."),
        "cyclegan-sn-se-mix": _("With spectral norm, channel attention and the hybrid loss: the model of the paper."),
    }
    return sentences.get(name, "")


def _stage(progress: Any) -> str:
    names = {"images": _("Reading the images"), "steps": _("Training"), "validation": _("Validating")}
    text = names.get(progress.what, progress.what)
    return f"{text}, {progress.timeLeft}" if progress.timeLeft else text


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
