"""Texture features of a lesion, by pyradiomics: what radiomics models see, shape left out.

2D, one pixel apart, fixed bin width of 25 grey levels on the 8-bit scale; first order, GLCM, GLRLM, GLSZM, GLDM and
NGTDM: 93 features an image (van Griethuysen et al., Cancer Research 2017, doi 10.1158/0008-5472.CAN-17-0339; the
features' definitions are its documentation's). With wavelets (coif1, undecimated, one level) those of the four
sub-bands as well: 465.

The image is cut to the lesion and a margin before it is filtered, which is several times faster. Where the margin lies
inside the image, the features are those of the whole image, to the bit. At the image's border the margin is mirrored
tissue; without it the undecimated wavelet would take pixels from the opposite side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, UsageError
from .jobs import Lost, map_jobs
from .lesion_window import mirrored_window

BIN_WIDTH = 25
CLASSES = ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")

# The wavelet filter reaches 3 pixels; even, since an odd size would be padded by pyradiomics.
MARGIN = 10

# Fewer pixels have no neighbours to speak of, and pyradiomics refuses a single one.
LEAST_PIXELS = 16


def texture_features(luma255: NDArray[np.floating], mask: NDArray[np.bool_], wavelet: bool = False) -> dict[str, float]:
    """Texture features of one lesion.

    Args:
        luma255: (rows, columns) brightness on the 8-bit scale, 0 to 255, not necessarily whole numbers.
        mask: (rows, columns) True in the lesion. Leave out pixels that an overlay hides.
        wavelet: also those of the four wavelet sub-bands.

    Returns:
        pyradiomics name (``original_glcm_Contrast``, ``wavelet-LH_firstorder_Mean``) -> value: 93, or 465; always in
        the same order.

    Raises:
        InputError: sizes differ, the lesion has fewer than 16 pixels, or a brightness in it is not finite.
        UsageError: pyradiomics is not installed.
    """
    luma255, mask = np.asarray(luma255, dtype=np.float32), np.asarray(mask, dtype=bool)
    if luma255.ndim != 2 or mask.shape != luma255.shape:
        raise InputError(f"a lesion mask of shape {mask.shape} for a frame of shape {luma255.shape}; needed: the same")
    if (count := int(mask.sum())) < LEAST_PIXELS:
        raise InputError(f"the lesion has {count} pixels; needed for texture features: at least {LEAST_PIXELS}")
    image, mask = _cut(luma255, mask)
    if not np.isfinite(image).all():
        raise InputError("the brightness in or around the lesion is not finite")

    values: dict[str, float] = _extractor(wavelet).features(image, mask)
    return values


def texture_table(
    lesions: Iterable[tuple[NDArray[np.floating], NDArray[np.bool_]]], wavelet: bool = False, jobs: int = 1
) -> tuple[list[str], NDArray[np.float64]]:
    """Texture features of many lesions.

    Args:
        lesions: pairs of brightness and mask, as ``texture_features`` takes them.
        wavelet: see there.
        jobs: worker processes; with 1 the work is done here.

    Returns:
        Names of the features, and (lesions, features) values.

    Raises:
        InputError: as ``texture_features``; or a worker process died.
        UsageError: there are no lesions.
    """
    rows: dict[int, dict[str, float]] = {}
    for place, row in map_jobs(partial(_features, wavelet), _cut_all(lesions), jobs):
        if isinstance(row, Lost):
            raise InputError(f"texture features of lesion {place + 1}: {row.reason}")
        rows[place] = row
    if not rows:
        raise UsageError("no lesions to extract texture features of")
    return list(rows[0]), np.array([list(rows[place].values()) for place in range(len(rows))])


def _features(wavelet: bool, lesion: tuple[NDArray[np.float32], NDArray[np.bool_]]) -> dict[str, float]:
    return texture_features(*lesion, wavelet=wavelet)


def _cut_all(
    lesions: Iterable[tuple[NDArray[np.floating], NDArray[np.bool_]]],
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Cut before they travel to a worker; a second cut changes nothing."""
    for luma255, mask in lesions:
        image, mask = np.asarray(luma255, dtype=np.float32), np.asarray(mask, dtype=bool)
        yield _cut(image, mask) if mask.shape == image.shape and mask.any() else (image, mask)


def _cut(image: NDArray[np.float32], mask: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return mirrored_window(image, mask, MARGIN)


@lru_cache(maxsize=2)
def _extractor(wavelet: bool) -> Any:
    try:
        from .fast_pyradiomics import FastExtractor
    except ImportError:
        raise UsageError("texture features need pyradiomics, which is not installed; see README.md") from None
    extractor = FastExtractor(binWidth=BIN_WIDTH, force2D=True, force2Ddimension=0, additionalInfo=False)
    extractor.disableAllFeatures()
    for name in CLASSES:
        extractor.enableFeatureClassByName(name)
    if wavelet:
        extractor.enableImageTypeByName("Wavelet")
    return extractor
