"""The section Phantom pairing: landmarks on two images, how well they fit, and what harmonization did for the pair."""

from __future__ import annotations

import math
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from USHarmonizationLib.errors import HarmonizationError
from USHarmonizationLogic import LogicError
from USHarmonizationLogic.landmark_lists import addLandmarkList, partnerless, placed
from USHarmonizationLogic.pair_views import PairViews
from USHarmonizationLogic.pairing import Pairing, PairNodes, checkNodes, pairLandmarks
from USHarmonizationLogic.plots import COLOURS
from USHarmonizationLogic.volumes import checkVolume

from .pair_jobs import PairJobs
from .placing import Placing
from .section import Section, choose, chosen, fill, paintStatus, saysErrors, signalsBlocked

# Landmarks are dragged: the figures follow this many milliseconds behind the last movement.
DEBOUNCE_MS = 30
# The colours of the two views and of their landmarks.
FIXED_COLOUR, MOVING_COLOUR = COLOURS[1], COLOURS[0]
WORST_COLOUR = "#fdf0d0"
NODES = ("pairingFixed", "pairingMoving", "pairingFixedLandmarks", "pairingMovingLandmarks")


class PairingSection(Section):
    """Choose two images of one phantom, place landmarks, read the error, export, evaluate."""

    title = _("Phantom pairing")
    uiFile = "USHarmonizationPairing.ui"

    def setup(self) -> None:
        ui = self.ui
        self.pairing: Pairing | None = None
        self.views = PairViews(slicer.mrmlScene)
        self.placing = Placing(self._onNextLandmark, self._onPlacingStopped)
        self.jobs = PairJobs(self)
        self._order: tuple[int, ...] = ()
        self._observed: list[tuple[Any, int]] = []
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(DEBOUNCE_MS)
        self._timer.connect("timeout()", self.refresh)
        self._escape = qt.QShortcut(qt.QKeySequence("Esc"), self.widget)
        self._escape.context = qt.Qt.ApplicationShortcut  # the mouse is in a view, not in the panel
        self._escape.enabled = False
        self._escape.connect("activated()", self.placing.stop)
        fill(
            ui.transformComboBox,
            [
                ("rigid", _("Rigid: shift and turn")),
                ("similarity", _("Similarity: also one scale")),
                ("affine", _("Affine: also stretch and shear")),
            ],
        )
        _prepareTable(ui.landmarkTable, [_("Landmark"), _("Residual, mm"), _("Leave-one-out, mm")])
        paintStatus(ui.promptLabel, "")
        ui.orderButton.visible = False
        for name, selector in self._selectors().items():
            selector.connect("currentNodeChanged(vtkMRMLNode*)", lambda node, name=name: self._set(name, node))
        ui.transformComboBox.connect("currentIndexChanged(int)", self.onTransformChanged)
        ui.placeButton.connect("clicked()", self.onPlace)
        ui.undoButton.connect("clicked()", self.onUndo)
        ui.viewsButton.connect("clicked()", self.showViews)
        ui.orderButton.connect("clicked()", self.onUseOrder)
        ui.landmarkTable.connect("cellClicked(int,int)", self.onRowClicked)
        self.observe(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self._onSceneChanged)
        self.observe(slicer.mrmlScene, slicer.mrmlScene.NodeRemovedEvent, self._onSceneChanged)

    # Life

    def exit(self) -> None:
        super().exit()
        self.placing.stop()

    def sceneStartClose(self) -> None:
        self._forget()

    def cleanup(self) -> None:
        self._forget()
        self._timer.disconnect("timeout()", self.refresh)
        super().cleanup()

    def _forget(self) -> None:
        """End all that runs; drop every node."""
        self.placing.stop()
        self.jobs.forget()
        self._timer.stop()
        self.views.restore()
        self._watch([])
        self.pairing, self._order = None, ()

    # Choices

    def _selectors(self) -> dict[str, Any]:
        ui = self.ui
        return dict(
            zip(NODES, (ui.fixedSelector, ui.movingSelector, ui.fixedListSelector, ui.movingListSelector), strict=True)
        )

    @saysErrors
    def _set(self, name: str, node: Any) -> None:
        if self.parameterNode is None or getattr(self.parameterNode, name) is node:
            return
        self.placing.stop()
        self.jobs.forgetResult()
        setattr(self.parameterNode, name, node)
        if self.views.shown:
            self.showViews()

    def onTransformChanged(self) -> None:
        if self.parameterNode is not None:
            self.parameterNode.pairingTransform = chosen(self.ui.transformComboBox)

    def nodes(self) -> tuple[Any, Any, Any, Any]:
        """Fixed volume, moving volume, fixed landmarks, moving landmarks; None for what is not chosen."""
        return tuple(getattr(self.parameterNode, name) if self.parameterNode else None for name in NODES)

    def updateFromParameterNode(self) -> None:
        ui, node = self.ui, self.parameterNode
        with signalsBlocked(*self._selectors().values(), ui.transformComboBox):
            for name, selector in self._selectors().items():
                selector.setCurrentNode(getattr(node, name) if node else None)
            if node:
                choose(ui.transformComboBox, node.pairingTransform)
        self.jobs.updateFromParameterNode()
        self._watch([one for one in self.nodes() if one is not None])
        self.refresh()

    # Placing

    @saysErrors
    def onPlace(self) -> None:
        """Start placing, or stop it."""
        if self.placing.active:
            self.placing.stop()
            return
        self.ui.placeButton.checked = False
        fixed, moving, *lists = self.nodes()
        if self.parameterNode is None:
            return
        checkNodes(fixed, moving, *(one or object() for one in lists))
        for volume in (fixed, moving):
            checkVolume(volume)
        self._makeLists()
        self.showViews()
        if not self.placing.start(*self.nodes()[2:]):
            raise LogicError(_("Landmarks are placed in the views of the main window, which is not there."))

    def _makeLists(self) -> None:
        wanted = (
            ("pairingFixedLandmarks", _("Fixed landmarks"), FIXED_COLOUR),
            ("pairingMovingLandmarks", _("Moving landmarks"), MOVING_COLOUR),
        )
        for name, title, colour in wanted:
            if getattr(self.parameterNode, name) is None:
                setattr(self.parameterNode, name, addLandmarkList(slicer.mrmlScene, title, colour))

    @saysErrors
    def showViews(self) -> None:
        """Fixed image left, moving image right."""
        if self.views.show(*self.nodes()) and self.parameterNode is not None:
            self.views.showOnly(self.parameterNode.pairingResiduals)

    def _onNextLandmark(self, where: str, label: str) -> None:
        view = _("left view (fixed image)") if where == "fixed" else _("right view (moving image)")
        text = _("Click landmark {label} in the {view}. Escape ends placing.")
        paintStatus(self.ui.promptLabel, text.format(label=label, view=view), "good")
        self.ui.placeButton.checked = True
        self.ui.placeButton.text = _("Stop p&lacing")
        self._escape.enabled = True

    def _onPlacingStopped(self) -> None:
        paintStatus(self.ui.promptLabel, "")
        self.ui.placeButton.checked = False
        self.ui.placeButton.text = _("Place &landmarks")
        self._escape.enabled = False

    @saysErrors
    def onUndo(self) -> None:
        """Remove the last landmark or pair."""
        lists = self.nodes()[2:]
        if None not in lists:
            self.logic.undoLandmark(*lists)

    @saysErrors
    def onUseOrder(self) -> None:
        """Take the order that fits."""
        if self._order:
            self.logic.useLandmarkOrder(*self.nodes()[2:], self._order)
            self.refresh()

    @saysErrors
    def onRowClicked(self, row: int) -> None:
        """Show a landmark: both views go to it."""
        if self.pairing is None or not self.views.shown or row >= len(self.pairing.labels):
            return
        landmark = self.pairing.registration.landmarks[row]
        self.views.centre(
            self.pairing.fixed.inWorld(_row(landmark.fixed))[0], self.pairing.moving.inWorld(_row(landmark.moving))[0]
        )

    # What is shown

    def _watch(self, nodes: list[Any]) -> None:
        """Follow these nodes, and no others."""
        wanted: list[tuple[Any, int]] = []
        for node in nodes:
            wanted.append((node, slicer.vtkMRMLTransformableNode.TransformModifiedEvent))
            if node.IsA("vtkMRMLMarkupsNode"):
                names = ("PointModifiedEvent", "PointPositionDefinedEvent", "PointRemovedEvent")
                wanted += [(node, getattr(node, name)) for name in names]
            else:
                wanted.append((node, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent))
        for node, event in self._observed:
            if (node, event) not in wanted:
                self.unobserve(node, event, self._onNodeChanged)
        for node, event in wanted:
            self.observe(node, event, self._onNodeChanged)
        self._observed = wanted

    def _onNodeChanged(self, caller: Any = None, event: Any = None) -> None:
        if not self._timer.active:
            self._timer.start()

    def _onSceneChanged(self, caller: Any = None, event: Any = None) -> None:
        if self.entered and not self._timer.active and self.parameterNode is not None:
            self._timer.start()

    @saysErrors
    def refresh(self) -> None:
        """Register anew, and show it. Takes a few milliseconds."""
        self.pairing, self._order = None, ()
        text, kind = "", "info"
        if self.parameterNode is not None:
            if self.placing.active and None in self.nodes():
                self.placing.stop()
            text, kind = self._register()
        self.say(text, kind)
        self.ui.orderButton.visible = bool(self._order)
        self._showErrors()
        lists = self.nodes()[2:]
        self.ui.undoButton.enabled = None not in lists and any(len(placed(one)) for one in lists)
        self.jobs.refresh()

    def _register(self) -> tuple[str, str]:
        """Register by the pairs that are complete; what to say about it."""
        nodes = self.nodes()
        try:
            self._checkApplied(nodes)
            if None not in nodes[:2]:
                for volume in nodes[:2]:
                    checkVolume(volume)
            self.pairing = pairLandmarks(*nodes, self.parameterNode.pairingTransform, onlyComplete=True)
        except LogicError as error:
            return str(error), "info"
        except HarmonizationError as error:
            if not any(partnerless(*(placed(one) for one in nodes[2:]))):
                self._order = getattr(error, "order", ())
            return _sentence(str(error)), "error"
        self._showNodes()
        warnings = self.pairing.warnings
        return (warnings[0], "warning") if warnings else ("", "info")

    def _checkApplied(self, nodes: tuple[Any, ...]) -> None:
        """A registration that moves its own input would never come to rest."""
        made = self.parameterNode.pairingTransformNode
        for node in nodes:
            parent = node.GetParentTransformNode() if node is not None and made is not None else None
            while parent is not None:
                if parent is made:
                    text = _("{name} lies under the transform of this pairing. Take it out of it to go on.")
                    raise LogicError(text.format(name=node.GetName()))
                parent = parent.GetParentTransformNode()

    def _showNodes(self) -> None:
        """The nodes of the scene follow; they are made when there is a first registration."""
        node = self.parameterNode
        before = PairNodes(node.pairingTransformNode, node.pairingTable, node.pairingResiduals)
        after = self.logic.showPairing(self.pairing, before)
        made = {
            "pairingTransformNode": (before.transform, after.transform),
            "pairingTable": (before.table, after.table),
            "pairingResiduals": (before.residuals, after.residuals),
        }
        for name, (old, new) in made.items():
            if old is not new:
                setattr(node, name, new)
        if before.residuals is not after.residuals and self.views.shown:
            self.views.showOnly(after.residuals)

    def _showErrors(self) -> None:
        ui, pairing = self.ui, self.pairing
        for widget in (ui.landmarkTable, ui.worstLabel, ui.errorLabel):
            widget.visible = pairing is not None
        if pairing is None:
            return
        landmarks = pairing.registration.landmarks
        ui.landmarkTable.setRowCount(len(landmarks))
        for row, (label, one) in enumerate(zip(pairing.labels, landmarks, strict=True)):
            values = (label, f"{one.residual:.2f}", "-" if one.target_error is None else f"{one.target_error:.2f}")
            for column, value in enumerate(values):
                _setCell(ui.landmarkTable, row, column, value, row == pairing.worst)
        paintStatus(ui.worstLabel, pairing.worstSentence, "warning" if pairing.standsOut else "info")
        error = pairing.registration.target_error
        kind = "info" if error is None or math.isnan(error) or pairing.standsOut else "good"
        paintStatus(ui.errorLabel, pairing.errorSentence, kind)


def _prepareTable(table: Any, titles: list[str]) -> None:
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(titles)
    table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Stretch)
    table.verticalHeader().visible = False


def _setCell(table: Any, row: int, column: int, text: str, marked: bool = False) -> None:
    """Write a cell; an item that is there is used again."""
    item = table.item(row, column)
    if item is None:
        item = qt.QTableWidgetItem()
        if column:
            item.setTextAlignment(qt.Qt.AlignCenter)
        table.setItem(row, column, item)
    if item.text() != text:
        item.setText(text)
    # Colours in both roles, so that it reads well in light and dark themes.
    item.setData(qt.Qt.BackgroundRole, qt.QBrush(qt.QColor(WORST_COLOUR)) if marked else None)
    item.setData(qt.Qt.ForegroundRole, qt.QBrush(qt.QColor("#5b3a00")) if marked else None)


def _row(point: tuple[float, float]) -> Any:
    import numpy as np

    return np.array([point])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
