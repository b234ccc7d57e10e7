"""Settings of the texture generator, shared by its torch module and its OpenVINO graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

# Rows and columns after which the noise repeats: more than nearly every lesion has, and tiles begin at multiples of it.
NOISE_SIDE = 256

# Knots of the tone curve, evenly spaced over [-1, 1].
KNOTS = 33


# Of the residual blocks' first convolutions: a wider view without more weights.
DILATIONS = (1, 2, 4, 2, 1, 1)


@dataclass(frozen=True)
class TextureSettings:
    """Settings of ``texture_generator.Generator``.

    Attributes:
        width: channels at full resolution.
        body_width: channels at half resolution.
        blocks: residual blocks at half resolution.

    Raises:
        UsageError: a setting is out of range.
    """

    width: int = 16
    body_width: int = 40
    blocks: int = 4

    def __post_init__(self) -> None:
        for name, most in (("width", 512), ("body_width", 512), ("blocks", len(DILATIONS))):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                raise UsageError(f"generator setting {name} is {value!r}; needed: a whole number from 1 to {most}")

    @property
    def dilations(self) -> tuple[int, ...]:
        return DILATIONS[: self.blocks]


def noise_field() -> NDArray[np.float32]:
    """(1, 1, ``NOISE_SIDE``, ``NOISE_SIDE``) standard normal noise, always the same: what makes results repeatable."""
    return np.random.default_rng(0).standard_normal((1, 1, NOISE_SIDE, NOISE_SIDE), dtype=np.float32)
