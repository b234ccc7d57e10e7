"""Figures of a pair before and after harmonization, on a simulated phantom of which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from phantom_pairs import read_pair, simulate_phantom

from USHarmonizationLib.landmarks.resampling import resample
from USHarmonizationLogic import LogicError, USHarmonizationLogic
from USHarmonizationLogic.evaluation import harmonizedOf, methodNames
from USHarmonizationLogic.pairing import pairLandmarks
from USHarmonizationLogic.process import ChildProcess
from USHarmonizationLogic.process_chain import ProcessChain


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    return simulate_phantom(tmp_path_factory.mktemp("phantom"))


@pytest.fixture
def pair(scene, phantom):
    return read_pair(scene, phantom)


def copyOf(scene, volume, array, name):
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    node.CopyOrientation(volume)
    slicer.util.updateVolumeFromArray(node, array)
    return node


def perfect(scene, pair):
    """What a perfect harmonizer would make of the moving image: the fixed scanner's image, seen from its place."""
    pairing = pairLandmarks(*pair)
    linear = pairing.registration.transform.linear
    inverse = np.linalg.inv(linear.matrix)
    frame = slicer.util.arrayFromVolume(pair[0])[0].astype(np.float32)
    made = resample(frame, pairing.fixed.geometry, pairing.moving.geometry, lambda p: (p - linear.offset) @ inverse.T)
    original = slicer.util.arrayFromVolume(pair[1])
    # What lies outside of the fixed image stays as it was.
    made = np.where(made > 0, np.rint(made), original[0]).astype(np.uint8)
    return copyOf(scene, pair[1], made[None], "Perfect")


def test_before_and_after(scene, pair, tmp_path):
    from USHarmonizationLib.files import read_image

    logic = USHarmonizationLogic(scene)
    good = perfect(scene, pair)
    chain = logic.startPairedEvaluation(*pair, [good], "rigid", tmp_path)
    assert chain.wait(90) == "done", chain.message
    assert chain.progress.done == chain.progress.total == 3
    found = logic.finishPairedEvaluation(chain)
    for name in ("PSNR", "SSIM", "MI"):
        figures = found.figures[name]
        assert list(figures) == ["original", "Perfect"]
        assert figures["Perfect"] > figures["original"]
    assert found.sentence.startswith("Harmonization brings the moving image closer to the fixed one: SSIM 0.")
    # PSNR by hand, inside the overlap of the files.
    frames = {
        name: read_image(tmp_path / "images" / name / "pair.nrrd").pixels[0]
        for name in ("target", "original", "overlap")
    }
    inside = frames["overlap"] > 0
    error = np.mean(((frames["target"].astype(float) - frames["original"])[inside] / 255) ** 2)
    assert found.figures["PSNR"]["original"] == pytest.approx(-10 * np.log10(error), abs=1e-3)
    assert not found.warnings
    # A table and three charts, renewed by the next evaluation rather than added to.
    assert found.table.GetTable().GetValueByName(0, "figure").ToString() == "PSNR"
    assert found.charts[0].GetTitle() == "PSNR with the fixed image"
    assert all(chart.GetNumberOfPlotSeriesNodes() == 2 for chart in found.charts)
    count = scene.GetNumberOfNodes()
    assert logic.finishPairedEvaluation(chain).table is found.table
    assert scene.GetNumberOfNodes() == count


def test_harmonized_versions_are_found_by_their_place(scene, pair):
    version = copyOf(scene, pair[1], slicer.util.arrayFromVolume(pair[1]).copy(), "version")
    elsewhere = copyOf(scene, pair[1], slicer.util.arrayFromVolume(pair[1]).copy(), "elsewhere")
    elsewhere.SetOrigin(3.0, 0.0, 0.0)
    smaller = copyOf(scene, pair[1], slicer.util.arrayFromVolume(pair[1])[:, 1:].copy(), "smaller")
    for name in ("USHarmonization.pairResult", "USHarmonization.differenceRange"):
        copyOf(scene, pair[1], slicer.util.arrayFromVolume(pair[1]).copy(), name).SetAttribute(name, "1")
    assert harmonizedOf(scene, pair[1], pair[0]) == [version]
    assert smaller not in harmonizedOf(scene, None)


@pytest.mark.parametrize(
    ("what", "said"),
    [("nothing", "Choose the harmonized version"), ("elsewhere", "another size or place"), ("no folder", "a folder")],
)
def test_what_cannot_be_measured(scene, pair, tmp_path, what, said):
    made = copyOf(scene, pair[1], slicer.util.arrayFromVolume(pair[1]).copy(), "made")
    if what == "elsewhere":
        made.SetOrigin(3.0, 0.0, 0.0)
    folder = "" if what == "no folder" else tmp_path
    with pytest.raises(LogicError, match=said):
        USHarmonizationLogic(scene).startPairedEvaluation(*pair, [] if what == "nothing" else [made], "rigid", folder)


def test_names_of_methods(scene):
    names = ["FDA", "FDA", "US: a/b", "...", "original", "(x)"]
    volumes = []
    for name in names:
        node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        node.SetName(name)
        volumes.append(node)
    assert methodNames(volumes) == ["FDA", "FDA 2", "US_ a_b", "harmonized", "original 2", "_(x)"]


class TestChain:
    def python(self, code):
        import sys

        return ChildProcess(["-c", code], command=[sys.executable])

    def test_stops_at_the_first_failure(self, tmp_path):
        marker = tmp_path / "ran"
        late = self.python(f"open({str(marker)!r}, 'w')")
        chain = ProcessChain("x", [self.python("pass"), self.python("raise SystemExit('it broke')"), late])
        assert chain.start().wait(20) == "failed"
        assert chain.message == "it broke"
        assert not marker.exists()

    def test_later_steps_are_made_when_it_is_their_turn(self, tmp_path):
        made = []

        def last():
            made.append(1)
            return self.python("print('[1, 2]')")

        chain = ProcessChain("x", [self.python("pass"), last]).start()
        assert not made
        assert chain.wait(20) == "done"
        assert chain.answer == [1, 2]

    def test_a_step_that_cannot_be_made(self):
        def broken():
            raise OSError("no room")

        chain = ProcessChain("x", [self.python("pass"), broken]).start()
        assert chain.wait(20) == "failed"
        assert chain.message == "no room"

    def test_cancel(self, tmp_path):
        marker = tmp_path / "ran"
        chain = ProcessChain(
            "x", [self.python("import time; time.sleep(30)"), self.python(f"open({str(marker)!r}, 'w')")]
        ).start()
        chain.cancel()
        assert chain.wait(20) == "cancelled"
        assert not marker.exists()
