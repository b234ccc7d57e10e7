"""The model file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from USHarmonizationLib.errors import InputError, UsageError
from USRadiomicsLNMLib.model import (
    CombatShift,
    Feature,
    LnmModel,
    Population,
    ScannerShift,
    read_model,
    write_model,
)

MODEL = LnmModel(
    outcome="lnm",
    features=(
        Feature("original_glcm_Contrast", 2.0, 0.5, 0.8, 1.0, 3.0),
        Feature("original_ngtdm_Busyness", -1.0, 2.0, -0.3, -5.0, 4.0),
    ),
    intercept=-0.7,
    threshold=0.4,
    population=Population(((1.0, 0.0), (0.0, 1.0)), tuple(np.linspace(0, 3, 101).tolist())),
    combat=CombatShift((2.0, -1.0), (0.5, 2.0), {"ge-logiq-5": ScannerShift((1.0, 0.0), (2.0, 1.0))}),
    scanners={"ge-logiq-5": 40},
    harmonizers={"ge-logiq-5": ("",)},
    radiomics={"engine": "pyradiomics 3.0.1", "parameters": "abc"},
    fitted={"settings": {"seed": 0}},
    performance={"nested": {"auc": {"value": 0.8}}},
    training_patients=("sha256:0123456789abcdef",),
)


def test_what_is_written_is_read_and_the_bytes_repeat(tmp_path: Path) -> None:
    write_model(tmp_path / "a.json", MODEL)
    write_model(tmp_path / "b.json", read_model(tmp_path / "a.json"))
    assert read_model(tmp_path / "b.json") == MODEL
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    without = replace(MODEL, combat=None)
    write_model(tmp_path / "c.json", without)
    assert read_model(tmp_path / "c.json") == without


def test_combat_and_scaling_by_hand() -> None:
    # (2.5 - 2 - 0.5 * 1) / 2 + 2 = 2 -> 0; (3 + 1 - 0) / 1 - 1 = 3 -> 2
    assert MODEL.standardize(np.array([2.5, 3.0]), "ge-logiq-5").tolist() == [0, 2]
    with pytest.raises(InputError, match="scanner u-systems cannot be harmonized by the model's ComBat; known: ge-log"):
        MODEL.standardize(np.array([2.5, 3.0]), "u-systems")


def test_distance_and_percentile() -> None:
    assert MODEL.population.distance(np.array([3.0, 4.0])) == 5
    assert MODEL.population.percentile(1.5) == pytest.approx(50)
    assert MODEL.population.percentile(9) == 100


EDITS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda m: m.update(threshold=0.5), "was changed after it was written"),
    (lambda m: m["features"][0].update(coefficient=9.0), "was changed after it was written"),
    (lambda m: m.pop("checksum"), "was changed after it was written"),
    (lambda m: m.update(schema_version=2), "has schema version 2; this software reads 1"),
    (lambda m: m.pop("schema_version"), "is no LNM model"),
]


@pytest.mark.parametrize(("edit", "line"), EDITS)
def test_an_edited_file_is_refused(tmp_path: Path, edit: Callable[[dict[str, Any]], object], line: str) -> None:
    path = tmp_path / "model.json"
    write_model(path, MODEL)
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    with pytest.raises(UsageError, match=line):
        read_model(path)


def test_white_space_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    write_model(path, MODEL)
    path.write_text(json.dumps(json.loads(path.read_text())))
    assert read_model(path) == MODEL


@pytest.mark.parametrize(
    ("text", "line"), [("", "cannot be read"), ("[]", "no LNM model"), ('{"a": NaN}', "no JSON num")]
)
def test_what_is_no_model_is_refused(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=line):
        read_model(path)
    with pytest.raises(UsageError, match="No such file"):
        read_model(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"features": ()}, "0 features"),
        ({"features": (MODEL.features[0], MODEL.features[0])}, "each once"),
        ({"threshold": 1.0}, "needed: a number, a probability"),
        ({"intercept": float("nan")}, "needed: a number"),
        ({"population": Population(((1.0,),), MODEL.population.distances)}, "population does not fit 2 features"),
        ({"combat": CombatShift((1.0,), (1.0,), {})}, "combat does not fit 2 features"),
        ({"training_patients": ("Jane Doe",)}, "something else than pseudonyms"),
    ],
)
def test_a_model_cannot_be_invalid(wrong: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=line) as error:
        replace(MODEL, **wrong)
    assert "Jane" not in str(error.value)


def test_a_feature_needs_a_scale() -> None:
    with pytest.raises(UsageError, match="scale of a is 0"):
        Feature("a", 0.0, 0.0, 1.0, 0.0, 0.0)
