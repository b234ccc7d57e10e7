"""Fits and comparisons: what a table is, the child processes, and their figures as table and chart nodes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from slicer_lesions import answering, model_folder, write_cohort

from USHarmonizationLogic.tables import columnsOf
from USRadiomicsLNMLogic import LogicError, USRadiomicsLNMLogic
from USRadiomicsLNMLogic.modelling import lookAtTable

pytest.importorskip("sklearn", reason="models need scikit-learn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.getbasetemp())


@pytest.fixture
def logic(scene: Any) -> USRadiomicsLNMLogic:
    return USRadiomicsLNMLogic(scene)


def test_a_table_is_told_from_its_header_and_first_rows(folder: Path, tmp_path: Path) -> None:
    found = lookAtTable(folder / "features.csv")
    assert (found.isFeatures, found.outcomes, found.rowsText, found.scanners) == (True, ("lnm",), "90", 1)
    assert found.featuresPath == found.path
    cohort = lookAtTable(folder / "cohort" / "cohort.csv")
    assert (cohort.isFeatures, cohort.outcomes) == (False, ("lnm",))
    assert cohort.featuresPath == folder / "cohort" / "cohort-features.csv"
    semicolons = tmp_path / "semicolons.csv"
    semicolons.write_text("\ufeffImage;Mask;LNM;FIGO\na.png;b.png;1;2\nc.png;d.png;0;1\n", encoding="utf-8")
    assert lookAtTable(semicolons).outcomes == ("LNM",)


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("name,age\nx,1\n")
    (tmp_path / "images.csv").write_text("image,lnm\na.png,1\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "latin.csv").write_bytes("image,größe\na,1\n".encode("latin-1"))
    for name, said in (
        ("", "Choose a table"),
        ("none.csv", "cannot be read"),
        ("notes.csv", "no table of images"),
        ("empty.csv", "no table of images"),
        ("images.csv", "neither features nor the column mask"),
        ("latin.csv", "no CSV in UTF-8"),
    ):
        with pytest.raises(LogicError, match=said):
            lookAtTable(tmp_path / name if name else "")


def test_a_fit_gives_a_model_tables_and_a_chart(logic: USRadiomicsLNMLogic, folder: Path, tmp_path: Path) -> None:
    process = logic.startFit(folder / "features.csv", "lnm", tmp_path / "model.json", folds=3).start()
    assert process.wait(120) == "done"
    results = logic.finishFit(process)
    # The same as the command line's: same features, folds and seed.
    assert (tmp_path / "model.json").read_bytes() == (folder / "model.json").read_bytes()
    model = logic.loadModel(tmp_path / "model.json")
    performance, features = map(columnsOf, results.tables)
    assert performance["set"] == ["nested", "training"]
    assert performance["auc"][0] == model.performance["nested"]["auc"]["value"]
    assert sorted(features["feature"]) == sorted(feature.name for feature in model.features)
    assert results.summary[1].startswith("Cross-validated: AUC 0.")
    assert any("no split was held out" in note for note in results.notes)
    assert results.charts[0].GetName() == "LNM model coefficients"
    again = logic.finishFit(process)
    assert again.tables == results.tables  # filled anew, not doubled


def test_a_comparison_gives_curves(logic: USRadiomicsLNMLogic, folder: Path, tmp_path: Path) -> None:
    process = logic.startCompare(folder / "features.csv", folder / "after.csv", "lnm", tmp_path / "out", folds=3)
    assert process.state == "ready"
    process = answering(folder / "compare.json")  # what this very command has answered
    assert process.start().wait(30) == "done"
    results = logic.finishCompare(process)
    assert [chart.GetName() for chart in results.charts] == ["LNM ROC", "LNM calibration", "LNM decision curve"]
    roc = results.charts[0]
    assert [roc.GetNthPlotSeriesNode(place).GetName() for place in range(3)] == ["before", "after", "chance"]
    series = roc.GetNthPlotSeriesNode(1)
    values = columnsOf(series.GetTableNode())[series.GetYColumnName()]
    with open(folder / "comparison" / "roc.csv", newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if (row["model"], row["set"]) == ("after", "nested")]
    assert values[: len(rows)] == pytest.approx([float(row["true_positive_rate"]) for row in rows])
    assert roc.GetTitle() == "LNM ROC (cross-validated)"
    assert results.summary[0].startswith("Cross-validated: AUC ")
    assert "DeLong" in results.summary[0]
    assert columnsOf(results.tables[0])["model"] == ["before", "before", "after", "after"]


def test_a_cohort_is_extracted_first(logic: USRadiomicsLNMLogic, tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path / "cohort", 3)
    process = logic.startFit(cohort, "lnm", tmp_path / "model.json", folds=2).start()
    process.wait(120)
    assert lookAtTable(tmp_path / "cohort" / "cohort-features.csv").isFeatures
    with pytest.raises(LogicError, match="No model: "):  # three patients are too few
        logic.finishFit(process)


def test_lesions_that_fail_are_told_with_a_way_on(logic: USRadiomicsLNMLogic, tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path / "cohort", 2)
    (tmp_path / "cohort" / "mask01.nrrd").unlink()
    process = logic.startFit(cohort, "lnm", tmp_path / "model.json").start()
    assert process.wait(120) == "failed"
    with pytest.raises(
        LogicError, match=r"1 lesion of the cohort has no features.*choose the table cohort-features\.csv"
    ):
        logic.finishFit(process)


def test_what_cannot_be_started_is_said(logic: USRadiomicsLNMLogic, folder: Path, tmp_path: Path) -> None:
    features = folder / "features.csv"
    with pytest.raises(LogicError, match="Choose the outcome"):
        logic.startFit(features, "", tmp_path / "model.json")
    with pytest.raises(LogicError, match=r"ends in \.json"):
        logic.startFit(features, "lnm", tmp_path / "model.txt")
    with pytest.raises(LogicError, match="Choose a folder"):
        logic.startCompare(features, features, "lnm", features)
    process = logic.startFit(features, "age", tmp_path / "model.json").start()
    process.wait(60)
    with pytest.raises(LogicError, match="No model: no outcome column 'age'"):
        logic.finishFit(process)
