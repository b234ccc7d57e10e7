"""Tables of a report, as CSV and Markdown."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from USRadiomicsLNMLib.report.cells import (
    Interval,
    Line,
    Measured,
    Number,
    PValue,
    Share,
    Table,
    counted,
    fixed,
    listed,
    number_of,
)


def table() -> Table:
    return Table(
        "table_1_x",
        "X",
        ("method", "AUC", "MI", "p"),
        (
            Line(("a|b", Interval(0.12345678, 0.1, 0.2), Measured(2.5, 0.25, 1, "[a]"), PValue(0.0001234)), "Test"),
            Line(("c", "", Number(math.nan), PValue(math.nan)), "Test"),
            Line(("d", Interval(math.nan, math.nan, math.nan), 3, ""), "Training"),
        ),
        grouped_by="set",
        shown=2,
    )


def test_csv_has_all_rows_and_digits_and_the_ends_of_intervals() -> None:
    rows = list(csv.reader(io.StringIO(table().csv())))
    assert rows == [
        ["set", "method", "AUC", "AUC low", "AUC high", "MI", "MI sd", "p"],
        ["Test", "a|b", "0.123457", "0.1", "0.2", "2.5", "0.25", "0.0001234"],
        ["Test", "c", "", "", "", "", "", ""],
        ["Training", "d", "", "", "", "3", "", ""],
    ]


def test_markdown_rounds_and_lets_no_name_break_the_table() -> None:
    lines = table().markdown().splitlines()
    assert lines[0] == "| set | method | AUC | MI | p |"
    assert lines[2] == r"| Test | a\|b | 0.123 (0.100 to 0.200) | 2.5 (0.2) \[a\] | \<0.001 |"
    assert lines[3] == "| Test | c |  | – | – |"
    assert lines[-1] == r"1 more rows: table\_1\_x.csv"


def test_groups_and_columns_of_numbers() -> None:
    assert [(name, len(lines)) for name, lines in table().groups] == [("Test", 2)]
    assert table().numeric == (False, True, True, True)
    assert table().hidden == 1


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x: rows of \[1\] cells for 2 columns"):
        Table("x", "", ("a", "b"), (Line(("1",)),))


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_what_is_written_is_the_rounded_number(value: float, digits: int) -> None:
    text = fixed(value, digits)
    assert number_of(text) == pytest.approx(value, abs=0.5 * 10**-digits + 1e-9)
    assert "-" not in text
    assert not (text.startswith("−") and number_of(text) == 0)


def test_small_words() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert counted(1, "patient") == "1 patient"
    assert counted(0, "patient") == "0 patients"
    assert str(Share(0.126)) == "13 %"
    assert str(PValue(0.04)) == "0.040"
    assert fixed(math.nan, 2) == "–"
