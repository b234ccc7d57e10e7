"""The table of a phantom study: means and standard deviations over repeats, by hand."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest

from USHarmonizationLib.evaluation.summary import FeatureFigures, Figure, Summary
from USHarmonizationLib.metrics.feature_agreement import feature_agreement
from USHarmonizationLib.phantom_study.table import (
    CORRELATION,
    REPRODUCIBLE,
    Cell,
    as_csv,
    as_json,
    as_text,
    study_table,
)

METHODS = ("original", "histogram", "texture")


def features(noise: float, seed: int) -> FeatureFigures:
    chance = np.random.default_rng(seed)
    target = chance.normal(size=(40, 3))
    agreement = feature_agreement(target + noise * chance.normal(size=(40, 3)), target, ["a", "b", "c"])
    return FeatureFigures(("a", "b", "c"), 40, 40, np.zeros(3), np.zeros(3), agreement, (0.1, 0.9))


def repeat(number: int, texture: float) -> Summary:
    values = {"original": 20.0, "histogram": 22.0, "texture": texture}
    figures = [Figure("psnr", "PSNR", method, "target", 5, value, 1.0 + number) for method, value in values.items()]
    other = Figure("psnr", "PSNR", "texture", "original", 5, 99.0, 1.0)
    noises = {"original": 2.0, "histogram": 1.0, "texture": 0.05}
    return Summary((*figures, other), {method: features(noise, 3) for method, noise in noises.items()})


def test_means_and_spreads() -> None:
    table = study_table(METHODS, ("texture",), [repeat(0, 24.0), repeat(1, 26.0)])
    assert table["psnr"]["original"].value == 20
    assert math.isnan(table["psnr"]["histogram"].sd), "it is the same in each repeat"
    cell = table["psnr"]["texture"]
    assert (cell.value, cell.sd, cell.sd_images) == pytest.approx((25, math.sqrt(2), 1.5))
    correlations = [table[CORRELATION][method].value for method in METHODS]
    assert correlations == sorted(correlations)
    assert correlations[2] > 0.99
    assert table[CORRELATION]["texture"].sd == 0
    assert table[CORRELATION]["texture"].interval == pytest.approx((0.1, 0.9))
    assert [table[REPRODUCIBLE][method].value for method in METHODS] == pytest.approx([0, 0, 1])


def test_one_repeat_has_no_spread() -> None:
    cell = study_table(METHODS, ("texture",), [repeat(0, 24.0)])["psnr"]["texture"]
    assert (cell.value, cell.sd_images) == (24, 1)
    assert math.isnan(cell.sd)


def test_written_forms() -> None:
    table = {"psnr": {"original": Cell(20.0), "texture": Cell(25.0, 1.5, 2.0, (24.0, 26.0))}}
    rows = list(csv.DictReader(io.StringIO(as_csv(table, {"psnr": "PSNR"}))))
    assert rows[0] == {
        "figure": "psnr", "title": "PSNR", "method": "original", "value": "20", "sd_repeats": "", "sd_images": "",
        "low_95": "", "high_95": "",
    }  # fmt: skip
    assert rows[1]["high_95"] == "26"
    assert as_json(table)["psnr"]["original"] == {
        "value": 20.0, "sd_repeats": None, "sd_images": None, "interval_95": None,
    }  # fmt: skip
    text = as_text(table, {"psnr": "PSNR"}, ("original", "texture", "gone"))
    assert text == "      original         texture  gone\nPSNR    20.000  25.000 (1.500)     -"
