"""What becomes of one image after the other: right pixels, figures and warnings, failures of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from inversion import Frame, Inversion, make_study, speckle
from numpy.typing import NDArray
from PIL import Image

from USHarmonizationLib import pipeline
from USHarmonizationLib.cohort import pseudonym
from USHarmonizationLib.inputs import Input, select_inputs
from USHarmonizationLib.pipeline import Recipe, harmonize_inputs
from USHarmonizationLib.records import Applied
from USHarmonizationLib.scanners import catalogue


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study")


def run(source: Path, harmonizer: Inversion, out: Path) -> list[Applied]:
    return list(harmonize_inputs(select_inputs([source], out).inputs, Recipe(harmonizer, out, catalogue())))


def pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path))


def test_tissue_is_transferred_and_all_else_stays(tmp_path: Path) -> None:
    screen = np.zeros((96, 120), np.uint8)
    screen[16:80, 20:100] = speckle(1)
    source = tmp_path / "in" / "a.png"
    source.parent.mkdir()
    Image.fromarray(screen).save(source)
    (row,) = run(source, Inversion(), tmp_path / "out")
    assert (row.status, row.frames, row.harmonizer, row.harmonizer_version) == ("done", 1, "inversion", "1")
    result = pixels(tmp_path / "out" / "a.png")
    inside = np.zeros(screen.shape, bool)
    inside[18:78, 22:98] = True
    assert np.mean(result[inside] == 255 - screen[inside]) > 0.98
    outside = np.ones(screen.shape, bool)
    outside[14:82, 18:102] = False
    assert not result[outside].any()


def test_each_frame_of_a_cine_is_told(tmp_path: Path) -> None:
    source = tmp_path / "in" / "cine.tif"
    source.parent.mkdir()
    frames = [Image.fromarray(speckle(seed)) for seed in range(4)]
    frames[0].save(source, save_all=True, append_images=frames[1:])
    shares: list[float] = []
    recipe = Recipe(Inversion(), tmp_path / "out", catalogue())
    (row,) = harmonize_inputs(select_inputs([source], recipe.out).inputs, recipe, shares.append)
    assert row.status == "done"
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_colour_stays_and_is_reported(study: Path, tmp_path: Path) -> None:
    colour = np.repeat(speckle(5)[..., None], 3, axis=-1)
    colour[10:30, 10:40] = (200, 30, 10)
    Image.fromarray(colour).save(study / "a.png")
    row = run(study, Inversion(), tmp_path / "out")[0]
    result = pixels(tmp_path / "out" / "a.png")
    assert (result[10:30, 10:40] == (200, 30, 10)).all()
    assert row.coloured == pytest.approx(600 / colour[..., 0].size, rel=0.2)
    assert any("is coloured and was left as it is" in warning for warning in row.warnings)


def test_all_frames_of_a_cine_are_transferred(tmp_path: Path) -> None:
    import SimpleITK

    frames = np.stack([speckle(seed) for seed in range(5)])
    source = tmp_path / "in" / "cine.mha"
    source.parent.mkdir()
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(frames), str(source))
    harmonizer = Inversion()
    (row,) = run(source, harmonizer, tmp_path / "out")
    assert (row.status, row.frames, harmonizer.calls) == ("done", 5, 5)
    result = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "out" / "cine.mha")))
    changed = result != frames
    assert changed.mean() > 0.9
    np.testing.assert_array_equal(result[changed], 255 - frames[changed])


@pytest.mark.parametrize(
    "each",
    [
        lambda frame: frame[:-1],
        lambda frame: frame * np.float32("nan"),
        lambda frame: 1 / 0,
    ],
)
def test_a_harmonizer_that_fails_is_the_image_s_failure(
    study: Path, tmp_path: Path, each: Callable[[Frame], Frame]
) -> None:
    rows = run(study, Inversion(each=each), tmp_path / "out")
    assert {row.status for row in rows} == {"failed"}
    assert all(row.reason and "\n" not in row.reason for row in rows)
    assert not list((tmp_path / "out").rglob("*.png"))


def _cohort(folder: Path, text: str) -> Path:
    path = folder / "cohort.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mask_of_another_size_is_that_row_s_failure(study: Path, tmp_path: Path) -> None:
    Image.fromarray(np.eye(10, dtype=np.uint8) * 255).save(study / "small.png")
    cohort = _cohort(study, "image,mask\na.png,small.png\nb.png,\n")
    first, second = run(cohort, Inversion(), tmp_path / "out")
    assert (first.status, second.status) == ("failed", "done")
    assert "small.png: mask of 10 x 10 pixels for an image of 64 x 80" in first.reason


def test_the_wrong_scanner_and_a_patient_of_the_training_are_warned_of(study: Path, tmp_path: Path) -> None:
    cohort = _cohort(study, "image,scanner,patient\na.png,siemens-s2000,P1\nb.png,ge-logiq-5,P2\nc.png,,\n")
    harmonizer = Inversion(training_patients=(pseudonym("P2"),))
    first, second, third = run(cohort, harmonizer, tmp_path / "out")
    assert first.warnings[0] == "made by siemens-s2000, but inversion is for ge-logiq-5"
    assert second.warnings[0] == (
        "this patient was in the training of inversion, so keep the result out of any test of it"
    )
    assert third.warnings[0] == "scanner unknown (the file names no scanner model), and inversion is for ge-logiq-5"


def test_the_next_image_is_read_while_the_network_runs(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, second = pipeline.read_image, threading.Event()

    def watched(path: Path) -> Any:
        if path.name == "b.png":
            second.set()
        return read(path)

    def wait(frame: Frame) -> Frame:
        assert second.wait(10), "the second image is only read when the first is done"
        return frame

    monkeypatch.setattr(pipeline, "read_image", watched)
    assert {row.status for row in run(study, Inversion(each=wait), tmp_path / "out")} == {"done"}


def test_a_full_disk_is_found_out_where_the_writer_does_not_say_so(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("only some of it could be written")

    monkeypatch.setattr(pipeline, "write_image", fail)
    assert {row.status for row in run(study, Inversion(), tmp_path / "out")} == {"failed"}
    monkeypatch.setattr(pipeline, "disk_usage", lambda folder: SimpleNamespace(free=100))
    with pytest.raises(OSError, match="No space left on device"):
        run(study, Inversion(), tmp_path / "out")


def test_memory_does_not_grow_with_the_number_of_images(study: Path, tmp_path: Path) -> None:
    import tracemalloc

    many = [Input(study / "a.png", f"{number}.png") for number in range(30)]
    peaks = []
    tracemalloc.start()
    try:
        for number, _ in enumerate(harmonize_inputs(many, Recipe(Inversion(), tmp_path / "out", catalogue()))):
            if number in (9, 29):
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    assert peaks[1] <= peaks[0] + 200_000
