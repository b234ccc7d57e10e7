"""Resampling: a known shift to the pixel, SimpleITK agrees, the overlap is what both images show."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from USHarmonizationLib.landmarks.geometry import Geometry
from USHarmonizationLib.landmarks.itk import image_to_itk, to_itk
from USHarmonizationLib.landmarks.resampling import folds, overlap, resample
from USHarmonizationLib.landmarks.transforms import LinearTransform, fit

GENERATOR = np.random.default_rng(0)
FRAME = GENERATOR.uniform(0.1, 1, (40, 60)).astype(np.float32)


def shift(x: float, y: float) -> LinearTransform:
    return LinearTransform("rigid", np.eye(2), np.array([x, y]))


def test_a_shift_by_whole_pixels_keeps_the_values() -> None:
    where = Geometry((40, 60), (0.5, 0.25))
    moved = resample(FRAME, where, where, shift(1.5, -0.5))  # 3 columns right, 2 rows up in the moving image
    assert moved[2:, :-3] == pytest.approx(FRAME[:-2, 3:])
    assert not moved[:2].any()
    assert not moved[:, -3:].any()


@pytest.mark.parametrize("kind", ["rigid", "similarity", "affine"])
def test_simpleitk_agrees(kind: str) -> None:
    fixed_where = Geometry((50, 70), (0.4, 0.3), (3.0, -2.0), ((0.6, -0.8), (0.8, 0.6)))
    moving_where = Geometry((40, 60), (0.5, 0.25), (-1.0, 4.0), ((0.0, 1.0), (-1.0, 0.0)))
    fixed = fixed_where.to_mm(GENERATOR.uniform(5, 45, (6, 2)))
    moving = moving_where.to_mm(fixed_where.to_pixels(fixed) * 0.8 + GENERATOR.normal(0, 0.5, (6, 2)))
    transform = fit(kind, fixed, moving)
    grid = image_to_itk(np.zeros(fixed_where.size, np.float32), fixed_where)
    expected = SimpleITK.GetArrayFromImage(
        SimpleITK.Resample(image_to_itk(FRAME, moving_where), grid, to_itk(transform, fixed_where))
    )
    found = resample(FRAME, moving_where, fixed_where, transform)
    both = overlap(np.ones(fixed_where.size, bool), np.ones((40, 60), bool), moving_where, fixed_where, transform)
    assert both.any()
    assert found[both] == pytest.approx(expected[both], abs=1e-5)


def test_the_overlap_is_valid_in_both() -> None:
    where = Geometry((40, 60))
    fixed: NDArray[np.bool_] = np.zeros((40, 60), bool)
    moving = fixed.copy()
    fixed[10:30, 10:30], moving[10:30, 20:40] = True, True
    expected = np.zeros((40, 60), bool)
    expected[10:30, 15:30] = True
    assert (overlap(fixed, moving, where, where, shift(5, 0)) == expected).all()
    # Between pixels only those count whose neighbours are all valid.
    half = overlap(fixed, moving, where, where, shift(5.5, 0))
    assert (half == expected).all()
    assert not overlap(fixed, moving, where, where, shift(100, 0)).any()


def test_folding_is_seen() -> None:
    where = Geometry((40, 60))
    corners = np.array([[0.0, 0.0], [59.0, 0.0], [0.0, 39.0], [59.0, 39.0], [25.0, 20.0], [35.0, 20.0]])
    moving = corners.copy()
    assert not folds(where, fit("tps", corners, moving + np.array([3.0, 1.0])))
    moving[[4, 5], 0] = [36.0, 24.0]  # change places
    assert folds(where, fit("tps", corners, moving))
    turned = Geometry((40, 60), direction=((0.0, 1.0), (1.0, 0.0)))  # counts the other way round
    assert not folds(turned, shift(1, 1))
