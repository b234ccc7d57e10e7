"""TIFF: one page a frame; grey, RGB and palette, with alpha; integers of 8 to 32 bits and floating point.

Spacing is read where ImageJ wrote a unit of length (its resolution is then a calibration); the resolution of other
TIFFs is that of a print. It is written back as it was. A palette image comes back as RGB; compressed files come back
compressed, without loss (deflate). White-is-zero images stay so, as MONOCHROME1.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..atomic import atomic_path
from ..derivation import Derivation
from ..errors import InputError, UsageError
from ..image import UltrasoundImage
from .checks import check_size, intensity_range, refused
from .medical import simpleitk

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

# What ImageJ calls them, in mm.
LENGTHS = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3, "m": 1e3, "inch": 25.4}
WHITE_IS_ZERO, PALETTE = 0, 3
UNCOMPRESSED = 1
NO_RESOLUTION = (1, 1, 1)
READ = ("MINISWHITE", "MINISBLACK", "RGB", "PALETTE", "YCBCR")


@dataclass(frozen=True)
class TiffSource:
    """What a TIFF holds besides its colours.

    Attributes:
        alpha: (frames, rows, columns), None where there is none.
        resolution: pixels a unit in x and y, and TIFF's number of the unit (1 none, 2 inch, 3 cm); None where there is
            none.
        unit: ImageJ's name of the unit, "" where ImageJ did not write the file.
        compressed: whether its pixels were compressed.
    """

    alpha: NDArray[Any] | None = None
    resolution: tuple[float, float, int] | None = None
    unit: str = ""
    compressed: bool = False


def read_tiff(path: Path) -> UltrasoundImage:
    """Read a TIFF.

    Raises:
        InputError: it is no TIFF, its pages differ, it has another kind of pixels, is truncated or too large.
    """
    from tifffile import TiffFile, TiffFileError

    try:
        with _strict(), TiffFile(path) as opened:
            pages = [page for page in opened.pages if not page.is_reduced]  # type: ignore[union-attr]
            first = _check(path, pages)
            values = _values(path, pages)
            source = _source(opened, first, values)
    except InputError:
        raise
    except TiffFileError as error:
        raise refused(path, f"is not a TIFF file, whatever its suffix says ({error})") from error
    except Exception as error:
        raise refused(path, f"cannot be decoded, it may be truncated ({error})") from error
    channels = values.shape[3] if values.ndim == 4 else 1
    if channels in (2, 4):
        values = values[..., 0] if channels == 2 else values[..., :3]
    pixels = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    try:
        limits = intensity_range(pixels)
    except ValueError as error:
        raise refused(path, error) from error
    inverted = first.photometric == WHITE_IS_ZERO
    return UltrasoundImage(
        pixels=pixels,
        intensity_range=limits,
        spacing_mm=_spacing(source),
        photometric="RGB" if pixels.ndim == 4 else "MONOCHROME1" if inverted else "MONOCHROME2",
        path=path,
        container=source,
    )


def write_tiff(image: UltrasoundImage, path: Path, derivation: Derivation | None) -> None:
    """Write a TIFF, one page a frame.

    Raises:
        UsageError: TIFF does not hold this number type.
    """
    from tifffile import TiffWriter

    source = image.container if isinstance(image.container, TiffSource) else TiffSource()
    if image.pixels.dtype.kind not in "uif":
        raise UsageError(f"{path}: TIFF holds integers and floating point, not {image.pixels.dtype}")
    grey = "miniswhite" if image.photometric == "MONOCHROME1" else "minisblack"
    options: dict[str, Any] = {
        "photometric": "rgb" if image.is_colour else grey,
        "compression": "zlib" if source.compressed else None,
        "extrasamples": None if source.alpha is None else ["unassalpha"],
        "planarconfig": "contig" if image.is_colour or source.alpha is not None else None,
        "software": f"USHarmonization {__version__}",
        "metadata": None,
        "contiguous": False,
    }
    if source.resolution is not None:
        options |= {"resolution": source.resolution[:2], "resolutionunit": source.resolution[2]}
    elif image.spacing_mm is not None:
        options |= {"resolution": (1 / image.spacing_mm[1], 1 / image.spacing_mm[0]), "resolutionunit": 1}
    description = _description(image, source, derivation)
    with atomic_path(path) as temporary, TiffWriter(temporary, bigtiff=image.pixels.nbytes > 2**31) as writer:
        for number, frame in enumerate(image.pixels):
            alpha = None if source.alpha is None else source.alpha[number]
            values = frame if alpha is None else np.dstack([frame, alpha])
            writer.write(values, description=description if number == 0 else None, **options)


class _Damaged(logging.Handler):
    """Turns what tifffile only logs (pages and tags that lie outside the file) into an error."""

    def emit(self, record: logging.LogRecord) -> None:
        raise ValueError(record.getMessage())


@contextmanager
def _strict() -> Iterator[None]:
    logger, handler = logging.getLogger("tifffile"), _Damaged(logging.ERROR)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _check(path: Path, pages: list[Any]) -> TiffPage:
    first: TiffPage = pages[0]
    kinds = {(page.shape, page.dtype, page.photometric) for page in pages}
    if len(kinds) > 1:
        sizes = sorted({" x ".join(map(str, page.shape)) for page in pages})
        raise refused(path, f"has pages that differ ({', '.join(sizes)}); needed: frames of one size and kind")
    photometric = getattr(first.photometric, "name", str(first.photometric))
    if photometric not in READ or first.dtype is None or first.dtype.kind not in "uif":
        raise refused(path, f"has pixels of kind {photometric} {first.dtype}; read are grey, RGB and palette")
    channels = first.samplesperpixel
    if channels not in (1, 2, 3, 4) or first.imagedepth > 1:
        raise refused(path, f"has {channels} channels; read are grey and RGB, with or without alpha")
    end = max(
        offset + size for page in pages for offset, size in zip(page.dataoffsets, page.databytecounts, strict=True)
    )
    if end > path.stat().st_size:
        raise refused(path, f"ends after {path.stat().st_size} of {end} bytes: it is truncated")
    check_size(
        path,
        (len(pages), first.imagelength, first.imagewidth, 3 if photometric == "PALETTE" else channels),
        first.dtype.itemsize,
    )
    return first


def _values(path: Path, pages: list[Any]) -> NDArray[Any]:
    """(frames, rows, columns) or (frames, rows, columns, channels), palettes turned to RGB."""
    try:
        frames = np.stack([page.asarray() for page in pages])
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        return _by_itk(path, pages)  # LZW, JPEG, ...
    first: Any = pages[0]
    if first.photometric == PALETTE:
        colours = np.asarray(first.colormap).T
        table = np.asarray(colours >> 8 if colours.max() > 255 else colours, dtype=np.uint8)
        return np.asarray(table[frames])
    return np.moveaxis(frames, 1, -1) if first.axes.startswith("S") else frames


def _by_itk(path: Path, pages: list[Any]) -> NDArray[Any]:
    sitk = simpleitk()
    image = sitk.ReadImage(str(path), imageIO="TIFFImageIO")
    values = np.asarray(sitk.GetArrayFromImage(image))
    values = values.reshape(len(pages), pages[0].imagelength, pages[0].imagewidth, -1)
    if pages[0].photometric == PALETTE and values.dtype == np.uint16:
        values = (values >> 8).astype(np.uint8)  # TIFF's palettes have 16 bits
    if pages[0].photometric == PALETTE and values.shape[3] == 1:
        values = np.repeat(values, 3, axis=3)  # ITK knows a palette of greys
    return values[..., 0] if values.shape[3] == 1 else values


def _source(opened: TiffFile, first: TiffPage, values: NDArray[Any]) -> TiffSource:
    channels = values.shape[3] if values.ndim == 4 else 1
    resolution = None
    if "XResolution" in first.tags and "YResolution" in first.tags:
        x, y = (_ratio(first.tags[name].value) for name in ("XResolution", "YResolution"))
        unit = int(first.resolutionunit or 1)
        resolution = (x, y, unit) if (x, y, unit) != NO_RESOLUTION else None
    return TiffSource(
        alpha=np.ascontiguousarray(values[..., -1]) if channels in (2, 4) else None,
        resolution=resolution,
        unit=str((opened.imagej_metadata or {}).get("unit", "")),
        compressed=int(first.compression) != UNCOMPRESSED,
    )


def _ratio(value: tuple[int, int]) -> float:
    return value[0] / value[1] if value[1] else 0.0


def _spacing(source: TiffSource) -> tuple[float, float] | None:
    length = LENGTHS.get(source.unit.replace("\\u00B5", "µ").lower())
    if length is None or source.resolution is None or min(source.resolution[:2]) <= 0:
        return None
    x, y, _ = source.resolution
    return length / y, length / x


def _description(image: UltrasoundImage, source: TiffSource, derivation: Derivation | None) -> str | None:
    """The text of the first page; in ImageJ's form where there is a spacing, so that it is read again."""
    text = derivation.json() if derivation else ""
    if image.spacing_mm is None:
        return text or None
    unit = source.unit or "mm"
    lines = [
        "ImageJ=1.54f",
        f"images={image.frames}",
        f"frames={image.frames}",
        f"unit={unit}",
        f"USHarmonization={text}",
    ]
    return "\n".join(lines) + "\n"
