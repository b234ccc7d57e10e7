"""The cohort table: a CSV with one row an image, and the patients' pseudonyms.

Columns: ``image`` (path relative to the CSV), and, where wanted, ``mask``, ``label`` (mask value, default 1),
``patient``, ``scanner`` (catalogue id; detected when empty), ``split`` (``train``, ``validation`` or ``test``), and
any outcome and clinical columns, which are passed on as they are. Comma, semicolon or tab separate; in the latter two
a decimal comma is read as a point. UTF-8, with or without byte order mark, or UTF-16 as spreadsheets save it.

A patient's identity never leaves ``read_cohort``: rows hold its pseudonym, ``sha256:`` and the first 16 hexadecimal
digits of the SHA-256 of the id as it stands in the table (blanks at the ends aside). The same id always gives the same
pseudonym, so that patients a model was trained on are recognised elsewhere; who has the list of all ids can undo it. A
pseudonym in the table is kept as it is.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .atomic import write_text
from .errors import UsageError
from .scanners import Catalogue, catalogue

COLUMNS = ("image", "mask", "label", "patient", "scanner", "split")
SPLITS = ("train", "validation", "test")
PSEUDONYM = re.compile(r"sha256:[0-9a-f]{16}")


@dataclass(frozen=True)
class CohortRow:
    """One image of a cohort.

    Attributes:
        image: where it lies; need not exist.
        mask: where its mask lies, None when the table names none.
        label: value of the lesion in the mask, at least 1.
        patient: pseudonym, "" when the table names none.
        scanner: catalogue id, None when it is to be detected.
        split: ``train``, ``validation``, ``test`` or None.
        others: the table's other columns, in its order, as text.
    """

    image: Path
    mask: Path | None = None
    label: int = 1
    patient: str = ""
    scanner: str | None = None
    split: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)


def pseudonym(patient: str) -> str:
    """``sha256:`` and 16 hexadecimal digits for a patient's id; "" for "", and a pseudonym stays what it is."""
    patient = patient.strip()
    if not patient or PSEUDONYM.fullmatch(patient):
        return patient
    return "sha256:" + hashlib.sha256(patient.encode("utf-8")).hexdigest()[:16]


def read_cohort(path: Path, scanners: Catalogue | None = None) -> tuple[CohortRow, ...]:
    """Read and check a cohort table.

    Images and masks are not opened, nor need they exist: a missing one is the fault of one row, found when it is used.

    Args:
        path: the CSV.
        scanners: the catalogue that knows the scanner ids; the default catalogue when None.

    Raises:
        UsageError: the table cannot be read, lacks ``image``, names a scanner, split or label that does not exist, has
        a
            row twice, or a patient in two splits. One line that names file, line and fault, and no patient.
    """
    known = scanners or catalogue()
    rows: list[CohortRow] = []
    lines: dict[tuple[Path, Path | None, int], int] = {}
    splits: dict[str | Path, tuple[str, int]] = {}
    for line, values in _records(path):
        row = _row(values, path.parent, known, f"{path}, line {line}")
        first = lines.setdefault((absolute(row.image), row.mask and absolute(row.mask), row.label), line)
        if first != line:
            raise UsageError(f"{path}: lines {first} and {line} are the same row ({row.image.name}); remove one")
        for what, key in (("patient", row.patient), ("image", absolute(row.image))):
            if key and row.split:
                split, before = splits.setdefault(key, (row.split, line))
                if split != row.split:
                    put = f"lines {before} and {line} put one {what} into two splits ({split}, {row.split})"
                    raise UsageError(f"{path}: {put}; a patient belongs to one")
        rows.append(row)
    if not rows:
        raise UsageError(f"{path} has no rows")
    return tuple(rows)


def write_cohort(path: Path, rows: Sequence[CohortRow]) -> None:
    """Write a cohort table that ``read_cohort`` reads back; paths are relative to ``path``."""
    others = list(dict.fromkeys(name for row in rows for name in row.others))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*COLUMNS, *others])
    for row in rows:
        mask = "" if row.mask is None else relative(row.mask, path.parent)
        writer.writerow(
            [relative(row.image, path.parent), mask, row.label, row.patient, row.scanner or "", row.split or ""]
            + [row.others.get(name, "") for name in others]
        )
    write_text(path, table.getvalue())


def relative(path: Path, folder: Path) -> str:
    """``path`` as seen from ``folder``, with forward slashes; absolute where it lies on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return absolute(path).as_posix()


def absolute(path: Path) -> Path:
    """``path`` from the root, without ``..``; links are not followed."""
    return Path(os.path.abspath(path))


def _row(values: Mapping[str, str], folder: Path, known: Catalogue, where: str) -> CohortRow:
    if not values["image"]:
        raise UsageError(f"{where}: the column image is empty")
    label = values.get("label") or "1"
    if not re.fullmatch(r"[0-9]+([.]0+)?", label) or int(float(label)) < 1:
        raise UsageError(f"{where}: label {label!r} must be a whole number, at least 1")
    scanner = values.get("scanner") or None
    if scanner is not None and scanner not in known.scanners:
        raise UsageError(f"{where}: unknown scanner {scanner!r}; known: {', '.join(sorted(known.scanners))}")
    split = (values.get("split") or "").lower() or None
    if split is not None and split not in SPLITS:
        raise UsageError(f"{where}: unknown split {split!r}; known: {', '.join(SPLITS)}")
    mask = values.get("mask")
    return CohortRow(
        image=folder / _system(values["image"]),
        mask=folder / _system(mask) if mask else None,
        label=int(float(label)),
        patient=pseudonym(values.get("patient", "")),
        scanner=scanner,
        split=split,
        others={name: value for name, value in values.items() if name not in COLUMNS},
    )


def _system(path: str) -> str:
    """A path written on Windows, where this is not Windows."""
    return path if os.sep == "\\" else path.replace("\\", "/")


def _records(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    """Line number and values by column of each row that is not empty."""
    text = _text(path)
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        names = [name.lower() if name.lower() in COLUMNS else name for name in names]
        if "image" not in names:
            raise UsageError(f"{path} has no column image; it has: {', '.join(filter(None, names)) or 'nothing'}")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UsageError(f"{path} has the column {twice[0]!r} twice")
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise UsageError(f"{path}, line {line}: {len(cells)} values for {len(names)} columns")
            values = dict(zip(names, (cell.strip() for cell in cells), strict=True))
            if separator != ",":
                for name in set(names) - set(COLUMNS):
                    values[name] = re.sub(r"^([+-]?[0-9]+),([0-9]+)$", r"\1.\2", values[name])
            yield line, values
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}") from error


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cohort {path}: {error.strerror or error}") from error
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"cohort {path} is not UTF-8 (byte {error.start}); save it as CSV UTF-8") from error
    if "\0" in text:
        raise UsageError(f"cohort {path} is not a text file")
    return text
