"""The module USHarmonization as a whole: light to load, five sections, reload, two scenes, no main window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import slicer
from panel_driving import addVolume, passEvents, speckle

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "radiomics", "SimpleITK", "skimage", "sklearn", "scipy", "pydicom", "matplotlib", "typer", "pandas"}
# What Slicer itself has loaded before any module: qt, slicer, vtk, numpy.
LOADING = """
import sys, time
sys.path[:0] = {folders!r}
{before}
import numpy, qt, ctk, slicer, slicer.util, slicer.ScriptedLoadableModule, slicer.parameterNodeWrapper
known, start = set(sys.modules), time.perf_counter()
import USHarmonization
USHarmonization.sectionClasses()
import USHarmonizationPanel.parameters
print("seconds", time.perf_counter() - start)
print("modules", *sorted({{name.split(".")[0] for name in set(sys.modules) - known}}))
"""


@pytest.fixture
def widget(moduleWidget):
    return moduleWidget("USHarmonization")


def test_loading_imports_nothing_heavy_and_is_quick(application):
    import slicer_standin

    if slicer_standin.in_real_slicer():
        pytest.skip("needs a fresh process; Slicer measures it itself (Application Settings, Modules)")
    folders = [str(ROOT / name) for name in ("USHarmonization", "USRadiomicsLNM", "Testing")]
    program = LOADING.format(folders=folders, before="import slicer_standin; slicer_standin.start(main_window=False)")
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    lines = dict(line.split(" ", 1) for line in answer.stdout.splitlines() if line.startswith(("seconds", "modules")))
    assert set(lines) == {"seconds", "modules"}, answer.stderr[-2000:]
    assert not HEAVY & set(lines["modules"].split())
    assert float(lines["seconds"]) < 1  # about 0.05 on an idle computer; tests share theirs


def test_five_sections_the_first_of_which_is_open(widget):
    titles = [section.title for section in widget.sections]
    assert titles == ["Harmonize", "Many images", "Phantom pairing", "Training", "Models"]
    buttons = [section.widget.parent() for section in widget.sections]
    assert [button.collapsed for button in buttons] == [False, True, True, True, True]
    assert "Research use only" in widget.ui.researchLabel.text


def test_the_way_to_the_result_needs_no_scrolling(widget):
    """At 500 x 600 pixels the button that does the work is in sight."""
    section = widget.sections[0]
    addVolume(speckle())
    passEvents()
    widget.parent.resize(500, 600)
    passEvents()
    import qt

    bottom = section.ui.harmonizeButton.mapTo(widget.parent, qt.QPoint(0, section.ui.harmonizeButton.height)).y()
    assert 0 < bottom < 600
    assert section.widget.minimumSizeHint.width() <= 500


def test_every_choice_can_be_reached_by_key(widget):
    for section in widget.sections:
        for name, child in vars(section.ui).items():
            if name.endswith("Label") and type(child).__name__ == "QLabel" and "&" in child.text:
                assert child.buddy() is not None, name


def test_two_scenes_in_a_row(widget):
    for seed in range(2):
        volume = addVolume(speckle(seed=seed), f"Scene {seed}")
        assert passEvents(lambda volume=volume: widget.sections[0].ui.inputSelector.currentNode() is volume, 3)
        slicer.mrmlScene.Clear(0)
        passEvents()
        assert widget.sections[0].ui.inputSelector.currentNode() is None
        assert widget.sections[0].parameterNode is not None


def test_a_scene_that_is_added_leaves_what_was_chosen(widget, tmp_path):
    """Selectors of nodes drop theirs while a scene is being loaded."""
    other = slicer.vtkMRMLScene()
    other.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "other")
    other.SetURL(str(tmp_path / "other.mrml"))
    other.Commit()
    addVolume(speckle())
    volume = addVolume(speckle())
    section = widget.sections[0]
    section.ui.inputSelector.setCurrentNode(volume)
    slicer.mrmlScene.SetURL(str(tmp_path / "other.mrml"))
    assert slicer.mrmlScene.Import()
    passEvents()
    assert section.parameterNode.harmonizeInput is volume
    assert section.ui.inputSelector.currentNode() is volume


def test_leaving_and_coming_back(widget):
    widget.parent.exit()
    addVolume(speckle())
    passEvents()
    assert widget.sections[0].ui.inputSelector.currentNode() is None
    widget.parent.enter()
    assert widget.sections[0].ui.inputSelector.currentNode() is not None


def test_cleanup_leaves_no_observers(widget):
    sections = list(widget.sections)
    widget.cleanup()
    assert [section.Observations for section in sections] == [[]] * len(sections)
    assert widget.Observations == []


def test_reload_loads_the_packages_anew(application, scene):
    import slicer_standin

    if slicer.app.moduleManager().module("USHarmonization") is None:
        slicer_standin.load_module(ROOT / "USHarmonization" / "USHarmonization.py")
    before = slicer.util.getModuleWidget("USHarmonization")
    kept = {name: module for name, module in sys.modules.items() if name.startswith("USHarmonization")}
    try:
        before.onReload()
        after = slicer.util.getModuleWidget("USHarmonization")
        assert after is not before
        assert before.Observations == []
        assert sys.modules["USHarmonizationPanel.section"] is not kept["USHarmonizationPanel.section"]
        assert after.sections[0].title == "Harmonize"
        after.cleanup()
    finally:
        sys.modules.update(kept)  # the other test files hold these


def test_the_modules_own_test_passes(application, scene):
    import slicer_standin

    if slicer.app.moduleManager().module("USHarmonization") is None:
        slicer_standin.load_module(ROOT / "USHarmonization" / "USHarmonization.py")
    from USHarmonization import USHarmonizationTest

    USHarmonizationTest().runTest()
