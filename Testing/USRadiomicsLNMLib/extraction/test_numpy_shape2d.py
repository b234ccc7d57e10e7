"""Outlines worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from USRadiomicsLNMLib.extraction.numpy_features.shape2d import shape2d


def test_a_rectangle_loses_its_corners() -> None:
    mask = np.zeros((9, 12), dtype=bool)
    mask[2:6, 3:10] = True  # 4 x 7
    found = shape2d(mask, (1, 1))
    assert found["PixelSurface"] == 28
    assert found["MeshSurface"] == 28 - 4 / 8
    assert found["Perimeter"] == pytest.approx(2 * 3 + 2 * 6 + 4 * np.sqrt(0.5))
    assert found["MaximumDiameter"] == pytest.approx(np.hypot(3, 7))  # from one end of a long side to the other
    assert found["MajorAxisLength"] == pytest.approx(4 * np.sqrt((7**2 - 1) / 12))
    assert found["MinorAxisLength"] == pytest.approx(4 * np.sqrt((4**2 - 1) / 12))
    assert found["Elongation"] == pytest.approx(np.sqrt(15 / 48))
    assert found["PerimeterSurfaceRatio"] == found["Perimeter"] / found["MeshSurface"]
    assert len(found) == 9


def test_pixels_need_not_be_square() -> None:
    mask = np.ones((4, 7), dtype=bool)
    found = shape2d(mask, (2, 3))
    assert found["PixelSurface"] == 28 * 6
    assert found["MeshSurface"] == pytest.approx(27.5 * 6)
    assert found["Perimeter"] == pytest.approx(2 * 3 * 2 + 2 * 6 * 3 + 4 * np.sqrt(13) / 2)
    assert found["MaximumDiameter"] == pytest.approx(np.hypot(3 * 2, 7 * 3))


def test_pixels_that_meet_at_a_corner_are_kept_apart() -> None:
    found = shape2d(np.eye(2, dtype=bool), (1, 1))
    assert found["MeshSurface"] == 2 * 0.5
    assert found["Perimeter"] == pytest.approx(8 * np.sqrt(0.5))


def test_a_hole_has_an_outline_too() -> None:
    ring = np.ones((5, 5), dtype=bool)
    ring[2, 2] = False
    found = shape2d(ring, (1, 1))
    assert found["PixelSurface"] == 24
    assert found["MeshSurface"] == 25 - 4 / 8 - 4 / 8
    assert found["Perimeter"] == pytest.approx(4 * 4 + 4 * np.sqrt(0.5) + 4 * np.sqrt(0.5))


def test_a_large_disc_is_nearly_round() -> None:
    rows, columns = np.ogrid[:300, :300]
    found = shape2d((rows - 150) ** 2 + (columns - 150) ** 2 < 120**2, (1, 1))
    assert found["MajorAxisLength"] == pytest.approx(240, rel=0.005)
    assert found["MaximumDiameter"] == pytest.approx(240, abs=1.5)
    assert 0.93 < found["Sphericity"] < 1


@given(seed=st.integers(0, 1000), rows=st.integers(2, 15), columns=st.integers(2, 15))
def test_turned_moved_and_scaled(seed: int, rows: int, columns: int) -> None:
    mask = np.random.default_rng(seed).random((rows, columns)) < 0.6
    mask[0, :2] = mask[1, 0] = True
    found = shape2d(mask, (0.2, 0.3))
    assert shape2d(np.rot90(mask), (0.3, 0.2)) == pytest.approx(found)
    assert shape2d(np.pad(mask, ((5, 0), (2, 1))), (0.2, 0.3)) == pytest.approx(found)
    larger = shape2d(mask, (0.4, 0.6))
    for name, power in (("Perimeter", 1), ("MeshSurface", 2), ("MaximumDiameter", 1), ("Sphericity", 0)):
        assert larger[name] == pytest.approx(found[name] * 2**power)
