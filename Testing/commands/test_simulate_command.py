"""``usharmonize simulate`` as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from USHarmonizationLib.cli import main
from USHarmonizationLib.cohort import read_cohort

SMALL = ("--size", "96", "--json")


def simulate(*arguments: object) -> int:
    return main(["simulate", *map(str, arguments)])


def test_phantom(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "phantom"
    assert simulate("phantom", "--out", out, "--count", 1, "--layout", "varied", "--format", "png", *SMALL) == 0
    assert json.loads(capsys.readouterr().out) == {"pairs": 1, "truth": str(out / "truth.json")}
    assert simulate("phantom", "--out", out, "--count", 2, "--layout", "varied", "--format", "png", *SMALL) == 0
    found = sorted(path.relative_to(out).as_posix() for path in (out / "images").rglob("*.png"))
    assert found == [f"images/{one}/pair-000{n}.png" for one in ("ge-voluson-e8", "hitachi-preirus") for n in (1, 2)]


def test_cohort_says_how_far_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "cohort"
    chosen = ("--scanner", "siemens-s2000", "--scanner", "hitachi-preirus", "--probe", "linear", "--format", "nrrd")
    assert simulate("cohort", "--out", out, "--patients", 3, "--size", 96, *chosen) == 0
    told = capsys.readouterr()
    assert "simulating patient 3 of 3" in told.err
    assert str(out / "cohort.csv") in told.out
    rows = read_cohort(out / "cohort.csv")
    assert {row.scanner for row in rows} <= {"siemens-s2000", "hitachi-preirus"}
    assert all(row.image.suffix == row.mask.suffix == ".nrrd" for row in rows if row.mask)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("phantom", "--source", "nobody"), "unknown scanner 'nobody'"),
        (("phantom", "--source", "ge-logiq-5"), "does not say how ge-logiq-5 images"),
        (("phantom", "--layout", "free"), "--layout is 'free'; needed: fixed or varied"),
        (("phantom", "--probe", "phased"), "no probe 'phased'"),
        (("phantom", "--count", "0"), "count is 0"),
        (("phantom", "--seed", "-1"), "seed is -1"),
        (("phantom", "--size", "8"), "matrix is [8, 8]"),
        (("phantom", "--jobs", "0"), "jobs is 0"),
        (("cohort", "--patients", "0"), "0 patients"),
        (("cohort", "--prevalence", "2"), "prevalence is 2.0"),
        (("cohort", "--format", "gif"), "unknown format 'gif'"),
        (("cohort", "--jobs", "-2"), "jobs is -2"),
    ],
)
def test_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert simulate(*arguments, "--out", tmp_path / "out") == 2
    told = capsys.readouterr().err.strip()
    assert words in told
    assert "\n" not in told
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert simulate("cohort", "--out", tmp_path) == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_several_processes_make_the_same(tmp_path: Path) -> None:
    def run(name: str, jobs: int) -> dict[str, bytes]:
        out = tmp_path / name
        command = [sys.executable, "-m", "USHarmonizationLib", "simulate", "phantom", "--out", out, "--count", 2]
        subprocess.run([*map(str, command), "--jobs", str(jobs), *SMALL], check=True, capture_output=True, timeout=120)
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}

    assert run("one", 1) == run("two", 2)
