"""What a study is asked to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.study.settings import Study


def test_trainings_balance_the_outcome_unless_told_otherwise() -> None:
    study = Study("hitachi-preirus", "lnm", ("cyclegan", "texture"), 7, ("cyclegan:width=4", "texture:balance=figo"))
    assert study.training_settings("cyclegan") == {"balance": "lnm", "seed": 0, "width": 4, "steps": 7}
    assert study.training_settings("texture") == {"balance": "figo", "seed": 0, "steps": 7}


def test_settings_are_json_without_folders() -> None:
    content = Study(
        "hitachi-preirus", "lnm", bundles=(Path("/someones/mine"),), weights=Path("/someones/w.pth")
    ).as_json()
    assert json.loads(json.dumps(content)) == content
    assert content["bundles"] == ["mine"]
    assert content["weights"] == "w.pth"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"variants": ()}, "no variant"),
        ({"variants": ("gan",)}, "unknown variant 'gan'"),
        ({"assignments": ("widht=3",)}, "no variant here has a setting widht"),
        ({"assignments": ("steps=-1",)}, "steps"),
        ({"steps": 0}, "setting steps is 0"),
        ({"folds": 1}, "folds 1"),
        ({"leave_as_is": ("hitachi-preirus",)}, "hitachi-preirus is the target"),
    ],
)
def test_bad_values_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Study("hitachi-preirus", "lnm", **values)
