"""The cohort table: what is read, what is refused, and that no patient's identity gets through."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from USHarmonizationLib.cohort import CohortRow, pseudonym, read_cohort, write_cohort
from USHarmonizationLib.errors import UsageError


def _csv(folder: Path, text: str | bytes) -> Path:
    path = folder / "cohort.csv"
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return path


def test_every_column(tmp_path: Path) -> None:
    table = (
        "image,mask,label,patient,scanner,split,lnm,age\n"
        "Images/a.png,Masks/a.png,2,MUSTER,ge-logiq-7,Train,1,52.5\n"
        "b.dcm,,,,,,0,\n"
    )
    first, second = read_cohort(_csv(tmp_path, table))
    assert first == CohortRow(
        image=tmp_path / "Images/a.png",
        mask=tmp_path / "Masks/a.png",
        label=2,
        patient="sha256:" + hashlib.sha256(b"MUSTER").hexdigest()[:16],
        scanner="ge-logiq-7",
        split="train",
        others={"lnm": "1", "age": "52.5"},
    )
    assert second == CohortRow(image=tmp_path / "b.dcm", others={"lnm": "0", "age": ""})


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffimage,patient,age\na.png,007,52.5\n",
        'image;patient;age\r\na.png;007;"52,5"\r\n\r\n',
        "Image ; PATIENT; age\n a.png ; 007 ;52,5\n",
        "image\tpatient\tage\na.png\t007\t52,5",
        "image\tpatient\tage\na.png\t007\t52,5\n".encode("utf-16"),
        '"image","patient","age"\n"a.png","007","52.5"\n\n',
    ],
)
def test_as_spreadsheets_save_it(tmp_path: Path, content: str | bytes) -> None:
    (row,) = read_cohort(_csv(tmp_path, content))
    assert row == CohortRow(image=tmp_path / "a.png", patient=pseudonym("007"), others={"age": "52.5"})
    assert row.patient != pseudonym("7")


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("", "no column image; it has: nothing"),
        ("picture,mask\na.png,\n", "no column image; it has: picture, mask"),
        ("image\n", "has no rows"),
        ("image,age,age\na.png,1,2\n", "column 'age' twice"),
        ("image,age\na.png\n", "line 2: 1 values for 2 columns"),
        ("image,age\n,3\n", "line 2: the column image is empty"),
        ("image,label\na.png,0\n", "line 2: label '0' must be a whole number"),
        ("image,label\na.png,1.5\n", r"label '1\.5' must be"),
        ("image,scanner\na.png,ge-logic-7\n", "line 2: unknown scanner 'ge-logic-7'; known: .*ge-logiq-7"),
        ("image,split\na.png,holdout\n", "line 2: unknown split 'holdout'; known: train, validation, test"),
        ("image\na.png\nb.png\n./a.png\n", r"lines 2 and 4 are the same row \(a.png\)"),
        ("image,patient,split\na.png,SECRET,train\nb.png,SECRET,test\n", r"lines 2 and 3 .* splits \(train, test\)"),
        ("image,label,split\na.png,1,train\na.png,2,test\n", "put one image into two splits"),
        (b"image\n\xe4.png\n", "not UTF-8"),
        (b"\x89PNG\x00\x00", "not UTF-8|not a text file"),
        ('image\n"a.png\n', "line"),
    ],
)
def test_a_wrong_table_is_one_line_without_a_patient(tmp_path: Path, table: str | bytes, fault: str) -> None:
    with pytest.raises(UsageError, match=fault) as caught:
        read_cohort(_csv(tmp_path, table))
    assert "cohort.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_missing_table(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv: No such file"):
        read_cohort(tmp_path / "none.csv")


def test_one_image_may_have_two_lesions_and_a_patient_two_images(tmp_path: Path) -> None:
    table = "image,label,patient,split\na.png,1,p,train\na.png,2,p,train\nb.png,1,p,train\n"
    assert [row.label for row in read_cohort(_csv(tmp_path, table))] == [1, 2, 1]


def test_written_from_another_folder_it_names_the_same_files(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    table = "image,mask,label,patient,scanner,split,site\nx/a.png,m/a.png,3,p1,siemens-s2000,test,Köln\nb.png,,,,,,\n"
    rows = read_cohort(_csv(source, table))
    copy = tmp_path / "out" / "cohort.csv"
    write_cohort(copy, rows)
    again = read_cohort(copy)
    assert [(row.image.resolve(), row.mask and row.mask.resolve()) for row in again] == [
        (row.image.resolve(), row.mask and row.mask.resolve()) for row in rows
    ]
    assert [(row.label, row.patient, row.scanner, row.split, row.others) for row in again] == [
        (row.label, row.patient, row.scanner, row.split, row.others) for row in rows
    ]
    assert "p1" not in copy.read_text(encoding="utf-8").replace(rows[0].patient, "")


@given(st.text())
def test_a_pseudonym_stays_what_it_is(patient: str) -> None:
    once = pseudonym(patient)
    assert pseudonym(once) == once
    assert bool(once) == bool(patient.strip())
