"""The panel of USRadiomicsLNM, driven as a person would: choose, score, save, stop, delete, close the scene."""

from __future__ import annotations

import csv
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import slicer
from panel_driving import ENDLESS, passEvents, process, shown
from slicer_lesions import (
    HARMONIZER,
    SCANNER,
    add_segment,
    answering,
    lesion_mask,
    model_folder,
    segmentation_node,
    speckle,
    volume_node,
)

from USHarmonizationLogic import LogicError
from USRadiomicsLNMLogic.extraction import Extraction

pytest.importorskip("sklearn", reason="models need scikit-learn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.getbasetemp())


@pytest.fixture
def section(scene, moduleWidget):
    section = moduleWidget("USRadiomicsLNM").sections[0]
    section.ui.modelEdit.currentPath = ""
    return section


@pytest.fixture
def ready(section, folder):
    """An image with an outlined lesion and a model: one click away from its score."""
    image = volume_node(slicer.mrmlScene, speckle(105), "Image")
    segmentation, segment = segmentation_node(slicer.mrmlScene, image, lesion_mask())
    section.pickDefaults()
    section._set("scanner", SCANNER)
    section.ui.modelEdit.currentPath = str(folder / "model.json")
    assert section.ui.scoreButton.enabled, status(section)
    return image, segmentation, segment


@pytest.fixture
def quick(section, monkeypatch, folder, tmp_path):
    """Extractions that take no time: features of a lesion that were extracted before; what was asked for."""
    asked = []
    with open(folder / "extracted.csv", newline="", encoding="utf-8") as stream:
        header, first, second = (row for row, _ in zip(csv.reader(stream), range(3), strict=False))

    def start(*arguments, **options):
        asked.append((arguments, options))
        sources = section.logic._sources(*arguments[:3], options["scanner"], options["other"])
        rows = [dict(zip(header, row, strict=True)) for row in (first, second)]
        path = tmp_path / f"features{len(asked)}.csv"
        with open(path, "w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, header)
            writer.writeheader()
            for source, row in zip(sources, rows, strict=False):
                row |= {"image": f"{source.name}.nrrd", "harmonizer": source.harmonizer, "scanner": source.scanner}
                writer.writerow(row)
        job = process("pass")
        job.job = Extraction(sources, path, path)
        return job

    monkeypatch.setattr(section.logic, "startExtraction", start)
    return asked


@pytest.fixture
def endless(section, monkeypatch):
    """Extractions that never end; the list of those that were started."""
    started = []

    def start(*arguments, **options):
        job = process(ENDLESS)
        job.job = Extraction(section.logic._sources(*arguments[:3], "", None), Path("none"), Path("none"))
        started.append(job)
        return job

    monkeypatch.setattr(section.logic, "startExtraction", start)
    yield started
    for job in started:
        job.kill()


def status(section) -> str:
    return section.ui.statusLabel.text


def score(section) -> None:
    section.ui.scoreButton.click()
    assert passEvents(lambda: not section.running, 60)


def test_an_empty_panel_says_what_is_missing_step_by_step(section, folder):
    assert "Load an ultrasound image" in status(section)
    assert not section.ui.scoreButton.enabled
    assert not section.ui.extractButton.enabled
    image = volume_node(slicer.mrmlScene, speckle(), "Image")
    section.pickDefaults()
    assert "Draw the outline" in status(section)
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    section.ui.segmentSelector.setCurrentNode(segmentation)
    assert "Choose the segment" in status(section)
    add_segment(segmentation, image, lesion_mask())
    section.onSegmentationChanged(None)
    section.ui.segmentSelector.setCurrentNode(None)
    section.ui.segmentSelector.setCurrentNode(segmentation)
    assert "Choose an LNM model" in status(section)
    assert section.ui.extractButton.enabled
    section.ui.modelEdit.currentPath = str(folder / "model.json")
    assert section.ui.scoreButton.enabled
    assert "90 patients" in section.ui.modelLabel.text
    assert not shown(section.ui.statusLabel)


def test_a_lesion_is_really_scored(section, ready, picture):
    section.ui.scoreButton.click()
    assert section.running
    assert shown(section.ui.progressWidget)
    assert not section.ui.scoreButton.enabled  # a double click starts nothing
    picture(section.widget, "lnm-score-running")
    assert passEvents(lambda: not section.running, 90)
    assert shown(section.ui.resultGroup), status(section)
    scored = section.result.scores[0]
    column = section.result.columns[0].ui
    assert column.percentLabel.text == section.logic.meaning(scored).percent
    assert "Research use only" in column.researchLabel.text
    assert "threshold" in column.verdictLabel.text
    table = section.parameterNode.table
    assert section.logic.score(section.ui.modelEdit.currentPath, table)[0].score == scored.score
    picture(section.widget, "lnm-score-done")


def test_features_are_taken_again_only_when_something_has_changed(section, ready, quick):
    image, segmentation, _segment = ready
    score(section)
    score(section)
    assert len(quick) == 1
    add_segment(segmentation, image, lesion_mask(), "second")
    section._set("scanner", "ge-logiq-5")
    assert not shown(section.ui.resultGroup)
    score(section)
    assert len(quick) == 2
    assert quick[1][1]["scanner"] == "ge-logiq-5"
    warned = section.result.columns[0].ui.warningsLabel.text
    assert "GE LOGIQ 5; the model was trained on GE LOGIQ 7" in warned


def test_what_is_made_of_the_image_meanwhile_becomes_the_other_one(section, ready):
    """A node is in the scene before it says what it was made of."""
    image = ready[0]
    made = volume_node(slicer.mrmlScene, speckle(106), "Harmonized")
    made.SetAttribute("USHarmonization.Model", HARMONIZER)
    made.SetNodeReferenceID("USHarmonization.source", image.GetID())
    assert passEvents(lambda: section.ui.otherSelector.currentNode() is made, 5)


def test_features_of_other_pixel_sizes_places_or_parameters_are_not_reused(section, ready, quick, tmp_path):
    image = ready[0]
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    own = tmp_path / "own.yaml"
    own.write_text("setting: {}")

    def enlarge():
        image.SetSpacing(*(1.01 * size for size in image.GetSpacing()))

    def moveTogether():
        for node in ready[:2]:
            node.SetAndObserveTransformNodeID(transform.GetID())

    def turn():
        moved = slicer.util.vtkMatrixFromArray(np.diag([1.0, 1.0, 1.0, 1.0]) + np.eye(4, k=3) * 0.01)
        transform.SetMatrixTransformToParent(moved)

    def ownParameters():
        section._set("parameters", "own")
        section.ui.parametersEdit.currentPath = str(own)

    def editParameters():
        own.write_text("setting: {binWidth: 10}")
        os.utime(own, (0, 0))

    score(section)
    for count, change in enumerate((enlarge, moveTogether, turn, ownParameters, editParameters), 2):
        change()
        score(section)
        assert len(quick) == count, change.__name__
        score(section)
        assert len(quick) == count, change.__name__


def test_before_and_after_are_two_columns(section, ready, quick, picture):
    image = ready[0]
    other = volume_node(slicer.mrmlScene, speckle(106), "Harmonized")
    other.SetAttribute("USHarmonization.Model", HARMONIZER)
    other.SetNodeReferenceID("USHarmonization.source", image.GetID())
    section.ui.imageSelector.setCurrentNode(other)
    assert section.ui.otherSelector.currentNode() is image
    assert section.ui.segmentSelector.currentNode() is ready[1]
    section._set("scanner", SCANNER)
    score(section)
    assert [scored.caption for scored in section.result.scores] == ["Original", "Harmonized"]
    assert all(shown(column.widget) for column in section.result.columns)
    assert section.result.columns[1].ui.captionLabel.toolTip == HARMONIZER
    picture(section.widget, "lnm-score-before-after")


def test_copy_save_report_and_plot(section, ready, quick, tmp_path):
    copied, opened = [], []
    section.result.copyText, section.result.openLocal = copied.append, opened.append
    score(section)
    section.ui.copyButton.click()
    assert "Research use only" in copied[0]
    for name in ("score.csv", "score.json"):
        section.result.askSaveFile = lambda *texts, path=tmp_path / name: str(path)
        section.ui.saveButton.click()
        assert (tmp_path / name).stat().st_size
        assert name in status(section)
    section.ui.caseEdit.text = "case 7"
    section.result.askSaveFile = lambda *texts: str(tmp_path / "report")
    section.ui.reportButton.click()
    assert "case 7" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert opened == [str(tmp_path / "report.html")]
    section.result.askSaveFile = lambda *texts: str(tmp_path / "no such folder" / "x" / "score.doc")
    section.ui.saveButton.click()
    assert "ends in .csv or .json" in status(section)
    section.result.askSaveFile = lambda *texts: ""  # cancelled
    section.ui.saveButton.click()
    section.ui.plotButton.click()
    assert slicer.mrmlScene.GetFirstNodeByName("LNM contributions (original)") is not None


def test_features_alone(section, ready, quick):
    section.ui.modelEdit.currentPath = ""
    section.ui.extractButton.click()
    assert passEvents(lambda: not section.running, 20)
    assert "features are in the table" in status(section)
    assert section.ui.tableSelector.currentNode().GetNumberOfRows() == 1
    assert not shown(section.ui.resultGroup)


def test_cancel(section, ready, endless):
    section.ui.scoreButton.click()
    assert passEvents(lambda: endless[0].state == "running", 5)
    section.ui.cancelButton.click()
    assert passEvents(lambda: not section.running, 20)
    assert "Cancelled" in status(section)
    assert section.ui.scoreButton.enabled
    assert section.parameterNode.table is None


def test_the_scene_is_closed_while_it_runs_and_the_next_one_works(section, ready, endless, folder):
    section.ui.scoreButton.click()
    slicer.mrmlScene.Clear(0)
    assert not section.running
    assert passEvents(lambda: endless[0].poll(), 20)
    assert not shown(section.ui.resultGroup)
    assert "Load an ultrasound image" in status(section)
    image = volume_node(slicer.mrmlScene, speckle(), "Second")
    segmentation_node(slicer.mrmlScene, image, lesion_mask())
    section.pickDefaults()
    assert section.ui.scoreButton.enabled, status(section)


def test_segment_image_or_table_deleted_while_it_runs(section, ready, quick):
    image, segmentation, segment = ready
    section.ui.scoreButton.click()
    segmentation.GetSegmentation().RemoveSegment(segment)
    slicer.mrmlScene.RemoveNode(segmentation)
    slicer.mrmlScene.RemoveNode(image)
    assert passEvents(lambda: not section.running, 20)
    assert section.result.scores  # it had its own copy of all it needs
    assert not section.ui.scoreButton.enabled


def test_an_edited_outline_makes_the_score_old(section, ready, quick):
    image, segmentation, segment = ready
    score(section)
    assert shown(section.ui.resultGroup)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        np.roll(lesion_mask(), 3, axis=0).astype(np.uint8)[None], segmentation, segment, image
    )
    assert not shown(section.ui.resultGroup)
    assert "segmentation was changed" in status(section)


def test_what_a_person_may_get_wrong_is_a_sentence(section, ready, tmp_path, folder, monkeypatch):
    image, segmentation, _segment = ready
    empty = add_segment(segmentation, image, np.zeros((96, 128), np.uint8), "nothing")
    section._set("segment", empty)
    section.ui.scoreButton.click()
    assert "“nothing” is empty" in status(section)
    edited = tmp_path / "edited.json"
    edited.write_text((folder / "model.json").read_text().replace('"threshold": 0.', '"threshold": 0.1'))
    section.ui.modelEdit.currentPath = str(edited)
    assert "was changed after it was written" in section.ui.modelLabel.text
    section.ui.scoreButton.click()
    assert "was changed after it was written" in status(section)
    section.ui.modelEdit.currentPath = str(folder / "model.json")
    far = volume_node(slicer.mrmlScene, speckle(), "Other patient")
    far.SetOrigin(900.0, 900.0, 0.0)
    section.ui.imageSelector.setCurrentNode(far)
    section.ui.scoreButton.click()
    assert "empty" in status(section) or "does not lie on the image" in status(section)

    def refuse(*arguments):
        raise LogicError("Missing Python packages: scipy. They were not installed, since you declined.")

    monkeypatch.setattr(section.logic, "installDependencies", refuse)
    section.ui.scoreButton.click()
    assert "you declined" in status(section)
    assert not section.running


def test_a_model_for_harmonized_images_says_so(section, ready, quick, folder, tmp_path):
    from USRadiomicsLNMLib.model import read_model, write_model

    model = read_model(folder / "model.json")
    write_model(tmp_path / "harmonized.json", replace(model, harmonizers={SCANNER: (HARMONIZER,)}))
    section.ui.modelEdit.currentPath = str(tmp_path / "harmonized.json")
    assert f"for images harmonized by {HARMONIZER}" in section.ui.modelLabel.text
    score(section)
    assert "harmonize it first" in section.result.columns[0].ui.warningsLabel.text


def test_the_panel_never_waits(section, ready, endless):
    before = time.monotonic()
    section.ui.scoreButton.click()
    started = time.monotonic() - before
    longest = 0.0
    for _ in range(30):
        before = time.monotonic()
        slicer.app.processEvents()
        longest = max(longest, time.monotonic() - before)
        time.sleep(0.01)
    assert started < 2  # a busy machine; some milliseconds otherwise
    assert longest < 1
    section.ui.cancelButton.click()
    assert passEvents(lambda: not section.running, 20)


@pytest.fixture
def sections(moduleWidget):
    widget = moduleWidget("USRadiomicsLNM")
    widget.ui.scoreCollapsible.collapsed = True
    widget.ui.fitCollapsible.collapsed = widget.ui.compareCollapsible.collapsed = False
    return widget.sections


def wait_for_table(section) -> None:
    assert passEvents(lambda: section.ui.tableLabel.text != "", 5)


def test_a_model_is_fitted(sections, folder, tmp_path, picture, monkeypatch):
    fit = sections[1]
    fit.ui.tableEdit.currentPath = ""
    fit.ui.modelEdit.currentPath = ""
    assert "Choose the table" in status(fit)
    fit.ui.tableEdit.currentPath = str(folder / "features.csv")
    wait_for_table(fit)
    assert fit.ui.outcomeComboBox.currentText == "lnm"
    assert "Choose where the model is written" in status(fit)
    assert not fit.ui.combatCheckBox.enabled  # one scanner
    fit.ui.modelEdit.currentPath = str(tmp_path / "model.json")
    fit.ui.foldsSpinBox.value = 3
    assert fit.ui.startButton.enabled
    asked = []
    monkeypatch.setattr(fit.logic, "startFit", lambda *a, **o: asked.append((a, o)) or answering(folder / "fit.json"))
    fit.ui.startButton.click()
    assert fit.running
    made = (str(folder / "features.csv"), "lnm", str(tmp_path / "model.json"))
    assert asked == [(made, {"combat": False, "folds": 3, "seed": 0})]
    assert passEvents(lambda: not fit.running, 120)
    assert shown(fit.ui.resultGroup), status(fit)
    assert "AUC" in fit.ui.summaryLabel.text
    assert fit.ui.tableComboBox.count == 2
    opened = []
    fit.openLocal = opened.append
    fit.ui.openFolderButton.click()
    assert opened == [folder]
    picture(fit.widget, "lnm-fit-done")
    slicer.mrmlScene.RemoveNode(fit.results.tables[0])
    assert fit.ui.tableComboBox.count == 1
    slicer.mrmlScene.Clear(0)
    assert not shown(fit.ui.resultGroup)


def test_models_are_compared(sections, folder, tmp_path, picture, monkeypatch):
    compare = sections[2]
    compare.ui.beforeEdit.currentPath = str(folder / "features.csv")
    compare.ui.afterEdit.currentPath = str(folder / "features.csv")
    compare.ui.folderEdit.currentPath = str(tmp_path / "out")
    wait_for_table(compare)
    assert "the same table" in status(compare)
    compare.ui.afterEdit.currentPath = str(folder / "after.csv")
    assert passEvents(lambda: compare.ui.startButton.enabled, 5), status(compare)
    compare.ui.foldsSpinBox.value = 3
    monkeypatch.setattr(compare.logic, "startCompare", lambda *a, **o: answering(folder / "compare.json"))
    compare.ui.startButton.click()
    assert passEvents(lambda: not compare.running, 120)
    assert shown(compare.ui.resultGroup), status(compare)
    charts = compare.ui.chartComboBox
    assert [charts.itemText(at) for at in range(charts.count)] == ["LNM ROC", "LNM calibration", "LNM decision curve"]
    charts.currentIndex = 2
    assert "DeLong" in compare.ui.summaryLabel.text
    picture(compare.widget, "lnm-compare-done")


def test_a_table_that_cannot_be_used_is_a_sentence(sections, tmp_path):
    fit = sections[1]
    (tmp_path / "none.csv").write_text("image,mask,age\na.png,b.png,54\n")
    fit.ui.tableEdit.currentPath = str(tmp_path / "missing.csv")
    fit.lookAtTables()
    assert "cannot be read" in status(fit)
    fit.ui.tableEdit.currentPath = str(tmp_path / "none.csv")
    fit.lookAtTables()
    assert "No column of the table holds 0 and 1" in status(fit)
    assert not fit.ui.startButton.enabled
