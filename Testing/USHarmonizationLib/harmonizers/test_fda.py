"""Fourier domain adaptation against the paper's equation, written out; sizes, masks, settings."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import resample

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.harmonizers.fda import FourierHarmonizer

Frame = NDArray[np.float32]


def equation(source: Frame, target: Frame, beta: float) -> NDArray[np.float64]:
    """Equations 2 and 3 of Yang and Soatto as they stand: centred spectra, a square mask, inverse transform."""
    spectrum_source = np.fft.fftshift(np.fft.fft2(source.astype(float)))
    spectrum_target = np.fft.fftshift(np.fft.fft2(target.astype(float)))
    amplitude, phase = np.abs(spectrum_source), np.angle(spectrum_source)
    rows, columns = source.shape
    half = int(np.floor(beta * min(rows, columns)))
    mask = np.zeros(source.shape)
    mask[rows // 2 - half : rows // 2 + half + 1, columns // 2 - half : columns // 2 + half + 1] = 1
    mixed = mask * np.abs(spectrum_target) + (1 - mask) * amplitude
    return np.fft.ifft2(np.fft.ifftshift(mixed * np.exp(1j * phase))).real


def tissue(seed: int, shape: tuple[int, int], level: float = 0.4) -> Frame:
    """Smooth structure and speckle, far enough from 0 and 1 that nothing is clipped."""
    draw = np.random.default_rng(seed)
    rows, columns = np.indices(shape) / np.array(shape)[:, None, None]
    smooth = 0.1 * np.sin(2 * np.pi * (rows * draw.uniform(0.5, 2) + columns * draw.uniform(0.5, 2) + draw.uniform()))
    return (level + smooth + 0.02 * draw.standard_normal(shape)).astype(np.float32)


def everywhere(frame: Frame) -> NDArray[np.bool_]:
    return np.ones(frame.shape, dtype=bool)


def adapted_to(*references: Frame, beta: float) -> FourierHarmonizer:
    return FourierHarmonizer.from_frames([(frame, everywhere(frame)) for frame in references], beta)


@pytest.mark.parametrize("shape", [(64, 64), (65, 50), (48, 81)])
@pytest.mark.parametrize("beta", [0.0, 0.01, 0.05, 0.2])
def test_is_the_equation_of_the_paper(shape: tuple[int, int], beta: float) -> None:
    source, target = tissue(1, shape), tissue(2, shape, 0.6)
    result = adapted_to(target, beta=beta).harmonize(source, everywhere(source))
    np.testing.assert_allclose(result, equation(source, target, beta), atol=1e-6)
    assert np.abs(result - source).max() > 0.1


def test_a_reference_of_another_size_is_resampled() -> None:
    source, target = tissue(1, (60, 80)), tissue(2, (90, 121), 0.6)
    resampled = resample(resample(target.astype(float), 60, axis=0), 80, axis=1)
    result = adapted_to(target, beta=0.1).harmonize(source, everywhere(source))
    np.testing.assert_allclose(result, equation(source, resampled, 0.1), atol=1e-6)


def test_several_references_give_their_mean_amplitude() -> None:
    source, first, second = tissue(1, (60, 60)), tissue(2, (60, 60), 0.3), tissue(3, (60, 60), 0.7)
    result = adapted_to(first, second, beta=0.0).harmonize(source, everywhere(source))
    assert result.mean() == pytest.approx((first.mean() + second.mean()) / 2, abs=1e-5)
    sizes = adapted_to(first, tissue(3, (300, 20)), beta=0.1)
    assert sizes.amplitude.shape == (19, 19)  # as many frequencies as the smallest reference has


def test_beta_0_only_sets_the_mean_brightness() -> None:
    source, target = tissue(1, (40, 40)), tissue(2, (40, 40), 0.6)
    result = adapted_to(target, beta=0.0).harmonize(source, everywhere(source))
    np.testing.assert_allclose(result, source - source.mean() + target.mean(), atol=1e-5)


def test_only_the_box_around_the_tissue_is_transformed() -> None:
    source = tissue(1, (50, 60))
    target = tissue(2, (50, 60), 0.6)
    valid = np.zeros((70, 90), bool)
    valid[12:62, 5:65] = True
    frame = np.zeros((70, 90), np.float32)
    frame[valid] = source.ravel()
    result = adapted_to(target, beta=0.1).harmonize(frame, valid)
    np.testing.assert_allclose(result[valid].reshape(50, 60), equation(source, target, 0.1), atol=1e-6)
    assert not result[~valid].any()
    assert np.array_equal(adapted_to(target, beta=0.1).harmonize(frame, np.zeros_like(valid)), frame)


def test_stored_and_pickled_it_does_the_same() -> None:
    source, harmonizer = tissue(1, (64, 64)), adapted_to(tissue(2, (64, 64), 0.6), beta=0.05)
    expected = harmonizer.harmonize(source, everywhere(source))
    settings, weights = harmonizer.stored()
    assert settings == {"name": "fda", "beta": 0.05}
    again = FourierHarmonizer.from_stored(settings, weights, "x")
    assert again.version == harmonizer.version
    assert np.array_equal(again.harmonize(source, everywhere(source)), expected)
    assert np.array_equal(pickle.loads(pickle.dumps(harmonizer)).harmonize(source, everywhere(source)), expected)


def test_result_stays_in_range() -> None:
    source = np.tile(np.array([[0.0, 1.0]], np.float32), (32, 16))
    result = adapted_to(tissue(2, (32, 32), 0.8), beta=0.1).harmonize(source, everywhere(source))
    assert 0 <= result.min() < result.max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (5, 2)])
def test_smallest_frames(size: tuple[int, int]) -> None:
    source = np.full(size, 0.5, np.float32)
    result = adapted_to(np.full((64, 64), 0.25, np.float32), beta=0.01).harmonize(source, everywhere(source))
    np.testing.assert_allclose(result, 0.25, atol=1e-6)


def test_what_cannot_be_done_is_said() -> None:
    small = adapted_to(tissue(2, (16, 16)), beta=0.09)
    with pytest.raises(
        InputError, match=r"beta 0\.09 swaps 18 frequencies of 200 x 300 pixels, but the reference holds 7"
    ):
        small.harmonize(tissue(1, (200, 300)), np.ones((200, 300), bool))
    with pytest.raises(UsageError, match=r"beta is 0\.6; needed"):
        adapted_to(tissue(2, (16, 16)), beta=0.6)
    with pytest.raises(UsageError, match="no valid pixel"):
        FourierHarmonizer.from_frames([])
    with pytest.raises(UsageError, match="odd side"):
        FourierHarmonizer(np.ones((4, 4)))
    with pytest.raises(UsageError, match="finite"):
        FourierHarmonizer(np.full((3, 3), np.nan))
    with pytest.raises(UsageError, match="bundle x is broken"):
        FourierHarmonizer.from_stored({"name": "fda"}, {}, "x")
