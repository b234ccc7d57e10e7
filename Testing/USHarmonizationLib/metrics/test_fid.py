"""Frechet distance of network features: worked by hand, torchmetrics' value, and when it is to be doubted."""

from __future__ import annotations

import numpy as np
import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.fid import network_frechet_distance, small_sample_warning


def test_of_two_gaussians_worked_by_hand() -> None:
    # Means 0 and (3, 0); variances 4/3 and 16/3 along one axis, equal along the other: 9 + (sqrt(4/3) - sqrt(16/3))^2.
    square = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    wider = square * [2, 1] + [3, 0]
    assert network_frechet_distance(square, wider) == pytest.approx(9 + 4 / 3)
    assert network_frechet_distance(square, square) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n", [200, 15])
def test_torchmetrics_says_the_same(rng: np.random.Generator, n: int) -> None:
    import torch
    from torchmetrics.image.fid import _compute_fid

    a, b = rng.normal(size=(n, 24)) @ rng.normal(size=(24, 24)), rng.normal(0.3, 2, (n + 10, 24))
    moments = [torch.from_numpy(m) for s in (a, b) for m in (s.mean(axis=0), np.cov(s.T))]
    assert network_frechet_distance(a, b) == pytest.approx(float(_compute_fid(*moments)), rel=1e-5)


def test_small_samples_are_told() -> None:
    assert small_sample_warning(4000, 1280) is None
    assert "biased upwards" in (small_sample_warning(1500, 1280) or "")
    assert "fewer than the 1280 features" in (small_sample_warning(100, 1280) or "")


def test_small_samples_are_biased_as_told(rng: np.random.Generator) -> None:
    few, many = (network_frechet_distance(*rng.normal(size=(2, n, 20))) for n in (30, 3000))
    assert few > 10 * many


@pytest.mark.parametrize("sample", [np.zeros((1, 3)), np.zeros((4, 2)), np.full((4, 3), np.inf)])
def test_unusable_features_are_refused(sample: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"needed|finite"):
        network_frechet_distance(sample, np.zeros((4, 3)))
