"""Frames of speckle and lesions in them, for tests of features."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter


def speckle(seed: int, size: tuple[int, int]) -> np.ndarray:
    """8-bit values, black in parts, as scan-converted images are."""
    random = np.random.default_rng(seed)
    field = gaussian_filter(random.rayleigh(size=size), 1) * 60 + gaussian_filter(random.normal(size=size), 8) * 300
    return np.clip(np.round(field), 0, 255)


def ellipse(size: tuple[int, int], centre: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    rows, columns = np.ogrid[: size[0], : size[1]]
    return ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2 < 1
