"""Charts: nodes that views can show, renewed in place, none left over."""

from __future__ import annotations

import math

import pytest

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.plots import COLOURS, Series, plotChart, removeChart, showChart
from USHarmonizationLogic.tables import columnsOf


def test_a_chart(scene):
    series = [Series("loss", [0.5, 0.25], [20, 40]), Series("points", [1, 2, 3], kind="scatter")]
    chart = plotChart(scene, "Losses", series, xTitle="step", yTitle="loss", yRange=(0, 4))
    assert chart.GetTitle() == "Losses"
    assert (chart.GetXAxisTitle(), chart.GetYAxisTitle()) == ("step", "loss")
    assert not chart.GetYAxisRangeAuto()
    assert chart.GetXAxisRangeAuto()
    assert tuple(chart.GetYAxisRange()) == (0, 4)
    line, cloud = (chart.GetNthPlotSeriesNode(at) for at in range(2))
    assert line.GetName() == "loss"
    columns = columnsOf(line.GetTableNode())
    assert columns[line.GetXColumnName()][:2] == [20, 40]
    assert columns[line.GetYColumnName()][:2] == [0.5, 0.25]
    assert math.isnan(columns[line.GetYColumnName()][2])
    assert line.GetLineStyle() == line.LineStyleSolid
    assert cloud.GetLineStyle() == cloud.LineStyleNone
    assert cloud.GetMarkerStyle() == cloud.MarkerStyleCircle
    assert tuple(cloud.GetColor()) == pytest.approx(COLOURS[1])


def test_bars_have_labels(scene):
    chart = plotChart(scene, "Shares", [Series("share", [0.1, 0.2], kind="bar", labels=["a", "b"])])
    bars = chart.GetNthPlotSeriesNode(0)
    assert bars.GetPlotType() == bars.PlotTypeBar
    assert columnsOf(bars.GetTableNode())[bars.GetLabelColumnName()] == ["a", "b"]
    assert not chart.GetLegendVisibility()


def test_renewed_in_place(scene):
    chart = plotChart(scene, "Losses", [Series("a", [1]), Series("b", [2]), Series("c", [3])])
    count = scene.GetNumberOfNodes()
    first = chart.GetNthPlotSeriesNode(0)
    assert plotChart(scene, "Losses", [Series("a", [1, 2])]) is chart
    assert chart.GetNumberOfPlotSeriesNodes() == 1
    assert chart.GetNthPlotSeriesNode(0) is first
    assert scene.GetNumberOfNodes() == count - 2
    other = plotChart(scene, "Other", [Series("a", [5])])
    assert other is not chart
    assert columnsOf(first.GetTableNode())["0 a"] == [1, 2]


def test_removed(scene):
    before = scene.GetNumberOfNodes()
    plotChart(scene, "Losses", [Series("a", [1]), Series("b", [2])])
    removeChart(scene, "Losses")
    removeChart(scene, "Losses")
    assert scene.GetNumberOfNodes() == before


def test_shown(scene):
    view = scene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    chart = plotChart(scene, "Losses", [Series("a", [1])])
    showChart(scene, chart)
    assert view.GetPlotChartNodeID() == chart.GetID()


def test_what_does_not_fit():
    with pytest.raises(LogicError, match="of kind 'pie'"):
        Series("a", [1], kind="pie")
    with pytest.raises(LogicError, match="has 2 values"):
        Series("a", [1, 2], [1])
