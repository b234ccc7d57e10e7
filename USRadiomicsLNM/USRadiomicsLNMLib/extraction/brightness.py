"""Brightness of a frame on the 8-bit scale, as radiomics takes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.image import LUMA_WEIGHTS, UltrasoundImage

WHITE = 255


def brightness(image: UltrasoundImage, frame: int) -> NDArray[np.float64]:
    """(rows, columns) brightness of one frame, 0 black to 255 white.

    8-bit values come out as they stand in the file, to the bit (what is divided by 255 and multiplied by it again may
    fall into another bin): a grey pixel of a colour image as its one value, a coloured one as its luma.
    """
    low, high = image.intensity_range
    values = image.pixels[frame].astype(np.float64)
    if image.is_colour:
        grey = (values == values[..., :1]).all(axis=-1)
        values = np.where(grey, values[..., 0], values @ LUMA_WEIGHTS.astype(np.float64))
    if (low, high) != (0, WHITE):
        values = (values - low) * (WHITE / (high - low))
    values = np.clip(values, 0, WHITE)
    return np.asarray(WHITE - values if image.photometric == "MONOCHROME1" else values)
