"""Runs over many images: rows that say what became of each, and runs that go on where they stopped."""

from __future__ import annotations

import csv
import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inversion import Inversion, make_study, speckle
from PIL import Image

from USHarmonizationLib import apply as runs
from USHarmonizationLib import pipeline
from USHarmonizationLib.apply import apply
from USHarmonizationLib.cohort import pseudonym, read_cohort
from USHarmonizationLib.errors import HarmonizationError, UsageError
from USHarmonizationLib.inputs import Input, select_inputs
from USHarmonizationLib.jobs import Lost
from USHarmonizationLib.pipeline import Recipe
from USHarmonizationLib.records import Applied
from USHarmonizationLib.scanners import catalogue


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study")


def run(
    source: Path, harmonizer: Inversion, out: Path, report: Callable[[Applied, bool], None] = lambda row, reused: None
) -> list[Applied]:
    return apply(select_inputs([source], out), Recipe(harmonizer, out, catalogue()), jobs=1, report=report)


def table(out: Path) -> list[dict[str, str]]:
    with open(out / "apply.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


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


def test_workers_that_write_elsewhere_are_found_out(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(function: object, tasks: list[Input], *more: object) -> Iterator[tuple[int, Applied]]:
        yield 0, Applied("", tasks[0].relative, "done")

    monkeypatch.setattr(runs, "map_jobs", elsewhere)
    monkeypatch.setattr(runs, "SHARED_TRIES", 0)
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="needed: a file system that all see"):
        apply(select_inputs([study], out), Recipe(Inversion(each=abs), out, catalogue()), jobs=2)


def test_an_input_that_kills_its_worker_is_named(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "map_jobs", lambda *given: iter([(0, Lost("its worker process died"))]))
    out = tmp_path / "out"
    rows = apply(select_inputs([study / "a.png"], out), Recipe(Inversion(each=abs), out, catalogue()), jobs=2)
    assert [(row.status, row.reason) for row in rows] == [("failed", f"{study}/a.png: its worker process died")]


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
