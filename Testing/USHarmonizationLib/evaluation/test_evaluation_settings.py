"""What makes no evaluation is refused in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.evaluation.settings import Evaluation

Make = Callable[..., Evaluation]


def test_methods_and_json(make_folders: Make) -> None:
    settings = make_folders(1)
    assert settings.methods == ("original", "near", "far")
    content = json.loads(json.dumps(settings.as_json()))
    assert content["generated"]["near"].endswith("near")
    assert content["paired"] is True


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"generated": ()}, "no folder of generated images"),
        ({"generated": (("original", Path("a")),)}, "method name 'original'"),
        ({"generated": (("a/b", Path("a")),)}, "method name 'a/b'"),
        ({"generated": (("a", Path("a")), ("a", Path("b")))}, "two folders .* 'a'"),
        ({"masks": Path("none")}, "--masks none is not a folder"),
        ({"target": None, "paired": True}, "--paired without --target"),
        ({"paired": False, "overlap": Path()}, "--overlap without --paired"),
        ({"target_masks": Path()}, "--target-masks is for an unpaired"),
        ({"labels": (0,)}, "label 0; needed: at least 1"),
        ({"weights": Path("none.pth")}, "none.pth is not a file"),
        ({"examples": -1}, "-1 examples"),
        ({"seed": -1}, "seed is -1; needed: from 0 to 4294967295"),
        ({"seed": 2**32}, "seed is 4294967296"),
    ],
)
def test_what_makes_no_evaluation(make_folders: Make, changes: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        make_folders(1, **changes)


def test_a_folder_given_twice(make_folders: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="original is given twice"):
        make_folders(1, target=tmp_path / "original")
