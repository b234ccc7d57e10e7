"""SSIM: scikit-image's on the whole image, the value of a known shift, and nothing from outside the overlap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from USHarmonizationLib.metrics.ssim import RADIUS, ssim


def images(rng: np.random.Generator, shape: tuple[int, int] = (60, 70)) -> tuple[np.ndarray, np.ndarray]:
    tissue = gaussian_filter(rng.random(shape), 2)
    tissue = (tissue - tissue.min()) / np.ptp(tissue)
    return tissue, np.clip(tissue**0.8 + rng.normal(0, 0.05, shape), 0, 1)


@pytest.mark.parametrize("data_range", [1.0, 255.0])
def test_scikit_image_says_the_same(rng: np.random.Generator, data_range: float) -> None:
    a, b = (image * data_range for image in images(rng))
    expected = structural_similarity(
        a, b, data_range=data_range, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    found = ssim(a, b, np.ones(a.shape, dtype=bool), data_range)
    assert found == pytest.approx(expected, abs=1e-12)
    assert 0.2 < found < 0.95


def test_inside_a_mask_it_is_the_mean_of_the_map_where_the_window_fits(rng: np.random.Generator) -> None:
    a, b = images(rng)
    overlap = np.zeros(a.shape, dtype=bool)
    overlap[10:41, 20:60] = True
    _, similar = structural_similarity(
        a, b, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    inner = similar[10 + RADIUS : 41 - RADIUS, 20 + RADIUS : 60 - RADIUS]
    assert ssim(a, b, overlap) == pytest.approx(inner.mean(), abs=1e-12)


def test_nothing_outside_the_overlap_counts(rng: np.random.Generator) -> None:
    a, b = images(rng)
    overlap = np.zeros(a.shape, dtype=bool)
    overlap[5:50, 5:50] = True
    before = ssim(a, b, overlap)
    a[~overlap], b[~overlap] = np.nan, 7
    assert ssim(a, b, overlap) == before


def test_a_known_shift_of_flat_images() -> None:
    a, whole = np.full((30, 30), 0.5), np.ones((30, 30), dtype=bool)
    # No contrast: the structure term is 1, the luminance term (2 a b + c1) / (a^2 + b^2 + c1).
    assert ssim(a, a + 0.1, whole) == pytest.approx((2 * 0.3 + 1e-4) / (0.25 + 0.36 + 1e-4))
    assert ssim(a, a, whole) == 1


def test_no_window_fits() -> None:
    overlap = np.zeros((30, 30), dtype=bool)
    overlap[:10, :] = True
    assert np.isnan(ssim(np.zeros((30, 30)), np.zeros((30, 30)), overlap))
