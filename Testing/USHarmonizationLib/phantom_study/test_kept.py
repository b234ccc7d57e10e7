"""What became of a phantom's targets, on drawn ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from USHarmonizationLib.phantom_study.kept import Kept, kept

SIZE = 120
VALID = np.ones((SIZE, SIZE), dtype=bool)
LEVELS = {1: 0.0, 2: 0.2, 3: 0.8}
WIRES = {"wire-h1": (100.0, 30.0), "wire-h2": (100.0, 70.0), "outside": (500.0, 5.0)}


def labels() -> NDArray[np.uint8]:
    rows, columns = np.ogrid[:SIZE, :SIZE]
    made = np.zeros((SIZE, SIZE), dtype=np.uint8)
    for value, column in ((1, 25), (2, 60), (3, 95)):
        made[(rows - 40) ** 2 + (columns - column) ** 2 <= 100] = value
    return made


def phantom(**levels: float) -> NDArray[np.float32]:
    made = np.random.default_rng(0).uniform(0.35, 0.45, (SIZE, SIZE))
    for value, level in {**LEVELS, **{int(name[1:]): level for name, level in levels.items()}}.items():
        made[labels() == value] = level
    made[100, 30], made[100, 70] = 0.95, 0.95
    return made.astype(np.float32)


def measured(generated: NDArray[np.float32]) -> Kept:
    return kept(phantom(), generated, labels(), [1, 2, 3, 9], WIRES, VALID)


def test_a_brightness_curve_keeps_all() -> None:
    found = measured(phantom() ** 0.7)
    assert (found.regions, found.regions_kept, found.wires, found.wires_kept) == (3, 3, 2, 2)
    assert found.order == pytest.approx(1)
    assert abs(found.growth) < 0.02


def test_each_loss_is_counted() -> None:
    filled = phantom(l1=0.3)
    filled[99:102, 69:72] = 0.4
    found = measured(filled)
    assert (found.regions_kept, found.wires_kept) == (2, 1)
    assert found.order == pytest.approx(1 / 3)
    assert measured(phantom(l3=0.1)).regions_kept == 2
