"""The parameter node wrapper: typed attributes, kept in a node in Slicer's form."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any, Optional

import pytest


class Mode(enum.Enum):
    FAST = 1
    CAREFUL = 2


@pytest.fixture
def wrapped(scene: Any) -> tuple[Any, Any]:
    """A wrapper with one parameter of each type, and its node."""
    import slicer
    from slicer.parameterNodeWrapper import Choice, Default, WithinRange, parameterNodeWrapper

    class Parameters:
        share = 0.5

    # Annotations in this file are texts, which the decorator would look up in the file.
    Parameters.__annotations__ = {
        "volume": slicer.vtkMRMLScalarVolumeNode, "either": Optional[slicer.vtkMRMLTextNode],  # noqa: UP045
        "steps": Annotated[int, WithinRange(1, 10), Default(3)], "share": float, "careful": bool,
        "name": Annotated[str, Choice(["a", "b"]), Default("a")], "folder": Path, "mode": Mode, "names": list[str],
    }  # fmt: skip
    parameterNodeWrapper(Parameters)
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    return Parameters(node), node


def test_defaults_are_written_at_once(wrapped: tuple[Any, Any]) -> None:
    parameters, node = wrapped
    assert parameters.volume is None
    assert (parameters.steps, parameters.share, parameters.careful, parameters.name) == (3, 0.5, False, "a")
    assert parameters.mode is Mode.FAST
    assert list(parameters.names) == []
    assert node.GetParameter("steps") == "3"
    assert node.GetParameter("careful") == "False"


def test_values_are_kept_in_slicers_form(wrapped: tuple[Any, Any], scene: Any, tmp_path: Path) -> None:
    parameters, node = wrapped
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "volume")
    parameters.volume = volume
    parameters.careful = True
    parameters.folder = tmp_path
    parameters.names = ["one", "two"]
    parameters.names.append("three")
    del parameters.names[0]
    assert parameters.volume is volume
    assert node.GetNodeReferenceID("volume") == volume.GetID()
    assert node.GetParameter("careful") == "True"
    assert node.GetParameter("folder") == str(tmp_path)
    assert [node.GetParameter(name) for name in ("names.len", "names.0", "names.1")] == ["2", "two", "three"]
    assert list(parameters.names) == ["two", "three"]
    assert type(parameters)(node).volume is volume


def test_values_of_another_kind_are_refused(wrapped: tuple[Any, Any], scene: Any) -> None:
    parameters, _ = wrapped
    with pytest.raises(ValueError, match="11"):
        parameters.steps = 11
    with pytest.raises(TypeError):
        parameters.share = "half"
    with pytest.raises(ValueError, match="c"):
        parameters.name = "c"
    with pytest.raises(TypeError):
        parameters.volume = scene.AddNewNodeByClass("vtkMRMLTextNode")
    with pytest.raises(ValueError, match="None"):
        parameters.careful = None


def test_observers_hear_of_each_change(wrapped: tuple[Any, Any]) -> None:
    import vtk

    parameters, _ = wrapped
    heard: list[int] = []
    tag = parameters.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda caller, event: heard.append(1))
    parameters.steps = 5
    parameters.steps = 5
    parameters.RemoveObserver(tag)
    parameters.steps = 6
    assert heard == [1]


def test_widgets_are_connected_by_parameter(wrapped: tuple[Any, Any]) -> None:
    import qt

    parameters, _ = wrapped
    box = qt.QSpinBox()
    box.maximum = 10
    tag = parameters.connectParametersToGui({"steps": box})
    assert box.value == 3
    box.value = 7
    assert parameters.steps == 7
    parameters.steps = 2
    assert box.value == 2
    parameters.disconnectGui(tag)
    parameters.steps = 4
    assert box.value == 2
