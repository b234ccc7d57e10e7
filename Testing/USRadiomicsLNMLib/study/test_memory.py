"""What stages remember."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from USRadiomicsLNMLib.study import memory
from USRadiomicsLNMLib.study.memory import key_of, once, remember, remembered


def test_a_result_is_made_once_for_the_same_inputs(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> list[float]:
        made.append(1)
        return [0.1, math.inf]

    path = tmp_path / "stage.json"
    assert once(path, key_of("a", 1), make) == [0.1, math.inf]
    assert once(path, key_of("a", 1), make) == [0.1, math.inf]
    assert len(made) == 1
    once(path, key_of("a", 2), make)
    assert len(made) == 2


def test_another_version_of_the_software_makes_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stage.json"
    remember(path, key_of("a"), 1)
    assert remembered(path, key_of("a")) == 1
    monkeypatch.setattr(memory, "__version__", "99")
    assert remembered(path, key_of("a")) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": "k"}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "stage.json"
    path.write_text(text, encoding="utf-8")
    assert remembered(path, "k") is None
