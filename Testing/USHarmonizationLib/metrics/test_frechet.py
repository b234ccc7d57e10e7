"""Frechet distance: Gaussians whose distance is known, standardizing, clipping, few samples, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.frechet import frechet_distance


def exact(mean: list[float], deviation: list[float], count: int = 4000) -> np.ndarray:
    """A sample with exactly this mean and (population) deviation, columns uncorrelated."""
    values = np.random.default_rng(0).normal(size=(count, len(mean)))
    values -= values.mean(axis=0)
    values /= np.linalg.svd(values, full_matrices=False)[1] / np.sqrt(count)
    left, _, right = np.linalg.svd(values, full_matrices=False)
    return left @ right * np.sqrt(count) * deviation + mean


def test_distance_of_known_gaussians() -> None:
    target = exact([10, -3], [2, 5])
    moved = exact([10 + 3 * 2, -3 - 1 * 5], [2 * 2, 5 * 0.5])
    # Standardized: means 3 and -1, deviations 2 and 0.5 against 0, 0, 1, 1: 9 + 1 + (2 - 1)² + (0.5 - 1)².
    assert frechet_distance(moved, target) == pytest.approx(9 + 1 + 1 + 0.25, rel=2e-3)


def test_the_definition_with_a_matrix_root() -> None:
    from scipy.linalg import sqrtm

    chance = np.random.default_rng(1)
    sample, target = chance.normal(size=(200, 6)) @ chance.normal(size=(6, 6)), chance.normal(size=(150, 6))
    mean, deviation = target.mean(axis=0), target.std(axis=0)
    a, b = (np.clip((values - mean) / deviation, -10, 10) for values in (sample, target))
    covariances = np.cov(a.T), np.cov(b.T)
    root = sqrtm(covariances[0] @ covariances[1])
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(sum(covariances) - 2 * root.real)
    assert frechet_distance(sample, target) == pytest.approx(expected, rel=1e-9)


def test_fewer_samples_than_features() -> None:
    chance = np.random.default_rng(2)
    sample, target = chance.normal(size=(8, 40)), chance.normal(size=(12, 40))
    assert frechet_distance(target, target) == pytest.approx(0, abs=1e-9)
    assert 20 < frechet_distance(sample, target) < 200


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-50, 50))
def test_units_of_the_features_do_not_matter(seed: int, scale: float, shift: float) -> None:
    chance = np.random.default_rng(seed)
    sample, target = chance.normal(size=(30, 3)), chance.normal(1, 2, size=(20, 3))
    plain = frechet_distance(sample, target)
    assert plain >= 0
    assert frechet_distance(sample * scale + shift, target * scale + shift) == pytest.approx(plain, rel=1e-6)


def test_far_values_count_as_ten_deviations() -> None:
    target = exact([0], [1])
    sample = np.full((10, 1), 1e9)
    assert frechet_distance(sample, target) == pytest.approx(10**2 + 1, rel=1e-3)


def test_a_feature_that_does_not_vary_in_the_target_is_left_out() -> None:
    chance = np.random.default_rng(3)
    sample, target = chance.normal(size=(30, 2)), chance.normal(size=(30, 2))
    flat = np.full((30, 1), 0.1)
    with_flat = frechet_distance(np.hstack([sample, flat + 5]), np.hstack([target, flat]))
    assert with_flat == pytest.approx(frechet_distance(sample, target))


@pytest.mark.parametrize(
    ("sample", "target", "said"),
    [
        (np.zeros((3, 2)), np.zeros((3, 4)), "shapes"),
        (np.zeros(3), np.zeros((3, 1)), "shapes"),
        (np.zeros((1, 2)), np.eye(2), "at least 2"),
        (np.array([[np.nan], [0]]), np.eye(2)[:, :1], "finite"),
        (np.eye(2), np.ones((5, 2)), "no feature varies"),
    ],
)
def test_unusable_features_are_refused(sample: np.ndarray, target: np.ndarray, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        frechet_distance(sample, target)
