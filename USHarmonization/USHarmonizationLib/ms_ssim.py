"""Multi-scale structural similarity that can leave pixels out (Wang, Simoncelli, Bovik, Asilomar 2003, equation 7).

MS-SSIM = l_M^w_M * prod_j cs_j^w_j over scales j = 1..M; each scale halves the image by 2x2 averages. Local statistics
by an 11-tap Gaussian window, sigma 1.5, without padding; constants (0.01 L)^2 and (0.03 L)^2.

A mask makes every average a weighted one: window statistics (sum of G m x / sum of G m), the halving, and the mean over
the image, so that values where the mask is 0 change nothing. With a mask of ones this is the plain definition.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# Exponents of scales 1 to 5, Wang et al. 2003, section 3.2. With fewer scales the first ones are taken and scaled to
# sum 1.
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
TAPS = 11
SIGMA = 1.5

# A scale's mean may be negative for unrelated images, and the power of zero has an infinite slope: it counts as this.
# So the other scales keep their gradient, where an implementation that cuts at zero has none.
FLOOR = 1e-6


def scales_for(rows: int, columns: int) -> int:
    """How many scales (1 to 5) an image is large enough for: its shorter side must hold the last scale's window."""
    shorter, scales = min(rows, columns) // 2, 1
    while scales < len(SCALE_WEIGHTS) and shorter >= TAPS:
        shorter, scales = shorter // 2, scales + 1
    return scales


def ms_ssim(
    a: Tensor, b: Tensor, valid: Tensor | None = None, data_range: float = 1.0, scales: int | None = None
) -> Tensor:
    """Multi-scale structural similarity of each image pair.

    Args:
        a, b: (n, 1, rows, columns), at least 11 x 11.
        valid: (n, 1, rows, columns) or one that broadcasts to it; weight of each pixel in [0, 1], or bool; None: all 1.
        data_range: largest minus smallest possible value; values must start at 0 for the luminance term to mean
            anything.
        scales: 1 to 5; None takes as many as fit (``scales_for``): 5 from 176 pixels, 4 from 88, 3 from 44, 2 from 22.

    Returns:
        (n,) in [0, 1]; 1 for equal images and for those without a valid pixel. Computed in float32.

    Raises:
        ValueError: the images differ in shape, have several channels, or are too small for the window or the scales.
    """
    rows, columns = a.shape[-2:]
    if a.shape != b.shape or a.dim() != 4 or a.shape[1] != 1:
        raise ValueError(
            f"images of shape {tuple(a.shape)} and {tuple(b.shape)}; needed: the same (n, 1, rows, columns)"
        )
    if min(rows, columns) < TAPS:
        raise ValueError(f"images of {rows} x {columns} pixels; needed: at least {TAPS} x {TAPS}")
    possible = scales_for(rows, columns)
    levels = possible if scales is None else scales
    if not 1 <= levels <= possible:
        raise ValueError(f"{levels} scales for {rows} x {columns} pixels; needed: 1 to {possible}")

    with torch.autocast(a.device.type, enabled=False):
        return _ms_ssim(a.float(), b.float(), valid, data_range, levels)


def _ms_ssim(a: Tensor, b: Tensor, valid: Tensor | None, data_range: float, levels: int) -> Tensor:
    weights = torch.tensor(SCALE_WEIGHTS[:levels], device=a.device)
    if levels < len(SCALE_WEIGHTS):  # the published five sum to 1.0001 and are used as published
        weights = weights / weights.sum()
    mask = torch.ones_like(a) if valid is None else valid.to(a.dtype).expand_as(a)
    # Left-out values may be anything, NaN too; zero times NaN would not be zero.
    a, b = a.where(mask > 0, 0.0), b.where(mask > 0, 0.0)
    result = torch.ones(len(a), device=a.device)
    for level in range(levels):
        luminance, structure = _terms(a, b, mask, data_range)
        term = luminance * structure if level == levels - 1 else structure
        margin = TAPS // 2
        result = result * _mean(term, mask[..., margin:-margin, margin:-margin]).clamp(min=FLOOR) ** weights[level]
        if level < levels - 1:
            weight = functional.avg_pool2d(mask, 2)
            scale = weight.clamp(min=torch.finfo(torch.float32).tiny)
            a, b = functional.avg_pool2d(a * mask, 2) / scale, functional.avg_pool2d(b * mask, 2) / scale
            mask = weight
    return result


def _terms(a: Tensor, b: Tensor, mask: Tensor, data_range: float) -> tuple[Tensor, Tensor]:
    """Luminance and contrast-structure of each window, (n, 1, rows - 10, columns - 10)."""
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    weighted = torch.cat([mask, a * mask, b * mask, a * a * mask, b * b * mask, a * b * mask])
    total, *moments = _blur(weighted).chunk(6)
    # A window without weight has no statistics; its own centre has none either, so that its value is never counted.
    mean_a, mean_b, square_a, square_b, product = (m / total.clamp(min=1e-12) for m in moments)
    variances = square_a - mean_a**2 + square_b - mean_b**2
    covariance = product - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return luminance, (2 * covariance + c2) / (variances + c2)


def _blur(x: Tensor) -> Tensor:
    """Separable Gaussian window without padding."""
    offsets = torch.arange(TAPS, device=x.device, dtype=x.dtype) - TAPS // 2
    window = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    window = window / window.sum()
    return functional.conv2d(functional.conv2d(x, window.view(1, 1, 1, -1)), window.view(1, 1, -1, 1))


def _mean(term: Tensor, weight: Tensor) -> Tensor:
    """(n,) weighted mean of each image; 1 where nothing has weight."""
    total = weight.sum(dim=(1, 2, 3))
    mean = (term * weight).sum(dim=(1, 2, 3)) / total.clamp(min=1e-12)
    return torch.where(total > 0, mean, torch.ones_like(mean))
