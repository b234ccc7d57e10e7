"""The pipeline over many images: right pixels, rows that say what became of each, and runs that go on."""

from __future__ import annotations

import csv
import errno
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from USHarmonizationLib import apply as pipeline
from USHarmonizationLib.apply import Recipe, apply
from USHarmonizationLib.cohort import pseudonym, read_cohort
from USHarmonizationLib.errors import HarmonizationError
from USHarmonizationLib.inputs import select_inputs
from USHarmonizationLib.records import Applied
from USHarmonizationLib.scanners import catalogue

Frame = NDArray[np.float32]


@dataclass(eq=False)
class Inversion:
    """A harmonizer whose right answer is plain; what else a test needs is called at each frame."""

    name: str = "inversion"
    version: str = "1"
    source: str = "ge-logiq-5"
    target: str = "ge-logiq-7"
    training_patients: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    each: Callable[[Frame], Frame] = lambda frame: 1 - frame
    calls: int = 0

    def harmonize(self, frame: Frame, valid: NDArray[np.bool_]) -> Frame:
        self.calls += 1
        return self.each(frame)


def speckle(seed: int, size: tuple[int, int] = (64, 80)) -> NDArray[np.uint8]:
    """Tissue from border to border."""
    return np.random.default_rng(seed).integers(30, 220, size, dtype=np.uint8)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with four images, one of them in a folder below."""
    folder = tmp_path / "study"
    (folder / "deep").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "c.png", "deep/d.png")):
        Image.fromarray(speckle(number)).save(folder / name)
    return folder


def run(
    source: Path, harmonizer: Inversion, out: Path, report: Callable[[Applied, bool], None] = lambda row, reused: None
) -> list[Applied]:
    recipe = Recipe(harmonizer, out, catalogue())
    return apply(select_inputs([source], out), recipe, jobs=1, report=report)


def pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path))


def table(out: Path) -> list[dict[str, str]]:
    with open(out / "apply.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


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


def test_rows_stand_in_input_order_and_say_what_failed(study: Path, tmp_path: Path) -> None:
    (study / "b.png").write_bytes(b"no picture")
    rows = run(study, Inversion(), tmp_path / "out")
    assert [(row.output, row.status) for row in rows] == [
        ("a.png", "done"),
        ("", "failed"),
        ("c.png", "done"),
        ("deep/d.png", "done"),
    ]
    written = table(tmp_path / "out")
    assert [row["input"] for row in written] == [
        "../study/a.png",
        "../study/b.png",
        "../study/c.png",
        "../study/deep/d.png",
    ]
    assert "b.png" in written[1]["reason"]
    assert "\n" not in written[1]["reason"]
    assert not (tmp_path / "out" / "b.png").exists()
    assert (tmp_path / "out" / "deep" / "d.png").is_file()


def test_a_second_run_does_nothing_and_gives_the_same_bytes(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(study, Inversion(), out)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.rglob("*.png")}
    text = (out / "apply.csv").read_bytes()
    harmonizer, seen = Inversion(), []
    run(study, harmonizer, out, lambda row, reused: seen.append(reused))
    assert harmonizer.calls == 0
    assert seen == [True] * 4
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.rglob("*.png")} == before
    assert (out / "apply.csv").read_bytes() == text


def test_only_what_has_changed_is_done_again(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(study, Inversion(), out)

    def calls(**changes: Any) -> int:
        harmonizer = Inversion(**changes)
        run(study, harmonizer, out)
        return harmonizer.calls

    Image.fromarray(speckle(9)).save(study / "a.png")
    assert calls() == 1
    (out / "c.png").write_bytes(b"cut")
    assert calls() == 1
    (out / "deep" / "d.png").unlink()
    assert calls() == 1
    assert calls(version="2") == 4
    assert calls(version="2", settings={"beta": 0.1}) == 4
    assert calls(version="2", settings={"beta": 0.1}) == 0


def test_results_of_two_harmonizers_never_stand_side_by_side(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(study, Inversion(), out)
    (study / "c.png").write_bytes(b"broken now")
    run(study, Inversion(version="2"), out)
    assert not (out / "c.png").exists()


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


def test_a_full_disk_stops_the_run_and_the_next_one_goes_on(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write, written = pipeline.write_image, []

    def full(image: Any, path: Path, derivation: Any) -> None:
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        write(image, path, derivation)

    monkeypatch.setattr(pipeline, "write_image", full)
    with pytest.raises(HarmonizationError, match=r"the disk of .*out is full"):
        run(study, Inversion(), out)
    assert [row["status"] for row in table(out)] == ["done", "done", "not done", "not done"]
    monkeypatch.setattr(pipeline, "write_image", write)
    harmonizer = Inversion()
    assert {row.status for row in run(study, harmonizer, out)} == {"done"}
    assert harmonizer.calls == 2


def test_a_full_disk_is_found_out_where_the_writer_does_not_say_so(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("only some of it could be written")

    monkeypatch.setattr(pipeline, "write_image", fail)
    assert {row.status for row in run(study, Inversion(), tmp_path / "out")} == {"failed"}
    monkeypatch.setattr(pipeline, "disk_usage", lambda folder: SimpleNamespace(free=100))
    with pytest.raises(HarmonizationError, match="is full"):
        run(study, Inversion(), tmp_path / "out")


def test_ctrl_c_leaves_a_table_and_the_next_run_goes_on(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    seen: list[Applied] = []

    def interrupt(row: Applied, reused: bool) -> None:
        seen.append(row)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study, Inversion(), out, interrupt)
    assert [row["status"] for row in table(out)] == ["done", "done", "not done", "not done"]
    assert not [thread for thread in threading.enumerate() if thread.name == "read-ahead"]
    assert {row.status for row in run(study, Inversion(), out)} == {"done"}


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


def _cohort(folder: Path, text: str) -> Path:
    path = folder / "cohort.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_cohort_comes_out_as_a_cohort(study: Path, tmp_path: Path) -> None:
    mask = np.zeros((64, 80), np.uint8)
    mask[20:40, 30:50] = 255
    Image.fromarray(mask).save(study / "mask.png")
    cohort = _cohort(
        study,
        "image,mask,label,patient,scanner,lnm\n"
        "a.png,mask.png,255,MUSTER^ANNA,ge-logiq-5,1\n"
        "deep/d.png,,,P2,,0\n"
        "gone.png,,,P3,,0\n",
    )
    out = tmp_path / "out"
    rows = run(cohort, Inversion(), out)
    assert [(row.output, row.status, row.scanner, row.confidence) for row in rows] == [
        ("a.png", "done", "ge-logiq-5", 1.0),
        ("deep/d.png", "done", "", 0.0),
        ("", "failed", "", 0.0),
    ]
    assert "no such file" in rows[2].reason
    again = read_cohort(out / "cohort.csv")
    assert [row.image.resolve() for row in again] == [out / "a.png", out / "deep/d.png"]
    assert again[0].mask is not None
    assert again[0].mask.resolve() == study / "mask.png"
    assert (again[0].label, again[0].patient) == (255, pseudonym("MUSTER^ANNA"))
    assert again[0].others == {"lnm": "1", "harmonizer": "inversion"}
    for path in out.rglob("*"):
        assert path.is_dir() or b"MUSTER" not in path.read_bytes()


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
    assert first.warnings[0] == "made by siemens-s2000; inversion is for ge-logiq-5"
    assert second.warnings[0] == (
        "this patient was in the training of inversion; keep the result out of any test of it"
    )
    assert third.warnings[0] == "scanner unknown (the file names no scanner model); inversion is for ge-logiq-5"


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


def test_memory_does_not_grow_with_the_number_of_images(study: Path, tmp_path: Path) -> None:
    import tracemalloc

    inputs = select_inputs([study], tmp_path / "out").inputs
    many = [replace(inputs[0], relative=f"{number}.png") for number in range(60)]
    peaks = []
    tracemalloc.start()
    try:
        for number, _ in enumerate(pipeline.harmonize_inputs(many, Recipe(Inversion(), tmp_path / "out", catalogue()))):
            if number in (19, 59):
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    assert peaks[1] <= peaks[0] + 200_000
