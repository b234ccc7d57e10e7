"""How a generated image came to be: what is written into every image that is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

RESEARCH_USE = "Research use only, not for diagnosis."


@dataclass(frozen=True)
class Derivation:
    """What a generated image was made with; enough to make it again from its source.

    Attributes:
        model: the harmonizer's name, e.g. ``ge-logiq-5-to-ge-logiq-7`` or ``histogram``.
        model_version: changes whenever the model's output may change (SHA-256 of its weights, a library version).
        software_version: version of this library.
        source_scanner, target_scanner: catalogue ids; "" where the method knows none.
        warnings: what the quality checks found, one line each; empty when they found nothing.
        settings: all else the result depends on (beta, seed, hash of the reference images, ...), as JSON can hold it.
            Never a patient's identity: it is written into the image.

    Raises:
        ValueError: model or a version is empty, or the settings cannot be written as JSON.
    """

    model: str
    model_version: str
    software_version: str
    source_scanner: str = ""
    target_scanner: str = ""
    warnings: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("model", "model_version", "software_version"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty; a generated image has to name it")
        try:
            json.dumps(dict(self.settings), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"settings {self.settings!r} cannot be written as JSON: {error}") from None

    def description(self) -> str:
        """One sentence for a person who meets the image without this software."""
        source = f"from the style of {self.source_scanner} " if self.source_scanner else ""
        target = f"to the style of {self.target_scanner}" if self.target_scanner else "to another style"
        return (
            f"Generated image: brightness brought {source}{target} by {self.model} (version {self.model_version}) "
            f"with USHarmonization {self.software_version}."
        )

    def json(self) -> str:
        """All attributes as JSON with sorted keys on one line: the same derivation always gives the same text."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return json.dumps(values | {"settings": dict(self.settings)}, sort_keys=True, ensure_ascii=False)
