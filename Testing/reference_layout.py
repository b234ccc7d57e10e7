"""The ResNet generator of the reference implementation, written down: names, shapes, and an output for fixed weights.

The outputs were computed with junyanz/pytorch-CycleGAN-and-pix2pix (models/networks.py) itself, torch 2.13.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

OUTPUTS = Path(__file__).with_name("USHarmonizationLib") / "networks" / "reference_output.npz"


def reference_layout(channels: int, width: int, blocks: int) -> list[tuple[str, tuple[int, ...]]]:
    """Names and shapes in the order of its state (instance norm, no dropout)."""
    convolutions = [("model.1", (width, channels, 7, 7), width)]
    convolutions += [
        ("model.4", (2 * width, width, 3, 3), 2 * width),
        ("model.7", (4 * width, 2 * width, 3, 3), 4 * width),
    ]
    for block in range(blocks):
        convolutions += [
            (f"model.{10 + block}.conv_block.{layer}", (4 * width, 4 * width, 3, 3), 4 * width) for layer in (1, 5)
        ]
    up = 10 + blocks
    # A transposed convolution holds (in, out, rows, columns).
    convolutions += [(f"model.{up}", (4 * width, 2 * width, 3, 3), 2 * width)]
    convolutions += [(f"model.{up + 3}", (2 * width, width, 3, 3), width)]
    convolutions += [(f"model.{up + 7}", (channels, width, 7, 7), channels)]
    return [
        entry
        for name, shape, outputs in convolutions
        for entry in ((f"{name}.weight", shape), (f"{name}.bias", (outputs,)))
    ]


def fixed_weights(channels: int, width: int, blocks: int) -> dict[str, NDArray[np.float32]]:
    """Weights that any implementation can be given: drawn in the order of the state."""
    draw = np.random.Generator(np.random.PCG64(20240))
    return {
        name: (0.1 * draw.standard_normal(shape)).astype(np.float32)
        for name, shape in reference_layout(channels, width, blocks)
    }


def reference_input(channels: int) -> NDArray[np.float32]:
    """(1, channels, 32, 40) in [-1, 1]."""
    values = np.random.Generator(np.random.PCG64(7)).uniform(-1, 1, (1, channels, 32, 40))
    return values.astype(np.float32)


def reference_output(channels: int, blocks: int) -> NDArray[np.float32]:
    """What the reference implementation gives for ``fixed_weights(channels, 8, blocks)``; stored: 1 and 9, 3 and 6."""
    with np.load(OUTPUTS) as stored:
        output: NDArray[np.float32] = stored[f"channels{channels}_blocks{blocks}"]
    return output
