"""The smooth statistics: by hand on patterns, against PyWavelets and counted bins, gradients that stay finite."""

from __future__ import annotations

import numpy as np
import pytest
import pywt
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from USHarmonizationLib import texture_statistics as ts


def speckle(seed: int, count: int = 2, side: int = 48) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((count, 1, side, side), generator=generator) * 1.6 - 0.8


def whole(images: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(images, dtype=torch.bool)


def test_bands_are_those_of_the_undecimated_wavelet() -> None:
    image = speckle(0, 1, 32)
    bands = ts.wavelet_bands(image)[0].numpy()
    approximation, (horizontal, vertical, diagonal) = pywt.swt2(image[0, 0].numpy(), "coif1", level=1)[0]
    inner = slice(8, 24)
    expected = {0: vertical, 1: horizontal, 2: diagonal, 3: approximation}
    for band, values in expected.items():
        # The same numbers; where a filter's first tap lies, and so the place, is a matter of convention.
        shifts = [
            np.abs(np.roll(values, (down, right), (0, 1))[inner, inner] - bands[band][inner, inner]).max()
            for down in range(-3, 4)
            for right in range(-3, 4)
        ]
        reverse = [
            np.abs(np.roll(values, (down, right), (0, 1))[inner, inner] + bands[band][inner, inner]).max()
            for down in range(-3, 4)
            for right in range(-3, 4)
        ]
        assert min(shifts + reverse) < 1e-5, band


def test_first_order_by_hand() -> None:
    """Left half 51 grey levels, right half 204: mean 127.5, SD 76.5, no skewness, kurtosis 1."""
    image = torch.full((1, 1, 32, 32), 51 / 127.5 - 1)
    image[..., 16:] = 204 / 127.5 - 1
    found = ts.region_statistics(image, whole(image))[0]
    mean, deviation, skewness, kurtosis = found[0], found[5], found[10], found[15]
    assert mean.item() == pytest.approx(127.5, abs=1e-3)
    assert deviation.exp().item() == pytest.approx(76.5, abs=1e-2)
    assert skewness.item() == pytest.approx(0, abs=1e-4)
    assert kurtosis.exp().item() == pytest.approx(1, abs=1e-4)


def test_soft_bins_count_as_bins_do() -> None:
    values = torch.tensor([10.0, 30.0, 60.0, 260.0, -40.0]).reshape(1, 1, 1, 5)
    shares = ts.soft_bins(values, 0.0, 11, 0.5)[0, :, 0]
    assert shares.sum(dim=0).tolist() == pytest.approx([1] * 5)
    assert shares.argmax(dim=0).tolist() == [0, 1, 2, 10, 0]
    assert shares.max(dim=0).values.min() > 0.99


def test_cooccurrence_of_a_chessboard_is_off_the_diagonal() -> None:
    board = torch.from_numpy(np.indices((16, 16)).sum(axis=0) % 2).float()[None, None]
    shares = torch.cat([1 - board, board], dim=1)
    assert torch.allclose(ts._cooccurrence(shares, (0, 1))[0], torch.tensor([[0.0, 0.5], [0.5, 0.0]]))
    assert torch.allclose(ts._cooccurrence(shares, (1, 1))[0], torch.tensor([[0.5, 0.0], [0.0, 0.5]]), atol=3e-3)
    # No neighbour along rows and columns is alike, all diagonal ones are: 4, but on the border.
    alike = ts._dependence_statistics(shares, board, torch.ones_like(board))[0, 0]
    assert alike.item() == pytest.approx((14 * 14 * 4 + 4 * 14 * 2 + 4 * 1) / 256, abs=1e-4)


def test_what_lies_outside_the_region_hardly_counts() -> None:
    image = speckle(3, 1)
    region = torch.zeros_like(image, dtype=torch.bool)
    region[..., 12:36, 12:36] = True
    changed = image.clone()
    changed[..., :6, :] = 0.9  # farther than any filter reaches
    assert torch.allclose(ts.region_statistics(image, region), ts.region_statistics(changed, region), atol=1e-4)


def test_number_of_statistics_as_documented() -> None:
    image = speckle(1)
    assert ts.region_statistics(image, whole(image)).shape == (2, 249)


@settings(max_examples=12, deadline=None)
@given(level=st.floats(-1, 1), amplitude=st.sampled_from([0.0, 1e-6, 0.01, 2.0]), seed=st.integers(0, 9))
def test_gradients_are_finite_whatever_the_image(level: float, amplitude: float, seed: int) -> None:
    image = (level + amplitude * speckle(seed, 1, 24)).clamp(-1.05, 1.05).requires_grad_(True)
    found = ts.region_statistics(image, whole(image))
    found.sum().backward()
    assert bool(torch.isfinite(found).all())
    assert image.grad is not None
    assert bool(torch.isfinite(image.grad).all())
