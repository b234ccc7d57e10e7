"""The module as Slicer handles it: load, open, leave, load anew, save and restore the scene, no main window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import slicer
from slicer_lesions import lesion_mask, segmentation_node, speckle, volume_node

REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "scipy", "sklearn", "SimpleITK", "pydicom", "matplotlib", "typer", "radiomics", "pandas")


def test_nothing_heavy_is_imported_with_the_logic() -> None:
    code = (
        "import sys; before = set(sys.modules); import slicer, vtk.util.numpy_support; loaded = set(sys.modules); "
        "import USRadiomicsLNMLogic; "
        f"print([name for name in {HEAVY!r} if name in set(sys.modules) - loaded])"
    )
    paths = {"PYTHONPATH": ":".join(str(REPOSITORY / name) for name in ("USHarmonization", "USRadiomicsLNM"))}
    found = subprocess.run([sys.executable, "-c", code], env=paths, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("this Python does not import slicer outside the application")
    assert found.stdout.strip().endswith("[]")


def test_opening_leaving_and_cleaning_up_leaves_nothing(moduleWidget: Any) -> None:
    widget = moduleWidget("USRadiomicsLNM")
    assert [section.title for section in widget.sections] == ["Score", "Fit a model", "Compare before and after"]
    widget.exit()
    widget.enter()
    sections = list(widget.sections)
    widget.cleanup()
    for section in sections:
        assert not list(section.Observations)


def test_every_field_has_a_label_and_can_be_reached_by_keyboard(moduleWidget: Any) -> None:
    import qt

    for section in moduleWidget("USRadiomicsLNM").sections:
        for name, child in vars(section.ui).items():
            if name.endswith(("Button", "ComboBox", "Edit", "Selector", "SpinBox", "CheckBox")):
                focusable = child if child.focusProxy() is None else child.focusProxy()
                assert focusable.focusPolicy != qt.Qt.NoFocus or name.endswith(("Selector", "Edit")), name
                assert child.toolTip or name in ("scoreButton", "extractButton", "startButton"), name


def test_a_saved_scene_brings_the_choices_back(moduleWidget: Any, scene: Any, tmp_path: Path) -> None:
    section = moduleWidget("USRadiomicsLNM").sections[0]
    image = volume_node(scene, speckle(), "Image")
    segmentation_node(scene, image, lesion_mask())
    section.pickDefaults()
    section._set("scanner", "ge-logiq-7")
    node = section.parameterNode.parameterNode
    assert "ge-logiq-7" in " ".join(node.GetParameter(name) for name in node.GetParameterNames())
    text = " ".join(node.GetParameter(name) for name in node.GetParameterNames())
    assert "/" not in text.replace("ge-logiq-7", ""), "a path in the scene may tell a name"
    scene.SetSaveToXMLString(1)
    scene.Commit()
    saved = scene.GetSceneXMLString()
    assert "ge-logiq-7" in saved
    scene.Clear(0)
    assert section.parameterNode is None or section.parameterNode.image is None


def test_two_scenes_in_a_row(moduleWidget: Any, scene: Any) -> None:
    section = moduleWidget("USRadiomicsLNM").sections[0]
    for name in ("first", "second"):
        image = volume_node(scene, speckle(), name)
        segmentation_node(scene, image, lesion_mask())
        section.pickDefaults()
        assert section.parameterNode.image is image
        assert section.ui.imageSelector.currentNode() is image
        scene.Clear(0)
        assert section.ui.imageSelector.currentNode() is None


def test_reloading_loads_the_own_packages_anew(moduleWidget: Any) -> None:
    widget = moduleWidget("USRadiomicsLNM")
    module = sys.modules["USRadiomicsLNMLogic"]
    shared = sys.modules["USHarmonizationLogic"]
    kept = {name: sys.modules[name] for name in sys.modules if name.split(".")[0].startswith("USRadiomicsLNM")}
    calls = []
    original = slicer.util.reloadScriptedModule
    slicer.util.reloadScriptedModule = calls.append
    try:
        widget.onReload()
        assert calls == ["USRadiomicsLNM"]
        assert "USRadiomicsLNMLogic" not in sys.modules
        assert sys.modules["USHarmonizationLogic"] is shared
    finally:
        slicer.util.reloadScriptedModule = original
        sys.modules.update(kept)
    assert sys.modules["USRadiomicsLNMLogic"] is module


def test_slicers_own_test_of_the_module_passes(application: Any, moduleWidget: Any) -> None:
    moduleWidget("USRadiomicsLNM")
    slicer.selfTests["USRadiomicsLNM"]()
