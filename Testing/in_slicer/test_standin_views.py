"""Layouts and slice views: real logics, rendered pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.fixture
def bright_corner(views: Any, scene: Any) -> Any:
    """A frame, loaded like ultrasound (IJK to RAS is diag(-1, -1, 1)), whose upper left quarter is bright."""
    import slicer
    import vtk

    pixels = np.zeros((1, 120, 160), np.uint8)
    pixels[0, :60, :80] = 200
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 0, -1)
    matrix.SetElement(1, 1, -1)
    node = slicer.util.addVolumeFromArray(pixels, ijkToRAS=matrix, name="frame")
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevelMinMax(0, 255)
    return node


def show(*volumes: Any, layout: str = "SlicerLayoutOneUpRedSliceView") -> None:
    import slicer

    manager = slicer.app.layoutManager()
    manager.setLayout(getattr(slicer.vtkMRMLLayoutNode, layout))
    slicer.app.processEvents()
    for name, volume in zip(("Red", "Yellow"), volumes, strict=False):
        composite = manager.sliceWidget(name).mrmlSliceCompositeNode()
        composite.SetBackgroundVolumeID(volume.GetID())
        manager.sliceWidget(name).mrmlSliceNode().SetOrientation("Axial")
    slicer.app.processEvents()
    manager.resetSliceViews()
    slicer.app.processEvents()


def test_a_layout_makes_its_views(views: Any) -> None:
    import slicer

    show(layout="SlicerLayoutSideBySideView")
    assert set(views.sliceViewNames()) == {"Red", "Yellow"}
    assert views.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutSideBySideView
    show(layout="SlicerLayoutFourUpPlotView")
    assert {"Red", "Green", "Yellow"} <= set(views.sliceViewNames())
    assert views.plotViewCount >= 1  # other layouts may have made views of theirs before
    assert views.sliceWidget("Red").sliceLogic().GetSliceNode() is views.sliceWidget("Red").mrmlSliceNode()


def test_a_slice_view_shows_the_volume_the_right_way_round(bright_corner: Any) -> None:
    from slicer_standin import pictures

    show(bright_corner)
    picture = pictures.slice_pixels("Red").max(axis=2)
    rows, columns = np.nonzero(picture > 150)
    height, width = picture.shape
    assert rows.size > 0.1 * picture.size
    # Axial, seen from the feet: R on the left, A on top; the frame's first pixel is at the right front.
    assert rows.mean() < height / 2
    assert columns.mean() < width / 2


def test_a_segmentation_is_drawn_on_the_slice(bright_corner: Any, scene: Any) -> None:
    import slicer
    from slicer_standin import pictures

    show(bright_corner)
    before = pictures.slice_pixels("Red").astype(int)
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "segmentation")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(bright_corner)
    node.GetSegmentation().AddEmptySegment("lesion", "lesion", [1.0, 0.0, 0.0])
    mask = np.zeros((1, 120, 160), np.uint8)
    mask[0, 20:50, 20:60] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "lesion", bright_corner)
    slicer.app.processEvents()
    after = pictures.slice_pixels("Red").astype(int)
    redder = (after[..., 0] - after[..., 1]) - (before[..., 0] - before[..., 1]) > 30
    assert 0.001 < redder.mean() < 0.3


def test_points_are_drawn_on_the_slice(bright_corner: Any, scene: Any) -> None:
    import slicer
    from slicer_standin import pictures

    show(bright_corner)
    before = pictures.slice_pixels("Red").astype(int)
    points = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "points")
    points.CreateDefaultDisplayNodes()
    points.AddControlPoint(-30.0, -30.0, 0.0)
    slicer.app.processEvents()
    assert np.abs(pictures.slice_pixels("Red").astype(int) - before).max() > 50


def test_text_in_the_corner_is_drawn(bright_corner: Any) -> None:
    import slicer
    import vtk
    from slicer_standin import pictures

    show(bright_corner)
    before = pictures.slice_pixels("Red").astype(int)
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    view.cornerAnnotation().SetText(vtk.vtkCornerAnnotation.LowerRight, "research use only")
    view.forceRender()
    changed = np.argwhere(np.abs(pictures.slice_pixels("Red").astype(int) - before).max(axis=2) > 50)
    view.cornerAnnotation().SetText(vtk.vtkCornerAnnotation.LowerRight, "")
    assert changed.size
    assert changed[:, 0].mean() > before.shape[0] / 2
    assert changed[:, 1].mean() > before.shape[1] / 2


def test_a_chart_is_shown_in_the_layout(views: Any, scene: Any, picture: Any) -> None:
    import slicer

    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "table")
    slicer.util.updateTableFromArray(table, np.column_stack([np.arange(10.0), np.arange(10.0) ** 2]), ["x", "y"])
    series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "squares")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("x")
    series.SetYColumnName("y")
    series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", "chart")
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle("Squares")
    slicer.modules.plots.logic().ShowChartInLayout(chart)
    slicer.app.processEvents()
    widget = views.plotWidget(0)
    assert widget.mrmlPlotViewNode().GetPlotChartNode() is chart
    picture(widget, "standin-chart")


def test_the_whole_window_has_panel_and_views(bright_corner: Any, picture: Any) -> None:
    show(bright_corner, bright_corner, layout="SlicerLayoutSideBySideView")
    picture(None, "standin-window")
