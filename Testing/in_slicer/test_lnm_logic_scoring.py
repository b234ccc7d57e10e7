"""A score from nodes is that of the command line; what it means is said no more boldly than the model allows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import slicer
from slicer_lesions import (
    HARMONIZER,
    SCANNER,
    lesion_mask,
    model_folder,
    segmentation_node,
    speckle,
    uslnm,
    volume_node,
)

from USHarmonizationLogic.tables import columnsOf, tableFromColumns
from USRadiomicsLNMLogic import LogicError, USRadiomicsLNMLogic
from USRadiomicsLNMLogic.meaning import calibrated, featureText, meaningOf, percent

pytest.importorskip("sklearn", reason="models need scikit-learn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.getbasetemp())


@pytest.fixture
def logic(scene: Any) -> USRadiomicsLNMLogic:
    return USRadiomicsLNMLogic(scene)


@pytest.fixture(scope="module")
def extracted(folder: Path) -> dict[str, Any]:
    """The features table of a lesion."""
    own = slicer.vtkMRMLScene()
    image = volume_node(own, speckle(105))
    lesion = segmentation_node(own, image, lesion_mask())
    return columnsOf(USRadiomicsLNMLogic(own).extract(image, *lesion, scanner=SCANNER))


@pytest.fixture
def table(scene: Any, extracted: dict[str, Any]) -> Any:
    return tableFromColumns(scene, extracted, "Radiomics features")


def test_a_score_is_that_of_the_command_line(
    logic: USRadiomicsLNMLogic, table: Any, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = logic.score(folder / "model.json", table)
    logic.saveFeatures(table, tmp_path / "features.csv")
    capsys.readouterr()
    assert uslnm("score", tmp_path / "features.csv", "--model", folder / "model.json") == 0
    printed = capsys.readouterr().out
    logic.saveScores(scores, tmp_path / "score.json")
    assert (tmp_path / "score.json").read_text(encoding="utf-8") == printed
    assert json.loads(printed)[0]["probability"] == scores[0].score.probability
    assert scores[0].score.warnings == ()


def test_before_and_after_are_two_rows(scene: Any, logic: USRadiomicsLNMLogic, folder: Path) -> None:
    image, other = volume_node(scene, speckle(105)), volume_node(scene, speckle(106), "harmonized")
    other.SetAttribute("USHarmonization.Model", HARMONIZER)
    other.SetAttribute("USHarmonization.SourceScanner", SCANNER)
    other.SetNodeReferenceID("USHarmonization.source", image.GetID())
    segmentation, segment = segmentation_node(scene, image, lesion_mask())
    logic_scanner = logic.scannerOf(other)
    assert (logic.otherOf(image), logic.otherOf(other), logic_scanner) == (other, image, SCANNER)
    assert logic.segmentationOf(other) is segmentation
    table = logic.extract(other, segmentation, segment, scanner=SCANNER, other=image)
    columns = columnsOf(table)
    assert columns["image"] == ["original.nrrd", "harmonized.nrrd"]
    assert columns["harmonizer"] == ["", HARMONIZER]
    before, after = logic.score(folder / "model.json", table)
    assert before.caption == "Original"
    assert after.caption == "Harmonized"
    assert logic.meaning(after).warnings[0] == (
        f"The image was harmonized by {HARMONIZER}; the model was made for images as the scanner gives them."
    )
    with pytest.raises(LogicError, match="what it was harmonized to"):
        logic.extract(image, segmentation, segment, other=volume_node(scene, speckle(107), "third"))


def test_models_that_cannot_be_used_are_said(
    logic: USRadiomicsLNMLogic, table: Any, folder: Path, tmp_path: Path, scene: Any
) -> None:
    edited = tmp_path / "edited.json"
    edited.write_text((folder / "model.json").read_text().replace('"threshold": 0.', '"threshold": 0.1'))
    (tmp_path / "other.json").write_text("{}")
    empty = scene.AddNewNodeByClass("vtkMRMLTableNode")
    for model, node, said in (
        ("", table, "Choose an LNM model"),
        (tmp_path / "none.json", table, "no model file"),
        (edited, table, "was changed after it was written"),
        (tmp_path / "other.json", table, "is no LNM model"),
        (folder / "model.json", None, "Extract features first"),
        (folder / "model.json", empty, "holds no features"),
    ):
        with pytest.raises(LogicError, match=said):
            logic.score(model, node)


def test_a_missing_feature_is_named(
    scene: Any, logic: USRadiomicsLNMLogic, folder: Path, extracted: dict[str, Any]
) -> None:
    small = tableFromColumns(scene, {name: cells for name, cells in extracted.items() if "LL" not in name})
    model = logic.loadModel(folder / "model.json")
    feature = replace(model.features[0], name="wavelet-LL_glcm_Contrast")
    with pytest.raises(LogicError, match="wavelet-LL_glcm_Contrast is missing"):
        logic.score(replace(model, features=(feature, *model.features[1:])), small)


def test_a_table_of_text_as_it_comes_from_a_file(
    scene: Any, logic: USRadiomicsLNMLogic, folder: Path, extracted: dict[str, Any], table: Any, tmp_path: Path
) -> None:
    model = logic.loadModel(folder / "model.json")
    name = model.features[0].name

    def texts(**others: str) -> Any:
        cells = {one: [str(value) for value in values] for one, values in extracted.items()}
        return tableFromColumns(scene, cells | {one: [cell] for one, cell in others.items()})

    def probability(node: Any) -> float:
        return logic.score(model, node)[0].score.probability

    for same in (texts(), texts(label="1.0"), texts(label="")):
        assert probability(same) == probability(table)
    for cell, said in (
        ("", f"{name} is nan; needed: a number"),
        ("0,5", f"{name} is “0,5” in row 1 of the table; needed: a number, with a point"),
        ("1e400", f"{name} is inf; needed: a number"),
    ):
        with pytest.raises(LogicError, match=said):
            logic.score(model, texts(**{name: cell}))
    for cell in ("x", "1.5", "inf"):
        for use in (probability, lambda node: logic.saveFeatures(node, tmp_path / "saved.csv")):
            with pytest.raises(LogicError, match=f"label is “{cell}” in row 1 of the table; needed: a whole number"):
                use(texts(label=cell))
    assert not (tmp_path / "saved.csv").exists()


def calibration(intercept: tuple[float, float, float], slope: tuple[float, float, float]) -> dict[str, Any]:
    """Figures of the calibration, each (low, value, high)."""
    names = ("low", "value", "high")
    return {
        "patients": 90,
        "events": 30,
        "auc": {"low": 0.7, "value": 0.8, "high": 0.9},
        "calibration": {
            "intercept": dict(zip(names, intercept, strict=True)),
            "slope": dict(zip(names, slope, strict=True)),
        },
    }


GOOD = calibration((-0.4, 0.05, 0.5), (0.7, 1.05, 1.4))


@pytest.mark.parametrize(
    ("performance", "judged"),
    [
        ({"nested": GOOD}, "nested"),
        ({"nested": GOOD, "test": GOOD}, "test"),
        ({"training": GOOD}, ""),
        ({}, ""),
        ({"nested": GOOD, "test": calibration((0.4, 0.9, 1.4), (0.7, 1.05, 1.4))}, ""),  # risks too low
        ({"nested": calibration((-0.4, 0.0, 0.4), (0.2, 0.5, 0.8))}, ""),  # too extreme
        ({"nested": calibration((-2.0, 0.7, 3.4), (0.7, 1.0, 1.4))}, ""),  # could be anything
        ({"nested": {**GOOD, "events": 8}}, ""),
        ({"nested": calibration((None, None, None), (0.7, 1.0, 1.4))}, ""),  # type: ignore[arg-type]
    ],
)
def test_a_share_of_patients_needs_calibration(
    logic: USRadiomicsLNMLogic, table: Any, folder: Path, performance: dict[str, Any], judged: str
) -> None:
    model = replace(logic.loadModel(folder / "model.json"), performance=performance)
    assert calibrated(model) == judged
    scored = logic.score(model, table)[0]
    meaning = meaningOf(scored)
    hundred = round(100 * scored.score.probability)
    assert meaning.isShare == bool(judged)
    assert meaning.sentence.startswith(f"Of 100 patients like this, about {hundred} had") == bool(judged)
    if not judged:
        assert "not established" in meaning.sentence


def test_with_a_warning_it_is_no_share_of_patients(logic: USRadiomicsLNMLogic, table: Any, folder: Path) -> None:
    model = replace(logic.loadModel(folder / "model.json"), performance={"nested": GOOD}, scanners={"u-systems": 9})
    meaning = meaningOf(logic.score(model, table)[0])
    assert not meaning.isShare
    assert "do not read it as a share" in meaning.sentence
    assert meaning.warnings[0].startswith("The image is of GE LOGIQ 7; the model was trained on")


def test_warnings_are_sentences(logic: USRadiomicsLNMLogic, table: Any, folder: Path) -> None:
    model = logic.loadModel(folder / "model.json")
    far = tuple(replace(feature, least=1e6, most=2e6) for feature in model.features)
    model = replace(
        model,
        features=far,
        harmonizers={SCANNER: (HARMONIZER,)},
        radiomics={**model.radiomics, "parameters": "sha256:0000000000000000"},
    )
    warnings = meaningOf(logic.score(model, table)[0]).warnings
    assert "harmonize it first" in warnings[0]
    assert "other parameters than those of the model" in warnings[1]
    assert f"{len(far)} of {len(far)} features lie outside" in " ".join(warnings)
    assert "sha256" not in " ".join(warnings)


def test_texts() -> None:
    assert [percent(value) for value in (0.34, 0.0, 0.004, 1.0, 0.995)] == [
        *("34 %", "under 0.1 %", "0.4 %", "over 99.9 %", "99.5 %")
    ]
    assert featureText("original_glcm_Contrast") == "Contrast (GLCM)"
    assert featureText("wavelet-LH_firstorder_RootMeanSquared") == "Root Mean Squared (first order, wavelet LH)"
    assert featureText("age") == "age"


def test_verdict_and_copied_text(logic: USRadiomicsLNMLogic, table: Any, folder: Path, tmp_path: Path) -> None:
    model = logic.loadModel(folder / "model.json")
    scored = logic.score(model, table)[0]
    high = logic.score(replace(model, threshold=scored.score.probability), table)[0]
    assert meaningOf(high).verdict.startswith("At or above the model's threshold of")
    low = logic.score(replace(model, threshold=0.999), table)[0]
    assert meaningOf(low).verdict == "Below the model's threshold of 99.9 %."
    text = logic.scoresText([scored])
    assert text.endswith("Research use only – not for diagnosis or treatment.")
    assert percent(scored.score.probability) in text
    logic.saveScores([scored, high], tmp_path / "s.csv")
    header, *rows = (line.split(",") for line in (tmp_path / "s.csv").read_text().splitlines())
    assert len(rows) == 2
    assert float(rows[0][header.index("probability")]) == scored.score.probability
    with pytest.raises(LogicError, match=r"ends in \.csv or \.json"):
        logic.saveScores([scored], tmp_path / "s.doc")


def test_contributions_as_a_chart(scene: Any, logic: USRadiomicsLNMLogic, table: Any, folder: Path) -> None:
    scored = logic.score(folder / "model.json", table)[0]
    chart = logic.plotContributions(scored)
    series = chart.GetNthPlotSeriesNode(0)
    values = columnsOf(series.GetTableNode())[series.GetYColumnName()]
    assert values == pytest.approx([part.contribution for part in scored.score.contributions])
    assert logic.plotContributions(scored) is chart


def test_the_report_is_one_page_without_names(
    scene: Any, logic: USRadiomicsLNMLogic, table: Any, folder: Path, tmp_path: Path
) -> None:
    image = volume_node(scene, speckle(105), "Erika Mustermann")
    segmentation, segment = segmentation_node(scene, image, lesion_mask(), "Mustermann <node>")
    scores = logic.score(folder / "model.json", table)
    path = tmp_path / "report.html"
    logic.saveReport(scores, path, logic.lesions(image, segmentation, segment), "case <7>")
    page = path.read_text(encoding="utf-8")
    assert "Mustermann" not in page
    assert "case &lt;7&gt;" in page
    assert page.count("Research use only") >= 2
    assert percent(scores[0].score.probability) in page
    assert "data:image/png;base64," in page
    assert not any(outside in page for outside in ("http://", "https://", "<script", "<link"))
    with pytest.raises(LogicError, match=r"ends in \.html"):
        logic.saveReport(scores, tmp_path / "report.pdf")
