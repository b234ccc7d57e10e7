"""What a generator must not do: a lesion painted into a frame, or erased from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]

# An ellipse's half axes, as shares of the frame's shorter side.
AXES = (0.05, 0.12)


def paint(frame: Frame, valid: Mask, lesion: Mask, factor: float, chance: np.random.Generator) -> tuple[Frame, Mask]:
    """The frame with a dark ellipse where it was at least of middle brightness, off the lesion; and the ellipse."""
    rows, columns = np.ogrid[: frame.shape[0], : frame.shape[1]]
    middle, short = float(np.median(frame[valid])), min(frame.shape)
    for _ in range(500):
        high, wide = chance.uniform(*AXES, 2) * short
        row, column = chance.uniform(high, frame.shape[0] - high), chance.uniform(wide, frame.shape[1] - wide)
        ellipse = ((rows - row) / high) ** 2 + ((columns - column) / wide) ** 2 < 1
        if valid[ellipse].mean() > 0.95 and frame[ellipse].mean() >= middle and not (ellipse & lesion).any():
            break
    return (frame * (1 - gaussian_filter(ellipse.astype(np.float32), 2) * (1 - factor))).astype(np.float32), ellipse


def erase(frame: Frame, valid: Mask, lesion: Mask) -> Frame:
    """The frame with the lesion brought to mean and spread of what surrounds it."""
    around = binary_dilation(lesion, iterations=12) & ~lesion & valid
    inside, outside = frame[lesion], frame[around]
    like_around = (frame - inside.mean()) / (inside.std() + 1e-3) * outside.std() + outside.mean()
    share = gaussian_filter(lesion.astype(np.float32), 2)
    return np.clip(frame * (1 - share) + like_around * share, 0, 1).astype(np.float32)
