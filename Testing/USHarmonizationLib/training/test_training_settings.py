"""Settings: defaults are valid, wrong values give one line, JSON comes back, and variants do not clash."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.training.settings import (
    Settings,
    TrainingSettings,
    describe,
    parse_assignments,
    read_settings,
    setting,
)
from USHarmonizationLib.variants import VARIANTS, variant


@dataclass(frozen=True)
class Example(Settings):
    count: int = setting(3, "how many", low=1, high=9)
    rate: float = setting(0.5, "how fast", low=0)
    name: str = setting("a", "which", choices=("a", "b"))
    free: str = setting("", "anything")
    on: bool = setting(True, "whether")


def test_json_round_trip() -> None:
    settings = Example(count=5, rate=2.0, name="b", free="x", on=False)
    assert Example.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_a_whole_number_is_a_number() -> None:
    assert isinstance(Example(rate=1).rate, float)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"count": 0}, "setting count is 0; needed: a whole number from 1 to 9"),
        ({"count": 2.0}, "setting count is 2.0; needed: a whole number from 1 to 9"),
        ({"count": True}, "setting count is True; needed: a whole number from 1 to 9"),
        ({"rate": -1}, "setting rate is -1.0; needed: a number >= 0"),
        ({"rate": float("nan")}, "setting rate is nan; needed: a number >= 0"),
        ({"name": "c"}, "setting name is 'c'; needed: a | b"),
        ({"on": 1}, "setting on is 1; needed: true or false"),
        ({"free": 1}, "setting free is 1; needed: text"),
        ({"speed": 1}, "unknown setting speed; known: count, free, name, on, rate"),
    ],
)
def test_wrong_values_give_one_line(values: dict[str, object], line: str) -> None:
    with pytest.raises(UsageError, match="^" + line.replace("|", r"\|").replace("(", r"\(") + "$"):
        Example.from_json(values)


def test_assignments_are_json_or_text() -> None:
    assert parse_assignments(["crop=128", "flip=false", "balance=lnm", "rate=1e-3", "x=a=b"]) == {
        "crop": 128,
        "flip": False,
        "balance": "lnm",
        "rate": 1e-3,
        "x": "a=b",
    }
    with pytest.raises(UsageError, match="needed: name=value"):
        parse_assignments(["crop"])


def test_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"crop": 128}')
    assert read_settings(path) == {"crop": 128}
    for content in ("[1]", "{", "\xff"):
        path.write_text(content, encoding="latin-1")
        with pytest.raises(UsageError, match=r"settings file .* JSON object"):
            read_settings(path)
    with pytest.raises(UsageError, match="settings file"):
        read_settings(tmp_path / "none.json")


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_has_settings_of_its_own_names_and_meanings(name: str) -> None:
    entry = variant(name)
    own = {item.name for item in fields(entry.load().settings_class)}
    assert not own & {item.name for item in fields(TrainingSettings)}
    assert set(entry.preset) <= own
    settings = entry.settings({})
    assert all(getattr(settings, key) == value for key, value in entry.preset.items())
    assert all(meaning for *_, meaning in describe(entry.load().settings_class))


def test_a_preset_cannot_be_contradicted() -> None:
    with pytest.raises(UsageError, match="setting sn is False, but this variant is the one with True"):
        variant("cyclegan-sn").settings({"sn": False})
    with pytest.raises(UsageError, match="unknown variant 'cycle'; known: cyclegan, "):
        variant("cycle")


def test_the_papers_values_are_the_defaults() -> None:
    settings = variant("cyclegan-sn-se-mix").settings({}).to_json()
    expected = {"sn": True, "se": True, "mix": True, "generator_rate": 1e-3, "discriminator_rate": 4e-3}
    expected |= {"real_label": 0.9, "pool": 50, "alpha": 0.84, "beta1": 0.5, "beta2": 0.999, "width": 64, "blocks": 9}
    assert {name: settings[name] for name in expected} == expected
