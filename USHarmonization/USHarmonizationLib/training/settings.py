"""Settings that cannot be invalid, say what they mean, and go to JSON and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from ..errors import UsageError

_TYPES = {"bool": bool, "int": int, "float": float, "str": str}


def setting(
    default: Any, meaning: str, *, low: float = -math.inf, high: float = math.inf, choices: tuple[str, ...] = ()
) -> Any:
    """A field of a ``Settings`` class: its default, one line that says what it means, and the values it may have.

    A meaning that ends in "(ours)" marks a value on which the paper is silent.
    """
    return field(default=default, metadata={"meaning": meaning, "low": low, "high": high, "choices": choices})


@dataclass(frozen=True)
class Settings:
    """Base of settings classes: frozen data classes whose fields are bool, int, float or str made by ``setting``.

    Raises:
        UsageError: a value has the wrong type or lies outside what its field allows.
    """

    def __post_init__(self) -> None:
        for item in fields(self):
            kind = _TYPES[str(item.type)]
            value = getattr(self, item.name)
            if kind is float and type(value) is int:
                value = float(value)
                object.__setattr__(self, item.name, value)
            if type(value) is int and str(value) in item.metadata["choices"]:
                value = str(value)  # precision=32 on the command line reads as a number
                object.__setattr__(self, item.name, value)
            if type(value) is not kind:
                raise UsageError(f"setting {item.name} is {value!r}; needed: {_accepted(item)}")
            low, high, choices = (item.metadata[key] for key in ("low", "high", "choices"))
            if (kind in (int, float) and not low <= value <= high) or (choices and value not in choices):
                raise UsageError(f"setting {item.name} is {value!r}; needed: {_accepted(item)}")

    def to_json(self) -> dict[str, Any]:
        """Name -> value, all of them JSON's own types."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The settings with these values and defaults for the rest.

        Raises:
            UsageError: a name is unknown, or a value is not allowed.
        """
        names = [item.name for item in fields(cls)]
        for name in values:
            if name not in names:
                raise UsageError(f"unknown setting {name}; known: {', '.join(sorted(names))}")
        return cls(**values)


def _accepted(item: Any) -> str:
    low, high, choices = (item.metadata[key] for key in ("low", "high", "choices"))
    if choices:
        return " | ".join(choices)
    if item.type in ("bool", "str"):
        return {"bool": "true or false", "str": "text"}[item.type]
    noun = {"int": "a whole number", "float": "a number"}[item.type]
    if math.isinf(low) and math.isinf(high):
        return noun
    return f"{noun} >= {low:g}" if math.isinf(high) else f"{noun} from {low:g} to {high:g}"


def describe(settings_class: type[Settings]) -> list[tuple[str, Any, str, str]]:
    """(name, default, accepted values, meaning) of every setting, in the order of the class."""
    return [(item.name, item.default, _accepted(item), item.metadata["meaning"]) for item in fields(settings_class)]


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """``["crop=128", "augment=false"]`` as name -> value; values are read as JSON, else as text.

    Raises:
        UsageError: an entry is not of the form name=value.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"setting {assignment!r}; needed: name=value, for example crop=128")
        try:
            values[name.strip()] = json.loads(text)
        except json.JSONDecodeError:
            values[name.strip()] = text.strip()
    return values


def read_settings(path: Path) -> dict[str, Any]:
    """Name -> value from a JSON file.

    Raises:
        UsageError: the file is missing or is not a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f'settings file {path}: {error}; needed: a JSON object like {{"crop": 128}}') from None
    if not isinstance(values, dict):
        raise UsageError(f'settings file {path}: not a JSON object like {{"crop": 128}}')
    return values


@dataclass(frozen=True)
class TrainingSettings(Settings):
    """What every variant's training has in common. The paper gives none of these; all are ours."""

    steps: int = setting(20000, "optimisation steps", low=1)
    seed: int = setting(0, "of initial weights, batches, noise: same seed, same result", low=0, high=2**31 - 1)
    batch: int = setting(1, "crops of each domain in one step (1 as in the reference implementation)", low=1, high=4096)
    crop: int = setting(256, "rows and columns of a training crop, pixels", low=16, high=4096)
    lesion_share: float = setting(0.5, "share of crops that hold the lesion, where there are masks", low=0.0, high=1.0)
    valid_share: float = setting(0.6, "least share of a crop that must be imaged tissue", low=0.0, high=1.0)
    flip: bool = setting(True, "mirror half of the crops left-right; never up-down, that would not be ultrasound")
    balance: str = setting("", "cohort column whose classes are drawn equally often in both domains, e.g. lnm")
    constant_share: float = setting(
        0.5, "share of the steps at full learning rate; then it falls linearly to 0", low=0.0, high=1.0
    )
    validate_every: int = setting(500, "steps between validations, previews and best checkpoints", low=1)
    checkpoint_every: int = setting(250, "steps between 'last' checkpoints", low=1)
    keep_every: int = setting(0, "steps between checkpoints that are kept for good; 0: none", low=0)
    validation_images: int = setting(100, "at most this many images of each domain in a validation", low=2)
    content_floor: float = setting(
        0.8, "least content agreement (lesion contrast, rank correlation) of a best checkpoint", low=-1.0, high=1.0
    )
    log_every: int = setting(20, "steps between rows of losses.csv", low=1)
    minimum_images: int = setting(8, "least number of training images of each domain", low=1)
    precision: str = setting(
        "auto", "auto: bf16 where the processor has it natively, else 32 bits", choices=("auto", "32", "bf16")
    )
    compile: str = setting("auto", "torch.compile; auto: where there are steps to pay", choices=("auto", "on", "off"))
