"""Landmark files as 3D Slicer and people write them, and as they must not be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from USHarmonizationLib.errors import InputError
from USHarmonizationLib.landmarks.files import Landmarks, read_landmarks, write_markups
from USHarmonizationLib.landmarks.geometry import Geometry

LPS = [[1.5, 2.0, 0.0], [3.0, -4.0, 0.0]]
RAS = [[-1.5, -2.0, 0.0], [-3.0, 4.0, 0.0]]


def markups(path: Path, points: list[list[float]], **changed: Any) -> Path:
    control = [
        {"id": str(place), "label": f"F-{place}", "position": point, "positionStatus": "defined"}
        for place, point in enumerate(points, start=1)
    ]
    markup = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": control} | changed
    path.write_text(json.dumps({"markups": [markup]}))
    return path


def fcsv(path: Path, system: str, points: list[list[float]], version: str = "5.6", end: str = "") -> Path:
    rows = [
        f'vtk{place},{x},{y},{z},0,0,0,1,1,1,0,"wire {place}, top",,{end}' for place, (x, y, z) in enumerate(points)
    ]
    header = [
        f"# Markups fiducial file version = {version}",
        f"# CoordinateSystem = {system}",
        "# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID",
    ]
    path.write_text("\n".join([*header, *rows]) + "\n")
    return path


@pytest.mark.parametrize(("system", "points"), [("LPS", LPS), ("RAS", RAS)])
def test_markups_of_both_systems_are_the_same_points(tmp_path: Path, system: str, points: list[list[float]]) -> None:
    found = read_landmarks(markups(tmp_path / "a.mrk.json", points, coordinateSystem=system))
    assert found.points.tolist() == LPS
    assert found.labels == ("F-1", "F-2")


def test_points_that_are_not_placed_are_left_out(tmp_path: Path) -> None:
    path = markups(tmp_path / "a.mrk.json", [*LPS, [9.0, 9.0, 9.0]])
    content = json.loads(path.read_text())
    content["markups"][0]["controlPoints"][0] |= {"positionStatus": "undefined", "position": [0, 0, 0]}
    path.write_text(json.dumps(content))
    assert read_landmarks(path).labels == ("F-2", "F-3")


@pytest.mark.parametrize(
    ("system", "points", "version"),
    [
        ("LPS", LPS, "5.6"),
        ("RAS", RAS, "4.11"),
        ("0", RAS, "4.10"),
        ("1", LPS, "4.6"),
        ("LPS", LPS, "slicer-core-5.13.31053.0"),
    ],
)
def test_fcsv_of_all_systems_are_the_same_points(
    tmp_path: Path, system: str, points: list[list[float]], version: str
) -> None:
    found = read_landmarks(fcsv(tmp_path / "a.fcsv", system, points, version))
    assert found.points.tolist() == LPS
    assert found.labels == ("wire 0, top", "wire 1, top")


def test_status_at_the_end_of_new_fcsv_rows(tmp_path: Path) -> None:
    assert len(read_landmarks(fcsv(tmp_path / "a.fcsv", "LPS", LPS, end=",2,0"))) == 2
    path = fcsv(tmp_path / "b.fcsv", "LPS", LPS, end=",0,0")
    with pytest.raises(InputError, match="no landmark that is placed"):
        read_landmarks(path)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("label,x_mm,y_mm\na,1.5,2\nb,3,-4\n", "mm"),
        ("label,x_px,y_px\na,1.5,2\nb,3,-4\n", "pixel"),
        ("Label, x, y, unit\na,1.5,2,pixel\nb,3,-4,pixel\n", "pixel"),
        ("\ufefflabel,x,y,unit\na,1.5,2,mm\nb,3,-4,MM\n", "mm"),
    ],
)
def test_csv_says_its_unit(tmp_path: Path, text: str, unit: str) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    found = read_landmarks(tmp_path / "a.csv")
    assert (found.points.tolist(), found.labels, found.unit) == (LPS, ("a", "b"), unit)


def test_markups_are_read_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "a.mrk.json"
    write_markups(path, ["a", "µ"], np.array(LPS)[:, :2])
    found = read_landmarks(path)
    assert (found.points.tolist(), found.labels) == (LPS, ("a", "µ"))
    assert json.loads(path.read_text(encoding="utf-8"))["@schema"].endswith("markups-schema-v1.0.3.json#")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.txt", "x", "is no landmark file; read are .mrk.json"),
        ("a.mrk.json", "{", "not a valid .mrk.json"),
        ("a.mrk.json", '{"markups": []}', "holds 0 lists"),
        ("a.mrk.json", '{"markups": [{"coordinateSystem": "IJK", "controlPoints": []}]}', "system is IJK"),
        ("a.mrk.json", '{"markups": [{"coordinateUnits": "cm", "controlPoints": []}]}', "in cm; needed: mm"),
        ("a.mrk.json", '{"markups": [{"controlPoints": []}]}', "no landmark that is placed"),
        ("a.mrk.json", '{"markups": [{"controlPoints": [{"label": "a", "position": [1, NaN, 0]}]}]}', "landmark a has"),
        ("a.mrk.json", '{"markups": [{"controlPoints": [{"label": "a", "position": [1, 2]}]}]}', "not a valid"),
        ("a.mrk.json", "[1]", r"not a valid .mrk.json file \(its parts are of other kinds\); needed: one list"),
        ("a.mrk.json", '{"a": 1}', r"\(it has no 'markups'\)"),
        ("a.mrk.json", '{"markups": [{"controlPoints": [{"label": "a", "position": null}]}]}', "of other kinds"),
        ("a.fcsv", "# Fiducial List file a.fcsv\nF,1,2,3,1,1\n", "version unknown; read are 4 and 5"),
        ("a.csv", "label,x,y\na,1,2\n", "needed columns"),
        ("a.csv", "label,x,y,unit\na,1,2,inch\n", "unit is inch"),
        ("a.csv", "label,x_mm,y_mm\na,1\n", "not a valid .csv"),
        ("a.csv", 'label,x_mm,y_mm\n"a,1,2\n', "unexpected end of data.*needed: a line a landmark"),
        ("a.csv", "label,x_mm,y_mm\na,1,inf\n", "no finite position"),
        ("a.csv", "", "needed columns"),
    ],
)
def test_what_cannot_be_read_is_refused_on_one_line(tmp_path: Path, name: str, text: str, reason: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=reason) as caught:
        read_landmarks(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "c.csv").mkdir()
    for name, reason in (
        ("b.csv", "no such file"),
        ("a.csv", "it is no text"),
        ("c.csv", "is a folder; needed: a file"),
    ):
        with pytest.raises(InputError, match=reason):
            read_landmarks(tmp_path / name)


def test_points_of_another_slice_are_refused() -> None:
    volume = Geometry((50, 50), (0.5, 0.5), depths=(0.0, 2.0, 4.0))
    found = Landmarks(("a", "b"), np.array([[1.0, 2.0, 4.1], [3.0, 4.0, 3.9]]))
    assert found.in_pixels(volume, 2).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    with pytest.raises(InputError, match="on frame 2, not on frame 1"):
        found.in_pixels(volume, 1)
    with pytest.raises(InputError, match="needed: one frame"):
        Landmarks(("a", "b"), np.array([[1.0, 2.0, 4.0], [3.0, 4.0, 0.0]])).in_pixels(volume, 2)
    # In Slicer all frames of a cine lie on the plane of the first.
    assert len(Landmarks(("a",), np.array([[1.0, 2.0, 0.0]])).in_pixels(volume, 2)) == 1
