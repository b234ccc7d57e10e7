"""Frames of two imagined scanners: layered tissue with a dark lesion, speckle, and brightness that falls with depth.

Not a simulation of ultrasound: just enough of it that the frames can be told apart, and harmonized, as those of real
scanners can.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

SIZE = (208, 224)
FALL = 0.45
# Speckle size (axial, lateral), contrast of speckle, brightness curve (gain, exponent).
SCANNERS = {
    "a": ((0.8, 1.6), 0.55, (1.0, 0.8)),
    "b": ((0.5, 0.8), 0.30, (0.9, 1.3)),
}


@dataclass(frozen=True)
class Synthetic:
    """One frame: brightness in [0, 1], valid (a corner is an overlay), and the lesion; each (rows, columns)."""

    frame: NDArray[np.float32]
    valid: NDArray[np.bool_]
    lesion: NDArray[np.bool_]


@cache
def synthetic(seed: int, scanner: str = "a", size: tuple[int, int] = SIZE) -> Synthetic:
    """The same tissue for the same seed, as one of the two scanners shows it."""
    speckle, contrast, (gain, exponent) = SCANNERS[scanner]
    tissue_chance, speckle_chance = (np.random.default_rng([seed, part]) for part in (0, 1))
    rows, columns = size
    layers = gaussian_filter(tissue_chance.normal(size=size), (6, 25), mode="reflect", truncate=2)
    layers += gaussian_filter(tissue_chance.normal(size=size), (12, 12), mode="reflect", truncate=2)
    tissue = 0.45 + 0.13 * layers / layers.std()
    y, x = np.ogrid[:rows, :columns]
    row, column = tissue_chance.uniform(0.35, 0.6) * rows, tissue_chance.uniform(0.3, 0.7) * columns
    high, wide = tissue_chance.uniform(0.08, 0.16, 2) * rows
    lesion = ((y - row) / high) ** 2 + ((x - column) / wide) ** 2 < 1
    tissue *= 1 - 0.6 * gaussian_filter(lesion.astype(float), 1.5)
    tissue *= 1 - FALL * (y / rows) + tissue_chance.normal(0, 0.04)
    waves = [gaussian_filter(speckle_chance.normal(size=size), speckle, mode="reflect") for _ in range(2)]
    envelope = np.hypot(*(wave / wave.std() for wave in waves))
    shown = np.clip(tissue, 0.02, None) * (1 + contrast * (envelope / envelope.mean() - 1))
    frame = np.clip(gain * np.clip(shown, 0, None) ** exponent, 0, 1)
    valid = np.ones(size, dtype=bool)
    valid[:12, :30] = False
    return Synthetic(np.where(valid, np.rint(frame * 255) / 255, 1).astype(np.float32), valid, lesion)
