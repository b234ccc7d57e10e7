"""``uslnm extract`` as it is called: exit codes, what is written where, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_frames import synthetic

from USRadiomicsLNMLib.cli import main
from USRadiomicsLNMLib.features_table import read_features

pytest.importorskip("radiomics", reason="needs pyradiomics: make install builds it")
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    one = synthetic(0)
    Image.fromarray(np.round(one.frame * 255).astype(np.uint8)).save(tmp_path / "image.png")
    Image.fromarray(one.lesion.astype(np.uint8)).save(tmp_path / "mask.png")
    file = tmp_path / "cohort.csv"
    file.write_text("image;mask;lnm;age\nimage.png;mask.png;1;51,5\n")
    return file


def test_all_done(cohort: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = cohort.parent / "features.csv"
    assert main(["extract", str(cohort), "--out", str(out)]) == 0
    table = read_features(out)
    assert table.values.shape == (1, 474)
    assert table.cases[0].others["age"] == "51.5"
    assert "1 lesions done, 0 failed" in capsys.readouterr().out
    assert main(["extract", str(cohort), "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["done"], answer["done_before"], answer["parameters"]) == (1, 1, table.parameters)


def test_some_failed(cohort: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort.write_text("image,mask\nimage.png,mask.png\nimage.png,none.png\n")
    out = cohort.parent / "features.csv"
    assert main(["extract", str(cohort), "--out", str(out), "--params", "ibsi", "--without-graphics"]) == 1
    said = capsys.readouterr()
    assert f"failed: {cohort.parent / 'none.png'}: no such file\n" in said.err
    table = read_features(out)
    assert len(table.cases) == 1
    assert table.parameters.endswith(" without graphics")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--params", "nothing.yaml"], "no parameter file nothing.yaml"),
        (["--jobs", "0"], "jobs is 0; needed: at least 1"),
        (["--out", "COHORT"], "is the cohort itself; name another table"),
    ],
)
def test_wrong_usage_is_one_line_and_writes_nothing(
    cohort: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    before = cohort.read_text()
    more = [str(cohort) if one == "COHORT" else one for one in more]
    assert main(["extract", str(cohort), "--out", str(cohort.parent / "features.csv"), *more]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (cohort.parent / "features.csv").exists()
    assert cohort.read_text() == before


def test_from_images_to_a_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Extract, fit, score: an image scores as its row of the table does."""
    rows = ["image,mask,patient,lnm"]
    for seed in range(24):
        one = synthetic(seed, "ab"[seed % 2])
        Image.fromarray(np.round(one.frame * 255).astype(np.uint8)).save(tmp_path / f"{seed}.png")
        Image.fromarray(one.lesion.astype(np.uint8)).save(tmp_path / f"mask-{seed}.png")
        rows.append(f"{seed}.png,mask-{seed}.png,p{seed},{seed % 2}")
    (tmp_path / "cohort.csv").write_text("\n".join(rows) + "\n")
    features, model = str(tmp_path / "features.csv"), str(tmp_path / "model.json")
    assert main(["extract", str(tmp_path / "cohort.csv"), "--out", features, "--params", "ibsi"]) == 0
    assert main(["fit", features, "--outcome", "lnm", "--folds", "3", "--jobs", "1", "--out", model]) == 0
    capsys.readouterr()
    assert main(["score", features, "--model", model]) == 0
    of_table = json.loads(capsys.readouterr().out)[3]
    image, mask = str(tmp_path / "3.png"), str(tmp_path / "mask-3.png")
    assert main(["score", image, "--mask", mask, "--model", model]) == 0
    (of_image,) = json.loads(capsys.readouterr().out)
    assert of_image.pop("extraction_warnings") == []
    assert of_image["probability"] == pytest.approx(of_table["probability"], rel=1e-9)
    assert of_image["radiomics_score"] == pytest.approx(of_table["radiomics_score"], rel=1e-9)
    assert "research use only" in of_image["intended_use"].lower()

    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "small.png")
    assert main(["score", image, "--mask", str(tmp_path / "small.png"), "--model", model]) == 1
    assert "error" in json.loads(capsys.readouterr().out)[0]
    for arguments, said in (
        ([image], "give the lesion's --mask as well"),
        ([features, "--mask", mask], "--mask goes with an image, not with the table"),
        ([image, "--mask", mask, "--scanner", "nonesuch"], "nonesuch"),
    ):
        assert main(["score", *arguments, "--model", model]) == 2
        assert said in capsys.readouterr().err
    assert main(["score", image, "--mask", mask, "--model", model, "--params", "ultrasound-8bit"]) == 0
    assert any("parameters" in one for one in json.loads(capsys.readouterr().out)[0]["warnings"])
