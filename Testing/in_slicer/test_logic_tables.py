"""CSV files and columns as table nodes: types, empty cells, filled anew without leaving anything."""

from __future__ import annotations

import math

import numpy as np
import pytest

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.tables import columnsOf, readColumns, tableFromColumns, tableFromCsv, typed


def test_columns_keep_their_types(scene):
    node = tableFromColumns(scene, {"n": [1, -2], "x": np.array([0.5, 2.0]), "text": ["", "b"]}, "T")
    assert node.GetName() == "T"
    kinds = [node.GetTable().GetColumn(at).GetClassName() for at in range(3)]
    assert kinds == ["vtkIntArray", "vtkDoubleArray", "vtkStringArray"]
    assert columnsOf(node) == {"n": [1, -2], "x": [0.5, 2.0], "text": ["", "b"]}


def test_missing_numbers(scene):
    values = columnsOf(tableFromColumns(scene, {"x": [1.5, None]}))["x"]
    assert values[0] == 1.5
    assert math.isnan(values[1])


def test_filled_anew_in_place(scene):
    node = tableFromColumns(scene, {"a": [1, 2], "b": [3, 4]})
    count = scene.GetNumberOfNodes()
    assert tableFromColumns(scene, {"c": ["x"]}, node=node) is node
    assert columnsOf(node) == {"c": ["x"]}
    assert scene.GetNumberOfNodes() == count


def test_columns_that_differ_in_length(scene):
    with pytest.raises(LogicError, match="differ in length: a 1, b 2"):
        tableFromColumns(scene, {"a": [1], "b": [1, 2]}, "T")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2"], [1, 2]),
        (["1", "2.5"], [1.0, 2.5]),
        (["007", "8"], ["007", "8"]),
        (["3000000000", "1"], [3e9, 1.0]),
        (["", ""], ["", ""]),
        (["a", "1"], ["a", "1"]),
        (["0", "-1"], [0, -1]),
    ],
)
def test_typed(cells, values):
    assert typed(cells) == values
    assert [type(value) for value in typed(cells)] == [type(value) for value in values]


def test_csv(scene, tmp_path):
    path = tmp_path / "apply.csv"
    path.write_text('image,qa,note\n"a, b.png",0.5,x\nc.png,,"two\nlines"\ncut', encoding="utf-8-sig")
    node = tableFromCsv(scene, path)
    columns = columnsOf(node)
    assert node.GetName() == "apply"
    assert columns["image"] == ["a, b.png", "c.png"]
    assert columns["qa"][0] == 0.5
    assert math.isnan(columns["qa"][1])
    assert columns["note"] == ["x", "two\nlines"]


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot be read"), (b"", "is empty"), (b"a\xff\n", "is not UTF-8")]
)
def test_bad_files(tmp_path, content, reason):
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LogicError, match=reason):
        readColumns(path)
