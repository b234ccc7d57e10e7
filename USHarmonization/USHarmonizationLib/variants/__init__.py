"""The variants of the method by name. To add one: a class in a file of this folder, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from ..training.settings import Settings
    from .base import Variant


@dataclass(frozen=True)
class Entry:
    """Where a variant's class is, one line about it, and the settings that make the name what it is.

    The class is only imported when it is used, so that listing the names does not load torch.
    """

    module: str
    class_name: str
    summary: str
    preset: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> type[Variant]:
        """The variant's class."""
        loaded: type[Variant] = getattr(import_module(f".{self.module}", __name__), self.class_name)
        return loaded

    def settings(self, values: Mapping[str, Any]) -> Settings:
        """The variant's settings with these values, its preset for others and the class's defaults for the rest.

        Raises:
            UsageError: a value is not allowed, or contradicts the preset.
        """
        for name, value in self.preset.items():
            if values.get(name, value) != value:
                raise UsageError(f"setting {name} is {values[name]!r}, but this variant is the one with {value!r}")
        return self.load().settings_class.from_json({**self.preset, **values})


VARIANTS: Mapping[str, Entry] = {
    "cyclegan": Entry("cyclegan", "CycleGAN", "CycleGAN as in the reference implementation"),
    "cyclegan-sn": Entry("cyclegan", "CycleGAN", "CycleGAN with spectral norm", {"sn": True}),
    "cyclegan-sn-se": Entry("cyclegan", "CycleGAN", "... and channel attention", {"sn": True, "se": True}),
    "cyclegan-sn-se-mix": Entry(
        "cyclegan", "CycleGAN", "... and hybrid cycle loss: the paper's model", {"sn": True, "se": True, "mix": True}
    ),
    "texture": Entry("texture", "Texture", "the project's own: one-sided, tone curve, critics and texture statistics"),
}

DEFAULT_VARIANT = "texture"


def variant(name: str) -> Entry:
    """The variant of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in VARIANTS:
        raise UsageError(f"unknown variant {name!r}; known: {', '.join(VARIANTS)}")
    return VARIANTS[name]
