"""Draws a chart node of the scene with VTK's chart, as Slicer's plot view does."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

MARKERS = {"none": 0, "cross": 1, "plus": 2, "square": 3, "circle": 4, "diamond": 5}
LINES = {"none": 0, "solid": 1, "dash": 2, "dot": 3, "dash-dot": 4, "dash-dot-dot": 5}


def draw(chart_node: Any, width: int, height: int) -> np.ndarray:
    """An array (height, width, 3) of uint8; white where there is no chart."""
    view = vtk.vtkContextView()
    window = view.GetRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetSize(max(width, 50), max(height, 50))
    view.GetRenderer().SetBackground(1.0, 1.0, 1.0)
    if chart_node is not None:
        view.GetScene().AddItem(_chart(chart_node))
    window.Render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.Update()
    columns, rows, _ = grab.GetOutput().GetDimensions()
    pixels = vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars()).reshape(rows, columns, -1)
    return np.ascontiguousarray(pixels[::-1, :, :3])


def _chart(node: Any) -> vtk.vtkChartXY:
    chart = vtk.vtkChartXY()
    chart.SetTitle(node.GetTitle() if node.GetTitleVisibility() else "")
    chart.SetShowLegend(bool(node.GetLegendVisibility()))
    titles = (
        node.GetYAxisTitle() if node.GetYAxisTitleVisibility() else "",
        node.GetXAxisTitle() if node.GetXAxisTitleVisibility() else "",
    )
    for index, title in enumerate(titles):
        chart.GetAxis(index).SetTitle(title or "")
        chart.GetAxis(index).SetGridVisible(bool(node.GetGridVisibility()))
    _set_range(chart.GetAxis(1), node.GetXAxisRangeAuto(), node.GetXAxisRange())
    _set_range(chart.GetAxis(0), node.GetYAxisRangeAuto(), node.GetYAxisRange())
    for index in range(node.GetNumberOfPlotSeriesNodes()):
        series = node.GetNthPlotSeriesNode(index)
        if series is not None and series.GetTableNode() is not None:
            _add(chart, series)
    return chart


def _set_range(axis: Any, auto: bool, limits: tuple[float, float]) -> None:
    if not auto:
        axis.SetBehavior(vtk.vtkAxis.FIXED)
        axis.SetRange(*limits)


def _add(chart: vtk.vtkChartXY, series: Any) -> None:
    table = series.GetTableNode().GetTable()
    y = table.GetColumnByName(series.GetYColumnName() or "")
    if y is None:
        return
    bar = series.GetPlotType() == series.PlotTypeBar
    plot = chart.AddPlot(vtk.vtkChart.BAR if bar else vtk.vtkChart.LINE)
    data = vtk.vtkTable()
    x = table.GetColumnByName(series.GetXColumnName() or "")
    numbers = x if x is not None and x.IsNumeric() else None
    if numbers is None or series.GetPlotType() in (series.PlotTypeLine, series.PlotTypeBar):
        numbers = vtk.vtkDoubleArray()
        numbers.SetName("index")
        for row in range(y.GetNumberOfTuples()):
            numbers.InsertNextValue(row)
    data.AddColumn(numbers)
    data.AddColumn(y)
    plot.SetInputData(data, 0, 1)
    plot.SetLabel(series.GetName())
    red, green, blue = (round(255 * each) for each in series.GetColor())
    plot.SetColor(red, green, blue, round(255 * series.GetOpacity()))
    plot.SetWidth(series.GetLineWidth())
    if not bar:
        plot.GetPen().SetLineType(LINES[series.GetLineStyleAsString(series.GetLineStyle())])
        plot.SetMarkerStyle(MARKERS[series.GetMarkerStyleAsString(series.GetMarkerStyle())])
        plot.SetMarkerSize(series.GetMarkerSize())
