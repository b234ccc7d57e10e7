"""Pictures of a training: the same few frames after each validation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..atomic import atomic_path

Frame = NDArray[np.float32]

GAP = 4


def write_preview(path: Path, rows: Sequence[Sequence[Frame]]) -> None:
    """Write a PNG with one row of frames below the other; frames are (rows, columns) in [0, 1] of any size.

    A column is as wide as its widest frame; frames stand in its upper left corner on black.
    """
    from PIL import Image

    heights = [max(frame.shape[0] for frame in row) for row in rows]
    widths = [max(row[column].shape[1] for row in rows if column < len(row)) for column in range(max(map(len, rows)))]
    sheet = np.zeros((sum(heights) + GAP * (len(heights) - 1), sum(widths) + GAP * (len(widths) - 1)), dtype=np.uint8)
    top = 0
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for frame, width in zip(row, widths, strict=False):
            values = np.rint(np.clip(frame, 0.0, 1.0) * 255).astype(np.uint8)
            sheet[top : top + frame.shape[0], left : left + frame.shape[1]] = values
            left += width + GAP
        top += height + GAP
    with atomic_path(path) as temporary:
        Image.fromarray(sheet).save(temporary, format="PNG")
