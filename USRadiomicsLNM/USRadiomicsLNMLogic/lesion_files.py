"""Lesions as files in a folder: what ``uslnm extract`` reads. No file says whose image it is.

NRRD is written here, by hand: it keeps every pixel type and the spacing, and needs no package that takes long to load.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from USHarmonizationLogic import LogicError

from .lesion import Lesion

COHORT, FEATURES, CASES = "cohort.csv", "features.csv", "features-cases.csv"
# Beside a cohort of harmonized images: which image each was made of, as ``usharmonize apply`` writes it.
APPLIED = "apply.csv"
TYPES = {
    "uint8": "unsigned char",
    "int8": "signed char",
    "uint16": "unsigned short",
    "int16": "short",
    "uint32": "unsigned int",
    "int32": "int",
    "float32": "float",
    "float64": "double",
}


@dataclass(frozen=True)
class Source:
    """One image of a lesion.

    Attributes:
        name: ``original`` or ``harmonized``; names the files and the row of the table.
        lesion: its pixels and mask.
        harmonizer: what the image went through, "" for nothing.
        scanner: id of the catalogue, "" where it is to be told from the image (and stays unknown).
    """

    name: str
    lesion: Lesion
    harmonizer: str = ""
    scanner: str = ""


def writeSources(folder: Path, sources: Sequence[Source], original: np.ndarray | None = None) -> Path:
    """Write images, masks and the cohort table that names them; gives the table.

    Args:
        folder: an empty one.
        sources: one or two, of different names.
        original: pixels that the harmonized one was made of, where these are not among ``sources``.

    Raises:
        LogicError: the disk is full, or pixels are of a kind that no file holds.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "mask", "scanner", "harmonizer"])
    try:
        for source in sources:
            lesion = source.lesion
            writeNrrd(folder / f"{source.name}.nrrd", lesion.pixels, lesion.spacingMm)
            writeNrrd(folder / f"{source.name}-mask.nrrd", lesion.mask.astype(np.uint8), lesion.spacingMm)
            writer.writerow([f"{source.name}.nrrd", f"{source.name}-mask.nrrd", source.scanner, source.harmonizer])
        if original is not None:
            writeNrrd(folder / "original.nrrd", original, sources[0].lesion.spacingMm)
        (folder / APPLIED).write_text("input,output,status\noriginal.nrrd,harmonized.nrrd,done\n", encoding="utf-8")
        cohort = folder / COHORT
        cohort.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    except OSError as error:
        raise LogicError(f"The image cannot be handed over: {error.strerror} ({folder}).") from None
    return cohort


def writeNrrd(path: Path, pixels: np.ndarray, spacingMm: tuple[float, float]) -> None:
    """Write (rows, columns) or (rows, columns, 3) pixels with their height and width."""
    kind = TYPES.get(pixels.dtype.name)
    if kind is None:
        raise LogicError(f"Pixels of type {pixels.dtype} cannot be used; convert the image to 8 or 16 bits first.")
    rows, columns = pixels.shape[:2]
    colour = pixels.ndim == 3
    spacing = f"{spacingMm[1]!r} {spacingMm[0]!r}"
    header = [
        "NRRD0004",
        f"type: {kind}",
        f"dimension: {3 if colour else 2}",
        f"sizes: {'3 ' if colour else ''}{columns} {rows}",
        f"spacings: {'NaN ' if colour else ''}{spacing}",
        *(["kinds: RGB-color domain domain"] if colour else []),
        "endian: little",
        "encoding: raw",
        "",
        "",
    ]
    values = np.ascontiguousarray(pixels)
    path.write_bytes("\n".join(header).encode("ascii") + values.astype(values.dtype.newbyteorder("<")).tobytes())
