"""CSV files and columns in table nodes: numbers as numbers, text as text, an empty cell stays empty.

A node that is there is filled anew, so that views and plots that show it are renewed and nothing is left over.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import LogicError


def tableFromCsv(scene: Any, path: Path | str, name: str = "", node: Any = None) -> Any:
    """A table node with the content of a CSV file: a column of numbers where all its cells are numbers or empty.

    Args:
        scene: where a new node is added.
        path: UTF-8, separated by commas, the first line names the columns.
        name: of the node; the file's name unless given.
        node: a table node to fill anew in place of a new one.

    Raises:
        LogicError: the file cannot be read, or has no columns.

    Example:
        >>> table = tableFromCsv(slicer.mrmlScene, "results/apply.csv")
        >>> table.GetColumnName(0), table.GetNumberOfRows()
        ('input', 3)
    """
    return tableFromColumns(scene, readColumns(path), name or Path(path).stem, node)


def tableFromColumns(scene: Any, columns: Mapping[str, Iterable[Any]], name: str = "Table", node: Any = None) -> Any:
    """A table node with these columns: integers, floating-point numbers (NaN for None among them) or text.

    Args:
        scene: where a new node is added.
        columns: name -> values (a sequence or a numpy array), all equally many.
        name: of a new node.
        node: a table node to fill anew in place of a new one.

    Raises:
        LogicError: columns differ in length.

    Example:
        >>> tableFromColumns(slicer.mrmlScene, {"step": [1, 2], "loss": [0.5, 0.25], "remark": ["", "best"]})
    """
    lists = {key: _values(values) for key, values in columns.items()}
    if len({len(values) for values in lists.values()}) > 1:
        sizes = ", ".join(f"{key} {len(values)}" for key, values in lists.items())
        raise LogicError(f"the columns of the table {name} differ in length: {sizes}")
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    table = _vtkTable(lists)
    # An observed table that is replaced: one event for all columns.
    node.SetAndObserveTable(table)
    node.SetLocked(True)
    return node


def columnsOf(node: Any) -> dict[str, list[Any]]:
    """Name -> values of a table node, as ``tableFromColumns`` takes them.

    Example:
        >>> columnsOf(tableFromColumns(scene, {"step": [1, 2]}))
        {'step': [1, 2]}
    """
    table = node.GetTable()
    return {
        table.GetColumnName(column): [_plain(table.GetValue(row, column)) for row in range(table.GetNumberOfRows())]
        for column in range(table.GetNumberOfColumns())
    }


def readColumns(path: Path | str) -> dict[str, list[Any]]:
    """Name -> values of a CSV file: whole numbers, numbers (NaN where empty), or text; without rows that are cut off.

    Raises:
        LogicError: the file cannot be read, or has no columns.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LogicError(f"The table {path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise LogicError(f"The table {path} is not UTF-8; save it as CSV UTF-8.") from None
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or not any(rows[0]):
        raise LogicError(f"The table {path} is empty.")
    whole = [row for row in rows[1:] if len(row) == len(rows[0])]
    return {name: typed([row[at] for row in whole]) for at, name in enumerate(rows[0])}


def typed(cells: Sequence[str]) -> list[Any]:
    """Cells of one column as whole numbers, else as numbers (NaN where empty), else as text."""
    filled = [cell for cell in cells if cell.strip()]
    # More digits than a table's integers have: an identifier rather than a number.
    if not filled or any(
        len(cell.strip()) > 1 and cell.strip().lstrip("+-")[:1] == "0" and cell.strip().lstrip("+-").isdigit()
        for cell in filled
    ):
        return list(cells)
    for kind in (int, float):
        try:
            numbers = [kind(cell) if cell.strip() else None for cell in cells]
        except ValueError:
            continue
        if kind is int and (None in numbers or any(abs(number) >= 2**31 for number in numbers)):
            continue
        return [math.nan if number is None else number for number in numbers]
    return list(cells)


def _values(values: Iterable[Any]) -> list[Any]:
    plain = values.tolist() if hasattr(values, "tolist") else list(values)
    numbers = [value for value in plain if value is not None]
    if None in plain and numbers and all(isinstance(value, (int, float)) for value in numbers):
        return [math.nan if value is None else float(value) for value in plain]
    return plain


def _vtkTable(columns: Mapping[str, Sequence[Any]]) -> Any:
    import vtk

    table = vtk.vtkTable()
    for name, values in columns.items():
        array = _vtkArray(values)
        array.SetName(name)
        table.AddColumn(array)
    return table


def _vtkArray(values: Sequence[Any]) -> Any:
    import vtk

    if values and all(isinstance(value, (bool, int)) for value in values):
        array = vtk.vtkIntArray() if max(map(abs, values)) < 2**31 else vtk.vtkDoubleArray()
    elif values and all(isinstance(value, (bool, int, float)) for value in values):
        array = vtk.vtkDoubleArray()
    else:
        array = vtk.vtkStringArray()
        values = ["" if value is None else str(value) for value in values]
    array.SetNumberOfValues(len(values))
    for at, value in enumerate(values):
        array.SetValue(at, value)
    return array


def _plain(variant: Any) -> Any:
    if variant.IsString():
        return variant.ToString()
    number = variant.ToDouble()
    return int(number) if variant.IsInt() else number
