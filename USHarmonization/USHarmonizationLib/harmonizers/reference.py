"""Frames of the target scanner that the harmonizers without a network take their style from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, UsageError

Frame = tuple[NDArray[np.float32], NDArray[np.bool_]]

# Of a cine, as neighbouring frames are nearly the same.
FRAMES_PER_IMAGE = 8


def reference_frames(reference: Path) -> Iterator[Frame]:
    """(rows, columns) brightness in [0, 1], filled where it is not valid, and valid, of each reference frame.

    Args:
        reference: an image, or a folder whose images are all taken; at most ``FRAMES_PER_IMAGE`` frames of each.

    Raises:
        UsageError: it is missing, holds no image, or one of its images cannot be used. Nothing is left out silently,
            since the style would change with it.
    """
    from ..files import find_images, read_image
    from ..preparation import prepare_frame
    from ..sector import find_sector

    if not reference.exists():
        raise UsageError(f"reference {reference} does not exist; needed: an image or a folder of the target scanner")
    paths = find_images(reference) if reference.is_dir() else [reference]
    if not paths:
        raise UsageError(f"reference folder {reference} holds no image")
    for path in paths:
        try:
            image = read_image(path)
            sector = find_sector(image)
        except InputError as error:
            raise UsageError(f"reference: {error}") from None
        chosen = np.linspace(0, image.frames - 1, min(image.frames, FRAMES_PER_IMAGE)).round().astype(int)
        for index in np.unique(chosen).tolist():
            prepared = prepare_frame(image, index, sector)
            if not prepared.valid.any():
                raise UsageError(f"reference {path}: no imaged tissue in frame {index + 1}")
            yield prepared.filled, prepared.valid


def box(valid: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest rows and columns that hold all of ``valid``; everything when nothing is valid."""
    rows, columns = np.flatnonzero(valid.any(axis=1)), np.flatnonzero(valid.any(axis=0))
    if not len(rows):
        return slice(0, valid.shape[0]), slice(0, valid.shape[1])
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
