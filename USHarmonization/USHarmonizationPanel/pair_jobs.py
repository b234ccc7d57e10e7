"""The lower half of the section Phantom pairing: export and evaluation of a pair, in child processes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from USHarmonizationLogic import LogicError

from .polling import Poller
from .section import connectPath, paintStatus, saysErrors, signalsBlocked

if TYPE_CHECKING:
    from .pairing import PairingSection

# A click on Cancel this soon after the start is the second half of a double click.
DOUBLE_CLICK_SECONDS = 0.6
EXPORT, EVALUATE = "export", "evaluate"


class PairJobs:
    """Widgets below the table of landmarks. Says errors through the section, in a line of its own.

    Args:
        section: its parent; has ``ui``, ``logic``, ``views``, ``parameterNode``, ``nodes()`` and ``pairing``.
    """

    def __init__(self, section: PairingSection) -> None:
        self._section, self.ui = section, section.ui
        self.askToInstall = slicer.util.confirmOkCancelDisplay
        self._poller: Poller | None = None
        self._job = ""
        self._startedAt = 0.0
        self._moved: Any = None
        self._folder: Path | None = None
        self._unchecked: set[str] = set()  # IDs of harmonized images that are not to be measured
        ui = self.ui
        connectPath(ui.folderEdit, self.onFolderChanged)
        ui.harmonizedList.connect("itemChanged(QListWidgetItem*)", self.onItemChanged)
        ui.exportButton.connect("clicked()", self.onExport)
        ui.evaluateButton.connect("clicked()", self.onEvaluate)
        ui.fadeSlider.connect("valueChanged(int)", self.onFade)
        ui.folderButton.connect("clicked()", self.onOpenFolder)
        ui.restoreButton.connect("clicked()", self.onRestore)
        ui.progressWidget.visible = False
        self.forgetResult()

    @property
    def running(self) -> bool:
        """Whether something is exported or measured."""
        return self._poller is not None

    def say(self, text: str, kind: str = "info") -> None:
        """One sentence below the buttons."""
        paintStatus(self.ui.resultLabel, text, kind)

    def forget(self) -> None:
        """Cancel what runs; drop every node."""
        if self._poller is not None:
            self._poller.cancel()
        self._poller = None
        self._unchecked.clear()
        self.forgetResult()

    def forgetResult(self) -> None:
        """What was found no longer belongs to what is chosen."""
        self._moved = None
        self.say("")
        self.ui.resultTable.visible = False
        self.ui.fadeWidget.visible = False

    # What is shown

    def updateFromParameterNode(self) -> None:
        node = self._section.parameterNode
        if node is not None and self.ui.folderEdit.currentPath != node.pairingFolder:
            with signalsBlocked(self.ui.folderEdit):
                self.ui.folderEdit.setCurrentPath(node.pairingFolder)

    def refresh(self) -> None:
        """Follow the scene: what can be started, and what can be measured."""
        ui = self.ui
        fixed, moving = self._section.nodes()[:2]
        if self._moved is not None and self._moved.GetScene() is None:
            self._moved = None
            ui.fadeWidget.visible = False
        self._fillHarmonized(self._section.logic.harmonizedOf(moving, fixed) if moving is not None else [])
        paired = self._section.pairing is not None
        for name, button, title in self._buttons():
            button.text = _("&Cancel") if self.running and self._job == name else title
            button.enabled = paired and not self.running if self._job != name else paired or self.running
        ui.progressWidget.visible = self.running
        ui.folderButton.visible = self._folder is not None and self._folder.is_dir()
        ui.restoreButton.visible = self._section.views.shown
        for widget in (ui.fixedSelector, ui.movingSelector, ui.transformComboBox, ui.folderEdit, ui.harmonizedList):
            widget.enabled = not self.running

    def _buttons(self) -> list[tuple[str, Any, str]]:
        ui = self.ui
        return [
            (EXPORT, ui.exportButton, _("E&xport the pair")),
            (EVALUATE, ui.evaluateButton, _("&Evaluate")),
        ]

    def _fillHarmonized(self, volumes: list[Any]) -> None:
        """A line for each, checked unless it was unchecked."""
        widget = self.ui.harmonizedList
        wanted = [(node.GetName(), node.GetID()) for node in volumes]
        items = [widget.item(row) for row in range(widget.count)]
        if [(item.text(), item.data(qt.Qt.UserRole)) for item in items] == (wanted or [(self._noneText(), None)]):
            return
        with signalsBlocked(widget):
            widget.clear()
            for name, nodeId in wanted or [(self._noneText(), None)]:
                item = qt.QListWidgetItem(name)
                item.setData(qt.Qt.UserRole, nodeId)
                if nodeId is not None:
                    checked = qt.Qt.Unchecked if nodeId in self._unchecked else qt.Qt.Checked
                    item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
                    item.setCheckState(checked)
                else:
                    item.setFlags(qt.Qt.NoItemFlags)
                widget.addItem(item)

    @staticmethod
    def _noneText() -> str:
        return _("None yet: harmonize the moving image above")

    def onItemChanged(self, item: Any) -> None:
        """Remember what is not to be measured."""
        (self._unchecked.discard if item.checkState() == qt.Qt.Checked else self._unchecked.add)(
            item.data(qt.Qt.UserRole)
        )

    def harmonized(self) -> list[Any]:
        """The volumes that are to be measured."""
        fixed, moving = self._section.nodes()[:2]
        found = self._section.logic.harmonizedOf(moving, fixed)
        return [node for node in found if node.GetID() not in self._unchecked]

    # Jobs

    def onFolderChanged(self, path: str) -> None:
        if self._section.parameterNode is not None:
            self._section.parameterNode.pairingFolder = path

    @saysErrors
    def onExport(self) -> None:
        """Start the export, or cancel it."""
        self._startOrCancel(EXPORT)

    @saysErrors
    def onEvaluate(self) -> None:
        """Start the evaluation, or cancel it."""
        self._startOrCancel(EVALUATE)

    def _startOrCancel(self, job: str) -> None:
        section, node = self._section, self._section.parameterNode
        if self.running:
            if time.monotonic() - self._startedAt > DOUBLE_CLICK_SECONDS:
                self._poller.process.cancel()
                self.ui.timeLabel.text = _("Stopping...")
            return
        if node is None:
            return
        self.forgetResult()
        if not node.pairingFolder.strip():
            raise LogicError(_("Choose a folder for the results above."))
        section.logic.installDependencies("harmonize" if job == EXPORT else "evaluate", confirm=self.askToInstall)
        if job == EXPORT:
            process = section.logic.startPairExport(*section.nodes(), node.pairingTransform, node.pairingFolder)
        else:
            process = section.logic.startPairedEvaluation(
                *section.nodes(), self.harmonized(), node.pairingTransform, node.pairingFolder
            )
        self._job, self._startedAt = job, time.monotonic()
        self._folder = Path(node.pairingFolder)
        self._poller = Poller(process, self._onProgress, self._onFinished)
        self.ui.progressBar.value = 0
        self.ui.timeLabel.text = _("Starting...")
        self.refresh()

    def _onProgress(self, process: Any) -> None:
        if process.progress is not None:
            self.ui.progressBar.value = round(1000 * process.progress.share)
            self.ui.timeLabel.text = process.progress.timeLeft

    @saysErrors
    def _onFinished(self, process: Any) -> None:
        self._poller = None
        job = self._job
        try:
            if process.state == "cancelled":
                self.say(_("Cancelled."))
            elif job == EXPORT:
                self._showExport(self._section.logic.finishPairExport(process))
            else:
                self._showEvaluation(self._section.logic.finishPairedEvaluation(process))
        finally:
            self.refresh()

    def _showExport(self, result: Any) -> None:
        share = result.report["overlap_of_fixed_tissue"]
        text = _("Exported. The images share {share:.0%} of the fixed image's tissue.").format(share=share)
        warnings = result.report["warnings"]
        self.say("\n".join([text, *(f"• {warning}" for warning in warnings)]), "warning" if warnings else "good")
        self._moved = result.moved
        self._section.showViews()
        if self._section.views.shown:
            self.ui.fadeWidget.visible = True
            self.ui.fadeSlider.value = 50

    def _showEvaluation(self, result: Any) -> None:
        better = "closer to" in result.sentence and "no closer to" not in result.sentence
        lines = [result.sentence, *(f"• {text}" for text in result.warnings)]
        self.say("\n".join(lines), "good" if better else "warning")
        _showFigures(self.ui.resultTable, result.figures)
        self._section.showViews()
        self._section.views.showCharts(result.charts)

    def onFade(self, value: int) -> None:
        """Fade between the fixed and the registered moving image."""
        fixed = self._section.nodes()[0]
        if self._moved is not None and self._moved.GetScene() is not None:
            self._section.views.overlay(fixed, self._moved, value / 100)

    @saysErrors
    def onOpenFolder(self) -> None:
        if self._folder is not None and not qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._folder))):
            raise LogicError(_("No file manager was found; the files are in {folder}.").format(folder=self._folder))

    def onRestore(self) -> None:
        self._section.placing.stop()
        self._section.views.restore()
        self.refresh()


def _showFigures(table: Any, figures: Any) -> None:
    """A row a figure, a column a method; higher is better in all of them."""
    methods = list(next(iter(figures.values()), {}))
    table.clear()
    table.setRowCount(len(figures))
    table.setColumnCount(1 + len(methods))
    names = [_("Before") if method == "original" else method for method in methods]
    table.setHorizontalHeaderLabels([_("Figure"), *names])
    for column, name in enumerate(names, start=1):
        table.horizontalHeaderItem(column).setToolTip(name)  # long names are cut off
    table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Stretch)
    table.verticalHeader().visible = False
    for row, (name, values) in enumerate(figures.items()):
        table.setItem(row, 0, qt.QTableWidgetItem(name))
        for column, method in enumerate(methods, start=1):
            value = values.get(method)
            item = qt.QTableWidgetItem("-" if value is None else f"{value:.3f}")
            item.setTextAlignment(qt.Qt.AlignCenter)
            table.setItem(row, column, item)
    table.visible = True
