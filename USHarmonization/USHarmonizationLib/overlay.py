"""Burned-in graphics of a frame: text, callipers, logos, rulers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .resources import resource_path

if TYPE_CHECKING:
    import torch

# Layer: channels in, channels out, kernel, stride, dilation. It begins on 2 x 2 pixels as four channels.
LAYERS: dict[str, tuple[int, int, int, int, int]] = {
    "fine1": (4, 16, 3, 1, 1),
    "fine2": (16, 16, 3, 1, 1),
    "coarse1": (16, 32, 3, 2, 1),
    "coarse2": (32, 32, 3, 1, 1),
    "coarse3": (32, 32, 3, 1, 2),
    "coarse4": (32, 32, 3, 1, 4),
    "merge": (48, 24, 1, 1, 1),
    "last": (24, 16, 3, 1, 1),
    "out": (16, 4, 3, 1, 1),
}
# Rows and columns the network takes are multiples of this.
STEP = 4
# Tissue around the sector that the network sees too, so that it knows the sector's edge.
MARGIN = 16
# Graphics are pixels above the lower chance that touch, through others of these, one above the higher.
CHANCES = 0.4, 0.85
# A pixel and its eight neighbours.
EIGHT = np.ones((3, 3), dtype=bool)
# Outside the sector everything is graphics that differs this much from the surround.
STANDS_OUT = 0.1


def find_overlay(luma: NDArray[np.float32], sector: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels that the scanner drew: text, callipers, logos, rulers; grown by one pixel for their soft edges.

    Inside the sector a small convolutional network (40,000 weights) tells them from tissue. It learned from frames that
    were marked by hand and from drawn graphics (``Tools/train_overlay.py``); how well it does it is measured by
    ``Testing/benchmarks/overlay_accuracy.py``. Outside the sector whatever stands out from the surround is graphics.

    Args:
        luma: (rows, columns), brightness in [0, 1].
        sector: (rows, columns), the imaged area (``find_sector``).

    Returns:
        (rows, columns), True on graphics.
    """
    from scipy import ndimage

    found = np.zeros(luma.shape, dtype=bool)
    outside = luma[~sector]
    if outside.size:
        counts = np.bincount(np.rint(outside * 255).astype(np.uint8), minlength=256)
        found = ~sector & (np.abs(luma - counts.argmax() / 255) > STANDS_OUT)
    if sector.any():
        part = _around(sector)
        chance = _chance(luma[part])
        low, high = CHANCES
        found[part] |= ndimage.binary_propagation(chance > high, EIGHT, mask=chance > low) & sector[part]
    return np.asarray(ndimage.binary_dilation(found, EIGHT))


def _around(sector: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(sector.any(axis=1)), np.flatnonzero(sector.any(axis=0))
    return (
        slice(max(rows[0] - MARGIN, 0), rows[-1] + 1 + MARGIN),
        slice(max(columns[0] - MARGIN, 0), columns[-1] + 1 + MARGIN),
    )


def _chance(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    import torch

    rows, columns = luma.shape
    padded = np.pad(luma, ((0, -rows % STEP), (0, -columns % STEP)), mode="edge")
    with torch.inference_mode():
        logits = overlay_logits(torch.from_numpy(padded)[None, None], _weights())
    return np.asarray(logits.sigmoid().numpy()[0, 0, :rows, :columns])


def overlay_logits(luma: torch.Tensor, weights: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Log odds of each pixel being graphics; (batch, 1, rows, columns) in and out, rows and columns multiples of 4."""
    import torch
    from torch.nn import functional

    def layer(name: str, values: torch.Tensor) -> torch.Tensor:
        _, _, kernel, stride, dilation = LAYERS[name]
        return functional.conv2d(
            values, weights[f"{name}.weight"], weights[f"{name}.bias"], stride, dilation * (kernel // 2), dilation
        )

    fine = functional.pixel_unshuffle(luma, 2)
    for name in ("fine1", "fine2"):
        fine = functional.relu(layer(name, fine))
    coarse = fine
    for name in ("coarse1", "coarse2", "coarse3", "coarse4"):
        coarse = functional.relu(layer(name, coarse))
    merged = torch.cat([fine, functional.interpolate(coarse, scale_factor=2.0, mode="nearest")], dim=1)
    for name in ("merge", "last"):
        merged = functional.relu(layer(name, merged))
    return functional.pixel_shuffle(layer("out", merged), 2)


@cache
def _weights() -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return {name: value.float() for name, value in load_file(resource_path("overlay.safetensors")).items()}
