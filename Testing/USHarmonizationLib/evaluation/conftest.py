"""Folders of small images: originals, two methods, a paired target, masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from synthetic_frames import synthetic

from USHarmonizationLib.evaluation.settings import Evaluation

SIZE = (104, 112)


def write(path: Path, frame: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)).save(path)


@pytest.fixture
def make_folders(tmp_path: Path) -> Callable[..., Evaluation]:
    """Folders for ``count`` images; returns what to evaluate, changed as asked. No network unless asked for."""

    def make(count: int = 6, **changes: Any) -> Evaluation:
        chance = np.random.default_rng(0)
        for seed in range(count):
            source, target = synthetic(seed, "a", SIZE), synthetic(seed, "b", SIZE)
            name = f"sub/{seed:02}.png"
            write(tmp_path / "original" / name, source.frame)
            write(tmp_path / "target" / name, target.frame)
            mask = np.where(source.lesion, 1, 0)
            mask[70:90, 20:60] = 2
            (tmp_path / "masks" / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask.astype(np.uint8)).save(tmp_path / "masks" / name)
            write(tmp_path / "near" / name, target.frame + chance.normal(0, 0.02, SIZE))
            write(tmp_path / "far" / name, source.frame**2)
        settings = Evaluation(
            original=tmp_path / "original",
            generated=(("near", tmp_path / "near"), ("far", tmp_path / "far")),
            target=tmp_path / "target",
            paired=True,
            masks=tmp_path / "masks",
            extractor=None,
            examples=2,
        )
        return replace(settings, **changes)

    return make
