"""The features table: what comes back as it was, and one line for each thing that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_features import simulated_table

from USHarmonizationLib.cohort import pseudonym
from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.features_table import FeatureTable, read_features, write_features

TABLE = """image,mask,patient,scanner,split,lnm,age,original_glcm_Contrast,wavelet-LH_firstorder_Mean,engine,parameters
a.png,m/a.png,p1,ge-logiq-5,train,1,50,1.5,-2e-3,pyradiomics 3.0.1,abc
b.png,m/b.png,p2,ge-logiq-7,test,0,61,0.25,1e10,pyradiomics 3.0.1,abc
"""


def read(folder: Path, text: str | bytes) -> FeatureTable:
    path = folder / "features.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_features(path)


def test_a_table_is_read(tmp_path: Path) -> None:
    table = read(tmp_path, TABLE)
    assert table.names == ("original_glcm_Contrast", "wavelet-LH_firstorder_Mean")
    np.testing.assert_array_equal(table.values, [[1.5, -2e-3], [0.25, 1e10]])
    assert table.outcome("lnm").tolist() == [1, 0]
    assert table.patients.tolist() == [pseudonym("p1"), pseudonym("p2")]
    assert table.splits.tolist() == ["train", "test"]
    assert table.scanners.tolist() == ["ge-logiq-5", "ge-logiq-7"]
    assert (table.engine, table.parameters) == ("pyradiomics 3.0.1", "abc")
    assert table.cases[0].mask == tmp_path / "m" / "a.png"
    assert table.cases[0].others == {"lnm": "1", "age": "50"}


def test_written_and_read_is_the_same_to_the_last_digit(tmp_path: Path) -> None:
    table = simulated_table(patients=12, images=2, splits=True)
    values = table.values * 10.0 ** np.arange(-15, 15)
    values[3, 4] = np.nan
    cases = tuple(
        replace(case, image=tmp_path / case.image, mask=case.mask and tmp_path / case.mask) for case in table.cases
    )
    table = FeatureTable(cases, table.names, values, table.engine, table.parameters)
    write_features(tmp_path / "out.csv", table)
    again = read_features(tmp_path / "out.csv")
    np.testing.assert_array_equal(again.values, values)
    assert (again.cases, again.names, again.engine) == (table.cases, table.names, table.engine)


def test_byte_order_mark_blanks_and_quotes_do_not_matter(tmp_path: Path) -> None:
    plain = read(tmp_path, TABLE)
    other = read(tmp_path, b"\xef\xbb\xbf" + TABLE.replace("a.png,m", '"a.png", m').replace("\n", "\r\n").encode())
    assert other.cases == plain.cases
    np.testing.assert_array_equal(other.values, plain.values)


def test_features_of_other_engines_are_found_by_pattern(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("image,lnm,T1_ED_Mean,T1_ED_Max\na.png,0,1,2\n")
    assert read_features(tmp_path / "t.csv", r"T1_.*").names == ("T1_ED_Mean", "T1_ED_Max")
    with pytest.raises(UsageError, match="no feature columns"):
        read_features(tmp_path / "t.csv")
    with pytest.raises(UsageError, match="is no regular expression"):
        read_features(tmp_path / "t.csv", "(")


def test_missing_values_are_named(tmp_path: Path) -> None:
    assert read(tmp_path, TABLE).missing() == ""
    assert read(tmp_path, TABLE.replace("0.25", "")).missing() == "original_glcm_Contrast of b.png"
    assert read(tmp_path, TABLE.replace("0.25", "nan")).missing() == "original_glcm_Contrast of b.png"


WRONG: list[tuple[Callable[[str], str | bytes], str]] = [
    (lambda t: t.replace(",", ";"), "separated by semicolons; needed: commas"),
    (lambda t: t.replace(",", "\t"), "separated by tabs"),
    (lambda t: t.replace("0.25", '"0,25"'), r"line 3: original_glcm_Contrast is '0,25'; needed: a decimal point"),
    (lambda t: t.replace("0.25", "0,25"), r"line 3: 12 values for 11 columns; are there decimal commas\?"),
    (lambda t: t.replace("0.25", "low"), "line 3: original_glcm_Contrast is 'low'; needed: a number"),
    (lambda t: t.replace("0.25", "-inf"), "line 3: original_glcm_Contrast is -inf"),
    (lambda t: t + t.splitlines()[1] + "\n", r"the case a.png \(label 1\) is there twice"),
    (lambda t: t.replace("p2", "p1"), r"b.png: its patient is in two splits \(train, test\)"),
    (lambda t: t.replace("p2", ""), "the column patient is empty in some rows"),
    (lambda t: t.replace(",test,", ",,"), "the column split is empty in some rows"),
    (lambda t: t.replace(",test,", ",tset,"), "line 3: unknown split 'tset'; known: train, validation, test"),
    (lambda t: t.replace("1e10,pyradiomics 3.0.1", "1e10,other 1"), "line 3: engine is 'other 1' and 'pyradiomics"),
    (lambda t: t[:-4] + "xyz\n", "line 3: parameters is 'xyz' and 'abc' above"),
    (lambda t: t.replace("image", "picture"), "has no column image"),
    (lambda t: t.replace(",age", ",lnm"), "has the column 'lnm' twice"),
    (lambda t: t.splitlines()[0] + "\n", "no rows"),
    (lambda t: t.replace("b.png,", ",", 1), "line 3: the column image is empty"),
    (lambda t: t.encode("latin-1") + "b\xe9".encode("latin-1"), "is not UTF-8"),
]


@pytest.mark.parametrize(("spoil", "line"), WRONG, ids=[line[:40] for _, line in WRONG])
def test_what_is_wrong_is_one_line(tmp_path: Path, spoil: Callable[[str], str | bytes], line: str) -> None:
    with pytest.raises(UsageError, match=line) as caught:
        read(tmp_path, spoil(TABLE))
    assert "\n" not in str(caught.value)
    assert "p1" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv: No such file"):
        read_features(tmp_path / "none.csv")


def test_outcomes_that_are_not_0_or_1_are_named(tmp_path: Path) -> None:
    table = read(tmp_path, TABLE)
    with pytest.raises(UsageError, match="no outcome column 'pathology'; columns: lnm, age"):
        table.outcome("pathology")
    with pytest.raises(UsageError, match=r"age of a\.png is '50'; needed: 0 or 1"):
        table.outcome("age")


def test_images_stand_for_patients_where_none_are_named(tmp_path: Path) -> None:
    table = read(tmp_path, TABLE.replace("p1", "").replace("p2", ""))
    assert len(set(table.patients)) == 2
    assert table.cases[0].patient == ""
