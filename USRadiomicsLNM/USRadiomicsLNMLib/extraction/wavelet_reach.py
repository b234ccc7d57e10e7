"""How far wavelet images look, and what that means for a lesion at the frame's border."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.lesion_window import touches_border

# Pixels between what a filter reaches and the end of a window: some more cost nothing.
SPARE = 2


def wavelet_reach(settings: Mapping[str, Any]) -> tuple[int, int]:
    """How many pixels back and ahead a coefficient depends on: where an impulse leaves its mark.

    Args:
        settings: pyradiomics' ``wavelet``, ``start_level`` and ``level``; its defaults for what is missing.
    """
    import pywt

    wavelet = pywt.Wavelet(settings.get("wavelet", "coif1"))
    middle = 2 * wavelet.dec_len
    impulse = np.zeros(2 * middle)
    impulse[middle] = 1
    marks = np.flatnonzero(np.any(pywt.swt(impulse, wavelet, level=1)[0], axis=0)) - middle
    levels = settings.get("start_level", 0) + settings.get("level", 1)
    return max(0, int(marks[-1])) * levels, max(0, -int(marks[0])) * levels


def border_warnings(mask: NDArray[np.bool_], reach: tuple[int, int]) -> tuple[str, ...]:
    """What is to be said of a lesion from which filters of this reach look beyond the frame."""
    if any(touches_border(mask, reach, axis) for axis in (0, 1)):
        return ("the lesion touches the image's border: its wavelet features take in pixels of the opposite side",)
    return ()
