"""Histogram matching: worked cases, an independent implementation, monotone, masks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.harmonizers.histogram import BINS, HistogramHarmonizer

Frame = NDArray[np.float32]


def everywhere(frame: Frame) -> NDArray[np.bool_]:
    return np.ones(frame.shape, dtype=bool)


def matched_to(reference: Frame) -> HistogramHarmonizer:
    return HistogramHarmonizer.from_frames([(reference, everywhere(reference))])


def speckle(seed: int, scale: float, shape: tuple[int, int] = (60, 80)) -> Frame:
    """8-bit like Rayleigh speckle in [0, 1]."""
    values = np.random.default_rng(seed).rayleigh(scale, shape)
    return (np.rint(np.clip(values, 0, 1) * 255) / 255).astype(np.float32)


def test_as_many_values_are_mapped_one_to_one() -> None:
    frame = np.array([[0.0, 0.2], [0.4, 0.8]], np.float32)
    reference = np.array([[0.2, 0.4, 0.6, 1.0]], np.float32)
    result = matched_to(reference).harmonize(frame, everywhere(frame))
    np.testing.assert_allclose(result, [[0.2, 0.4], [0.6, 1.0]], atol=1e-6)


def test_a_frame_matched_to_itself_comes_back() -> None:
    frame = speckle(1, 0.3)
    np.testing.assert_allclose(matched_to(frame).harmonize(frame, everywhere(frame)), frame, atol=1e-6)


def test_close_to_scikit_image() -> None:
    """It takes the top of each step where we take the middle: within a grey level for fine distributions."""
    from skimage.exposure import match_histograms

    frame, reference = speckle(1, 0.2, (300, 300)), speckle(2, 0.35, (300, 300))
    result = matched_to(reference).harmonize(frame, everywhere(frame))
    inner = (frame > 0.02) & (frame < np.quantile(frame, 0.999))  # away from the ends, where few pixels decide
    assert np.abs(result - match_histograms(frame, reference))[inner].max() < 2 / 255
    assert abs(np.median(result) - np.median(reference)) < 1 / 255


def test_reference_frames_weigh_the_same_whatever_their_size() -> None:
    dark, bright = np.zeros((10, 10), np.float32), np.ones((2, 5), np.float32)
    pooled = HistogramHarmonizer.from_frames([(dark, everywhere(dark)), (bright, everywhere(bright))])
    assert pooled.shares[0] == pooled.shares[-1] == 0.5


def test_pixels_that_are_not_valid_are_neither_read_nor_changed() -> None:
    frame, reference = speckle(1, 0.2), speckle(2, 0.4)
    valid = np.zeros(frame.shape, bool)
    valid[10:40, 20:60] = True
    other = np.where(valid, frame, np.float32(0.77))
    harmonizer = matched_to(reference)
    result = harmonizer.harmonize(other, valid)
    assert np.array_equal(result[~valid], other[~valid])
    assert np.array_equal(result[valid], harmonizer.harmonize(frame, valid)[valid])
    assert np.array_equal(harmonizer.harmonize(frame, np.zeros_like(valid)), frame)


@settings(max_examples=50, deadline=None)
@given(
    frame=arrays(np.float32, (6, 7), elements=st.floats(0, 1, width=32)),
    reference=arrays(np.float32, (4, 9), elements=st.floats(0, 1, width=32)),
)
def test_order_is_kept_and_range_is_that_of_the_reference(frame: Frame, reference: Frame) -> None:
    result = matched_to(reference).harmonize(frame, everywhere(frame))
    order = np.argsort(frame, axis=None, kind="stable")
    assert (np.diff(result.ravel()[order]) >= 0).all()
    half_a_bin = 0.5 / (BINS - 1) + 1e-6
    assert reference.min() - half_a_bin <= result.min() <= result.max() <= reference.max() + half_a_bin
    assert result.dtype == np.float32


def test_stored_and_pickled_it_does_the_same() -> None:
    frame, harmonizer = speckle(1, 0.2), matched_to(speckle(2, 0.4))
    expected = harmonizer.harmonize(frame, everywhere(frame))
    stored_settings, weights = harmonizer.stored()
    again = HistogramHarmonizer.from_stored(stored_settings, weights, "x")
    assert again.version == harmonizer.version
    assert np.array_equal(again.harmonize(frame, everywhere(frame)), expected)
    assert np.array_equal(pickle.loads(pickle.dumps(harmonizer)).harmonize(frame, everywhere(frame)), expected)
    assert matched_to(speckle(3, 0.4)).version != harmonizer.version


def test_broken_distributions_are_refused() -> None:
    for shares in (np.ones(7), np.zeros(BINS), np.full(BINS, np.nan), -np.ones(BINS)):
        with pytest.raises(UsageError, match="stored histogram is broken"):
            HistogramHarmonizer(shares)
    with pytest.raises(UsageError, match="no valid pixel"):
        HistogramHarmonizer.from_frames([])
    with pytest.raises(UsageError, match="bundle x is broken"):
        HistogramHarmonizer.from_stored({"name": "histogram"}, {}, "x")
