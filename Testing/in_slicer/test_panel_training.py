"""The section Training: a real, tiny training, started, stopped, resumed and installed; and what cannot be trained."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import slicer
from panel_driving import FAILING, openSection, passEvents, process, shown

from USHarmonizationLogic import training_views
from USHarmonizationLogic.cohort_summary import cohortSummary

SOURCE, TARGET = "ge-logiq-5", "ge-logiq-7"


@pytest.fixture
def section(application, scene, monkeypatch):
    """Without views, which take long to render without a graphics card."""
    from USHarmonizationPanel.training import TrainingSection

    monkeypatch.setattr(training_views, "layoutManager", lambda: None)
    for found in openSection(TrainingSection):
        # Nothing is installed by a test.
        monkeypatch.setattr(found.logic, "installDependencies", lambda *_args, **_named: None, raising=False)
        monkeypatch.setattr(found.logic, "checkDependencies", lambda *_args, **_named: None, raising=False)
        yield found


@pytest.fixture
def cohort(tmp_path):
    """Speckle of two make-believe scanners: 8 images for training and 2 for validation of each."""
    PIL = pytest.importorskip("PIL.Image", reason="needs Pillow")
    rows = []
    for scanner in (SOURCE, TARGET):
        for number in range(10):
            rng = np.random.default_rng([number, scanner == SOURCE])
            image = rng.rayleigh(0.4 if scanner == SOURCE else 0.5, (80, 80))
            image = (image + np.roll(image, 1, 1) * (scanner == SOURCE)) / (1 + (scanner == SOURCE))
            name = f"{scanner}-{number}.png"
            PIL.fromarray((np.clip(image, 0.02, 1) * 250).astype(np.uint8)).save(tmp_path / name)
            rows.append([name, f"{scanner} {number}", scanner, "train" if number < 8 else "validation"])
    return write(tmp_path, rows)


def write(folder, rows):
    path = folder / "cohort.csv"
    with open(path, "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["image", "patient", "scanner", "split"], *rows])
    return path


def pick(combo, value):
    at = combo.findData(value)
    assert at >= 0, [combo.itemText(place) for place in range(combo.count)]
    combo.currentIndex = at


def choose(section, cohort, folder):
    section.ui.cohortEdit.setCurrentPath(str(cohort))
    pick(section.ui.sourceComboBox, SOURCE)
    pick(section.ui.targetComboBox, TARGET)
    section.ui.folderEdit.setCurrentPath(str(folder))


def status(section):
    return section.ui.statusLabel.text


class TestChoices:
    def test_the_table_is_read_and_said(self, section, cohort, tmp_path):
        assert "Choose a table" in status(section)
        choose(section, cohort, tmp_path / "models")
        assert section.ui.cohortLabel.text == "20 images: 10 of GE LOGIQ 5, 10 of GE LOGIQ 7."
        assert section.ui.sourceComboBox.currentText == "GE LOGIQ 5 (10 images)"
        assert section.ui.startButton.enabled
        assert section.ui.bundleLabel.text.endswith("ge-logiq-5-to-ge-logiq-7")

    def test_methods_are_explained(self, section):
        assert section.ui.variantComboBox.itemData(0) == "texture"
        for place in range(section.ui.variantComboBox.count):
            section.ui.variantComboBox.currentIndex = place
            assert section.ui.variantLabel.text.endswith(".")

    def test_choices_survive_leaving_the_panel(self, section, cohort, tmp_path):
        choose(section, cohort, tmp_path / "models")
        section.ui.stepsSpinBox.value = 77
        section.exit()
        section.enter()
        assert section.parameterNode.trainingSteps == 77
        assert section.ui.targetComboBox.currentText.startswith("GE LOGIQ 7")

    @pytest.mark.parametrize(
        ("what", "said"),
        [
            ("missing files", "Images that are not there: ge-logiq-5-0.png"),
            ("one scanner", "All images are of one scanner (GE LOGIQ 5)"),
            ("few", "GE LOGIQ 5 has 2 images for training (split train); needed: at least 8."),
            ("no table", "has no column image"),
            ("same scanner", "Both scanners are the same"),
            ("no folder", "Choose a folder for the model."),
        ],
    )
    def test_what_cannot_be_trained(self, section, cohort, tmp_path, what, said):
        with open(cohort, encoding="utf-8") as stream:
            rows = list(csv.reader(stream))[1:]
        if what == "missing files":
            (tmp_path / "ge-logiq-5-0.png").unlink()
        elif what == "one scanner":
            write(tmp_path, rows[:10])
        elif what == "few":
            write(tmp_path, [*rows[:2], *rows[8:]])
        elif what == "no table":
            cohort.write_text("a,b\n1,2\n", encoding="utf-8")
        ui = section.ui
        ui.cohortEdit.setCurrentPath(str(cohort))
        if ui.sourceComboBox.count > 2:
            choose(section, cohort, "" if what == "no folder" else tmp_path / "models")
        if what == "same scanner":
            pick(ui.targetComboBox, SOURCE)
        if what == "no table":
            assert status(section).startswith("✗")
        else:
            assert said in status(section)
        assert not ui.startButton.enabled

    def test_images_whose_scanner_only_the_files_tell(self, tmp_path):
        summary = cohortSummary(write(tmp_path, [["a.png", "p", "", ""], ["b.png", "q", SOURCE, ""]]))
        assert summary.undetected == 1
        assert "one patient in five" in summary.sentence({})


class TestTraining:
    def test_start_stop_resume_install(self, section, cohort, tmp_path, scene, monkeypatch):
        ui = section.ui
        monkeypatch.setenv("USHARMONIZATION_MODELS", str(tmp_path / "installed"))
        start = section.logic.startTraining

        def small(*arguments, settings, resume, **options):
            if not resume:
                settings = {**settings, "crop": 64, "checkpoint_every": 5, "log_every": 5, "validation_images": 2}
                settings |= {"width": 4, "body_width": 4, "blocks": 1, "critic_width": 4, "compile": "off"}
            return start(*arguments, settings=settings, resume=resume, **options)

        monkeypatch.setattr(section.logic, "startTraining", small, raising=False)
        choose(section, cohort, tmp_path / "models")
        pick(ui.sourceComboBox, TARGET)  # the other way round: for this one a model ships
        pick(ui.targetComboBox, SOURCE)
        ui.stepsSpinBox.value = 100000
        ui.validateSpinBox.value = 20
        ui.startButton.click()
        assert section.running, status(section)
        assert ui.startButton.text == "&Stop"
        assert not ui.cohortEdit.enabled
        ui.startButton.click()  # a double click does not stop it
        assert passEvents(lambda: len(section.run.losses.columns.get("step", [])) > 2, 150), status(section)
        assert "about" in ui.timeLabel.text
        charts = section.logic.plotTraining(section.run)
        count = scene.GetNumberOfNodes()
        section.logic.plotTraining(section.run)
        assert scene.GetNumberOfNodes() == count
        assert [chart.GetNumberOfPlotSeriesNodes() > 0 for chart in charts] == [True] * 3
        section._startedAt -= 1
        ui.startButton.click()
        assert passEvents(lambda: not section.running, 60)
        assert "Resume it when you like" in status(section)
        assert ui.startButton.text == "&Resume training"
        done = section.run.losses.columns["step"][-1]
        assert shown(ui.previewWidget)
        assert "texture distance" in ui.figuresLabel.text

        ui.stepsSpinBox.value = int(done) + 15
        ui.startButton.click()
        assert section.running, status(section)
        assert passEvents(lambda: not section.running, 90)
        assert section.run.isFinished, status(section)
        assert section.run.losses.columns["step"][-1] == done + 15
        assert shown(ui.installButton)
        ui.installButton.click()
        assert "Installed: ge-logiq-7-to-ge-logiq-5" in status(section)

    def test_a_failure_is_a_sentence(self, section, cohort, tmp_path, monkeypatch):
        def start(cohort, source, target, bundle, **options):
            job = process(FAILING)
            job.job = section.logic.trainingRun(bundle)
            return job.start()

        monkeypatch.setattr(section.logic, "startTraining", start, raising=False)
        choose(section, cohort, tmp_path / "models")
        section.ui.startButton.click()
        assert passEvents(lambda: not section.running, 20)
        assert "The disk is full" in status(section)

    def test_content_that_is_lost_is_a_warning(self, section, cohort, tmp_path):
        choose(section, cohort, tmp_path / "models")
        folder = section.run.folder
        folder.mkdir(parents=True)
        (folder / "run.json").write_text('{"settings": {"content_floor": 0.8}}', encoding="utf-8")
        (folder / "validation.csv").write_text(
            "step,distance,content,change,images\n0,50,1,0,9\n500,20,0.42,0.1,9\n", encoding="utf-8"
        )
        section.updateFromParameterNode()
        assert section.ui.contentLabel.text.startswith("⚠ Content is being changed: agreement 0.42, below 0.80.")
        assert "Step 500: texture distance to the target 20.0" in section.ui.figuresLabel.text
        assert slicer.mrmlScene
