"""All figures of a pair: those of the single functions, NaN outside the overlap, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio

from USHarmonizationLib.errors import InputError
from USHarmonizationLib.metrics.image_figures import image_figures

WHOLE = np.ones((180, 200), dtype=bool)


@pytest.fixture
def pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    tissue = gaussian_filter(rng.random(WHOLE.shape), 3)
    tissue = (tissue - tissue.min()) / np.ptp(tissue)
    return tissue, np.clip(tissue + rng.normal(0, 0.05, WHOLE.shape), 0, 1)


def test_of_a_pair(pair: tuple[np.ndarray, np.ndarray]) -> None:
    import torch
    from pytorch_msssim import ms_ssim

    found = image_figures(*pair, WHOLE)
    a, b = (torch.from_numpy(image.astype(np.float32))[None, None] for image in pair)
    expected = ms_ssim(a, b, data_range=1)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(*pair, data_range=1), abs=1e-5)
    assert found.ms_ssim == pytest.approx(float(expected), abs=1e-4)
    assert (found.scales, found.pixels) == (5, WHOLE.size)
    assert found.ssim < found.ms_ssim < 1
    assert 0 < found.mi < 6
    assert 1 < found.nmi < 2


def test_equal_images(pair: tuple[np.ndarray, np.ndarray]) -> None:
    found = image_figures(pair[0], pair[0], WHOLE)
    assert found.psnr == np.inf
    assert found.ssim == pytest.approx(1)
    assert found.ms_ssim == pytest.approx(1, abs=1e-6)
    assert found.nmi == pytest.approx(2)


def test_what_lies_outside_may_be_anything(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pair
    overlap = WHOLE.copy()
    overlap[:, 70:] = False
    before = image_figures(a, b, overlap)
    after = image_figures(np.where(overlap, a, np.nan), np.where(overlap, b, 9), overlap)
    assert before == after
    assert before != image_figures(a, b, WHOLE)


def test_constant_images() -> None:
    found = image_figures(WHOLE * 0.5, WHOLE * 0.25, WHOLE)
    assert found.psnr == pytest.approx(-20 * np.log10(0.25))
    assert found.mi == 0
    assert np.isnan(found.nmi)


def test_small_images_have_no_structure() -> None:
    small = np.ones((10, 40), dtype=bool)
    found = image_figures(small * 0.1, small * 0.2, small)
    assert np.isnan([found.ssim, found.ms_ssim]).all()
    assert found.scales == 0


@pytest.mark.parametrize(
    ("image", "overlap", "line"),
    [
        (np.zeros((95, 200)), WHOLE, "images of 180 x 200 and 95 x 200 pixels .* one grid"),
        (np.zeros((180, 200)), np.zeros_like(WHOLE), "overlap in 0 pixels; needed: at least 100"),
        (np.full((180, 200), np.nan), WHOLE, "not finite"),
        (np.full((180, 200), 255.0), WHOLE, "brightness from 255 to 255 in the overlap; needed: 0 to 1"),
    ],
)
def test_unusable_pairs_are_refused(image: np.ndarray, overlap: np.ndarray, line: str) -> None:
    with pytest.raises(InputError, match=line):
        image_figures(np.zeros((180, 200)), image, overlap)
