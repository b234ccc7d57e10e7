"""Original and harmonized image side by side in two linked slice views, with the segmentation outlined on both.

The right view can also fade or blink between the two images, or show how the brightness changed. Where there are no
views (no main window), all of this does nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ORIGINAL_VIEW, GENERATED_VIEW = "USHarmonizationOriginal", "USHarmonizationGenerated"
# Any number above 100 that is unlikely to be another extension's.
LAYOUT_ID = 57312
# Linked controls reach the views of one group, so that the views of other layouts stay as they are.
VIEW_GROUP = 57312
RESEARCH_USE = "Research use only: not for diagnosis"
# ITU-R BT.601, as USHarmonizationLib.image has it.
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
# A difference is shown up to this share of the image's range of brightness, in full colour.
DIFFERENCE_SHARE = 0.2
# Darker, unchanged, brighter: red, green and blue, 0 to 1. Black in the middle, as what surrounds an image.
COLOURS = ((0.35, 0.65, 1.0), (0.0, 0.0, 0.0), (1.0, 0.45, 0.3))
COLOURS_NAME = "USHarmonization change of brightness"


def _view(name: str, label: str, colour: str) -> str:
    return (
        f'<item><view class="vtkMRMLSliceNode" singletontag="{name}">'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{label}</property>'
        f'<property name="viewcolor" action="default">{colour}</property>'
        f'<property name="viewgroup" action="default">{VIEW_GROUP}</property>'
        "</view></item>"
    )


LAYOUT = (
    '<layout type="horizontal" split="true">'
    + _view(ORIGINAL_VIEW, "O", "#7A8B99")
    + _view(GENERATED_VIEW, "H", "#2E9E8F")
    + "</layout>"
)


def layoutManager() -> Any:
    """Slicer's layout manager, or None where there are no views."""
    import slicer

    application = getattr(slicer, "app", None)
    return application.layoutManager() if application else None


def arrange(layout: int, description: str) -> int | None:
    """Show a layout, made known where it is not; the one that was shown before, None where there are no views."""
    manager = layoutManager()
    if manager is None:
        return None
    node = manager.layoutLogic().GetLayoutNode()
    if not node.IsLayoutDescription(layout):
        node.AddLayoutDescription(layout, description)
    before: int = node.GetViewArrangement()
    if before != layout:
        manager.setLayout(layout)
    return before


def fillView(
    name: str, background: Any, foreground: Any, title: str, opacity: float, research: str, group: int, linked: bool
) -> None:
    """Put volumes and texts into a slice view; nothing happens where there is no such view.

    Args:
        name: of the view.
        background, foreground: volume nodes or None. opacity: of the foreground, 0 to 1.
        title, research: on the upper and the lower edge; the corners are Slicer's own (data probe).
        group: views of one group follow each other where ``linked``.
    """
    import vtk

    manager = layoutManager()
    widget = manager.sliceWidget(name) if manager else None
    if widget is None:
        return
    composite = widget.sliceLogic().GetSliceCompositeNode()
    wasModifying = composite.StartModify()
    composite.SetDoPropagateVolumeSelection(False)  # what is loaded later does not push these images out
    widget.mrmlSliceNode().SetViewGroup(group)  # scenes that come and go may have reset it
    composite.SetLinkedControl(linked)
    composite.SetHotLinkedControl(linked)
    composite.SetBackgroundVolumeID(background.GetID() if background else None)
    composite.SetForegroundVolumeID(foreground.GetID() if foreground else None)
    composite.SetLabelVolumeID(None)
    composite.SetForegroundOpacity(opacity)
    composite.EndModify(wasModifying)
    view = widget.sliceView()
    view.cornerAnnotation().SetText(vtk.vtkCornerAnnotation.UpperEdge, title)
    view.cornerAnnotation().SetText(vtk.vtkCornerAnnotation.LowerEdge, research)
    view.scheduleRender()


def brightness(array: np.ndarray) -> np.ndarray:
    """(slices, rows, columns[, 3]) -> (slices, rows, columns), float32."""
    array = array.astype(np.float32)
    return array[..., :3] @ LUMA if array.ndim == 4 else array


def differenceVolume(scene: Any, original: Any, generated: Any, volume: Any = None) -> Any:
    """A volume that holds how much brighter each pixel of ``generated`` is than that of ``original``, in grey levels.

    Args:
        scene: where a new volume is added.
        original, generated: scalar or RGB volume nodes of the same size.
        volume: is written to instead of a new one.

    Returns:
        The volume, blue where it got darker, red where it got brighter, black where it did not change.
        Its attribute ``USHarmonization.differenceRange`` is the change, in grey levels, that has the full colour.
    """
    import slicer
    import vtk

    before, after = (brightness(slicer.util.arrayFromVolume(node)) for node in (original, generated))
    if before.shape != after.shape:
        raise ValueError(f"volumes of {before.shape} and {after.shape}; needed: the same size")
    if volume is None:
        name = scene.GenerateUniqueName(f"{generated.GetName()} (change of brightness)")
        volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    matrix = vtk.vtkMatrix4x4()
    original.GetIJKToRASMatrix(matrix)
    volume.SetIJKToRASMatrix(matrix)
    volume.SetAndObserveTransformNodeID(original.GetTransformNodeID())
    slicer.util.updateVolumeFromArray(volume, (after - before).astype(np.float32))
    if volume.GetDisplayNode() is None:
        volume.CreateDefaultDisplayNodes()
    limit = max(1.0, round(float(np.ptp(before)) * DIFFERENCE_SHARE))
    volume.SetAttribute("USHarmonization.differenceRange", f"{limit:g}")
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(-limit, limit)
    display.SetAndObserveColorNodeID(differenceColours(scene).GetID())
    return volume


def differenceColours(scene: Any) -> Any:
    """The colour table of differences, made where the scene has none."""
    found = scene.GetFirstNodeByName(COLOURS_NAME)
    if found is not None:
        return found
    table = scene.AddNewNodeByClass("vtkMRMLColorTableNode", COLOURS_NAME)
    table.SetTypeToUser()
    table.SetHideFromEditors(True)
    table.SetNumberOfColors(256)
    for at in range(256):
        colour = [float(np.interp(at, (0, 127.5, 255), channel)) for channel in zip(*COLOURS, strict=True)]
        table.SetColor(at, *colour, 1.0)
    return table


class SideBySide:
    """Two images in two linked views; ``restore`` brings back the layout that was shown before.

    Args:
        scene: the MRML scene.
        original, generated: volume nodes of the same geometry.
        segmentation: its outline is drawn on both; None when there is none.
        title: what the view of ``generated`` says on top, e.g. ``Harmonized to GE LOGIQ 7``.
    """

    def __init__(
        self, scene: Any, original: Any, generated: Any, segmentation: Any = None, title: str = "Harmonized"
    ) -> None:
        self.scene, self.original, self.generated, self.segmentation = scene, original, generated, segmentation
        self.title = title
        self.difference: Any = None
        self.shown = False
        self._previousLayout: int | None = None
        self._previousFill: dict[str, tuple[bool, bool]] = {}

    def show(self) -> bool:
        """Show both images; False where there are no views."""
        before = arrange(LAYOUT_ID, LAYOUT)
        if before is None:
            return False
        if before != LAYOUT_ID:
            self._previousLayout = before
        self._outlineSegmentation()
        self.shown = True
        self._fill(ORIGINAL_VIEW, self.original, None, "Original")
        self.showGenerated()
        self.fit()
        return True

    def showGenerated(self) -> None:
        """The right view shows the harmonized image."""
        self._fill(GENERATED_VIEW, self.generated, None, self.title)

    def showFade(self, share: float) -> None:
        """The right view shows the original with this share (0 to 1) of the harmonized image over it."""
        title = self.title if share >= 1 else "Original" if share <= 0 else f"{100 * share:.0f} % {self.title.lower()}"
        self._fill(GENERATED_VIEW, self.original, self.generated, title, share)

    def showDifference(self) -> float | None:
        """The right view shows how the brightness changed; returns the grey levels that have the full colour."""
        if not self.shown:
            return None
        if self.difference is not None and self.difference.GetScene() is None:
            self.difference = None
        self.difference = differenceVolume(self.scene, self.original, self.generated, self.difference)
        limit = float(self.difference.GetAttribute("USHarmonization.differenceRange"))
        self._fill(GENERATED_VIEW, self.difference, None, f"Change of brightness, -{limit:g} to +{limit:g}")
        return limit

    def fit(self) -> None:
        """Both views show the whole image, in the plane in which it was acquired."""
        for logic in self._sliceLogics():
            logic.GetSliceNode().RotateToVolumePlane(self.original)
            logic.FitSliceToBackground()
            logic.SnapSliceOffsetToIJK()

    def restore(self) -> None:
        """Show again what was shown before ``show``: layout, and how the segmentation was drawn."""
        if not self.shown:
            return
        self.shown = False
        self._restoreSegmentation()
        manager = layoutManager()
        if manager is None:
            return
        for name in (ORIGINAL_VIEW, GENERATED_VIEW):
            self._fill(name, None, None, "", research="")
        if manager.layout == LAYOUT_ID and self._previousLayout is not None:
            manager.setLayout(self._previousLayout)

    def _sliceLogics(self) -> list[Any]:
        manager = layoutManager()
        widgets = [manager.sliceWidget(name) for name in (ORIGINAL_VIEW, GENERATED_VIEW)] if manager else []
        return [widget.sliceLogic() for widget in widgets if widget]

    @staticmethod
    def _fill(
        name: str, background: Any, foreground: Any, title: str, opacity: float = 0.0, research: str = RESEARCH_USE
    ) -> None:
        fillView(name, background, foreground, title, opacity, research, VIEW_GROUP, linked=True)

    def _outlineSegmentation(self) -> None:
        node = self.segmentation
        if node is None or node.GetScene() is None:
            return
        if node.GetDisplayNode() is None:
            node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        self._previousFill.setdefault(
            display.GetID(), (display.GetVisibility2DFill(), display.GetVisibility2DOutline())
        )
        display.SetVisibility2DFill(False)
        display.SetVisibility2DOutline(True)

    def _restoreSegmentation(self) -> None:
        for nodeId, (fill, outline) in self._previousFill.items():
            display = self.scene.GetNodeByID(nodeId)
            if display is not None:
                display.SetVisibility2DFill(fill)
                display.SetVisibility2DOutline(outline)
        self._previousFill.clear()


class LayoutLogic:
    """Views of a result."""

    scene: Any

    def showSideBySide(
        self, original: Any, generated: Any, segmentation: Any = None, title: str = "Harmonized"
    ) -> SideBySide:
        """Show two images side by side in linked views, the segmentation outlined on both.

        Returns:
            What changes the view of the second image, and restores the layout. ``shown`` is False without views.

        Example:
            >>> views = logic.showSideBySide(volume, result.outputVolume, segmentation)
            >>> views.showDifference()  # the right view shows the change of brightness
            51.0
            >>> views.restore()
        """
        views = SideBySide(self.scene, original, generated, segmentation, title)
        views.show()
        return views

    def differenceVolume(self, original: Any, generated: Any) -> Any:
        """A volume with the change of brightness, generated minus original, in grey levels.

        Example:
            >>> logic.differenceVolume(volume, result.outputVolume).GetName()
            'US 1 (harmonized to GE LOGIQ 7) (change of brightness)'
        """
        return differenceVolume(self.scene, original, generated)
