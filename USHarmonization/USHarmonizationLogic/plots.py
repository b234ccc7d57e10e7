"""Charts for Slicer's plot views: a chart node, a series node for each curve, and one table node with the numbers.

A chart is known by its name: drawn again under the same name, its nodes are renewed in place, those that are no longer
needed are removed, and views that show it stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import LogicError
from .tables import tableFromColumns

# Colours that people with any colour vision tell apart (Okabe and Ito, jfly.uni-koeln.de/color), red, green, blue.
COLOURS = (
    (0.0, 0.447, 0.698),
    (0.835, 0.369, 0.0),
    (0.0, 0.62, 0.451),
    (0.8, 0.475, 0.655),
    (0.902, 0.624, 0.0),
    (0.337, 0.706, 0.914),
    (0.25, 0.25, 0.25),
)
OWNER = "USHarmonization.chart"
LINE, SCATTER, BAR = "line", "scatter", "bar"


@dataclass(frozen=True)
class Series:
    """One curve, cloud of points or set of bars.

    Attributes:
        name: shown in the legend.
        y: the values; NaN leaves a gap in a cloud.
        x: where they stand; 0, 1, 2, ... unless given. Bars take no ``x``.
        kind: ``line``, ``scatter`` or ``bar``.
        labels: a text for each value; names the bars.
        colour: red, green, blue from 0 to 1; the next of ``COLOURS`` unless given.
        dashed: a dashed line, for what is only there to compare with (chance, identity).
    """

    name: str
    y: Sequence[float]
    x: Sequence[float] | None = None
    kind: str = LINE
    labels: Sequence[str] | None = None
    colour: tuple[float, float, float] | None = None
    dashed: bool = False

    def __post_init__(self) -> None:
        if self.kind not in (LINE, SCATTER, BAR):
            raise LogicError(f"series {self.name} is of kind {self.kind!r}; there are line, scatter and bar")
        for what in (self.x, self.labels):
            if what is not None and len(what) != len(self.y):
                raise LogicError(f"series {self.name} has {len(self.y)} values, and {len(what)} places or labels")


def plotChart(
    scene: Any,
    name: str,
    series: Iterable[Series],
    *,
    title: str = "",
    xTitle: str = "",
    yTitle: str = "",
    xRange: tuple[float, float] | None = None,
    yRange: tuple[float, float] | None = None,
    logY: bool = False,
) -> Any:
    """Draw a chart; that of the same name is renewed. Gives the chart node; a plot view is told to show its ID.

    Args:
        scene: where nodes are added.
        name: of the chart; the same name, the same chart.
        series: what to draw, one table of as many rows as the longest has.
        title, xTitle, yTitle: texts; xRange, yRange: fixed axes; logY: a logarithmic y axis.

    Example:
        >>> chart = plotChart(scene, "Losses", [Series("cycle", [0.9, 0.4, 0.2])], xTitle="step", yTitle="loss")
        >>> chart.GetNumberOfPlotSeriesNodes()
        1
    """
    series = list(series)
    chart = _owned(scene, "vtkMRMLPlotChartNode", name, name)
    table = tableFromColumns(scene, _columns(series), node=_owned(scene, "vtkMRMLTableNode", f"{name} values", name))
    wasModifying = chart.StartModify()
    chart.RemoveAllPlotSeriesNodeIDs()
    kept = []
    for number, one in enumerate(series):
        node = _owned(scene, "vtkMRMLPlotSeriesNode", one.name, f"{name}#{number}")
        _fill(node, one, number, table)
        chart.AddAndObservePlotSeriesNodeID(node.GetID())
        kept.append(node)
    chart.SetTitle(title or name)
    for set_, text in ((chart.SetXAxisTitle, xTitle), (chart.SetYAxisTitle, yTitle)):
        set_(text)
    chart.SetLegendVisibility(len(series) > 1)
    _setRange(chart.SetXAxisRangeAuto, chart.SetXAxisRange, xRange)
    _setRange(chart.SetYAxisRangeAuto, chart.SetYAxisRange, yRange)
    chart.SetYAxisLogScale(logY)
    chart.EndModify(wasModifying)
    for number in range(len(series), len(series) + scene.GetNumberOfNodesByClass("vtkMRMLPlotSeriesNode")):
        left = _find(scene, "vtkMRMLPlotSeriesNode", f"{name}#{number}")
        if left is None:
            break
        scene.RemoveNode(left)
    return chart


def removeChart(scene: Any, name: str) -> None:
    """Remove the chart of this name with its series and table; nothing when there is none.

    Example:
        >>> removeChart(scene, "Losses")
    """
    chart = _find(scene, "vtkMRMLPlotChartNode", name)
    number = 0
    while (node := _find(scene, "vtkMRMLPlotSeriesNode", f"{name}#{number}")) is not None:
        scene.RemoveNode(node)
        number += 1
    for node in (chart, _find(scene, "vtkMRMLTableNode", name)):
        if node is not None:
            scene.RemoveNode(node)


def showChart(scene: Any, chart: Any) -> None:
    """Have the plot views of the scene show ``chart``; nothing happens where there is none.

    Example:
        >>> showChart(slicer.mrmlScene, chart)
    """
    for at in range(scene.GetNumberOfNodesByClass("vtkMRMLPlotViewNode")):
        scene.GetNthNodeByClass(at, "vtkMRMLPlotViewNode").SetPlotChartNodeID(chart.GetID())


def _columns(series: Sequence[Series]) -> dict[str, list[Any]]:
    """x, y and labels of each series; short ones are filled up with NaN, which is not drawn."""
    rows = max((len(one.y) for one in series), default=0)
    columns: dict[str, list[Any]] = {}
    for number, one in enumerate(series):
        x = range(len(one.y)) if one.x is None else one.x
        missing = rows - len(one.y)
        columns[f"{number} x"] = [*map(float, x), *[float("nan")] * missing]
        columns[f"{number} {one.name}"] = [*map(float, one.y), *[float("nan")] * missing]
        if one.labels is not None:
            columns[f"{number} label"] = [*map(str, one.labels), *[""] * missing]
    return columns


def _fill(node: Any, series: Series, number: int, table: Any) -> None:
    wasModifying = node.StartModify()
    node.SetName(series.name)
    node.SetAndObserveTableNodeID(table.GetID())
    node.SetXColumnName("" if series.kind == BAR else f"{number} x")
    node.SetYColumnName(f"{number} {series.name}")
    node.SetLabelColumnName("" if series.labels is None else f"{number} label")
    node.SetPlotType({BAR: node.PlotTypeBar}.get(series.kind, node.PlotTypeScatter))
    node.SetColor(*(series.colour or COLOURS[number % len(COLOURS)]))
    if series.kind == SCATTER:
        node.SetLineStyle(node.LineStyleNone)
        node.SetMarkerStyle(node.MarkerStyleCircle)
    else:
        node.SetLineStyle(node.LineStyleDash if series.dashed else node.LineStyleSolid)
        node.SetMarkerStyle(node.MarkerStyleNone)
    node.SetLineWidth(1.0 if series.dashed else 2.0)
    node.SetMarkerSize(7.0)
    node.EndModify(wasModifying)


def _setRange(setAuto: Any, setRange: Any, wanted: tuple[float, float] | None) -> None:
    setAuto(wanted is None)
    if wanted is not None:
        setRange(*wanted)


def _owned(scene: Any, className: str, name: str, key: str) -> Any:
    """The node of this chart, added when there is none."""
    node = _find(scene, className, key)
    if node is None:
        node = scene.AddNewNodeByClass(className, name)
        node.SetAttribute(OWNER, key)
    return node


def _find(scene: Any, className: str, key: str) -> Any:
    for at in range(scene.GetNumberOfNodesByClass(className)):
        node = scene.GetNthNodeByClass(at, className)
        if node.GetAttribute(OWNER) == key:
            return node
    return None
