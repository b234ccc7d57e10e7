"""Results of a study: what is written is what is read."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from study_results import example_results

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.study.results import FILE, TABLES, StudyResults


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    results = example_results(tmp_path / "one")
    results.write(tmp_path / "one")
    again = StudyResults.read(tmp_path / "one")
    assert repr(again) == repr(results)  # by text, as NaN is not equal to itself
    again.write(tmp_path / "two")
    for name in (FILE, *(f"{table}.csv" for table in TABLES)):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_every_table_of_the_example_has_rows_and_its_own_columns(tmp_path: Path) -> None:
    results = example_results()
    results.write(tmp_path)
    for name, kind in TABLES.items():
        with open(tmp_path / f"{name}.csv", newline="", encoding="utf-8") as stream:
            header, *rows = csv.reader(stream)
        assert header == list(kind.__dataclass_fields__)
        assert len(rows) == len(getattr(results, name)) > 0


def test_examples_stand_where_the_results_say(tmp_path: Path) -> None:
    results = example_results(tmp_path)
    assert all((tmp_path / one.file).is_file() and (tmp_path / one.lesion).is_file() for one in results.examples)


def test_a_folder_without_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"results of a study in .* cannot be read"):
        StudyResults.read(tmp_path)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    example_results().write(tmp_path)
    content = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    (tmp_path / FILE).write_text(json.dumps({**content, "schema_version": 2}), encoding="utf-8")
    with pytest.raises(UsageError, match="schema version"):
        StudyResults.read(tmp_path)


def test_a_table_without_a_column_is_refused(tmp_path: Path) -> None:
    example_results().write(tmp_path)
    (tmp_path / "features.csv").write_text("method,features,feature\noriginal,texture,x\n", encoding="utf-8")
    with pytest.raises(UsageError, match="coefficient"):
        StudyResults.read(tmp_path)
