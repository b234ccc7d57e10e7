"""Many images: a folder, a cohort, the scene's volumes; resumed, cancelled, and the table of it all."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from slicer_volumes import addCine, addVolume, asymmetric

from USHarmonizationLogic import LogicError, USHarmonizationLogic
from USHarmonizationLogic.tables import columnsOf
from USHarmonizationLogic.volumes import cineOf, framesOf

MODEL = "ge-logiq-5-to-ge-logiq-7"


@pytest.fixture
def logic(scene):
    return USHarmonizationLogic()


def save(path, pixels):
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def reference(tmp_path):
    return save(tmp_path / "reference.png", asymmetric(seed=5)[0] // 2)


def tables(scene):
    return scene.GetNumberOfNodesByClass("vtkMRMLTableNode")


class TestFolder:
    def test_what_fails_is_in_the_table_and_the_rest_is_done_once(self, scene, logic, reference, tmp_path):
        study, out = tmp_path / "study", tmp_path / "out"
        save(study / "a.png", asymmetric()[0])
        save(study / "sub" / "blank.png", np.full((48, 64), 3, np.uint8))
        process = logic.startBatch(study, "histogram", out, reference=reference, jobs=1)
        with pytest.raises(LogicError, match="still running"):
            logic.finishBatch(process)
        process.wait(120)
        result = logic.finishBatch(process)
        assert (result.done, result.failed, result.left, result.outputs) == (1, 1, 0, ())
        assert result.sentence == "1 harmonized, 1 of them to be looked at; 1 failed." or result.sentence == (
            "1 harmonized; 1 failed."
        )
        columns = columnsOf(result.table)
        assert columns["status"] == ["done", "failed"]
        assert columns["reason"][1] == "is blank: each frame has the same value everywhere"
        assert columns["result"] == ["a.png", ""]
        assert columns["frames"] == [1, 0]
        assert 0 <= columns["structure"][0] <= 1
        assert columns["verdict"][0] in ("good", "use with care", "do not use")
        assert (out / "a.png").is_file()

        written = (out / "a.png").stat().st_mtime_ns
        save(study / "sub" / "blank.png", asymmetric(seed=3)[0])
        again = logic.startBatch(study, "histogram", out, reference=reference, jobs=1)
        assert again.wait(120) == "done"
        assert again.answer["done_before"] == 1
        result = logic.finishBatch(again)
        assert (result.done, result.failed) == (2, 0)
        assert (out / "a.png").stat().st_mtime_ns == written
        assert tables(scene) == 1  # renewed, not added to

    def test_not_begun(self, scene, logic, reference, tmp_path):
        (tmp_path / "empty").mkdir()
        process = logic.startBatch(tmp_path / "empty", "histogram", tmp_path / "out", reference=reference)
        process.wait(120)
        with pytest.raises(LogicError, match="holds no images"):
            logic.finishBatch(process)
        assert tables(scene) == 0


class TestScene:
    def test_which_volumes(self, scene, logic):
        volume = addVolume(scene, asymmetric(), "US 1")
        cine = addCine(scene, asymmetric(frames=2))
        addVolume(scene, (asymmetric(frames=3).astype(np.int16) - 90) * 12, "CT")
        addVolume(scene, asymmetric(), "result").SetAttribute("USHarmonization.Model", "a-to-b")
        label = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "label")
        slicer.util.updateVolumeFromArray(label, asymmetric())
        scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
        assert logic.ultrasoundVolumes() == [volume, cine]

    def test_results_become_volumes(self, scene, logic, reference, tmp_path):
        volumes = [addVolume(scene, asymmetric(seed=seed), "US: 1/2") for seed in (1, 2)]
        volumes.append(addCine(scene, asymmetric(frames=2)))
        process = logic.startBatch(None, "histogram", tmp_path / "out", reference=reference, jobs=1)
        folder = process.folder
        assert process.wait(120) == "done", process.message
        result = logic.finishBatch(process)
        assert not folder.exists()
        assert columnsOf(result.table)["image"] == ["US: 1/2", "US: 1/2", "Cine 1"]
        assert (tmp_path / "out" / "US_1_2_2.nrrd").is_file()
        for volume, output in zip(volumes, result.outputs, strict=True):
            assert output.GetNodeReference("USHarmonization.source") is volume
            inside = (..., slice(8, -8), slice(8, -8))
            before, after = framesOf(volume)[inside], framesOf(output)[inside]
            assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.9
            assert after.mean() < before.mean()
        assert cineOf(result.outputs[2]).frames == 2

    def test_cancelled(self, scene, logic, reference, tmp_path):
        addVolume(scene, asymmetric())
        process = logic.startBatch(None, "histogram", tmp_path / "out", reference=reference)
        process.cancel()
        process.wait(30)
        before = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
        result = logic.finishBatch(process)
        assert result.done == 0
        assert "start again to go on" in result.sentence
        assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == before


class TestRefused:
    @pytest.mark.parametrize(
        ("inputs", "out", "match"),
        [
            ("", "out", "Choose a folder or a cohort table first"),
            ("study", "", "Choose a folder for the results first"),
            ("nothing", "out", "nothing does not exist; choose a folder or a cohort table"),
            ("study", "study", "is both input and output"),
            ("note.txt", "out", "note.txt is no table"),
            ("study", "note.txt", "note.txt is a file; choose a folder for the results"),
            (None, "out", "There is no ultrasound volume in the scene"),
        ],
    )
    def test_inputs(self, scene, logic, tmp_path, monkeypatch, inputs, out, match):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "study").mkdir()
        (tmp_path / "note.txt").write_text("x")
        with pytest.raises(LogicError, match=match):
            logic.startBatch(inputs, MODEL, out)

    def test_models(self, scene, logic, tmp_path):
        with pytest.raises(LogicError, match="There is no model 'nothing'"):
            logic.startBatch(tmp_path, "nothing", tmp_path / "out")
