"""Kernel distance: torchmetrics' value, worked by hand, unbiased, and its spread."""

from __future__ import annotations

import numpy as np
import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.kid import kernel_distance


def test_torchmetrics_says_the_same(rng: np.random.Generator) -> None:
    import torch
    from torchmetrics.image.kid import poly_mmd

    a, b = rng.normal(size=(40, 16)), rng.normal(0.2, 1, (40, 16))
    expected = poly_mmd(torch.from_numpy(a), torch.from_numpy(b))
    assert kernel_distance(a, b).value == pytest.approx(float(expected), rel=1e-9)


def test_worked_by_hand() -> None:
    # One feature, all 0 against all 1: kernels 1 within the first, 8 within the second, 1 between.
    assert kernel_distance(np.zeros((4, 1)), np.ones((5, 1))).value == pytest.approx(1 + 8 - 2)


def test_without_a_difference_it_is_zero_in_the_mean(rng: np.random.Generator) -> None:
    found = [kernel_distance(*rng.normal(size=(2, 12, 4))).value for _ in range(60)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(60)
    assert min(found) < 0 < max(found)


def test_spread_over_subsets(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 60, 8))
    found = kernel_distance(a, b, seed=3)
    assert (found.subsets, found.subset_size) == (100, 30)
    assert found == kernel_distance(a, b, seed=3)
    assert found.sd != kernel_distance(a, b, seed=4).sd
    larger = kernel_distance(*rng.normal(size=(2, 600, 8)))
    assert 0 < larger.sd < found.sd


@pytest.mark.parametrize("sample", [np.zeros((3, 3)), np.zeros((4, 2)), np.full((4, 3), np.nan)])
def test_unusable_features_are_refused(sample: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"needed|finite"):
        kernel_distance(sample, np.zeros((4, 3)))
