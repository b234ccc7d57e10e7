"""Wavelet images: one level of the undecimated coif1 transform, pyradiomics' default."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .binning import Floats

WAVELET = "coif1"


def wavelet_bands(image: Floats) -> Iterator[tuple[str, Floats]]:
    """The four bands of an image, by pyradiomics' names and in its order; L low and H high, along columns then rows.

    The transform is circular. An axis of odd length gets its first row or column once more behind its last for it.

    Args:
        image: (rows, columns).

    Returns:
        ``wavelet-LH``, ``wavelet-HL``, ``wavelet-HH``, ``wavelet-LL``, each of the image's size.
    """
    import pywt

    rows, columns = image.shape
    even = np.pad(image, [(0, rows % 2), (0, columns % 2)], mode="wrap")
    bands = pywt.swtn(even, WAVELET, level=1, axes=(1, 0))[0]
    for name, key in (("LH", "ad"), ("HL", "da"), ("HH", "dd"), ("LL", "aa")):
        yield f"wavelet-{name}", bands[key][:rows, :columns]
