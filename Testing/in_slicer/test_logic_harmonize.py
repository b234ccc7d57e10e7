"""Harmonizing one volume or cine: the command line's result as a node, or the scene as it was."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import slicer
from real_dicom import GREY_IMAGE, LYMPH_NODE, real_dicom
from slicer_volumes import addCine, addDicom, addSegmentation, addVolume, asymmetric, geometryOf

from USHarmonizationLogic import LogicError, USHarmonizationLogic
from USHarmonizationLogic.process import ChildProcess
from USHarmonizationLogic.volumes import cineOf, framesOf

MODEL = "ge-logiq-5-to-ge-logiq-7"


@pytest.fixture
def logic(scene):
    return USHarmonizationLogic()


@pytest.fixture
def reference(tmp_path):
    """A folder with an image of the scanner to imitate."""
    from PIL import Image

    folder = tmp_path / "reference"
    folder.mkdir()
    Image.fromarray((asymmetric(seed=5)[0] // 2).astype(np.uint8)).save(folder / "a.png")
    return folder


def wait(process: ChildProcess, seconds: float = 120) -> str:
    assert process.wait(seconds) != "running", "took too long"
    return process.state


def pretend(monkeypatch, code: str) -> None:
    """Have Python code run in place of the command line; it finds its arguments in ``sys.argv``."""
    from USHarmonizationLogic import harmonize
    from USHarmonizationLogic.process import pythonCommand

    def made(arguments, **others):
        return ChildProcess(arguments, command=[*pythonCommand(), "-c", code], **others)

    monkeypatch.setattr(harmonize, "ChildProcess", made)


def folderOf(process: ChildProcess) -> Path:
    return process.job.folder


# What the command line leaves behind, in no time: the input as the result.
COPY = """
import pathlib, shutil, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir()
shutil.copy(out.parent / "image.nrrd", out)
names = "output,harmonizer,harmonizer_version,software_version,scanner,warnings,qa_structure"
(out / "apply.csv").write_text(names + "\\nimage.nrrd,model,1,1,,,0.99\\n")
"""


class TestResult:
    def test_shipped_model_on_a_real_image(self, scene, logic, tmp_path):
        """The same pixels as the command line gives for the same image."""
        from USHarmonizationLib.apply import apply
        from USHarmonizationLib.files import read_image
        from USHarmonizationLib.harmonizers import load_harmonizer
        from USHarmonizationLib.inputs import select_inputs
        from USHarmonizationLib.pipeline import Recipe
        from USHarmonizationLib.scanners import catalogue

        whole = read_image(real_dicom(GREY_IMAGE))
        pixels = np.ascontiguousarray(whole.pixels[:1, 100:292, 150:406])
        volume = addVolume(scene, pixels, "EPIQ")
        lesion = np.zeros(pixels.shape, np.uint8)
        lesion[:, 60:110, 80:150] = 1
        segmentation = addSegmentation(scene, volume, lesion)
        before = scene.GetNumberOfNodes()
        process = logic.startHarmonize(
            volume, MODEL, sourceScanner="ge-logiq-5", segmentation=segmentation, segmentId="S1", device="cpu"
        )
        assert scene.GetNumberOfNodes() == before
        assert wait(process) == "done", process.message
        assert process.progress.share == 1.0
        result = logic.finishHarmonize(process)
        assert not folderOf(process).exists()
        output = result.outputVolume
        assert output.GetName() == "EPIQ (harmonized to GE LOGIQ 7)"
        np.testing.assert_array_equal(geometryOf(output), geometryOf(volume))

        import SimpleITK as sitk

        sitk.WriteImage(sitk.GetImageFromArray(pixels), str(tmp_path / "image.nrrd"))
        recipe = Recipe(load_harmonizer(MODEL, device="cpu"), tmp_path / "out", catalogue())
        (row,) = apply(select_inputs([tmp_path / "image.nrrd"], recipe.out), recipe, 1)
        assert row.status == "done", row.reason
        expected = read_image(tmp_path / "out" / "image.nrrd").pixels
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(output), expected)
        assert (expected != pixels).mean() > 0.3

        assert result.colour in ("doubtful", "bad")  # another scanner than the model's
        assert "lesion_change" in result.figures
        assert result.warnings
        assert output.GetAttribute("USHarmonization.Model") == MODEL
        assert output.GetAttribute("USHarmonization.ModelVersion") == logic.model(MODEL).version
        assert output.GetAttribute("USHarmonization.SourceScanner") == "ge-logiq-5"
        assert output.GetAttribute("USHarmonization.QA") == result.verdict
        assert output.GetNodeReference("USHarmonization.source") is volume

    def test_cine(self, scene, logic, reference):
        frames = asymmetric(frames=3)
        volume = addCine(scene, frames)
        result = logic.harmonize(volume, "histogram", reference=reference)
        made = cineOf(result.outputVolume)
        assert made.browser is cineOf(volume).browser
        assert made.frames == 3
        after = framesOf(result.outputVolume)
        assert after.mean() < frames.mean() * 0.7
        for before, harmonized in zip(frames, after, strict=True):  # its own frame, not turned
            assert np.corrcoef(before[8:-8, 8:-8].ravel(), harmonized[8:-8, 8:-8].ravel())[0, 1] > 0.9

    def test_colour_and_an_output_that_is_there(self, scene, logic, reference):
        pytest.importorskip("pydicom", reason="this Slicer has no DICOM support")
        volume = addDicom(scene, real_dicom(LYMPH_NODE))
        other = addVolume(scene, np.repeat(asymmetric()[..., None], 3, axis=-1), "mine")
        before = framesOf(volume)
        assert logic.harmonize(volume, "histogram", other, reference=reference).outputVolume is other
        after = framesOf(other)
        assert (other.GetName(), after.shape, after.dtype) == ("mine", before.shape, before.dtype)
        assert (after != before).any()
        np.testing.assert_array_equal(framesOf(volume), before)

    def test_saved_scene_holds_no_patient(self, scene, logic, monkeypatch, tmp_path):
        pretend(monkeypatch, COPY)
        volume = addDicom(scene, real_dicom(LYMPH_NODE), "US")
        volume.SetAttribute("DICOM.instanceUIDs", "1.2.3.4")
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        item = hierarchy.GetItemByDataNode(volume) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), volume)
        hierarchy.SetItemAttribute(item, "DICOM.PatientName", "DOE^JANE")
        output = logic.harmonize(volume, MODEL).outputVolume
        scene.RemoveNode(volume.GetStorageNode())
        scene.RemoveNode(volume)
        hierarchy.RemoveItem(item, False, False)
        scene.SetURL(str(tmp_path / "scene.mrml"))
        scene.Commit(str(tmp_path / "scene.mrml"))
        text = (tmp_path / "scene.mrml").read_text()
        assert "USHarmonization.Model" in text
        for identity in ("DOE", "JANE", "1.2.3.4", str(real_dicom(LYMPH_NODE)), "DICOM."):
            assert identity not in text
        assert output.GetScene() is scene


class TestEnds:
    SLOW = "import time; time.sleep(60)"

    def test_cancelled(self, scene, logic, monkeypatch):
        pretend(monkeypatch, self.SLOW)
        volume = addVolume(scene, asymmetric())
        before = scene.GetNumberOfNodes()
        process = logic.startHarmonize(volume, MODEL)
        with pytest.raises(LogicError, match="still being harmonized"):
            logic.finishHarmonize(process)
        process.cancel()
        assert wait(process, 10) == "cancelled"
        assert logic.finishHarmonize(process) is None
        assert scene.GetNumberOfNodes() == before
        assert not folderOf(process).exists()

    @pytest.mark.parametrize("how", ["removed", "closed"])
    def test_input_that_is_gone(self, scene, logic, monkeypatch, how):
        pretend(monkeypatch, COPY)
        volume = addVolume(scene, asymmetric())
        process = logic.startHarmonize(volume, MODEL)
        scene.RemoveNode(volume) if how == "removed" else scene.Clear(0)
        before = scene.GetNumberOfNodes()
        assert wait(process) == "done", process.message
        assert logic.finishHarmonize(process) is None
        assert scene.GetNumberOfNodes() == before
        assert not folderOf(process).exists()

    def test_output_that_is_gone(self, scene, logic, monkeypatch):
        pretend(monkeypatch, COPY)
        volume, other = addVolume(scene, asymmetric()), addVolume(scene, asymmetric(), "mine")
        process = logic.startHarmonize(volume, MODEL, other)
        scene.RemoveNode(other)
        assert wait(process) == "done", process.message
        assert logic.finishHarmonize(process).outputVolume.GetScene() is scene

    def test_the_library_s_reason_names_the_volume(self, scene, logic, reference):
        volume = addVolume(scene, np.full((1, 48, 64), 7, np.uint8), "Flat")
        process = logic.startHarmonize(volume, "histogram", reference=reference)
        assert wait(process) == "failed"
        before = scene.GetNumberOfNodes()
        with pytest.raises(LogicError, match=r"^Flat is blank: each frame has the same value everywhere$"):
            logic.finishHarmonize(process)
        assert scene.GetNumberOfNodes() == before
        assert not folderOf(process).exists()

    @pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
    def test_crash(self, scene, logic, monkeypatch):
        pretend(monkeypatch, "import os; os.kill(os.getpid(), 9)")
        process = logic.startHarmonize(addVolume(scene, asymmetric()), MODEL)
        wait(process)
        with pytest.raises(LogicError, match="perhaps memory ran out"):
            logic.finishHarmonize(process)

    def test_never_blocks(self, scene, logic, monkeypatch):
        pretend(monkeypatch, self.SLOW)
        volume = addVolume(scene, asymmetric(480, 640))
        logic.startHarmonize(volume, MODEL).kill()
        begun = time.process_time()
        process = logic.startHarmonize(volume, MODEL)
        assert not process.poll()
        assert time.process_time() - begun < 0.2
        process.kill()


class TestRefused:
    def refused(self, scene, logic, volume, match, *arguments, **others):
        before = scene.GetNumberOfNodes()
        with pytest.raises(LogicError, match=match):
            logic.startHarmonize(volume, *arguments, **others)
        assert scene.GetNumberOfNodes() == before

    def test_inputs(self, scene, logic):
        volume = addVolume(scene, asymmetric())
        self.refused(scene, logic, None, "Choose an ultrasound volume first", MODEL)
        ct = addVolume(scene, (asymmetric(frames=3).astype(np.int16) - 90) * 12, "CT")
        self.refused(scene, logic, ct, "as a CT has", MODEL)
        self.refused(scene, logic, volume, "Input and output are the same volume", MODEL, volume)

    def test_models(self, scene, logic):
        volume = addVolume(scene, asymmetric())
        self.refused(scene, logic, volume, "There is no model 'nothing'", "nothing")
        self.refused(scene, logic, volume, "choose the scanner that made the image first", "")
        self.refused(scene, logic, volume, "install one for this scanner", "", sourceScanner="ge-logiq-700")
        self.refused(scene, logic, volume, "there is nothing to do", MODEL, sourceScanner="ge-logiq-7")
        self.refused(scene, logic, volume, "fda needs a reference", "fda")

    def test_segments(self, scene, logic):
        volume = addVolume(scene, asymmetric())
        segmentation = addSegmentation(scene, volume, asymmetric() * 0)
        self.refused(scene, logic, volume, "S1 is empty", MODEL, segmentation=segmentation, segmentId="S1")

    def test_no_room(self, scene, logic, monkeypatch, tmp_path):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
        self.refused(scene, logic, addVolume(scene, asymmetric()), "No temporary folder can be made", MODEL)

    def test_missing_packages(self, scene, logic, monkeypatch):
        from USHarmonizationLogic import dependencies

        wanted = [dependencies.Requirement("torch", "torch>=2.6,<3")]
        monkeypatch.setattr(dependencies, "missing", lambda for_: wanted)
        self.refused(scene, logic, addVolume(scene, asymmetric()), "Missing Python packages: torch", MODEL)
