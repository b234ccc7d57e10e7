"""Tables: a row an image, a region, a feature; JSON that any reader takes."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np

from USHarmonizationLib.evaluation.measure import Measured
from USHarmonizationLib.evaluation.summary import FeatureFigures, Figure, Summary
from USHarmonizationLib.evaluation.tables import summary_json, write_agreement, write_features, write_images
from USHarmonizationLib.metrics.feature_agreement import feature_agreement
from USHarmonizationLib.metrics.image_figures import ImageFigures

EQUAL = ImageFigures(psnr=math.inf, ssim=1.0, ms_ssim=math.nan, mi=2.5, nmi=2.0, scales=0, pixels=500)


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_one_row_an_image_whatever_became_of_it(tmp_path: Path) -> None:
    done = Measured(
        "a", "a", figures={"original": {"FDA": EQUAL}}, regions=(1, 3), hashes={"original": "ab", "FDA": "cd"}
    )
    failed = Measured("b", "b", failure="b.png: is empty")
    write_images(tmp_path / "t.csv", ("original", "FDA"), [done, failed], {"c": "no FDA of this name"})
    first, second, third = rows(tmp_path / "t.csv")
    assert (first["status"], first["regions"], first["overlap_pixels"]) == ("done", "1 3", "500")
    assert first["psnr_FDA_vs_original"] == "inf"
    assert first["ms_ssim_FDA_vs_original"] == ""
    assert first["mi_FDA_vs_original"] == "2.5"
    assert first["FDA_sha256"] == "cd"
    assert (second["status"], second["reason"]) == ("failed", "b.png: is empty")
    assert (third["image"], third["status"], third["reason"]) == ("c", "failed", "no FDA of this name")


def test_one_row_a_region_and_method(tmp_path: Path) -> None:
    features = {"original": np.array([[1.5], [2.5]]), "FDA": np.array([[3.0], [4.0]])}
    one = Measured("a", "a", regions=(1, 2), names=("f",), features=features)
    write_features(tmp_path / "t.csv", [one])
    found = [(row["image"], row["label"], row["method"], row["f"]) for row in rows(tmp_path / "t.csv")]
    assert found == [
        ("a", "1", "original", "1.5"),
        ("a", "2", "original", "2.5"),
        ("a", "1", "FDA", "3.0"),
        ("a", "2", "FDA", "4.0"),
    ]


def test_agreement_and_json_have_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    x = np.column_stack([np.arange(6.0), np.ones(6)])
    agreement = feature_agreement(x, x, ["varies", "constant"])
    features = FeatureFigures(agreement.names, 6, 6, agreement.shift, agreement.shift_sd, agreement, (0.9, 1.0))
    write_agreement(tmp_path / "t.csv", {"FDA": features})
    varies, constant = rows(tmp_path / "t.csv")
    assert (varies["method"], varies["feature"], varies["icc"]) == ("FDA", "varies", "1.0")
    assert constant["pearson"] == ""
    figure = Figure("psnr", "PSNR", "FDA", "target", 0, None, warnings=("infinite",))
    text = json.dumps(summary_json(Summary((figure,), {"FDA": features})), allow_nan=False)
    content = json.loads(text)
    assert set(content["definitions"]) == {
        "psnr",
        "pearson",
        "mean_pearson",
        "icc",
        "concordance",
        "shift",
        "reproducible",
    }
    assert content["figures"][0]["value"] is None
    assert content["figures"][0]["warnings"] == ["infinite"]
    assert content["features"]["FDA"]["table"][1]["icc"] is None
    assert content["features"]["FDA"]["mean_pearson_low"] == 0.9
