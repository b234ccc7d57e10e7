"""A score by hand, and every warning."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from USHarmonizationLib.errors import InputError
from USRadiomicsLNMLib.model import RESEARCH_USE, Feature, LnmModel, Population
from USRadiomicsLNMLib.score import Case, score

MODEL = LnmModel(
    outcome="lnm",
    features=(Feature("a", 2.0, 0.5, 0.8, 1.0, 3.0), Feature("b", -1.0, 2.0, -1.5, -5.0, 4.0)),
    intercept=-0.7,
    threshold=0.4,
    population=Population(((1.0, 0.0), (0.0, 1.0)), tuple(place / 25 for place in range(101))),
    scanners={"ge-logiq-5": 40, "ge-logiq-7": 50},
    harmonizers={"ge-logiq-5": ("ge-logiq-5-to-ge-logiq-7",), "ge-logiq-7": ("",)},
    radiomics={"engine": "pyradiomics 3.0.1", "parameters": "abc"},
    training_patients=("sha256:0123456789abcdef",),
)
CASE = Case({"a": 2.5, "b": 1.0, "c": 7.0}, "ge-logiq-7", "", "pyradiomics 3.0.1", "abc", "sha256:ffffffffffffffff")


def test_a_score_by_hand() -> None:
    found = score(MODEL, CASE)
    assert found.radiomics_score == pytest.approx(-0.7 + 0.8 * 1 - 1.5 * 1)
    assert found.probability == pytest.approx(1 / (1 + 2.718281828459045**1.4))
    assert not found.positive
    assert [part.feature for part in found.contributions] == ["b", "a"]
    assert [part.contribution for part in found.contributions] == pytest.approx([-1.5, 0.8])
    assert found.intercept + sum(part.contribution for part in found.contributions) == found.radiomics_score
    assert found.distance == pytest.approx(2**0.5)
    assert found.percentile == pytest.approx(25 * 2**0.5)
    assert found.warnings == ()
    assert found.intended_use == RESEARCH_USE
    assert "Research use only" in RESEARCH_USE


def test_the_threshold_itself_is_positive() -> None:
    found = score(MODEL, CASE)
    assert score(replace(MODEL, threshold=found.probability), CASE).positive


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"scanner": "u-systems"},
            "scanner u-systems was not in the training of the model, which knows ge-logiq-5, ge-",
        ),
        ({"harmonizer": "fda"}, "wrong harmonizer: the image went through fda, the model expects no harmonizer"),
        ({"scanner": "ge-logiq-5"}, "went through none, the model expects ge-logiq-5-to-ge-logiq-7"),
        ({"parameters": "abd"}, "other radiomics parameters: abd, the model was fitted with abc"),
        ({"engine": "other 1"}, "other radiomics engine: other 1"),
        ({"patient": "sha256:0123456789abcdef"}, "this patient was in the training of the model"),
        ({"features": {"a": 3.01, "b": 1.0}}, "extrapolation: a is 3.01, in training it was 1 to 3"),
        ({"features": {"a": 1.0, "b": 9.0}}, "unlike the training images: further out than 100.0 % of them"),
    ],
)
def test_every_doubt_is_a_warning(change: dict[str, Any], line: str) -> None:
    warnings = score(MODEL, replace(CASE, **change)).warnings
    assert any(line in warning for warning in warnings)


@pytest.mark.parametrize(
    ("features", "line"),
    [({"a": 1.0}, "the feature b is missing"), ({"a": 1.0, "b": float("nan")}, "feature b is nan")],
)
def test_a_feature_that_is_not_there_is_named(features: dict[str, float], line: str) -> None:
    with pytest.raises(InputError, match=line):
        score(MODEL, replace(CASE, features=features))
