"""The lesion as a picture: the part of the image around it, and its outline as a path along the pixels' edges.

Only the imaged area near the lesion is shown: what a scanner writes around it may name the patient.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
import vtk
from vtk.util import numpy_support

from .lesion import Lesion

# Of the lesion's larger side: what is shown around it.
MARGIN = 0.7
LEAST_MARGIN = 16


@dataclass(frozen=True)
class Picture:
    """Part of a frame.

    Attributes:
        grey: (rows, columns) 8-bit.
        mask: (rows, columns), True in the lesion.
        aspect: height of a pixel over its width.
    """

    grey: np.ndarray
    mask: np.ndarray
    aspect: float

    def dataUri(self) -> str:
        """The grey picture as ``data:image/png;base64,...``."""
        rows, columns = self.grey.shape
        data = vtk.vtkImageData()
        data.SetDimensions(columns, rows, 1)
        upsideDown = np.ascontiguousarray(self.grey[::-1])
        scalars = numpy_support.numpy_to_vtk(upsideDown.ravel(), deep=True, array_type=vtk.VTK_UNSIGNED_CHAR)
        data.GetPointData().SetScalars(scalars)
        writer = vtk.vtkPNGWriter()
        writer.WriteToMemoryOn()
        writer.SetInputData(data)
        writer.Write()
        return "data:image/png;base64," + base64.b64encode(numpy_support.vtk_to_numpy(writer.GetResult())).decode()

    def outline(self) -> str:
        """The lesion's edge as an SVG path in pixels; each edge between a pixel inside and one outside is a line."""
        padded = np.pad(self.mask, 1)
        level = padded[:-1, 1:-1] != padded[1:, 1:-1]
        upright = padded[1:-1, :-1] != padded[1:-1, 1:]
        lines = [f"M{column} {row}h1" for row, column in np.argwhere(level)]
        lines += [f"M{column} {row}v1" for row, column in np.argwhere(upright)]
        return "".join(lines)


def pictureOf(lesion: Lesion) -> Picture:
    """The lesion with its surroundings."""
    grey = np.where(_sector(lesion), greyLevels(lesion.pixels), 0).astype(np.uint8)
    rows, columns = np.nonzero(lesion.mask)
    margin = max(LEAST_MARGIN, int(MARGIN * max(np.ptp(rows), np.ptp(columns))))
    window = tuple(
        slice(max(0, int(places.min()) - margin), min(size, int(places.max()) + 1 + margin))
        for places, size in zip((rows, columns), lesion.mask.shape, strict=True)
    )
    return Picture(grey[window], lesion.mask[window], lesion.spacingMm[0] / lesion.spacingMm[1])


def greyLevels(pixels: np.ndarray) -> np.ndarray:
    """(rows, columns) 0 to 255, as radiomics takes brightness."""
    from USHarmonizationLib.files.checks import intensity_range
    from USHarmonizationLib.image import UltrasoundImage

    image = UltrasoundImage(pixels[None], intensity_range(pixels))
    return np.rint(255 * image.luma(0))


def _sector(lesion: Lesion) -> np.ndarray:
    """The imaged area and the lesion; everything where no imaged area is found."""
    from USHarmonizationLib.files.checks import intensity_range
    from USHarmonizationLib.image import UltrasoundImage
    from USHarmonizationLib.sector import find_sector

    sector = find_sector(UltrasoundImage(lesion.pixels[None], intensity_range(lesion.pixels)))
    return sector | lesion.mask if sector.any() else np.ones_like(lesion.mask)
