"""Charts and tables in Slicer's views."""

from __future__ import annotations

from typing import Any

import slicer


def showInViews(className: str, node: Any, changeLayout: bool = True) -> None:
    """Show a chart or table node in a layout that has a view for it; nothing happens without a main window."""
    if node is None or slicer.app.layoutManager() is None:
        return
    layouts = slicer.vtkMRMLLayoutNode
    plot = className == "vtkMRMLPlotViewNode"
    layout = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    if changeLayout and layout is not None and not _mapped(className):
        layout.SetViewArrangement(layouts.SlicerLayoutFourUpPlotView if plot else layouts.SlicerLayoutFourUpTableView)
    for view in slicer.util.getNodesByClass(className):
        (view.SetPlotChartNodeID if plot else view.SetTableNodeID)(node.GetID())


def _mapped(className: str) -> bool:
    return any(view.IsMappedInLayout() for view in slicer.util.getNodesByClass(className))
