"""Texture statistics of a region that gradients can pass through: what radiomics measures, made smooth.

Radiomics' own features count pixels in bins, through which no gradient passes. These statistics follow the same
definitions (first order, autocorrelation, grey-level co-occurrence, runs; original image and the four bands of one
undecimated coif1 wavelet step; bins of 25 grey levels with fixed edges, as pyradiomics sets them) with bins whose edges
are sigmoids. They serve as a training loss only: what is reported is always measured with pyradiomics (``texture``).
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

GREY_LEVELS = 255.0
BIN_WIDTH = 25.0

# Softness of bin edges in grey levels: of the image, and of a detail band (whose values are smaller).
EDGE, BAND_EDGE = 2.0, 1.0

# (rows, columns) to the neighbour: distance 1 in the four directions, as in a grey-level co-occurrence matrix.
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
LAGS = (*NEIGHBOURS, (0, 2), (2, 0), (0, 3), (3, 0), (0, 5), (5, 0))
RUNS = ((0, 2), (0, 5), (2, 0), (5, 0))


def wavelet_bands(images: Tensor) -> Tensor:
    """(n, 1, h, w) -> (n, 4, h, w): LH, HL, HH, LL of one undecimated coif1 step, borders mirrored.

    The first letter is the filter down the rows, the second that along the columns.
    """
    return functional.conv2d(functional.pad(images, (2, 3, 2, 3), mode="reflect"), _filters().to(images))


@cache
def _filters() -> Tensor:
    import pywt

    wavelet = pywt.Wavelet("coif1")
    low, high = (torch.tensor(taps[::-1], dtype=torch.float32) for taps in (wavelet.dec_lo, wavelet.dec_hi))
    return torch.stack([torch.outer(*pair) for pair in ((low, high), (high, low), (high, high), (low, low))])[:, None]


def region_statistics(images: Tensor, regions: Tensor) -> Tensor:
    """Statistics of one region an image.

    Args:
        images: (n, 1, h, w) float32 in [-1, 1].
        regions: (n, 1, h, w) bool or 0/1; at least some tens of pixels each.

    Returns:
        (n, 249): for each of image, LH, HL, HH, LL the mean, log SD, skewness, log kurtosis, autocorrelation and (but
        for LL) log mean absolute difference at ten lags; histogram and co-occurrence statistics of the binned image and
        of the binned detail bands; grey-level dependence; soft extremes and local range; cumulative histogram; run
        probabilities.
    """
    regions = regions.to(images.dtype)
    pixels = _sum(regions).clamp_min(1)
    grey = (images + 1) * (GREY_LEVELS / 2)
    details = wavelet_bands(grey)
    channels = torch.cat([grey, details], dim=1)
    mean = _sum(channels * regions) / pixels
    centred = channels - mean[:, :, None, None]
    inside = centred * regions
    variance = _sum(inside**2) / pixels + 1e-3
    deviation = variance.sqrt()
    skewness = _sum(inside**3) / pixels / deviation**3
    kurtosis = _sum(inside**4) / pixels / variance**2
    statistics = [mean, deviation.log(), skewness.clamp(-5, 5), kurtosis.clamp(1, 20).log()]
    for lag in LAGS:
        here, there = _pair(centred, lag)
        both = _both(regions, lag)
        count = _sum(both).clamp_min(1)
        statistics.append(_sum(here * there * both) / count / variance)
        difference = _sum((here - there)[:, :4].abs() * both) / count
        statistics.append(difference.clamp_min(0.01).log())

    levels = soft_bins(grey, 0.0, 11, EDGE)
    statistics.append(_sum(levels * regions) / pixels)
    matrices = [_cooccurrence(levels * regions, lag) for lag in NEIGHBOURS]
    statistics += [_matrix_statistics(torch.stack(matrices).mean(dim=0)), *map(_matrix_statistics, matrices)]
    for band in range(3):
        binned = soft_bins(details[:, band : band + 1], -2 * BIN_WIDTH, 4, BAND_EDGE)
        statistics.append(_sum(binned * regions) / pixels)
        # Contrast and dissimilarity of four bins say no more than the other four.
        statistics += [_matrix_statistics(_cooccurrence(binned * regions, lag))[:, 2:] for lag in NEIGHBOURS]
        statistics.append(_dependence_statistics(binned, details[:, band : band + 1], regions))
    statistics.append(_dependence_statistics(levels, grey, regions))
    statistics.append(_extremes(grey, regions))
    thresholds = torch.arange(10.0, 250.0, 20.0, device=grey.device)[None, :, None, None]
    statistics.append(_sum(torch.sigmoid((grey - thresholds) / 3) * regions) / pixels)
    for lag in RUNS:
        here, there = _pair(levels, lag)
        both = _both(regions, lag)
        statistics.append((here * there * both).sum(dim=(1, 2, 3))[:, None] / _sum(both).clamp_min(1))
    return torch.cat(statistics, dim=1)


def soft_bins(values: Tensor, lowest: float, count: int, edge: float) -> Tensor:
    """(n, 1, h, w) -> (n, count, h, w): each pixel's share in bins of ``BIN_WIDTH`` from ``lowest``; shares add to 1.

    The first bin also takes what is lower, the last what is higher.
    """
    edges = lowest + BIN_WIDTH * torch.arange(1, count, device=values.device)
    above = torch.sigmoid((values - edges[None, :, None, None]) / edge)
    return torch.cat([torch.ones_like(values), above], dim=1) - torch.cat([above, torch.zeros_like(values)], dim=1)


def _sum(values: Tensor) -> Tensor:
    return values.sum(dim=(2, 3))


def _pair(values: Tensor, lag: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Views of ``values`` whose pixels lie ``lag`` (rows >= 0, columns) apart."""
    down, right = lag
    rows, columns = values.shape[-2:]
    here = values[..., : rows - down, max(0, -right) : columns - max(0, right)]
    there = values[..., down:, max(0, right) : columns - max(0, -right)]
    return here, there


def _both(regions: Tensor, lag: tuple[int, int]) -> Tensor:
    here, there = _pair(regions, lag)
    return here * there


def _cooccurrence(shares: Tensor, lag: tuple[int, int]) -> Tensor:
    """(n, bins, h, w) shares, 0 outside the region -> (n, bins, bins) symmetric, sums to 1."""
    here, there = _pair(shares, lag)
    matrix = torch.bmm(here.flatten(2), there.flatten(2).transpose(1, 2))
    matrix = matrix + matrix.transpose(1, 2)
    return matrix / matrix.sum(dim=(1, 2), keepdim=True).clamp_min(1e-6)


def _matrix_statistics(matrix: Tensor) -> Tensor:
    """(n, 6): log contrast, log dissimilarity, energy, entropy, inverse difference moment, difference entropy."""
    level = torch.arange(matrix.shape[1], dtype=matrix.dtype, device=matrix.device)
    distance = (level[:, None] - level[None]).abs()

    def weighted(weight: Tensor) -> Tensor:
        return (matrix * weight).sum(dim=(1, 2))

    def entropy(shares: Tensor) -> Tensor:
        return -(shares * shares.clamp_min(1e-6).log2()).flatten(1).sum(dim=1)

    near = torch.stack([weighted((distance == gap).to(matrix.dtype)) for gap in range(3)], dim=1)
    columns = [
        weighted(distance**2).clamp_min(1e-4).log(),
        weighted(distance).clamp_min(1e-4).log(),
        (matrix**2).sum(dim=(1, 2)),
        entropy(matrix),
        weighted(1 / (1 + distance**2)),
        entropy(near),
    ]
    return torch.stack(columns, dim=1)


def _dependence_statistics(shares: Tensor, values: Tensor, regions: Tensor) -> Tensor:
    """(n, 4): mean, SD, skewness of how many of 8 neighbours lie in a pixel's own bin; covariance with its value.

    The soft form of a grey-level dependence matrix (Sun and Wee, 1983).
    """
    alike = torch.zeros_like(values)
    shares = shares * regions
    for down, right in NEIGHBOURS:
        here, there = _pair(shares, (down, right))
        both = (here * there).sum(dim=1, keepdim=True)
        left, rest = max(0, -right), max(0, right)
        alike = alike + functional.pad(both, (left, rest, 0, down)) + functional.pad(both, (rest, left, down, 0))
    pixels = _sum(regions).clamp_min(1)
    mean, level = _sum(alike * regions) / pixels, _sum(values * regions) / pixels
    centred = (alike - mean[:, :, None, None]) * regions
    deviation = (_sum(centred**2) / pixels + 1e-3).sqrt()
    skewness = _sum(centred**3) / pixels / deviation**3
    covariance = _sum(centred * (values - level[:, :, None, None])) / pixels
    return torch.cat([mean, deviation, skewness, torch.asinh(covariance)], dim=1)


def _extremes(grey: Tensor, regions: Tensor) -> Tensor:
    """(n, 6): soft maximum and minimum of the region; mean and SD of the range in squares of 3 and of 7 pixels."""
    outside = (1 - regions) * -1e4
    softness = 5.0
    columns = [
        softness * torch.logsumexp((sign * grey / softness + outside).flatten(2), dim=2) * sign for sign in (1.0, -1.0)
    ]
    pixels = _sum(regions).clamp_min(1)
    for side in (3, 7):
        highest, lowest = (
            sign * functional.max_pool2d(sign * grey, side, stride=1, padding=side // 2) for sign in (1.0, -1.0)
        )
        spread = highest - lowest
        mean = _sum(spread * regions) / pixels
        variance = _sum(((spread - mean[:, :, None, None]) * regions) ** 2) / pixels
        columns += [mean.clamp_min(0.1).log(), (variance + 1e-2).sqrt().log()]
    return torch.cat(columns, dim=1)
