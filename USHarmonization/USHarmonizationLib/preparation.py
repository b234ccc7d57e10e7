"""From a file's frame to what a harmonizer gets: brightness, where it is grey tissue, all else filled from around."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .files import read_image
from .fill import fill
from .image import UltrasoundImage
from .overlay import find_overlay


@dataclass(frozen=True)
class PreparedFrame:
    """One frame; every array is (rows, columns), brightness in [0, 1].

    Attributes:
        original: brightness as it was read.
        filled: original where ``valid``, elsewhere filled from around, so that nothing foreign (text, a black border)
            reaches tissue through convolutions.
        valid: where there is grey tissue: inside the sector, no overlay, not coloured.
        coloured: coloured pixels inside the sector.
    """

    original: NDArray[np.float32]
    filled: NDArray[np.float32]
    valid: NDArray[np.bool_]
    coloured: NDArray[np.bool_]


def prepare_frame(image: UltrasoundImage, index: int, sector: NDArray[np.bool_]) -> PreparedFrame:
    """Frame ``index`` of ``image``, whose imaged area is ``sector`` (``find_sector``)."""
    original = image.luma(index)
    coloured = image.coloured(index) & sector
    valid = sector & ~coloured & ~find_overlay(original, sector)
    return PreparedFrame(original, fill(original, ~valid) if valid.any() else original, valid, coloured)


def read_lesion(path: Path, label: int, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(rows, columns) True where the mask file has ``label``; in a mask of one value (0 and 255, say), that value.

    Raises:
        InputError: the file cannot be read, has another size than the image, or holds no such label.
    """
    pixels = read_image(path).pixels[0]
    values = pixels[..., 0] if pixels.ndim == 3 else pixels
    if values.shape != size:
        (rows, columns), (high, wide) = values.shape, size
        raise InputError(f"{path}: mask of {rows} x {columns} pixels for an image of {high} x {wide}")
    present = [value for value in np.unique(values) if value]
    if label not in present and len(present) != 1:
        raise InputError(f"{path}: mask without label {label}; it has: {', '.join(map(str, present)) or 'nothing'}")
    return np.asarray(values == (label if label in present else present[0]))
