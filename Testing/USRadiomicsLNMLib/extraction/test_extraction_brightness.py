"""Brightness on the 8-bit scale."""

from __future__ import annotations

import numpy as np

from USHarmonizationLib.image import LUMA_WEIGHTS, UltrasoundImage
from USRadiomicsLNMLib.extraction.brightness import brightness

EVERY_VALUE = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)


def test_8_bit_values_come_out_to_the_bit() -> None:
    np.testing.assert_array_equal(brightness(UltrasoundImage(EVERY_VALUE, (0, 255)), 0), EVERY_VALUE[0])
    inverted = UltrasoundImage(EVERY_VALUE, (0, 255), photometric="MONOCHROME1")
    np.testing.assert_array_equal(brightness(inverted, 0), 255 - EVERY_VALUE[0].astype(float))


def test_grey_pixels_of_colour_images_are_their_value_and_others_their_luma() -> None:
    pixels = np.repeat(EVERY_VALUE[..., None], 3, axis=-1)
    pixels[0, 0, 0] = (200, 40, 10)
    found = brightness(UltrasoundImage(pixels, (0, 255), photometric="RGB"), 0)
    np.testing.assert_array_equal(found.ravel()[1:], np.arange(1, 256))
    np.testing.assert_allclose(found[0, 0], np.dot((200, 40, 10), LUMA_WEIGHTS.astype(float)))


def test_other_scales_are_brought_to_it() -> None:
    wide = UltrasoundImage(np.array([[[0, 4095]]], dtype=np.uint16), (0, 4095))
    np.testing.assert_allclose(brightness(wide, 0), [[0, 255]])
    real = UltrasoundImage(np.array([[[0.0, 0.5, 1.0]]]), (0, 1))
    np.testing.assert_allclose(brightness(real, 0), [[0, 127.5, 255]])
