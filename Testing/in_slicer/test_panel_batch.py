"""The section for many images: folder, table, scene; stop and go on; what failed stands in the table."""

from __future__ import annotations

from pathlib import Path

import pytest
import slicer
from panel_driving import ENDLESS, FAILING, addVolume, passEvents, process, shown, speckle
from PIL import Image

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.batch import BatchJob


@pytest.fixture
def widget(moduleWidget):
    return moduleWidget("USHarmonization")


@pytest.fixture
def section(widget):
    return widget.sections[1]


@pytest.fixture
def study(tmp_path):
    """Two images, and a file that is none."""
    folder = tmp_path / "study"
    folder.mkdir()
    for number in range(2):
        Image.fromarray(speckle(seed=number)[0]).save(folder / f"image-{number}.png")
    (folder / "damaged.png").write_bytes(b"no image")
    return folder


@pytest.fixture
def ready(section, study, tmp_path):
    section.ui.folderEdit.currentPath = str(study)
    section.ui.outputEdit.currentPath = str(tmp_path / "results")
    assert section.ui.startButton.enabled, section.ui.statusLabel.text
    return tmp_path / "results"


@pytest.fixture
def jobs(section, monkeypatch):
    """Jobs in place of the real ones; append the program of the next one to ``programs``."""

    class Jobs(list):
        programs: list[str] = []  # noqa: RUF012

    started = Jobs()

    def start(inputs, model, out, **options):
        job = process(started.programs.pop(0) if started.programs else ENDLESS)
        job.job = BatchJob(Path(out), {}, model, "ge-logiq-7", "GE LOGIQ 7")
        job.inputs = inputs
        started.append(job)
        return job.start()

    monkeypatch.setattr(section.logic, "startBatch", start, raising=False)
    yield started
    for job in started:
        job.kill()


def status(section):
    return section.ui.statusLabel.text


def choose(section, kind):
    section.ui.inputComboBox.currentIndex = section.ui.inputComboBox.findData(kind)


def test_what_is_missing_is_said_step_by_step(section, study, tmp_path):
    assert "Choose the folder with the images" in status(section)
    section.ui.folderEdit.currentPath = str(tmp_path / "nowhere")
    assert "does not exist" in status(section)
    section.ui.folderEdit.currentPath = str(study)
    assert "folder for the results" in status(section)
    section.ui.outputEdit.currentPath = str(study)
    assert "same folder" in status(section)
    assert not section.ui.startButton.enabled
    assert section.ui.startButton.toolTip == status(section)
    section.ui.outputEdit.currentPath = str(tmp_path / "results")
    assert section.ui.startButton.enabled
    choose(section, "cohort")
    assert (shown(section.ui.cohortEdit), shown(section.ui.folderEdit)) == (True, False)
    assert "Choose the table" in status(section)
    choose(section, "scene")
    assert "Load ultrasound images" in status(section)


def test_a_folder_is_harmonized_what_failed_is_told_and_it_goes_on(section, ready, study):
    section.ui.startButton.click()
    assert section.running
    assert section.ui.startButton.text == "S&top"
    assert passEvents(lambda: not section.running, 120)
    assert "2 harmonized" in status(section)
    assert "1 failed" in status(section)
    assert shown(section.ui.resultsWidget)
    table = section.ui.resultsTable.mrmlTableNode()
    rows = {table.GetCellText(row, 0): table.GetCellText(row, 1) for row in range(table.GetNumberOfRows())}
    assert len(rows) == 3
    assert sorted(rows.values()) == ["done", "done", "failed"]
    assert (ready / "image-0.png").is_file()
    assert section.ui.startButton.text == "Go &on"
    # Made good and started again, only what was left is done.
    before = (ready / "image-0.png").stat().st_mtime_ns
    Image.fromarray(speckle(seed=5)[0]).save(study / "damaged.png")
    section.ui.startButton.click()
    assert passEvents(lambda: not section.running, 120)
    assert "0 failed" in status(section)
    assert (ready / "image-0.png").stat().st_mtime_ns == before
    assert section.ui.resultsTable.mrmlTableNode() is table


def test_progress_stop_and_double_click(section, ready, jobs):
    section.ui.startButton.click()
    section.ui.startButton.click()
    assert len(jobs) == 1
    assert passEvents(lambda: section.ui.progressBar.value == 250, 20)
    assert section.ui.timeLabel.text == "1 of 4, about 30 s left"
    assert not section.ui.folderEdit.enabled
    section._startedAt -= 10
    section.ui.startButton.click()
    assert passEvents(lambda: not section.running, 20)
    assert jobs[0].state == "cancelled"
    assert "start again to go on" in status(section)
    assert section.ui.folderEdit.enabled


def test_closing_the_scene_stops_it(section, ready, jobs):
    section.ui.startButton.click()
    slicer.mrmlScene.Clear(0)
    assert not section.running
    assert not shown(section.ui.resultsWidget)
    assert passEvents(lambda: jobs[0].state == "cancelled", 20)


def test_all_images_of_the_scene(section, ready, jobs):
    addVolume(speckle(), "First")
    addVolume(speckle(seed=1), "Second")
    choose(section, "scene")
    section.updateFromParameterNode()
    assert section.ui.sceneVolumesLabel.text == "2: First, Second"
    section.ui.startButton.click()
    assert jobs[0].inputs is None  # all of the scene


def test_what_goes_wrong_is_a_sentence(section, ready, jobs, monkeypatch):
    jobs.programs.append(FAILING)
    section.ui.startButton.click()
    assert passEvents(lambda: not section.running, 20)
    assert "the disk is full" in status(section)

    def declined(*arguments, **options):
        raise LogicError("Missing Python packages: torch. They were not installed, since you declined.")

    monkeypatch.setattr(section, "install", declined)
    section.ui.startButton.click()
    assert "you declined" in status(section)
    assert len(jobs) == 1
