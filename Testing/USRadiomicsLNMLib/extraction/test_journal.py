"""What a run remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.extraction.job import Case
from USRadiomicsLNMLib.extraction.journal import Journal

CASE = Case(
    row=1,
    status="done",
    frame=2,
    scanner="ge-logiq-5",
    pixels=99,
    graphics=0.1,
    spacing_mm=(0.1, 0.2),
    warnings=("one", "two"),
    values={"a": 0.1 + 0.2, "b": float("inf")},
    perturbed=((1.5, 2.5), ()),
)


def test_cases_come_back_as_they_were(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "f.csv")
    with journal.locked():
        assert journal.keep({"one.png": "s"}) == {}
        journal.write("one.png", "s", [CASE, CASE])
    with journal.locked():
        assert journal.keep({"one.png": "s"}) == {"one.png": [CASE, CASE]}


def test_what_has_changed_or_was_half_written_is_struck_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "f.csv")
    with journal.locked():
        journal.keep({})
        for name in ("one", "two", "three"):
            journal.write(name, f"state of {name}", [CASE])
    file = tmp_path / ".uslnm" / "f.csv.jsonl"
    file.write_text(file.read_text()[:-40])  # killed while it wrote the third
    with journal.locked():
        known = journal.keep({"one": "state of one", "two": "another state", "three": "state of three"})
    assert set(known) == {"one"}
    assert len(file.read_text().splitlines()) == 1


def test_two_runs_do_not_make_the_same_table(tmp_path: Path) -> None:
    with Journal(tmp_path / "f.csv").locked():
        with pytest.raises(UsageError, match="another run is making"), Journal(tmp_path / "f.csv").locked():
            pass
        with Journal(tmp_path / "g.csv").locked():
            pass
