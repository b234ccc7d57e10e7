"""Lesions out of mask files, and what makes a mask unusable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.cohort import CohortRow
from USHarmonizationLib.errors import InputError
from USHarmonizationLib.files import MEDICAL_SUFFIXES, read_mask, suffix
from USHarmonizationLib.image import UltrasoundImage
from USHarmonizationLib.preparation import lesions_of

from ..features_table import FRAME

# More values than this are no labels: the mask was smoothed, resized, or compressed as JPEG.
MOST_LABELS = 64

# Of a pixel: two files of one grid may differ by rounding.
TOLERANCE = 0.01


@dataclass
class Masks:
    """The mask files of one image, each read once."""

    image: UltrasoundImage
    _read: dict[Path, NDArray[Any]] = field(default_factory=dict)

    def lesions(self, row: CohortRow) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Number of the frame, from 0, and (rows, columns) lesion, of each frame of the row's mask that has any of it.

        Raises:
            InputError: the row names no mask; the file is missing or broken; it is of another size, of another place in
                space, no label mask, has no such label, or leaves open which frame it belongs to.
        """
        if row.mask is None:
            raise InputError(f"{row.image}: no mask; needed: a file in the column mask")
        frames, (rows, columns) = self.image.frames, self.image.size
        found = lesions_of(self._values(row.mask), row.mask, row.label, (frames, rows, columns))
        wanted = _frame(row, frames)
        if len(found) == 1 and frames > 1 and wanted is None:
            raise InputError(
                f"{row.mask}: mask of one frame for a cine of {frames}; needed: the frame's number, from 1, in the "
                "column frame, or a mask of as many frames"
            )
        if wanted is not None:
            yield wanted, found[min(wanted, len(found) - 1)]
            return
        for number in np.flatnonzero(found.any(axis=(1, 2))):
            yield int(number), found[number]

    def _values(self, path: Path) -> NDArray[Any]:
        if path not in self._read:
            values = read_mask(path)
            if not values.any():
                raise InputError(f"{path}: the mask is empty")
            if len(present := np.unique(values)) > MOST_LABELS:
                raise InputError(
                    f"{path}: {len(present)} different values, so this is no label mask (smoothed, resized or JPEG?); "
                    "needed: one value a label"
                )
            _check_place(self.image, path)
            self._read[path] = values
        return self._read[path]


def _frame(row: CohortRow, frames: int) -> int | None:
    """What the column ``frame`` says, counted from 0."""
    text = row.others.get(FRAME, "")
    if not text:
        return None
    if not text.isdigit() or not 1 <= int(text) <= frames:
        raise InputError(f"{row.image}: frame {text!r}; needed: a number from 1 to {frames}")
    return int(text) - 1


def _check_place(image: UltrasoundImage, mask: Path) -> None:
    """Refuse a mask that says that it lies elsewhere than the image; only formats that say it can be checked."""
    if suffix(image.path) not in MEDICAL_SUFFIXES or suffix(mask) not in MEDICAL_SUFFIXES:
        return
    from USHarmonizationLib.files.medical import simpleitk

    places = []
    for path in (image.path, mask):
        reader = simpleitk().ImageFileReader()
        reader.SetFileName(str(path))
        reader.ReadImageInformation()
        places.append((reader.GetOrigin()[:2], reader.GetSpacing()[:2]))
    (origin, spacing), (other, theirs) = places
    if np.abs(np.subtract(origin, other)).max() > TOLERANCE * min(spacing) or not np.allclose(
        spacing, theirs, rtol=TOLERANCE
    ):
        raise InputError(
            f"{mask}: lies elsewhere than the image (origin {_text(other)} and {_text(origin)} mm, pixels of "
            f"{_text(theirs)} and {_text(spacing)} mm); needed: a mask on the image's grid"
        )


def _text(values: tuple[float, ...]) -> str:
    return " x ".join(f"{value:g}" for value in values)
