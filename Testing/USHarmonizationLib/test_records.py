"""What a run remembers, what it forgets, and the tables it leaves."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from USHarmonizationLib.cohort import CohortRow, read_cohort
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.records import Applied, Ledger, sha256, write_cohort_of, write_table


@pytest.fixture
def made(tmp_path: Path) -> tuple[Ledger, Path, Applied]:
    """A ledger with one record: input in/a.png, result out/sub/a.png."""
    source, out = tmp_path / "in" / "a.png", tmp_path / "out"
    result = out / "sub" / "a.png"
    for path, content in ((source, b"before"), (result, b"after")):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    row = Applied(
        "../in/a.png",
        "sub/a.png",
        "done",
        frames=2,
        figures={"cycle": 0.1234567890123, "nothing": float("nan")},
        warnings=("a", "b"),
        input_sha256=sha256(source),
        output_sha256=sha256(result),
        settings={"beta": 0.01},
    )
    ledger = Ledger(out)
    ledger.write(row, "state")
    return ledger, source, row


def test_a_record_is_read_back_as_it_was(made: tuple[Ledger, Path, Applied]) -> None:
    ledger, source, row = made
    again = ledger.read("sub/a.png", source, "state")
    assert again is not None
    assert str(again) == str(row)  # NaN is not equal to itself


def test_a_record_does_not_count_when_anything_has_changed(made: tuple[Ledger, Path, Applied], tmp_path: Path) -> None:
    ledger, source, _ = made
    result = tmp_path / "out" / "sub" / "a.png"
    assert ledger.read("sub/a.png", source, "other state") is None
    assert ledger.read("a.png", source, "state") is None
    source.write_bytes(b"other")
    assert ledger.read("sub/a.png", source, "state") is None
    source.write_bytes(b"before")
    assert ledger.read("sub/a.png", source, "state") is not None
    result.write_bytes(b"aft")
    assert ledger.read("sub/a.png", source, "state") is None
    result.unlink()
    assert ledger.read("sub/a.png", source, "state") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "state", "row": {}}'])
def test_a_damaged_record_does_not_count(made: tuple[Ledger, Path, Applied], tmp_path: Path, text: str) -> None:
    ledger, source, _ = made
    (tmp_path / "out" / ".usharmonize" / "sub" / "a.png.json").write_text(text, encoding="utf-8")
    assert ledger.read("sub/a.png", source, "state") is None


def test_what_is_to_be_made_anew_is_removed(made: tuple[Ledger, Path, Applied], tmp_path: Path) -> None:
    ledger, _, _ = made
    ledger.forget("sub/a.png")
    assert not (tmp_path / "out" / "sub" / "a.png").exists()
    assert not list((tmp_path / "out").rglob("*.json"))
    ledger.forget("sub/a.png")


def test_a_file_that_is_not_ours_is_not_removed(made: tuple[Ledger, Path, Applied], tmp_path: Path) -> None:
    ledger, _, _ = made
    result = tmp_path / "out" / "sub" / "a.png"
    result.write_bytes(b"touched by a person")
    ledger.forget("sub/a.png")
    assert result.exists()


def test_one_run_at_a_time_and_no_half_written_files(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "out")
    half = tmp_path / "out" / "deep" / ".partial-xyz.png"
    half.parent.mkdir(parents=True)
    half.touch()
    with ledger.locked():
        assert not half.exists()
        half.touch()
        with pytest.raises(UsageError, match=r"another run is writing to .*out"), Ledger(tmp_path / "out").locked():
            pass
    assert not half.exists()
    with Ledger(tmp_path / "out").locked():
        pass


def test_an_output_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot write to .*out"), Ledger(tmp_path / "out").locked():
        pass


def test_the_table(made: tuple[Ledger, Path, Applied], tmp_path: Path) -> None:
    _, _, row = made
    other = Applied("../in/b.png", "b.png", "failed", 'is "broken", truncated', figures={"lesion": 1.0})
    write_table(tmp_path / "apply.csv", [row, other])
    with open(tmp_path / "apply.csv", encoding="utf-8", newline="") as stream:
        first, second = csv.DictReader(stream)
    assert (first["input"], first["status"], first["frames"], first["qa_cycle"]) == (
        "../in/a.png",
        "done",
        "2",
        "0.123457",
    )
    assert (first["warnings"], first["qa_lesion"], first["settings"]) == ("a; b", "", '{"beta": 0.01}')
    assert (second["reason"], second["qa_cycle"], second["qa_lesion"]) == ('is "broken", truncated', "", "1")


def test_the_cohort_of_the_results_leaves_out_what_failed(tmp_path: Path) -> None:
    images = [tmp_path / "in" / name for name in ("a.png", "b.png", "c.png")]
    rows = [
        CohortRow(images[0], mask=tmp_path / "in/m.png", label=2, patient="sha256:" + "0" * 16, others={"lnm": "1"}),
        CohortRow(images[1], scanner="ge-logiq-5"),
        CohortRow(images[2]),
        CohortRow(images[0], label=3),
    ]
    a = Applied("", "a.png", "done", scanner="siemens-s2000", harmonizer="histogram")
    done = {images[0]: a, images[1]: replace(a, output="b.png"), images[2]: replace(a, status="failed")}
    write_cohort_of(tmp_path / "out" / "cohort.csv", rows, done)
    again = read_cohort(tmp_path / "out" / "cohort.csv")
    assert [(row.image.resolve(), row.label, row.scanner) for row in again] == [
        (tmp_path / "out/a.png", 2, "siemens-s2000"),
        (tmp_path / "out/b.png", 1, "ge-logiq-5"),
        (tmp_path / "out/a.png", 3, "siemens-s2000"),
    ]
    assert again[0].mask is not None
    assert again[0].mask.resolve() == tmp_path / "in/m.png"
    assert again[0].patient == rows[0].patient
    assert again[0].others == {"lnm": "1", "harmonizer": "histogram"}
