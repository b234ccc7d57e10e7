"""Lesions as files in a folder: what ``uslnm extract`` reads. No file says whose image it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vtk

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.volumes import writePixels

from .lesion import Lesion

COHORT, FEATURES, CASES = "cohort.csv", "features.csv", "features-cases.csv"
# Beside a cohort of harmonized images: which image each was made of, as ``usharmonize apply`` writes it.
APPLIED = "apply.csv"


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
            writeFrame(folder / f"{source.name}.nrrd", lesion.pixels, lesion.spacingMm)
            writeFrame(folder / f"{source.name}-mask.nrrd", lesion.mask.astype(np.uint8), lesion.spacingMm)
            writer.writerow([f"{source.name}.nrrd", f"{source.name}-mask.nrrd", source.scanner, source.harmonizer])
        if original is not None:
            writeFrame(folder / "original.nrrd", original, sources[0].lesion.spacingMm)
        (folder / APPLIED).write_text("input,output,status\noriginal.nrrd,harmonized.nrrd,done\n", encoding="utf-8")
        cohort = folder / COHORT
        cohort.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    except OSError as error:
        raise LogicError(f"The image cannot be handed over: {error.strerror} ({folder}).") from None
    return cohort


def writeFrame(path: Path, pixels: np.ndarray, spacingMm: tuple[float, float]) -> None:
    """Write (rows, columns) or (rows, columns, 3) pixels as NRRD with their height and width.

    Raises:
        LogicError: the file cannot be written.
    """
    height, width = spacingMm
    matrix = vtk.vtkMatrix4x4()  # as Slicer places ultrasound
    matrix.SetElement(0, 0, -width)
    matrix.SetElement(1, 1, -height)
    writePixels(pixels[None], matrix, path)
