"""ctk and qMRML widgets: as Slicer has them, and no more."""

from __future__ import annotations

from typing import Any

import pytest


def selector(*types: str) -> Any:
    import slicer

    widget = slicer.qMRMLNodeComboBox()
    widget.nodeTypes = list(types)
    return widget


def test_a_node_selector_follows_the_scene(scene: Any) -> None:
    widget = selector("vtkMRMLScalarVolumeNode")
    assert not widget.enabled  # until it knows the scene
    got: list[str] = []
    widget.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: got.append(node.GetName() if node else ""))
    widget.setMRMLScene(scene)
    first = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "first")
    second = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "second")
    scene.AddNewNodeByClass("vtkMRMLTextNode", "other")
    assert widget.enabled
    assert widget.nodeCount() == 2
    assert widget.currentNode() is first
    widget.setCurrentNode(second)
    assert widget.currentNodeID == second.GetID()
    scene.RemoveNode(second)
    assert widget.currentNode() is first
    assert got == ["first", "second", "first"]
    widget.setMRMLScene(None)


def test_a_node_selector_that_may_be_empty_stays_empty(scene: Any) -> None:
    widget = selector("vtkMRMLScalarVolumeNode")
    widget.noneEnabled = True
    widget.setMRMLScene(scene)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "volume")
    assert widget.currentNode() is None
    widget.setCurrentNode(node)
    widget.setCurrentNode(None)
    assert widget.currentNode() is None
    widget.setMRMLScene(None)


def test_a_node_selector_keeps_to_types_and_attributes(scene: Any) -> None:
    widget = selector("vtkMRMLVolumeNode")
    widget.setMRMLScene(scene)
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    assert widget.nodeCount() == 1
    widget.showChildNodeTypes = False
    assert widget.nodeCount() == 0
    widget.showChildNodeTypes = True
    widget.addAttribute("vtkMRMLVolumeNode", "Kind", "us")
    assert widget.nodeCount() == 0
    labels.SetAttribute("Kind", "us")
    other = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "scalar")
    assert widget.currentNode() is labels
    assert other.GetID() != widget.currentNodeID
    widget.setMRMLScene(None)


def test_a_node_made_by_the_selector_gets_the_base_name_and_is_selected(scene: Any) -> None:
    widget = selector("vtkMRMLMarkupsFiducialNode")
    widget.baseName = "Landmarks"
    widget.setMRMLScene(scene)
    node = widget.addNode()
    assert node.GetName().startswith("Landmarks")
    assert widget.currentNode() is node
    widget.setMRMLScene(None)


def test_segments_are_chosen_by_id(scene: Any) -> None:
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "segmentation")
    node.CreateDefaultDisplayNodes()
    ids = [node.GetSegmentation().AddEmptySegment(name, name) for name in ("lesion", "tissue")]
    widget = slicer.qMRMLSegmentSelectorWidget()
    widget.setMRMLScene(scene)
    got: list[str] = []
    widget.connect("currentSegmentChanged(QString)", got.append)
    widget.setCurrentNode(node)
    assert widget.segmentIDs() == ids or list(widget.segmentIDs()) == ids
    widget.setCurrentSegmentID("tissue")
    assert widget.currentSegmentID() == "tissue"
    node.GetSegmentation().RemoveSegment("tissue")
    assert widget.currentSegmentID() == "lesion"
    assert got[-2:] == ["tissue", "lesion"]
    widget.setMRMLScene(None)


def test_a_collapsible_button_hides_what_it_holds(scene: Any) -> None:
    import ctk
    import qt

    button = ctk.ctkCollapsibleButton()
    button.text = "Section"
    layout = qt.QVBoxLayout(button)
    inside = qt.QLabel("inside")
    layout.addWidget(inside)
    button.show()
    got: list[bool] = []
    button.connect("contentsCollapsed(bool)", got.append)
    assert inside.visible
    button.click()
    assert button.collapsed
    assert not inside.visible
    button.collapsed = False
    assert inside.visible
    assert got == [True, False]
    button.close()


def test_a_slider_widget_keeps_real_numbers(scene: Any) -> None:
    import ctk

    widget = ctk.ctkSliderWidget()
    widget.decimals = 2
    widget.minimum, widget.maximum, widget.singleStep = 0.0, 1.0, 0.01
    got: list[float] = []
    widget.connect("valueChanged(double)", got.append)
    widget.value = 0.25
    assert widget.value == 0.25
    assert got == [0.25]
    widget.value = 3
    assert widget.value == 1.0


def test_a_path_line_tells_its_path(scene: Any, tmp_path: Any) -> None:
    import ctk

    widget = ctk.ctkPathLineEdit()
    got: list[Any] = []
    widget.connect("currentPathChanged(QString)", got.append)
    widget.currentPath = str(tmp_path)
    assert widget.currentPath == str(tmp_path)
    assert got == [str(tmp_path)]


def test_a_table_view_shows_a_table_node(scene: Any) -> None:
    import slicer
    import vtk

    node = scene.AddNewNodeByClass("vtkMRMLTableNode", "table")
    names, values = vtk.vtkStringArray(), vtk.vtkDoubleArray()
    names.SetName("feature")
    values.SetName("value")
    for name, value in (("a", 1.5), ("b", 2.5)):
        names.InsertNextValue(name)
        values.InsertNextValue(value)
    node.AddColumn(names)
    node.AddColumn(values)
    view = slicer.qMRMLTableView()
    view.setMRMLScene(scene)
    view.setMRMLTableNode(node)
    assert view.model().rowCount() >= 2
    assert view.mrmlTableNode() is node
    view.setMRMLTableNode(None)


@pytest.mark.refusals
def test_setters_that_python_does_not_reach_in_slicer_are_not_there(scene: Any) -> None:
    widget = selector("vtkMRMLScalarVolumeNode")
    for name in ("setNodeTypes", "setNoneEnabled", "setShowChildNodeTypes", "setBaseName"):
        with pytest.raises(AttributeError):
            getattr(widget, name)
    with pytest.raises(AttributeError):
        widget.nodeType = ["vtkMRMLScalarVolumeNode"]
    with pytest.raises(AttributeError):
        widget._scene = None


@pytest.mark.refusals
@pytest.mark.parametrize(
    "signal", ["currentNodeChanged()", "currentNodeChanged(vtkMRMLVolumeNode*)", "currentNodeIdChanged(QString)"]
)
def test_signals_of_widgets_are_those_of_the_headers(scene: Any, signal: str) -> None:
    with pytest.raises(AttributeError):
        selector().connect(signal, print)


@pytest.mark.refusals
def test_a_node_class_that_does_not_exist_is_an_error(scene: Any) -> None:
    with pytest.raises(ValueError, match="vtkMRMLUltrasoundNode"):
        selector("vtkMRMLUltrasoundNode")
