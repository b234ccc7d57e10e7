"""The curves of a training in plot views, one below the other, and the layout that was shown before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .layout import arrange, layoutManager

PLOT_VIEWS = ("USHarmonizationTrainingPlot1", "USHarmonizationTrainingPlot2", "USHarmonizationTrainingPlot3")
# Any number above 100 that is unlikely to be another extension's.
LAYOUT_ID = 57315
LAYOUT = (
    '<layout type="vertical" split="true">'
    + "".join(
        f'<item><view class="vtkMRMLPlotViewNode" singletontag="{name}">'
        f'<property name="viewlabel" action="default">{number}</property></view></item>'
        for number, name in enumerate(PLOT_VIEWS, start=1)
    )
    + "</layout>"
)


class TrainingViews:
    """Plot views for the curves of a training; without a main window all of this does nothing.

    Attributes:
        shown: whether the views are there.
    """

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.shown = False
        self._previousLayout: int | None = None

    def show(self, charts: Sequence[Any]) -> bool:
        """Show charts, one a view; False where there are no views."""
        before = arrange(LAYOUT_ID, LAYOUT)
        if before is None:
            return False
        if before != LAYOUT_ID:
            self._previousLayout = before
        for name, chart in zip(PLOT_VIEWS, charts, strict=False):
            view = self.scene.GetSingletonNode(name, "vtkMRMLPlotViewNode")
            if view is not None and view.GetPlotChartNodeID() != chart.GetID():
                view.SetPlotChartNodeID(chart.GetID())
        self.shown = True
        return True

    def restore(self) -> None:
        """Show the layout that was shown before."""
        manager = layoutManager()
        if self.shown and manager is not None and manager.layout == LAYOUT_ID and self._previousLayout is not None:
            manager.setLayout(self._previousLayout)
        self.shown = False
