"""Refinement finds a known shift by brightness alone, and is not kept where the landmarks speak against it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.landmarks.geometry import Geometry, Points
from USHarmonizationLib.landmarks.refinement import Refinement, refine
from USHarmonizationLib.landmarks.registration import Registration, register
from USHarmonizationLib.landmarks.resampling import resample
from USHarmonizationLib.landmarks.transforms import LinearTransform

WHERE = Geometry((120, 160), (0.25, 0.25))
NAMES = tuple("abcdef")
POINTS = WHERE.to_mm(np.array([[20.0, 20], [140, 30], [130, 100], [30, 95], [80, 25], [70, 90]]))
TRUE = LinearTransform(
    "rigid", np.array([[np.cos(0.05), -np.sin(0.05)], [np.sin(0.05), np.cos(0.05)]]), np.array([1.0, -0.6])
)
ALL = np.ones(WHERE.size, dtype=bool)


def tissue(seed: int = 0) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=(240, 320))
    smooth = ndimage.gaussian_filter(noise, 4)
    return np.clip(0.5 + 0.25 * smooth / smooth.std(), 0, 1).astype(np.float32)


# The moving image lies on a larger grid, so that the fixed one is cut from it; its brightness is another curve.
LARGE = Geometry((240, 320), (0.25, 0.25), (-15.0, -15.0))
MOVING = np.sqrt(tissue())
FIXED = resample(tissue(), LARGE, WHERE, TRUE)


def refined(noise: float, kind: str = "rigid", moving: NDArray[np.float32] = MOVING) -> tuple[Registration, Refinement]:
    placed: Points = TRUE(POINTS) + np.random.default_rng(1).normal(0, noise, POINTS.shape)
    registration = register(kind, POINTS, placed, NAMES)
    return registration, refine(registration, FIXED, moving, (ALL, np.ones(LARGE.size, bool)), (WHERE, LARGE))


@pytest.mark.parametrize("kind", ["rigid", "similarity", "affine"])
def test_brightness_corrects_landmarks_that_were_placed_badly(kind: str) -> None:
    registration, found = refined(0.6, kind)
    true = TRUE(POINTS)
    before = np.linalg.norm(registration.transform(POINTS) - true, axis=1).max()
    after = np.linalg.norm(found.transform(POINTS) - true, axis=1).max()
    assert found.metric_after > found.metric_before
    assert after < 0.1 < before
    assert found.kept
    assert found.why.startswith("used: ")
    assert found.residual_before == pytest.approx(registration.fre)
    assert found.target_error_before == pytest.approx(registration.target_error)
    assert found.transform.kind == kind


def test_the_same_result_each_time() -> None:
    first, second = refined(0.6, "affine")[1], refined(0.6, "affine")[1]
    assert (first.transform.matrix == second.transform.matrix).all()
    assert first.metric_after == second.metric_after


def test_landmarks_that_fit_well_outvote_an_image_that_shows_something_else() -> None:
    found = refined(0.02, moving=tissue(7))[1]
    assert not found.kept
    assert found.why.startswith("not used: ")
    assert found.residual_after >= found.residual_before


def test_what_cannot_be_refined_is_refused() -> None:
    spline = register("tps", POINTS, TRUE(POINTS), NAMES)
    masks = (ALL, np.ones(LARGE.size, bool))
    with pytest.raises(UsageError, match="tps transform cannot be refined; refined are rigid, similarity, affine"):
        refine(spline, FIXED, MOVING, masks, (WHERE, LARGE))
    rigid = register("rigid", POINTS, TRUE(POINTS), NAMES)
    for wrong, reason in ((ALL & False, "shows no tissue"), (np.eye(*WHERE.size, dtype=bool), "fewer than 500 pixels")):
        with pytest.raises(InputError, match=reason):
            refine(rigid, FIXED, MOVING, (wrong, masks[1]), (WHERE, LARGE))
