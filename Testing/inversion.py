"""A harmonizer whose right answer is plain, and small images for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frame = NDArray[np.float32]


@dataclass(eq=False)
class Inversion:
    """Turns black to white; what else a test needs is done at each frame."""

    name: str = "inversion"
    version: str = "1"
    source: str = "ge-logiq-5"
    target: str = "ge-logiq-7"
    training_patients: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    each: Callable[[Frame], Frame] = lambda frame: 1 - frame
    calls: int = 0

    def harmonize(self, frame: Frame, valid: NDArray[np.bool_]) -> Frame:
        self.calls += 1
        return self.each(frame)


def speckle(seed: int, size: tuple[int, int] = (64, 80)) -> NDArray[np.uint8]:
    """Tissue from border to border."""
    return np.random.default_rng(seed).integers(30, 220, size, dtype=np.uint8)


def make_study(folder: Path) -> Path:
    """A folder with four images, one of them in a folder below."""
    (folder / "deep").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "c.png", "deep/d.png")):
        Image.fromarray(speckle(number)).save(folder / name)
    return folder
