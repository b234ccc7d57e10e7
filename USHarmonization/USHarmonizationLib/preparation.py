"""From a file's frame to what a harmonizer gets: brightness, where it is grey tissue, all else filled from around."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .files import read_mask
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


def read_lesions(path: Path, label: int, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """(1 or frames, rows, columns) True where the mask file has ``label``; or that one value which it has.

    Args:
        path: the mask; one frame for all of the image's, or one for each.
        label: the value of the lesion.
        shape: frames, rows and columns of the image.

    Raises:
        InputError: the file cannot be read, does not fit the image, or holds no such label.
    """
    return lesions_of(read_mask(path), path, label, shape)


def lesions_of(values: NDArray[Any], path: Path, label: int, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """``read_lesions`` of a mask file whose ``values`` have been read (``files.read_mask``)."""
    if values.shape[1:] != shape[1:]:
        (rows, columns), (high, wide) = values.shape[1:], shape[1:]
        raise InputError(f"{path}: mask of {rows} x {columns} pixels for an image of {high} x {wide}")
    if len(values) not in (1, shape[0]):
        raise InputError(f"{path}: mask of {len(values)} frames for an image of {shape[0]}; needed: one, or as many")
    present = [value for value in np.unique(values) if value]
    if label not in present and len(present) != 1:
        raise InputError(f"{path}: mask without label {label}; it has: {', '.join(map(str, present)) or 'nothing'}")
    return np.asarray(values == (label if label in present else present[0]))


def read_lesion(path: Path, label: int, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(rows, columns) of ``read_lesions`` for a mask of one frame and an image of ``size`` (rows, columns)."""
    return np.asarray(read_lesions(path, label, (1, *size))[0])
