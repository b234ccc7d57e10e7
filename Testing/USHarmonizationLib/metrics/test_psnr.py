"""PSNR: values worked by hand, scikit-image's on the whole image, and nothing from outside the overlap."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from USHarmonizationLib.metrics.psnr import psnr

WHOLE = np.ones((20, 30), dtype=bool)


def test_a_known_shift() -> None:
    image = np.full((20, 30), 0.4)
    assert psnr(image, image + 0.1, WHOLE) == pytest.approx(20)
    assert psnr(image * 255, image * 255 + 25.5, WHOLE, data_range=255) == pytest.approx(20)


def test_equal_images_are_infinitely_alike() -> None:
    assert psnr(WHOLE * 0.3, WHOLE * 0.3, WHOLE) == np.inf


def test_known_noise(rng: np.random.Generator) -> None:
    image = np.full((400, 400), 0.5)
    noise = rng.normal(0, 0.05, image.shape)
    assert psnr(image, image + noise, np.ones_like(image, dtype=bool)) == pytest.approx(-20 * np.log10(0.05), abs=0.05)


def test_scikit_image_says_the_same(rng: np.random.Generator) -> None:
    a, b = rng.random((2, 20, 30))
    assert psnr(a, b, WHOLE) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1), rel=1e-12)


def test_only_the_overlap_counts() -> None:
    a, b = np.zeros((20, 30)), np.zeros((20, 30))
    b[:10] = 0.1
    b[10:] = np.nan
    overlap = WHOLE.copy()
    overlap[10:] = False
    assert psnr(a, b, overlap) == pytest.approx(20)
