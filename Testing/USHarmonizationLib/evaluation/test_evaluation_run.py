"""A whole evaluation: what it finds of methods whose order is known, what it writes, and what stops it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.evaluation.run import Evaluated, evaluate
from USHarmonizationLib.evaluation.settings import Evaluation

Make = Callable[..., Evaluation]


def value(found: Evaluated, key: str, method: str, against: str = "target") -> float:
    (one,) = [f for f in found.summary.figures if (f.key, f.method, f.against) == (key, method, against)]
    assert one.value is not None
    return one.value


def test_a_paired_evaluation_from_folders_to_figures(make_folders: Make, tmp_path: Path) -> None:
    settings, out = make_folders(5, extractor="efficientnet-lite0"), tmp_path / "out"
    steps: list[tuple[int, int, bool]] = []
    found = evaluate(settings, out, report=lambda *step: steps.append(step))
    assert steps == [(place, 5, False) for place in range(1, 6)]
    for key in ("psnr", "ssim", "ms_ssim", "mi", "nmi"):
        assert value(found, key, "near") > value(found, key, "original")
    for key in ("fid", "frd"):
        assert value(found, key, "near") < value(found, key, "original")
    agreements = {method: features.agreement for method, features in found.summary.features.items()}
    assert agreements["near"].mean_pearson > agreements["original"].mean_pearson  # type: ignore[union-attr]
    assert agreements["near"].reproducible > agreements["far"].reproducible  # type: ignore[union-attr]

    names = {path.name for path in out.iterdir() if path.is_file()}
    figures = ("figure_4a_bars", "figure_4b_correlations", "figure_5_panel", "bars_against_original")
    tables = {"evaluate.json", "evaluate.csv", "features.csv", "agreement.csv"}
    assert names == tables | {f"{name}.{suffix}" for name in figures for suffix in ("png", "svg")}
    assert {path.name for path in found.files} == names
    content = json.loads((out / "evaluate.json").read_text(encoding="utf-8"))
    assert content["extractor"]["name"] == "efficientnet-lite0"
    assert content["settings"]["paired"] is True
    assert content["software"]["usharmonization"]
    assert set(content["inputs_sha256"]) == {"original", "near", "far", "target"}
    for one in content["figures"]:
        assert content["definitions"][one["key"]]["definition"]
    with open(out / "evaluate.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert float(np.mean([float(row["psnr_near_vs_target"]) for row in rows])) == pytest.approx(
        value(found, "psnr", "near")
    )


def test_the_same_again_gives_the_same(make_folders: Make, tmp_path: Path) -> None:
    settings, out = make_folders(4, masks=None, examples=1), tmp_path / "out"
    evaluate(settings, out, jobs=1)
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    evaluate(settings, out, jobs=2)
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before


def test_an_unpaired_evaluation_and_one_without_target(make_folders: Make, tmp_path: Path) -> None:
    settings = make_folders(5, paired=False)
    found = evaluate(settings, tmp_path / "unpaired")
    assert value(found, "frd", "near") < value(found, "frd", "original")
    assert any("unpaired target" in warning for warning in found.warnings)
    assert any("no table of patients" in warning for warning in found.warnings)
    assert not (tmp_path / "unpaired/figure_4b_correlations.png").exists()
    alone = evaluate(replace(settings, target=None, masks=None), tmp_path / "alone")
    assert {figure.against for figure in alone.summary.figures} == {"original"}
    assert any("no target" in warning for warning in alone.warnings)
    assert not (tmp_path / "alone/features.csv").exists()


def test_images_that_fail_are_left_out_of_all_methods(make_folders: Make, tmp_path: Path) -> None:
    settings = make_folders(5)
    (tmp_path / "far/sub/01.png").write_bytes(b"")
    (tmp_path / "near/sub/03.png").unlink()
    found = evaluate(settings, tmp_path / "out")
    assert found.images == 3
    assert "is empty" in found.failed["sub/01"]
    assert found.failed["sub/03"] == "no near of this name"
    assert {figure.n for figure in found.summary.figures if figure.key == "psnr"} == {3}


def test_one_image_is_measured_and_said_to_be_one(make_folders: Make, tmp_path: Path) -> None:
    found = evaluate(make_folders(1, masks=None), tmp_path / "out")
    assert found.images == 1
    assert any(warning.startswith("one image") for warning in found.warnings)


def test_no_result_of_another_evaluation_stays(make_folders: Make, tmp_path: Path) -> None:
    settings, out = make_folders(3), tmp_path / "out"
    evaluate(settings, out)
    assert (out / "agreement.csv").is_file()
    found = evaluate(replace(settings, masks=None, target=None, paired=False), out)
    assert {path.name for path in found.files} == {path.name for path in out.iterdir() if path.is_file()}
    (out / "features.csv").write_text("another program's")
    (out / "evaluate.json").unlink()
    evaluate(replace(settings, masks=None), out)
    assert (out / "features.csv").read_text() == "another program's"


def test_nothing_to_measure_is_an_error(make_folders: Make, tmp_path: Path) -> None:
    settings = make_folders(2)
    for path in (tmp_path / "target/sub").iterdir():
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 60), dtype=np.uint8)).save(path)
    with pytest.raises(
        InputError, match=r"no image could be measured, e.g. .*60 x 60 pixels for an original of 104 x 112"
    ):
        evaluate(settings, tmp_path / "out")
    assert (tmp_path / "out/evaluate.csv").is_file()


def test_results_do_not_go_into_an_input(make_folders: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="both --masks and output"):
        evaluate(make_folders(1), tmp_path / "masks")
