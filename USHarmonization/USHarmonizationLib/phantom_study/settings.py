"""What a phantom study is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import UsageError
from ..harmonizers import PLAIN_METHODS
from ..landmarks.transforms import KINDS
from ..training.assignments import assigned_settings, check_all_used
from ..variants import VARIANTS

# Phantoms that methods are judged on come from other random numbers than those they learn from.
TRAINING_SEED, PAIR_SEED = 1_000_000, 2_000_000


@dataclass(frozen=True)
class Study:
    """A phantom study.

    Attributes:
        source: scanner whose images are harmonized. target: scanner they are to look like.
        probe: of both.
        variants: methods that are trained; FDA and histogram matching always take part.
        training_images: simulated images of each scanner to learn from, a sixth of them for validation.
        pairs: images of one phantom by both scanners, to judge on.
        repeats: trainings of each variant, with seeds 0, 1, ...
        steps: of each training; None: the variant's default.
        assignments: further settings, ``NAME=VALUE`` for all variants that have NAME, ``VARIANT:NAME=VALUE`` for those
            that a name with wildcards means.
        size: rows and columns of the images; None: as the catalogue says.
        transform: of the landmark registration.
        seed: other seeds give other phantoms.

    Raises:
        UsageError: a value is not allowed.
    """

    source: str = "ge-voluson-e8"
    target: str = "hitachi-preirus"
    probe: str = "linear"
    variants: tuple[str, ...] = tuple(VARIANTS)
    training_images: int = 120
    pairs: int = 30
    repeats: int = 3
    steps: int | None = None
    assignments: tuple[str, ...] = ()
    size: int | None = None
    transform: str = "rigid"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low in (("training_images", 12), ("pairs", 2), ("repeats", 1), ("seed", 0)):
            if getattr(self, name) < low:
                raise UsageError(f"{name.replace('_', ' ')} is {getattr(self, name)}; needed: at least {low}")
        if self.transform not in KINDS:
            raise UsageError(f"unknown transform {self.transform!r}; known: {', '.join(KINDS)}")
        if self.source == self.target:
            raise UsageError(f"source and target are both {self.source}; needed: two scanners")
        if len(set(self.variants)) < len(self.variants):
            raise UsageError("a variant is named twice")
        for name in self.variants:
            self.training_settings(name, 0)
        check_all_used(self.assignments, self.variants)

    def training_settings(self, name: str, repeat: int) -> dict[str, Any]:
        """Settings of the training number ``repeat`` of a variant.

        Raises:
            UsageError: the variant or a setting is unknown, or a value is not allowed.
        """
        return assigned_settings(name, self.assignments, steps=self.steps, seed=repeat)

    def methods(self, repeat: int) -> tuple[tuple[str, str], ...]:
        """Name and folder of all methods' images, those of one training of each variant."""
        return (
            *((name, name) for name in PLAIN_METHODS),
            *((name, trained_name(name, repeat)) for name in self.variants),
        )

    def as_json(self) -> Mapping[str, Any]:
        """All of it as JSON can hold it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def trained_name(variant_name: str, repeat: int) -> str:
    """Folder name of what a training of a variant gave."""
    return f"{variant_name}-{repeat}"
