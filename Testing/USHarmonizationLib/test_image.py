"""Brightness, colour and putting generated pixels back, by values worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from USHarmonizationLib.image import UltrasoundImage


def grey(values: list[int], high: float = 255, photometric: str = "MONOCHROME2") -> UltrasoundImage:
    """One frame of one row."""
    kind = np.uint8 if high == 255 else np.uint16
    return UltrasoundImage(np.array([[values]], kind), (0, high), photometric=photometric)


def colour(*pixels: tuple[int, int, int]) -> UltrasoundImage:
    """One RGB frame of one row."""
    return UltrasoundImage(np.array([[pixels]], dtype=np.uint8), (0, 255), photometric="RGB")


@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5, 4), (0, 4, 5), (1, 4, 0), (1, 1, 4, 5, 3)])
def test_pixels_that_are_no_frames_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"needed: \(frames, rows, columns\)"):
        UltrasoundImage(np.zeros(shape, np.uint8), (0, 255))


def test_an_empty_intensity_range_is_refused() -> None:
    with pytest.raises(ValueError, match="low < high"):
        UltrasoundImage(np.zeros((1, 2, 2), np.uint8), (7, 7))


def test_size_frames_and_colour() -> None:
    cine = UltrasoundImage(np.zeros((3, 4, 5, 3), np.uint8), (0, 255))
    assert (cine.frames, cine.size, cine.is_colour) == (3, (4, 5), True)
    assert not grey([0]).is_colour


def test_luma_of_grey_is_linear_between_black_and_white_and_clipped() -> None:
    np.testing.assert_allclose(grey([0, 51, 255]).luma(0), [[0, 0.2, 1]], atol=1e-7)
    np.testing.assert_allclose(grey([0, 1000, 4000], 2000).luma(0), [[0, 0.5, 1]], atol=1e-7)


def test_monochrome1_is_white_at_its_lowest_value() -> None:
    np.testing.assert_allclose(grey([0, 51, 255], photometric="MONOCHROME1").luma(0), [[1, 0.8, 0]], atol=1e-6)


def test_luma_of_colour_is_that_of_bt_601() -> None:
    image = colour((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))
    np.testing.assert_allclose(image.luma(0), [[0.299, 0.587, 0.114, 1]], atol=1e-6)


def test_coloured_pixels_differ_between_channels_by_more_than_rounding() -> None:
    image = colour((100, 100, 100), (100, 108, 100), (100, 109, 100), (255, 0, 0))
    np.testing.assert_array_equal(image.coloured(0), [[False, False, True, True]])
    assert not grey([9]).coloured(0).any()


def test_replaced_changes_the_chosen_pixels_only() -> None:
    image = colour((10, 20, 30), (40, 40, 40))
    result = image.replaced(np.full((1, 1, 2), 0.5, np.float32), np.array([[[False, True]]]))
    np.testing.assert_array_equal(result.pixels, [[[[10, 20, 30], [128, 128, 128]]]])
    assert image.pixels[0, 0, 1, 0] == 40, "the original must stay as it was"


def test_replaced_clips_to_the_intensity_range() -> None:
    result = grey([5, 5]).replaced(np.array([[[-3, 3]]], np.float32), np.ones((1, 1, 2), bool))
    np.testing.assert_array_equal(result.pixels, [[[0, 255]]])


@given(
    arrays(np.uint16, (2, 3, 4), elements=st.integers(0, 4095)),
    arrays(np.bool_, (2, 3, 4)),
    st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
)
def test_luma_put_back_gives_the_same_pixels(pixels: NDArray[Any], where: NDArray[np.bool_], photometric: str) -> None:
    image = UltrasoundImage(pixels, (0, 4095), photometric=photometric)
    luma = np.stack([image.luma(frame) for frame in range(image.frames)])
    result = image.replaced(luma, where)
    assert result.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(result.pixels, pixels)
