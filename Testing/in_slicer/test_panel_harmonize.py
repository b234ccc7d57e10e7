"""The section Harmonize, driven as a person would: load, choose, click, look, stop, close the scene."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from panel_driving import ENDLESS, FAILING, addSegmentation, addVolume, passEvents, process, shown, speckle
from real_dicom import LYMPH_NODE, real_dicom

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.harmonize import HarmonizeJob, HarmonizeResult

MODEL = "ge-logiq-5-to-ge-logiq-7"


@pytest.fixture
def widget(scene, moduleWidget):
    return moduleWidget("USHarmonization")


@pytest.fixture
def section(widget):
    return widget.sections[0]


@pytest.fixture
def ready(section):
    """An image of a scanner that there is a model for: one click away from being harmonized."""
    volume = addVolume(speckle())
    section.logic.setScanner(volume, "ge-logiq-5")
    section.pickDefaults()
    section.install = lambda *arguments, **options: None  # what is installed here is not what is tested
    assert section.ui.harmonizeButton.enabled, section.ui.statusLabel.text
    return volume


@pytest.fixture
def endless(section, monkeypatch):
    """Jobs that never end; the list of those that were started."""
    started = []

    def start(volume, model, output=None, **options):
        job = process(ENDLESS)
        job.job = HarmonizeJob(volume, output, model, "ge-logiq-7", "GE LOGIQ 7", None)
        started.append(job)
        return job.start()

    monkeypatch.setattr(section.logic, "startHarmonize", start, raising=False)
    yield started
    for job in started:
        job.kill()


def choose(combo, text):
    at = combo.findText(text)
    assert at >= 0, [combo.itemText(i) for i in range(combo.count)]
    combo.currentIndex = at


def status(section):
    return section.ui.statusLabel.text


def test_an_empty_panel_says_what_is_missing(section):
    assert not section.ui.harmonizeButton.enabled
    assert "Load an ultrasound image" in status(section)
    assert section.ui.harmonizeButton.toolTip == status(section)
    assert not shown(section.ui.resultGroup)
    assert not shown(section.ui.progressWidget)


def test_a_real_image_is_picked_and_its_scanner_recognised(section):
    pytest.importorskip("pydicom")
    slicer.util.loadVolume(str(real_dicom(LYMPH_NODE)), {"singleFile": True})
    assert passEvents(lambda: section.ui.inputSelector.currentNode(), 2)
    assert section.ui.sourceComboBox.currentText == "GE LOGIQ 700"
    assert "DICOM header" in section.ui.detectionLabel.text
    assert "no model for images of the GE LOGIQ 700" in status(section)
    assert not section.ui.harmonizeButton.enabled
    choose(section.ui.sourceComboBox, "GE LOGIQ 5")
    assert section.ui.detectionLabel.text == "Chosen by you."
    assert section.ui.modelComboBox.currentText == "GE LOGIQ 7"
    assert section.ui.harmonizeButton.enabled
    choose(section.ui.sourceComboBox, "Choose the scanner...")
    assert section.ui.sourceComboBox.currentText == "GE LOGIQ 700"  # what the file says


def test_a_real_image_is_harmonized(section):
    pytest.importorskip("pydicom")
    volume = slicer.util.loadVolume(str(real_dicom(LYMPH_NODE)), {"singleFile": True})
    assert passEvents(lambda: section.ui.inputSelector.currentNode(), 2)
    choose(section.ui.sourceComboBox, "GE LOGIQ 5")
    before = slicer.util.arrayFromVolume(volume).copy()
    section.ui.harmonizeButton.click()
    assert section.running
    assert section.ui.harmonizeButton.text == "&Cancel"
    assert shown(section.ui.progressWidget)
    assert not section.ui.inputSelector.enabled
    assert passEvents(lambda: not section.running, 120)
    assert shown(section.ui.resultGroup), status(section)
    output = section.result.outputVolume
    after = slicer.util.arrayFromVolume(output)
    assert after.shape == before.shape
    assert after.dtype == before.dtype
    assert (after != before).any()
    assert (slicer.util.arrayFromVolume(volume) == before).all()
    # Another scanner's image: the checks say so.
    assert "Do not use" in section.ui.verdictLabel.text
    assert section.ui.verdictLabel.styleSheet
    assert section.ui.harmonizeButton.text == "Harmoni&ze"
    assert section.ui.inputSelector.currentNode() is volume


def test_progress_is_shown(section, ready, endless):
    section.ui.harmonizeButton.click()
    assert passEvents(lambda: section.ui.progressBar.value == 250, 20)
    assert section.ui.timeLabel.text == "about 30 s left"


def test_a_double_click_starts_one_job(section, ready, endless):
    section.ui.harmonizeButton.click()
    section.ui.harmonizeButton.click()
    assert len(endless) == 1
    assert endless[0].state == "running"
    assert not endless[0]._cancelled


def test_cancel_stops_the_job_and_changes_nothing(section, ready, endless, monkeypatch):
    before = slicer.mrmlScene.GetNumberOfNodes()
    section.ui.harmonizeButton.click()
    section._startedAt -= 10
    section.ui.harmonizeButton.click()
    assert not section.ui.harmonizeButton.enabled
    assert passEvents(lambda: not section.running, 20)
    assert endless[0].state == "cancelled"
    assert "Cancelled" in status(section)
    assert section.ui.harmonizeButton.enabled
    assert section.ui.harmonizeButton.text == "Harmoni&ze"
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def test_closing_the_scene_in_the_middle_stops_the_job(widget, section, ready, endless):
    section.ui.harmonizeButton.click()
    slicer.mrmlScene.Clear(0)
    assert not section.running
    assert "Load an ultrasound image" in status(section)
    assert passEvents(lambda: endless[0].state == "cancelled", 20)
    # The next scene works as the first one.
    volume = addVolume(speckle(seed=1))
    section.logic.setScanner(volume, "ge-logiq-5")
    assert passEvents(lambda: section.ui.inputSelector.currentNode() is volume, 2)
    section.updateFromParameterNode()
    section.ui.harmonizeButton.click()
    assert len(endless) == 2


def test_an_image_deleted_while_it_is_harmonized(section, ready, endless):
    section.ui.harmonizeButton.click()
    slicer.mrmlScene.RemoveNode(ready)
    assert not section.running
    assert "deleted" in status(section)
    assert passEvents(lambda: endless[0].state == "cancelled", 20)


def test_a_segmentation_deleted_while_running(section, ready, endless):
    mask = np.zeros((1, 96, 128), np.uint8)
    mask[0, 40:60, 50:80] = 1
    node = addSegmentation(ready, mask)
    section.ui.segmentationSelector.setCurrentNode(node)
    section.ui.harmonizeButton.click()
    slicer.mrmlScene.RemoveNode(node)
    passEvents()
    assert section.running


def test_a_failure_is_said_in_a_sentence(section, ready, monkeypatch):
    def start(volume, model, output=None, **options):
        job = process(FAILING)
        job.job = HarmonizeJob(volume, output, model, "ge-logiq-7", "GE LOGIQ 7", __import__("pathlib").Path("none"))
        return job.start()

    monkeypatch.setattr(section.logic, "startHarmonize", start, raising=False)
    section.ui.harmonizeButton.click()
    assert passEvents(lambda: not section.running, 20)
    assert "the disk is full" in status(section)
    assert section.ui.harmonizeButton.enabled


def test_an_unexpected_error_is_no_traceback(section, ready, monkeypatch):
    def start(*arguments, **options):
        raise ZeroDivisionError("never thought of")

    monkeypatch.setattr(section.logic, "startHarmonize", start, raising=False)
    section.ui.harmonizeButton.click()
    assert "never thought of" in status(section)
    assert not section.running


def test_missing_packages_are_asked_for_once(section, ready, endless, monkeypatch):
    asked = []

    def install(purpose, confirm=None, wheelFolder=None):
        if not confirm("These packages are needed: torch."):
            raise LogicError("Missing Python packages: torch. They were not installed, since you declined.")

    monkeypatch.setattr(section, "install", install)
    monkeypatch.setattr(section, "askToInstall", lambda text: asked.append(text))
    section.ui.harmonizeButton.click()
    assert asked == ["These packages are needed: torch."]
    assert not endless
    assert "you declined" in status(section)


@pytest.mark.parametrize(
    ("colour", "warnings", "mark"),
    [
        ("good", (), "✓"),
        ("doubtful", ("already looks like images of the target scanner",), "⚠"),
        ("bad", ("structures have changed", "the lesion has moved"), "✗"),
    ],
)
def test_the_verdict_has_a_colour_and_a_mark(section, ready, monkeypatch, colour, warnings, mark):
    output = addVolume(speckle(seed=2), "Harmonized")
    job = HarmonizeJob(ready, None, MODEL, "ge-logiq-7", "GE LOGIQ 7", None)
    section.result = HarmonizeResult(output, "What the checks found.", colour, warnings)
    section._showResult(job)
    assert section.ui.verdictLabel.text == f"{mark} What the checks found."
    assert section.ui.verdictLabel.styleSheet
    assert shown(section.ui.warningsLabel) == bool(warnings)
    assert all(text in section.ui.warningsLabel.text for text in warnings)


def test_output_equal_to_input(section, ready):
    section.ui.outputSelector.setCurrentNode(ready)
    assert not section.ui.harmonizeButton.enabled
    assert "same volume" in status(section)
    section.ui.outputSelector.setCurrentNode(None)
    assert section.ui.harmonizeButton.enabled


def test_a_scanner_that_is_the_target_already(section, ready):
    choose(section.ui.sourceComboBox, "GE LOGIQ 7")
    assert not section.ui.harmonizeButton.enabled
    assert "nothing to do" in status(section)


def test_a_ct_is_refused(section):
    volume = addVolume(np.full((3, 8, 8), -900, np.int16), "CTChest")
    section.ui.inputSelector.setCurrentNode(volume)
    assert not section.ui.harmonizeButton.enabled
    assert "CTChest" in status(section)


def test_an_empty_segment_and_one_of_another_patient(section, ready):
    empty = addSegmentation(ready, np.zeros((1, 96, 128), np.uint8))
    section.ui.segmentationSelector.setCurrentNode(empty)
    section.ui.harmonizeButton.click()
    assert "is empty" in status(section)
    other = addVolume(speckle(seed=3), "Other")
    other.SetOrigin(1000, 1000, 0)
    mask = np.zeros((1, 96, 128), np.uint8)
    mask[0, 40:60, 50:80] = 1
    section.ui.segmentationSelector.setCurrentNode(addSegmentation(other, mask))
    section.ui.harmonizeButton.click()
    assert "another image or patient" in status(section)
    assert not section.running


def test_the_segmentation_of_the_image_is_found_and_several_segments_are_asked_for(section):
    volume = addVolume(speckle())
    mask = np.zeros((1, 96, 128), np.uint8)
    mask[0, 40:60, 50:80] = 1
    node = addSegmentation(volume, mask)
    section.pickDefaults()
    assert section.ui.segmentationSelector.currentNode() is node
    assert not shown(section.ui.segmentComboBox)
    node.GetSegmentation().AddEmptySegment("Second", "Second")
    assert shown(section.ui.segmentComboBox)
    choose(section.ui.segmentComboBox, "Second")
    assert section.parameterNode.harmonizeSegment == "Second"
    node.GetSegmentation().RemoveSegment("Second")
    assert section.parameterNode.harmonizeSegment == "Lesion"


def test_choices_are_saved_with_the_scene(widget, section, ready, tmp_path):
    choose(section.ui.deviceComboBox, "Processor (CPU)")
    text = section.parameterNode.parameterNode.GetParameterNames()
    assert any("harmonizeDevice" in name for name in text)
    section.setParameterNode(None)
    section.ui.deviceComboBox.currentIndex = 0
    widget.initializeParameterNode()
    assert section.ui.deviceComboBox.currentText == "Processor (CPU)"
    assert section.ui.inputSelector.currentNode() is ready


def test_comparison(section, ready):
    if slicer.app.layoutManager() is None:
        pytest.skip("needs views: runs with a main window")
    output = addVolume(speckle(seed=2), "Harmonized")
    section.result = HarmonizeResult(output, "Good.", "good")
    section._showResult(HarmonizeJob(ready, None, MODEL, "ge-logiq-7", "GE LOGIQ 7", None))
    ui, views = section.ui, section.comparison.views
    assert views.shown
    assert shown(ui.compareWidget)
    right = slicer.app.layoutManager().sliceWidget("USHarmonizationGenerated").mrmlSliceCompositeNode()
    assert right.GetBackgroundVolumeID() == output.GetID()
    ui.fadeButton.click()
    ui.fadeSlider.value = 30
    assert right.GetForegroundVolumeID() == output.GetID()
    assert right.GetForegroundOpacity() == pytest.approx(0.3)
    ui.blinkButton.click()
    assert right.GetForegroundOpacity() == 1
    assert passEvents(lambda: right.GetForegroundOpacity() == 0, 3)
    ui.differenceButton.click()
    assert "Red: brighter" in ui.compareLabel.text
    assert right.GetBackgroundVolumeID() == views.difference.GetID()
    ui.sideBySideButton.click()
    assert right.GetBackgroundVolumeID() == output.GetID()
    ui.restoreButton.click()
    assert not views.shown
    ui.restoreButton.click()
    assert views.shown
    slicer.mrmlScene.RemoveNode(output)
    assert not shown(ui.compareWidget)


def test_without_views_the_result_is_still_told(section, ready, monkeypatch):
    monkeypatch.setattr("USHarmonizationLogic.layout.layoutManager", lambda: None)
    output = addVolume(speckle(seed=2), "Harmonized")
    section.result = HarmonizeResult(output, "Good.", "good")
    section._showResult(HarmonizeJob(ready, None, MODEL, "ge-logiq-7", "GE LOGIQ 7", None))
    assert shown(section.ui.resultGroup)
    assert not shown(section.ui.compareWidget)
