"""An ultrasound image in memory: frames in the file's own pixel type, and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Two channels may differ by this many 8-bit steps and the pixel still counts as grey (JPEG and YBR rounding).
GREY_TOLERANCE = 8

# ITU-R BT.601, as DICOM's YBR_FULL (PS3.3 C.7.6.3.1.2).
LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True)
class Region:
    """One calibrated region of the screen (DICOM PS3.3 C.8.5.5, US Region Calibration).

    Attributes:
        box: row0, column0, row1, column1 in pixels, half open.
        kind: ``b-mode``, ``colour``, ``m-mode``, ``spectral`` or ``other``.
        spacing_mm: height and width of a pixel in mm, None where the region's units are not lengths.
    """

    box: tuple[int, int, int, int]
    kind: str
    spacing_mm: tuple[float, float] | None


@dataclass(frozen=True)
class UltrasoundImage:
    """Frames as the file holds them, with what the file says about them. Never holds a patient's identity outside
    ``container``.

    Attributes:
        pixels: (frames, rows, columns) or, for colour, (frames, rows, columns, 3) RGB; the file's own number type.
        intensity_range: the pixel values that mean black and white, low < high; (0, 255) for 8 bits.
        spacing_mm: height and width of a pixel in mm; None when the file does not say.
        regions: calibrated regions, empty when the file has none.
        manufacturer, model: the scanner's names as the file gives them, "" when absent.
        modality: DICOM modality, or "" where the format has none.
        photometric: MONOCHROME1, MONOCHROME2, RGB, YBR_FULL, YBR_FULL_422, PALETTE COLOR, ...: what the file stored.
        path: the file it came from.
        notes: what reading had to assume and a person should know (two calibrations, no spacing, ...), one line each.
        container: what the writer of this format needs to write the image back (a DICOM data set, ITK geometry).
    """

    pixels: NDArray[Any]
    intensity_range: tuple[float, float]
    spacing_mm: tuple[float, float] | None = None
    regions: tuple[Region, ...] = ()
    manufacturer: str = ""
    model: str = ""
    modality: str = ""
    photometric: str = "MONOCHROME2"
    path: Path = Path()
    notes: tuple[str, ...] = ()
    container: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if not (self.pixels.ndim == 3 or (self.pixels.ndim == 4 and shape[3] == 3)) or 0 in shape:
            needed = "(frames, rows, columns) or (frames, rows, columns, 3)"
            raise ValueError(f"pixels have shape {shape}; needed: {needed}")
        low, high = self.intensity_range
        if not low < high:
            raise ValueError(f"intensity range {self.intensity_range}; needed: low < high")

    @property
    def frames(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Rows, columns."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[2])

    @property
    def is_colour(self) -> bool:
        """Whether pixels are RGB triples (they may all be grey)."""
        return self.pixels.ndim == 4

    def luma(self, frame: int) -> NDArray[np.float32]:
        """(rows, columns) brightness of one frame in [0, 1]; MONOCHROME1 comes out with white as 1."""
        low, high = self.intensity_range
        values = self.pixels[frame].astype(np.float32)
        if self.is_colour:
            values = values @ LUMA_WEIGHTS
        scaled = np.clip((values - low) / (high - low), 0.0, 1.0)
        return np.asarray(1.0 - scaled if self.photometric == "MONOCHROME1" else scaled, dtype=np.float32)

    def coloured(self, frame: int) -> NDArray[np.bool_]:
        """(rows, columns) True where a pixel is not grey (Doppler, coloured graphics)."""
        if not self.is_colour:
            return np.zeros(self.size, dtype=bool)
        low, high = self.intensity_range
        values = self.pixels[frame].astype(np.float32)
        spread = values.max(axis=-1) - values.min(axis=-1)
        return np.asarray(spread > GREY_TOLERANCE / 255 * (high - low), dtype=bool)

    def replaced(self, generated: NDArray[np.float32], where: NDArray[np.bool_]) -> UltrasoundImage:
        """The same image with ``generated`` (frames, rows, columns; [0, 1]) put in where ``where`` is True.

        All other pixels stay as they are to the bit. Integer types are rounded to the nearest value.
        """
        low, high = self.intensity_range
        values = np.clip(generated, 0.0, 1.0)
        if self.photometric == "MONOCHROME1":
            values = 1.0 - values
        values = low + values * (high - low)
        if np.issubdtype(self.pixels.dtype, np.integer):
            values = np.rint(values)
        pixels = self.pixels.copy()
        pixels[where] = values[where, None] if self.is_colour else values[where]
        return replace(self, pixels=pixels)
