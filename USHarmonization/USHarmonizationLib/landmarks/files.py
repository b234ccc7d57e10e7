"""Landmark files: 3D Slicer's markups (``.mrk.json``, ``.fcsv``) and CSV.

=============  ==================================================================================================
``.mrk.json``  one list of points; LPS or RAS as it says; points that are not placed are left out
``.fcsv``      version 4 and 5; LPS, RAS or the numbers of older versions as its header says
``.csv``       ``label,x_mm,y_mm`` (LPS), ``label,x_px,y_px`` (column and row, the first is 0), or ``label,x,y,unit``
               with ``mm`` or ``pixel``
=============  ==================================================================================================
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic import write_text
from ..errors import InputError
from ..files.checks import refused
from .geometry import Geometry, Points

FORMS = {
    ".mrk.json": "one list of points as 3D Slicer saves it",
    ".fcsv": "a list of points as 3D Slicer saves it, version 4 or 5",
    ".csv": "a line a landmark, with the columns label,x_mm,y_mm or label,x_px,y_px or label,x,y,unit",
}
SUFFIXES = tuple(FORMS)
SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
# From a file's axes to LPS. The numbers are those of Slicer before 4.11.
TO_LPS = {"LPS": (1.0, 1.0, 1.0), "1": (1.0, 1.0, 1.0), "RAS": (-1.0, -1.0, 1.0), "0": (-1.0, -1.0, 1.0)}
# What .fcsv has for a point that is placed, in its last column but one.
PLACED = "2"
# As written by Slicer (5.6) or by its package without a window (slicer-core-5.13.31053.0).
VERSION = re.compile(r"(\d+)\.")
MAX_BYTES = 10_000_000


@dataclass(frozen=True)
class Landmarks:
    """Points of one image, in the order of the file.

    Attributes:
        labels: names, "" where there is none.
        points: (points, 3): x, y, z in mm, LPS; or column, row, 0.
        unit: ``mm`` or ``pixel``.
        path: the file.
    """

    labels: tuple[str, ...]
    points: Points
    unit: str = "mm"
    path: Path = Path()

    def __post_init__(self) -> None:
        if self.points.shape != (len(self.labels), 3) or self.unit not in ("mm", "pixel"):
            raise ValueError(f"{len(self.labels)} labels for points {self.points.shape} in {self.unit}")

    def __len__(self) -> int:
        return len(self.labels)

    def in_pixels(self, where: Geometry, frame: int = 0) -> Points:
        """(points, 2) column, row of the landmarks in a frame of an image.

        Raises:
            InputError: the points lie on another frame of the stack. Points of a cine, which in Slicer all lie on the
                plane of the first frame, belong to any.
        """
        if self.unit == "pixel":
            return self.points[:, :2]
        depths = np.array(where.depths)
        nearest = np.abs(self.points[:, 2:] - depths).argmin(axis=1)
        if len(set(nearest.tolist())) > 1:
            raise refused(self.path, f"its points lie on the frames {sorted(set(nearest.tolist()))}; needed: one frame")
        if len(nearest) and nearest[0] not in (0, frame):
            raise refused(self.path, f"its points lie on frame {nearest[0]}, not on frame {frame}; choose that frame")
        return where.to_pixels(self.points[:, :2])


def read_landmarks(path: Path | str) -> Landmarks:
    """Read the landmarks of one image.

    Raises:
        InputError: one line that names the file and says why it is not read.
    """
    path = Path(path)
    suffix = next((one for one in SUFFIXES if path.name.lower().endswith(one)), None)
    if not path.is_file():
        raise refused(path, "is a folder; needed: a file of landmarks" if path.is_dir() else "no such file")
    if suffix is None:
        raise refused(path, f"is no landmark file; read are {', '.join(SUFFIXES)}")
    if path.stat().st_size > MAX_BYTES:
        raise refused(path, f"has more than {MAX_BYTES // 10**6} MB, which no landmark file has")
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = {".mrk.json": _markups, ".fcsv": _fcsv, ".csv": _csv}[suffix](path, text)
    except InputError:
        raise
    except OSError as error:
        raise refused(path, f"cannot be read ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, csv.Error) as error:
        raise refused(path, f"is not a valid {suffix} file ({_why(error)}); needed: {FORMS[suffix]}") from error
    for label, point in zip(found.labels, found.points, strict=True):
        if not np.isfinite(point).all():
            raise refused(path, f"landmark {label or '(no name)'} has no finite position")
    if not len(found):
        raise refused(path, "holds no landmark that is placed")
    return found


def write_markups(path: Path, labels: Sequence[str], points: Points, name: str = "landmarks") -> None:
    """Write landmarks as 3D Slicer's markups, in LPS.

    Args:
        path: file to write, ``.mrk.json``.
        labels: one a point.
        points: (points, 2 or 3) in mm; z is 0 where it is not given.
        name: what the list is called in Slicer.

    Raises:
        ValueError: the numbers of labels and points differ.
        OSError: the file cannot be written.
    """
    full = np.pad(points, ((0, 0), (0, 3 - points.shape[1])))
    control = [
        {"id": str(number), "label": label, "position": point, "positionStatus": "defined"}
        for number, (label, point) in enumerate(zip(labels, full.tolist(), strict=True), start=1)
    ]
    markup = {
        "type": "Fiducial",
        "name": name,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "controlPoints": control,
    }
    content = {"@schema": SCHEMA, "markups": [markup]}
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _markups(path: Path, text: str) -> Landmarks:
    lists = json.loads(text)["markups"]
    if len(lists) != 1:
        raise refused(path, f"holds {len(lists)} lists of points; needed: one")
    markup: dict[str, Any] = lists[0]
    if (unit := markup.get("coordinateUnits", "mm")) not in ("mm", ["mm", "UCUM", "millimeter"]):
        raise refused(path, f"its coordinates are in {unit}; needed: mm")
    factor = _factor(path, markup.get("coordinateSystem", "LPS"))
    placed = [one for one in markup["controlPoints"] if one.get("positionStatus", "defined") == "defined"]
    return _landmarks(path, [(str(one.get("label", "")), one["position"]) for one in placed], factor)


def _fcsv(path: Path, text: str) -> Landmarks:
    lines = text.splitlines()
    header = {
        key.strip(" #\t"): value.strip() for key, _, value in (line.partition("=") for line in lines if line[:1] == "#")
    }
    version = header.get("Markups fiducial file version", "")
    major = VERSION.search(version)
    if major is None or major[1] not in ("4", "5"):
        raise refused(path, f"is of version {version or 'unknown'}; read are 4 and 5")
    factor = _factor(path, header.get("CoordinateSystem", "RAS"))
    columns = [name.strip() for name in header["columns"].split(",")]
    label, x = columns.index("label"), columns.index("x")
    rows = list(csv.reader(line for line in lines if line.strip() and line[0] != "#"))
    # Newer versions end a row with the point's status, which their header does not name.
    placed = [row for row in rows if len(row) < len(columns) + 2 or row[len(columns)] == PLACED]
    return _landmarks(path, [(row[label], row[x : x + 3]) for row in placed], factor)


def _csv(path: Path, text: str) -> Landmarks:
    rows = list(csv.DictReader(text.splitlines(), strict=True))
    columns = {name.strip().lower(): name for name in (rows[0] if rows else {}) if name}
    for x, y, unit in (("x_mm", "y_mm", "mm"), ("x_px", "y_px", "pixel"), ("x", "y", "")):
        if {"label", x, y} <= columns.keys() and (unit or "unit" in columns):
            break
    else:
        raise refused(path, "needed columns: label,x_mm,y_mm or label,x_px,y_px or label,x,y,unit (mm or pixel)")
    units = {unit or str(row[columns["unit"]]).strip().lower() for row in rows}
    if len(units) != 1 or not units <= {"mm", "pixel"}:
        raise refused(path, f"its unit is {', '.join(sorted(units))}; needed: mm or pixel, the same for all")
    points = [(str(row[columns["label"]]).strip(), [row[columns[x]], row[columns[y]], 0.0]) for row in rows]
    return _landmarks(path, points, TO_LPS["LPS"], units.pop())


def _why(error: Exception) -> str:
    """What is wrong with the content of a file, for people."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no text"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    # What Python says of types is of no use to people.
    return str(error) if isinstance(error, ValueError | csv.Error) else "its parts are of other kinds"


def _factor(path: Path, system: object) -> tuple[float, float, float]:
    if str(system) not in TO_LPS:
        raise refused(path, f"its coordinate system is {system}; read are LPS and RAS")
    return TO_LPS[str(system)]


def _landmarks(
    path: Path, found: Sequence[tuple[str, Sequence[Any]]], factor: tuple[float, float, float], unit: str = "mm"
) -> Landmarks:
    values = np.array([[float(value) for value in point] for _, point in found], dtype=float).reshape(-1, 3)
    return Landmarks(tuple(label for label, _ in found), values * np.array(factor), unit, path)
