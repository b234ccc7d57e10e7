"""Training as a child process: what may be started, curves that grow, previews, the bundle installed."""

from __future__ import annotations

import json
import math
import shutil

import pytest

from USHarmonizationLib.resources import resource_path
from USHarmonizationLib.training.run_folder import RunFolder, Table
from USHarmonizationLogic import LogicError, USHarmonizationLogic
from USHarmonizationLogic.training import GrowingTable, TrainingRun


@pytest.fixture
def logic(scene):
    return USHarmonizationLogic()


@pytest.fixture
def cohort(tmp_path):
    path = tmp_path / "cohort.csv"
    path.write_text("image,patient,scanner,split\na.png,1,ge-logiq-5,train\n")
    return path


class TestGrowingTable:
    def test_rows_as_the_library_writes_them(self, tmp_path):
        path = tmp_path / "losses.csv"
        table, writer = GrowingTable(path), Table(path, -1)
        assert not table.update()
        writer.add(20, {"cycle": 0.5, "total": 1.5})
        assert table.update()
        assert not table.update()
        writer.add(40, {"cycle": 0.25, "total": math.nan})
        assert table.update()
        assert table.columns["step"] == [20, 40]
        assert table.columns["cycle"] == [0.5, 0.25]
        assert math.isnan(table.columns["total"][1])

    def test_a_line_that_is_being_written_waits(self, tmp_path):
        path = tmp_path / "losses.csv"
        path.write_text("step,x\n1,2\n3,")
        table = GrowingTable(path)
        table.update()
        assert table.columns == {"step": [1], "x": [2]}
        path.write_text("step,x\n1,2\n3,4\n")
        table.update()
        assert table.columns == {"step": [1, 3], "x": [2, 4]}

    def test_a_resumed_training_forgets_later_rows(self, tmp_path):
        path = tmp_path / "losses.csv"
        writer = Table(path, -1)
        for step in (20, 40, 60):
            writer.add(step, {"x": step / 10})
        table = GrowingTable(path)
        table.update()
        Table(path, 20)
        assert table.update()
        assert table.columns == {"step": [20], "x": [2]}

    def test_reads_only_what_is_new(self, tmp_path):
        path = tmp_path / "losses.csv"
        path.write_text("step,x\n" + "".join(f"{n},{n}\n" for n in range(1000)))
        table = GrowingTable(path)
        table.update()
        content = path.read_bytes()
        path.write_bytes(b"step,x\n" + b"9,9\n" * ((len(content) - 7) // 4) + b"\n" * ((len(content) - 7) % 4))
        assert not table.update()  # not read again


class TestRun:
    def test_folder_is_the_library_s(self, tmp_path):
        run, folder = TrainingRun(tmp_path / "mine"), RunFolder.of(tmp_path / "mine")
        assert run.folder == folder.path
        assert (run.exists, run.isFinished, run.previews, run.remarks, dict(run.description)) == (
            False,
            False,
            [],
            "",
            {},
        )
        folder.previews.mkdir(parents=True)
        folder.write({"variant": "texture", "source": "a", "target": "b", "settings": {}})
        for step in (1000, 500):
            (folder.previews / f"step-{step:06d}.png").write_bytes(b"x")
        folder.remarks.write_text("a.png: is blank\n")
        assert run.exists == folder.exists
        assert run.description["variant"] == "texture"
        assert [path.name for path in run.previews] == ["step-000500.png", "step-001000.png"]
        assert run.remarks == "a.png: is blank\n"

    def test_curves(self, scene, logic, tmp_path):
        run = logic.trainingRun(tmp_path / "mine")
        RunFolder.of(run.bundle).write({"settings": {"content_floor": 0.9}})
        losses, figures = Table(run.folder / "losses.csv", -1), Table(run.folder / "validation.csv", -1)
        logic.plotTraining(run)
        losses.add(20, {"cycle": 0.5, "total": 1.5})
        assert run.update()
        charts = logic.plotTraining(run)
        count = scene.GetNumberOfNodes()
        losses.add(40, {"cycle": 0.25, "total": 1.0})
        figures.add(0, {"distance": 90.0, "content": 1.0})
        figures.add(40, {"distance": 30.0, "content": 0.95})
        assert run.update()
        assert logic.plotTraining(run) == charts
        assert scene.GetNumberOfNodes() == count + 2  # the lines to compare with
        assert [chart.GetNumberOfPlotSeriesNodes() for chart in charts] == [2, 2, 2]
        assert charts[0].GetTitle() == "Training losses"

    def test_result_is_installed(self, logic, tmp_path, monkeypatch):
        monkeypatch.setenv("USHARMONIZATION_MODELS", str(tmp_path / "own"))
        run = logic.trainingRun(tmp_path / "mine")
        with pytest.raises(LogicError, match="training of mine is not finished; resume it first"):
            logic.installTraining(run)
        shutil.copytree(resource_path("Models", "ge-logiq-5-to-ge-logiq-7"), run.bundle)
        content = json.loads((run.bundle / "model.json").read_text())
        (run.bundle / "model.json").write_text(json.dumps({**content, "name": "trained-here"}))
        assert logic.installTraining(run).name == "trained-here"


class TestStart:
    def test_variants(self, logic):
        assert next(iter(logic.variants())) == "texture"
        assert "cyclegan-sn-se-mix" in logic.variants()

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            ({"cohort": ""}, "Choose a cohort table first"),
            ({"cohort": "nothing.csv"}, "cohort table nothing.csv does not exist"),
            ({"source": ""}, "Choose the source scanner first"),
            ({"target": "unheard-of"}, "Unknown scanner 'unheard-of'"),
            ({"target": "ge-logiq-5"}, "Source and target are the same scanner"),
            ({"bundle": ""}, "Choose a folder for the model first"),
            ({"variant": "magic"}, "Unknown method 'magic'"),
            ({"resume": True}, "No training was begun"),
        ],
    )
    def test_refused(self, logic, cohort, tmp_path, change, match):
        wanted = {
            "cohort": cohort,
            "source": "ge-logiq-5",
            "target": "ge-logiq-7",
            "bundle": tmp_path / "mine",
            **change,
        }
        with pytest.raises(LogicError, match=match):
            logic.startTraining(**wanted)

    def test_what_is_there_is_not_replaced(self, logic, cohort, tmp_path):
        (tmp_path / "mine").mkdir()
        with pytest.raises(LogicError, match="mine exists already"):
            logic.startTraining(cohort, "ge-logiq-5", "ge-logiq-7", tmp_path / "mine")
        RunFolder.of(tmp_path / "other").write({})
        with pytest.raises(LogicError, match="holds a training; resume it"):
            logic.startTraining(cohort, "ge-logiq-5", "ge-logiq-7", tmp_path / "other")

    def test_the_command_line_and_its_refusal(self, logic, cohort, tmp_path):
        process = logic.startTraining(
            cohort, "ge-logiq-5", "ge-logiq-7", tmp_path / "mine", steps=10, seed=3, settings={"batch_size": 1}
        )
        command = process.command[process.command.index("train") :]
        assert command == [
            *("train", str(cohort), "--source", "ge-logiq-5", "--target", "ge-logiq-7"),
            *("--out", str(tmp_path / "mine"), "--device", "auto", "--json"),
            *("--steps", "10", "--seed", "3", "--set", "batch_size=1"),
        ]
        assert process.wait(120) == "failed"
        assert process.exitCode == 2
        assert process.message
        assert "Traceback" not in process.message
