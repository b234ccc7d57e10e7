"""All figures of a registered pair of images in one call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .mutual_information import mutual_information
from .psnr import psnr
from .ssim import ssim

# Fewer are no overlap to measure in.
LEAST_PIXELS = 100


@dataclass(frozen=True)
class ImageFigures:
    """How alike two registered images are, inside their overlap; brightness in [0, 1], so the data range is 1.

    Attributes:
        psnr: dB (``metrics.psnr``).
        ssim: structural similarity (``metrics.ssim``); NaN when no window of 11 x 11 pixels fits into the overlap.
        ms_ssim: multi-scale structural similarity (``ms_ssim``), each average weighted by the overlap; NaN for images
            of fewer than 11 rows or columns.
        mi: mutual information, bits; nmi: normalized, 1 to 2 (``metrics.mutual_information``).
        scales: how many scales ms_ssim had room for; values of different numbers of scales do not compare.
        pixels: in the overlap.
    """

    psnr: float
    ssim: float
    ms_ssim: float
    mi: float
    nmi: float
    scales: int
    pixels: int


def image_figures(
    reference: NDArray[np.floating], image: NDArray[np.floating], overlap: NDArray[np.bool_]
) -> ImageFigures:
    """PSNR, SSIM, MS-SSIM, MI and normalized MI of a registered pair.

    Args:
        reference, image: (rows, columns) brightness in [0, 1]. Interchangeable.
        overlap: (rows, columns), True where both show tissue; what lies outside takes no part, and may be NaN.

    Raises:
        InputError: sizes differ, hardly anything overlaps, or a brightness in the overlap is not finite or not in
            [0, 1].
    """
    reference, image = np.asarray(reference, dtype=np.float32), np.asarray(image, dtype=np.float32)
    overlap = np.asarray(overlap, dtype=bool)
    if reference.ndim != 2 or not reference.shape == image.shape == overlap.shape:
        raise InputError(
            f"images of {_size(reference)} and {_size(image)} pixels with an overlap of {_size(overlap)}; needed: one "
            "grid for all (register them first)"
        )
    count = int(overlap.sum())
    if count < LEAST_PIXELS:
        raise InputError(f"the images overlap in {count} pixels; needed: at least {LEAST_PIXELS}")
    for values in (reference[overlap], image[overlap]):
        if not np.isfinite(values).all():
            raise InputError("a brightness in the overlap is not finite")
        if values.min() < 0 or values.max() > 1:
            raise InputError(f"brightness from {values.min():g} to {values.max():g} in the overlap; needed: 0 to 1")
    similarity, scales = _ms_ssim(reference, image, overlap)
    information = mutual_information(reference, image, overlap)
    return ImageFigures(
        psnr=psnr(reference, image, overlap),
        ssim=ssim(reference, image, overlap),
        ms_ssim=similarity,
        mi=information.bits,
        nmi=information.normalized,
        scales=scales,
        pixels=count,
    )


def _ms_ssim(
    reference: NDArray[np.float32], image: NDArray[np.float32], overlap: NDArray[np.bool_]
) -> tuple[float, int]:
    import torch

    from ..ms_ssim import TAPS, ms_ssim, scales_for

    if min(reference.shape) < TAPS:
        return float("nan"), 0
    a, b, valid = (torch.from_numpy(np.ascontiguousarray(values))[None, None] for values in (reference, image, overlap))
    with torch.inference_mode():
        return float(ms_ssim(a, b, valid)), scales_for(*reference.shape)


def _size(values: NDArray[np.generic]) -> str:
    return " x ".join(map(str, values.shape))
