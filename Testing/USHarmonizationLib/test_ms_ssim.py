"""MS-SSIM: an independent implementation, worked cases, masks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from USHarmonizationLib.ms_ssim import SCALE_WEIGHTS, ms_ssim, scales_for


def speckle(seed: int, rows: int = 192, columns: int = 208) -> torch.Tensor:
    """(1, 1, rows, columns) in [0, 1], smooth and noisy parts."""
    draw = torch.Generator().manual_seed(seed)
    smooth = torch.nn.functional.interpolate(
        torch.rand(1, 1, 12, 12, generator=draw), size=(rows, columns), mode="bicubic"
    )
    return (0.7 * smooth + 0.3 * torch.rand(1, 1, rows, columns, generator=draw)).clamp(0, 1)


def test_equals_pytorch_msssim() -> None:
    peer = pytest.importorskip("pytorch_msssim")
    a = torch.cat([speckle(1), speckle(2)])
    b = torch.cat([(speckle(1) + 0.1 * torch.randn(192, 208)).clamp(0, 1), (speckle(2) + speckle(3)) / 2])
    expected = peer.ms_ssim(a, b, data_range=1.0, size_average=False)
    assert 0.05 < expected.min() < 0.9
    torch.testing.assert_close(ms_ssim(a, b), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(ms_ssim(255 * a, 255 * b, data_range=255.0), expected, atol=1e-5, rtol=0)


def test_one_scale_is_the_gaussian_ssim_of_scikit_image() -> None:
    from skimage.metrics import structural_similarity

    a, b = speckle(1), speckle(2)
    _, full = structural_similarity(
        a[0, 0].numpy().astype(float),
        b[0, 0].numpy().astype(float),
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    assert ms_ssim(a, b, scales=1).item() == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-5)


def test_constant_images_by_hand() -> None:
    """Without contrast every structure term is 1; what is left is the luminance of the last scale to its weight."""
    a, b = torch.full((1, 1, 176, 176), 0.2), torch.full((1, 1, 176, 176), 0.6)
    luminance = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert ms_ssim(a, b).item() == pytest.approx(luminance ** SCALE_WEIGHTS[-1], abs=1e-4)
    assert ms_ssim(a, b, scales=1).item() == pytest.approx(luminance, abs=1e-4)


@pytest.mark.parametrize(
    ("side", "scales"), [(11, 1), (21, 1), (22, 2), (44, 3), (88, 4), (175, 4), (176, 5), (512, 5)]
)
def test_small_images_have_fewer_scales(side: int, scales: int) -> None:
    assert scales_for(side, 600) == scales
    assert ms_ssim(speckle(1)[..., :side, :side], speckle(1)[..., :side, :side]).item() == pytest.approx(1.0, abs=1e-5)


def test_mask_of_ones_changes_nothing() -> None:
    a, b = speckle(1), speckle(2)
    torch.testing.assert_close(ms_ssim(a, b, torch.ones(1, 1, 192, 208, dtype=torch.bool)), ms_ssim(a, b))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), value=st.sampled_from([0.0, 1.0, -7.0, float("nan")]))
def test_left_out_pixels_change_nothing(seed: int, value: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    a, b = torch.rand(1, 1, 64, 50, generator=draw), torch.rand(1, 1, 64, 50, generator=draw)
    valid = torch.rand(1, 1, 64, 50, generator=draw) > 0.3
    other = torch.where(valid, a, torch.tensor(value))
    assert torch.equal(ms_ssim(other, b, valid), ms_ssim(a, b, valid))


def test_half_an_image_left_out_is_nearly_the_other_half() -> None:
    a, b = speckle(1, 192, 400), speckle(2, 192, 400)
    b[..., 200:] = a[..., 200:]
    valid = torch.zeros(1, 1, 192, 400)
    valid[..., :200] = 1
    left = ms_ssim(a[..., :200], b[..., :200]).item()
    assert ms_ssim(a, b).item() > left + 0.1
    assert ms_ssim(a, b, valid).item() == pytest.approx(left, abs=0.05)


def test_nothing_valid_counts_as_equal() -> None:
    assert ms_ssim(speckle(1), speckle(2), torch.zeros(1, 1, 192, 208)).tolist() == [1.0]


def test_gradient_is_finite_where_similarity_is_lowest() -> None:
    a = speckle(1).requires_grad_()
    value = ms_ssim(a, 1 - a.detach())
    value.backward()
    assert 0 <= value.item() < 0.1
    assert a.grad is not None
    assert bool(torch.isfinite(a.grad).all())


def test_low_precision_autocast_does_not_touch_it() -> None:
    a, b = speckle(1), speckle(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = ms_ssim(a, b)
    assert torch.equal(inside, ms_ssim(a, b))


@pytest.mark.parametrize(
    ("a", "b", "scales"),
    [
        ((1, 1, 10, 40), (1, 1, 10, 40), None),
        ((1, 3, 40, 40), (1, 3, 40, 40), None),
        ((1, 1, 40, 40), (1, 1, 40, 41), None),
        ((1, 1, 40, 40), (1, 1, 40, 40), 3),
    ],
)
def test_wrong_shapes_are_refused(a: tuple[int, ...], b: tuple[int, ...], scales: int | None) -> None:
    with pytest.raises(ValueError, match="needed"):
        ms_ssim(torch.zeros(a), torch.zeros(b), scales=scales)


def test_weights_are_those_of_wang() -> None:
    assert np.sum(SCALE_WEIGHTS) == pytest.approx(1.0, abs=1e-3)
