"""Leaving burned-in graphics (callipers, text) and colour out of lesions.

Graphics are looked for in the image as the scanner made it: what a harmonizer made of that image shows the same
graphics in the same places, and its mask has to be the same, or before and after could not be compared.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.cohort import CohortRow, absolute
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.files import read_image
from USHarmonizationLib.image import UltrasoundImage
from USHarmonizationLib.overlay import find_overlay
from USHarmonizationLib.records import DONE, TABLE
from USHarmonizationLib.sector import find_sector

from ..features_table import HARMONIZER


def originals(cohort: Path, rows: Sequence[CohortRow]) -> dict[Path, Path]:
    """Absolute path of each harmonized image -> that of the image it was made of, out of ``apply.csv`` beside a cohort.

    Raises:
        UsageError: the cohort has harmonized images, and that table cannot be read or does not name one of them.
    """
    harmonized = [absolute(row.image) for row in rows if row.others.get(HARMONIZER)]
    if not harmonized:
        return {}
    table = cohort.parent / TABLE
    needed = "needed, to look for graphics in the originals"
    try:
        with open(table, encoding="utf-8-sig", newline="") as stream:
            done = [row for row in csv.DictReader(stream) if row.get("status") == DONE]
        found = {absolute(table.parent / row["output"]): absolute(table.parent / row["input"]) for row in done}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} cannot be read ({type(error).__name__}); {needed}") from None
    if missing := [image for image in harmonized if image not in found]:
        raise UsageError(f"{table} does not name {missing[0].name}; {needed}")
    return found


@dataclass
class Graphics:
    """Where the graphics of one image are, looked for once a frame.

    Args:
        image: whose lesions are to be cleared.
        original: where the image it was made of lies; None when it is itself as the scanner made it.
    """

    image: UltrasoundImage
    original: Path | None = None
    _source: UltrasoundImage | None = None
    _sector: NDArray[np.bool_] | None = None
    _found: dict[int, NDArray[np.bool_]] = field(default_factory=dict)

    def of(self, frame: int) -> NDArray[np.bool_]:
        """(rows, columns), True on burned-in graphics and on coloured pixels.

        Raises:
            InputError: the original cannot be read, or has another size.
        """
        if frame not in self._found:
            if self._source is None:
                self._source = self.image if self.original is None else read_image(self.original)
                if (self._source.frames, self._source.size) != (self.image.frames, self.image.size):
                    raise InputError(f"{self.image.path}: not of the size of its original {self.original}")
                self._sector = find_sector(self._source)
            assert self._sector is not None
            overlay = find_overlay(self._source.luma(frame), self._sector)
            self._found[frame] = overlay | self._source.coloured(frame)
        return self._found[frame]
