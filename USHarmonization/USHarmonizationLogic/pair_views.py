"""The views in which landmarks are placed: fixed image on the left, moving image on the right, charts below.

The points of a list are only shown, and can only be placed, in the view of their image, so that a click in the wrong
view does nothing. Where there are no views (no main window), all of this does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .layout import RESEARCH_USE, arrange, fillView, layoutManager

FIXED_VIEW, MOVING_VIEW = "USHarmonizationFixed", "USHarmonizationMoving"
PLOT_VIEWS = ("USHarmonizationPairPlot1", "USHarmonizationPairPlot2", "USHarmonizationPairPlot3")
# Numbers above 100 that are unlikely to be another extension's.
LAYOUT_ID, PLOTS_LAYOUT_ID = 57313, 57314
LIST_CLASS = "vtkMRMLMarkupsFiducialNode"


def _sliceView(name: str, label: str, colour: str) -> str:
    return (
        f'<item><view class="vtkMRMLSliceNode" singletontag="{name}">'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{label}</property>'
        f'<property name="viewcolor" action="default">{colour}</property>'
        f'<property name="viewgroup" action="default">{LAYOUT_ID}</property>'
        "</view></item>"
    )


def _plotView(name: str, label: str) -> str:
    return (
        f'<item><view class="vtkMRMLPlotViewNode" singletontag="{name}">'
        f'<property name="viewlabel" action="default">{label}</property></view></item>'
    )


IMAGES = _sliceView(FIXED_VIEW, "F", "#D55E00") + _sliceView(MOVING_VIEW, "M", "#0072B2")
PLOTS = "".join(_plotView(name, str(number)) for number, name in enumerate(PLOT_VIEWS, start=1))
LAYOUTS = {
    LAYOUT_ID: f'<layout type="horizontal" split="true">{IMAGES}</layout>',
    PLOTS_LAYOUT_ID: (
        '<layout type="vertical" split="true">'
        f'<item splitSize="600"><layout type="horizontal" split="true">{IMAGES}</layout></item>'
        f'<item splitSize="400"><layout type="horizontal" split="true">{PLOTS}</layout></item>'
        "</layout>"
    ),
}


class PairViews:
    """Two images side by side; ``restore`` brings back what was shown before.

    Args:
        scene: the MRML scene.

    Attributes:
        shown: whether the views are there.
    """

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.shown = False
        self._previousLayout: int | None = None
        self._images: tuple[Any, Any] | None = None
        self._restricted: list[Any] = []

    def show(self, fixedVolume: Any, movingVolume: Any, fixedList: Any = None, movingList: Any = None) -> bool:
        """Show both images, and each list in its image's view alone; False where there are no views."""
        if not self._arrange(LAYOUT_ID):
            return False
        images = (fixedVolume, movingVolume)
        for name, volume, title in zip((FIXED_VIEW, MOVING_VIEW), images, ("Fixed: ", "Moving: "), strict=True):
            self._fill(name, volume, None, title + volume.GetName() if volume else "")
            if self._images is None or volume not in self._images:
                self._fit(name, volume)
        self._images = images
        self._release()
        for name, listNode in ((FIXED_VIEW, fixedList), (MOVING_VIEW, movingList)):
            self._restrict(listNode, name)
        return True

    def showOnly(self, modelNode: Any) -> None:
        """Show a model, such as the residuals, in the view of the moving image alone."""
        self._restrict(modelNode, MOVING_VIEW)

    def centre(self, fixedPoint: Sequence[float], movingPoint: Sequence[float]) -> None:
        """Both views go to a point, given in world RAS."""
        for name, point in ((FIXED_VIEW, fixedPoint), (MOVING_VIEW, movingPoint)):
            if widget := self._sliceWidget(name):
                widget.mrmlSliceNode().JumpSliceByCentering(*(float(value) for value in point))

    def overlay(self, fixedVolume: Any, moved: Any, share: float) -> None:
        """The left view shows the fixed image with this share (0 to 1) of the registered moving one over it."""
        if self.shown and fixedVolume is not None:
            title = "Fixed" if share <= 0 else f"Fixed, with {100 * share:.0f} % of the moving image"
            self._fill(FIXED_VIEW, fixedVolume, moved, title, share)

    def showCharts(self, charts: Sequence[Any]) -> bool:
        """Show charts below the images, as many as there are views; False where there are none."""
        if not self._arrange(PLOTS_LAYOUT_ID):
            return False
        for name, chart in zip(PLOT_VIEWS, charts, strict=False):
            node = self.scene.GetSingletonNode(name, "vtkMRMLPlotViewNode")
            if node is not None:
                node.SetPlotChartNodeID(chart.GetID())
        return True

    def restore(self) -> None:
        """Show the layout that was shown before, and the landmarks in all views."""
        self._release()
        self._images = None
        if not self.shown:
            return
        self.shown = False
        manager = layoutManager()
        if manager is None:
            return
        for name in (FIXED_VIEW, MOVING_VIEW):
            self._fill(name, None, None, "", research="")
        if manager.layout in LAYOUTS and self._previousLayout is not None:
            manager.setLayout(self._previousLayout)

    def _arrange(self, layout: int) -> bool:
        before = arrange(layout, LAYOUTS[layout])
        if before is None:
            return False
        if before not in LAYOUTS:
            self._previousLayout = before
        self.shown = True
        return True

    def _restrict(self, node: Any, view: str) -> None:
        widget = self._sliceWidget(view)
        if node is None or widget is None or node.GetDisplayNode() is None:
            return
        display = node.GetDisplayNode()
        display.RemoveAllViewNodeIDs()
        display.AddViewNodeID(widget.mrmlSliceNode().GetID())
        if display not in self._restricted:
            self._restricted.append(display)

    def _release(self) -> None:
        for display in self._restricted:
            display.RemoveAllViewNodeIDs()
        self._restricted.clear()

    def _fit(self, name: str, volume: Any) -> None:
        widget = self._sliceWidget(name)
        if widget is None or volume is None:
            return
        logic = widget.sliceLogic()
        logic.GetSliceNode().RotateToVolumePlane(volume)
        logic.FitSliceToBackground()
        logic.SnapSliceOffsetToIJK()

    @staticmethod
    def _sliceWidget(name: str) -> Any:
        manager = layoutManager()
        return manager.sliceWidget(name) if manager else None

    def _fill(
        self,
        name: str,
        background: Any,
        foreground: Any,
        title: str,
        opacity: float = 0.0,
        research: str = RESEARCH_USE,
    ) -> None:
        fillView(name, background, foreground, title, opacity, research, LAYOUT_ID, linked=False)


def startPlacing(scene: Any, listNode: Any) -> bool:
    """Each click in a view of this list places a point of it, until ``stopPlacing``; False without an application.

    Example:
        >>> startPlacing(slicer.mrmlScene, landmarks)
        True
    """
    interaction, selection = interactionNode(scene), scene.GetSingletonNode("Singleton", "vtkMRMLSelectionNode")
    if interaction is None or selection is None:
        return False
    selection.SetReferenceActivePlaceNodeClassName(LIST_CLASS)
    selection.SetActivePlaceNodeID(listNode.GetID())
    if not isPlacing(scene):
        interaction.SwitchToPersistentPlaceMode()
    return True


def isPlacing(scene: Any) -> bool:
    """Whether clicks place points."""
    interaction = interactionNode(scene)
    return interaction is not None and interaction.GetCurrentInteractionMode() == interaction.Place


def stopPlacing(scene: Any) -> None:
    """Clicks place no points any more."""
    interaction = interactionNode(scene)
    if interaction is not None:
        interaction.SetPlaceModePersistence(False)
        if isPlacing(scene):
            interaction.SwitchToViewTransformMode()


def interactionNode(scene: Any) -> Any:
    """What says whether clicks place points; None in a scene without an application."""
    return scene.GetSingletonNode("Singleton", "vtkMRMLInteractionNode")
