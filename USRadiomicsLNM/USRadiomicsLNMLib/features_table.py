"""The features table: a CSV with one row an image (or lesion of an image), from extraction to models.

The columns of the cohort (see ``USHarmonizationLib.cohort``), then the features under pyradiomics' names
(``original_glcm_Contrast``, ``wavelet-LH_firstorder_Mean``), then ``engine`` (what extracted them) and ``parameters``
(hash of how). Commas separate, numbers have a decimal point; UTF-8, with or without byte order mark. An empty cell is a
missing value. A row is known by image, mask, label and, where there is such a column, ``frame``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.cohort import COLUMNS, SPLITS, CohortRow, absolute, pseudonym, relative
from USHarmonizationLib.errors import UsageError

Floats = NDArray[np.float64]

# The classes of pyradiomics, after the image type (and whatever stands before that).
FEATURE = r"(.+_)?(firstorder|shape|shape2D|glcm|glrlm|glszm|gldm|ngtdm)_\w+"
ENGINE, PARAMETERS = "engine", "parameters"
FRAME, HARMONIZER = "frame", "harmonizer"


@dataclass(frozen=True)
class FeatureTable:
    """Features of many images.

    Attributes:
        cases: (n,) the cohort's row of each; clinical columns and outcomes are in its ``others``.
        names: (features,) without repetition.
        values: (n, features), NaN where missing, never infinite.
        engine: name and version of what extracted them, "" when unknown.
        parameters: hash of the extraction's parameters, "" when unknown.

    Raises:
        UsageError: sizes do not match, a name or case is there twice, a value is infinite, or a patient is in two
            splits.
    """

    cases: tuple[CohortRow, ...]
    names: tuple[str, ...]
    values: Floats = field(repr=False)
    engine: str = ""
    parameters: str = ""

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.cases), len(self.names)):
            raise UsageError(f"values of shape {self.values.shape} for {len(self.cases)} x {len(self.names)} features")
        if not self.names:
            raise UsageError("no feature columns; needed: names as pyradiomics gives them (original_glcm_Contrast)")
        if twice := _twice(self.names):
            raise UsageError(f"the column {twice!r} is there twice")
        if not self.cases:
            raise UsageError("no rows")
        for row, column in np.argwhere(np.isinf(self.values)):
            raise UsageError(f"{self.names[column]} of {self.cases[row].image.name} is infinite; needed: a number")
        first: dict[tuple[object, ...], CohortRow] = {}
        splits: dict[str, str] = {}
        for case in self.cases:
            if first.setdefault(key_of(case), case) is not case:
                raise UsageError(f"the case {case.image.name} (label {case.label}) is there twice; remove one row")
            for member in filter(None, (case.patient, str(absolute(case.image)))):
                if case.split and splits.setdefault(member, case.split) != case.split:
                    put = f"{case.image.name}: its patient is in two splits ({splits[member]}, {case.split})"
                    raise UsageError(f"{put}; a patient belongs to one")

    @cached_property
    def patients(self) -> NDArray[np.str_]:
        """(n,) pseudonyms; where the table names no patients, each image is its own."""
        return np.array([case.patient or f"image {absolute(case.image)}" for case in self.cases])

    @cached_property
    def scanners(self) -> NDArray[np.str_]:
        """(n,) scanner ids, "" when unknown."""
        return np.array([case.scanner or "" for case in self.cases])

    @cached_property
    def splits(self) -> NDArray[np.str_]:
        """(n,) ``train``, ``validation``, ``test``, or "" in a table without splits."""
        return np.array([case.split or "" for case in self.cases])

    @cached_property
    def harmonizers(self) -> NDArray[np.str_]:
        """(n,) name of the harmonizer that each image went through, "" for none."""
        return np.array([case.others.get(HARMONIZER, "") for case in self.cases])

    def outcome(self, column: str) -> NDArray[np.intp]:
        """(n,) 0 or 1.

        Raises:
            UsageError: there is no such column, or a row has something else than 0 or 1 in it.
        """
        return outcome_values(self.cases, column)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> FeatureTable:
        """Some of the rows, by mask or number."""
        places = np.arange(len(self.cases))[rows]
        cases = tuple(self.cases[place] for place in places)
        return FeatureTable(cases, self.names, self.values[places], self.engine, self.parameters)

    def missing(self) -> str:
        """The first missing value, as ``FEATURE of IMAGE``, or ""."""
        gaps = np.argwhere(np.isnan(self.values))
        return f"{self.names[gaps[0][1]]} of {self.cases[gaps[0][0]].image.name}" if len(gaps) else ""


def outcome_values(rows: Sequence[CohortRow], column: str) -> NDArray[np.intp]:
    """(n,) 0 or 1, of the rows of a cohort or the cases of a table.

    Raises:
        UsageError: there is no such column, or a row has something else than 0 or 1 in it.
    """
    known = list(dict.fromkeys(name for row in rows for name in row.others))
    if column not in known:
        raise UsageError(f"no outcome column {column!r}; columns: {', '.join(known) or 'none'}")
    values = []
    for row in rows:
        text = row.others.get(column, "")
        if text not in ("0", "1", "0.0", "1.0"):
            raise UsageError(f"{column} of {row.image.name} is {text!r}; needed: 0 or 1")
        values.append(int(text[0]))
    return np.array(values, dtype=np.intp)


def key_of(case: CohortRow) -> tuple[object, ...]:
    """What makes a case another one."""
    return absolute(case.image), case.mask and absolute(case.mask), case.label, case.others.get(FRAME, "")


def read_features(path: Path, pattern: str = FEATURE) -> FeatureTable:
    """Read and check a features table.

    Args:
        path: the CSV.
        pattern: regular expression that a column's whole name must match for it to be a feature; by default the names
            of pyradiomics. Columns of the cohort are none.

    Raises:
        UsageError: one line that names the file, where it can the line and column, and what is wrong.
    """
    try:
        matches = re.compile(pattern).fullmatch
    except re.error as error:
        raise UsageError(f"pattern of feature names {pattern!r} is no regular expression ({error})") from None
    header, records = _records(path)
    names = [name for name in header if matches(name) and name not in (*COLUMNS, ENGINE, PARAMETERS)]
    others = [name for name in header if name not in {*names, *COLUMNS, ENGINE, PARAMETERS}]
    places = [header.index(name) for name in names]
    cases, rows, made = [], [], {ENGINE: "", PARAMETERS: ""}
    for line, cells in records:
        values = dict(zip(header, cells, strict=True))
        cases.append(_case(values, others, path.parent, f"{path}, line {line}"))
        rows.append(_numbers([cells[place] for place in places], names, f"{path}, line {line}"))
        for what, before in made.items():
            if len(rows) > 1 and values.get(what, "") != before:
                raise UsageError(
                    f"{path}, line {line}: {what} is {values.get(what, '')!r} and {before!r} above; "
                    "needed: one extraction for the whole table"
                )
            made[what] = values.get(what, "")
    if len({bool(case.patient) for case in cases}) > 1:
        raise UsageError(f"{path}: the column patient is empty in some rows; needed: in all or none")
    if len({case.split is None for case in cases}) > 1:
        raise UsageError(f"{path}: the column split is empty in some rows; needed: in all or none")
    try:
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
        return FeatureTable(tuple(cases), tuple(names), table, made[ENGINE], made[PARAMETERS])
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def write_features(path: Path, table: FeatureTable) -> None:
    """Write a table that ``read_features`` reads back, to the last digit; paths are relative to ``path``."""
    others = list(dict.fromkeys(name for case in table.cases for name in case.others))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *others, *table.names, ENGINE, PARAMETERS])
    for case, values in zip(table.cases, table.values, strict=True):
        mask = "" if case.mask is None else relative(case.mask, path.parent)
        writer.writerow(
            [relative(case.image, path.parent), mask, case.label, case.patient, case.scanner or "", case.split or ""]
            + [case.others.get(name, "") for name in others]
            + ["" if np.isnan(value) else repr(float(value)) for value in values]
            + [table.engine, table.parameters]
        )
    write_text(path, text.getvalue())


def _records(path: Path) -> tuple[list[str], Iterable[tuple[int, list[str]]]]:
    """Names of the columns, and line number and cells of each row that is not empty."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"features {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"features {path} is not UTF-8 (byte {error.start}); save it as CSV UTF-8") from None
    line = text.partition("\n")[0]
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if line.count(separator) > line.count(","):
            raise UsageError(f"{path} is separated by {name}; needed: commas, and decimal points")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        header = [name.lower() if name.lower() in COLUMNS else name for name in header]
        if "image" not in header:
            raise UsageError(f"{path} has no column image; needed: the columns of a cohort table and of features")
        if twice := _twice(header):
            raise UsageError(f"{path} has the column {twice!r} twice")
        rows = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                hint = "; are there decimal commas?" if len(cells) > len(header) else ""
                raise UsageError(f"{path}, line {reader.line_num}: {len(cells)} values for {len(header)} columns{hint}")
            rows.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}") from None
    return header, rows


def _case(values: Mapping[str, str], others: Sequence[str], folder: Path, where: str) -> CohortRow:
    if not values["image"]:
        raise UsageError(f"{where}: the column image is empty")
    label = values.get("label") or "1"
    if not re.fullmatch(r"[1-9][0-9]*([.]0+)?", label):
        raise UsageError(f"{where}: label {label!r} must be a whole number, at least 1")
    split = values.get("split", "").lower() or None
    if split is not None and split not in SPLITS:
        raise UsageError(f"{where}: unknown split {split!r}; known: {', '.join(SPLITS)}")
    return CohortRow(
        image=folder / values["image"],
        mask=folder / values["mask"] if values.get("mask") else None,
        label=int(float(label)),
        patient=pseudonym(values.get("patient", "")),
        scanner=values.get("scanner") or None,
        split=split,
        others={name: values[name] for name in others},
    )


def _numbers(cells: list[str], names: list[str], where: str) -> Floats:
    try:
        numbers = np.array([cell or "nan" for cell in cells], dtype=np.float64)
    except ValueError:
        numbers = np.array([_number(cell, name, where) for cell, name in zip(cells, names, strict=True)])
    if np.isinf(numbers).any():
        place = int(np.argmax(np.isinf(numbers)))
        raise UsageError(f"{where}: {names[place]} is {cells[place]}; needed: a number")
    return numbers


def _number(cell: str, name: str, where: str) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        hint = "a decimal point instead of the comma" if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", cell) else "a number"
        raise UsageError(f"{where}: {name} is {cell!r}; needed: {hint}") from None


def _twice(names: Sequence[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
