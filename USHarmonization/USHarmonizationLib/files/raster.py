"""PNG and JPEG: 8-bit grey, RGB and palette, 16-bit grey, and PNG with 16-bit colour; alpha is kept.

Spacing is unknown: the resolution in these files is that of a print or a screen (BUS-BRA's PNGs hold their own size
there). It is written back as it was, not interpreted. A palette image comes back as RGB, a 1-bit one with 8 bits.

JPEG cannot hold changed pixels exactly. It is written with the quantization tables and chroma subsampling of the
source: measured on real images, unchanged grey pixels come back within 19 values of 255 (95 % or more of them exactly;
the others beside sharp edges), colours with subsampled chroma within 62. The notes say so.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass, replace
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
    from PIL.Image import Image

# Pillow's mode: the mode it is turned to, the number type.
MODES = {
    "1": ("L", np.uint8),
    "L": ("L", np.uint8),
    "LA": ("LA", np.uint8),
    "RGB": ("RGB", np.uint8),
    "RGBA": ("RGBA", np.uint8),
    "P": ("RGB", np.uint8),
    "PA": ("RGBA", np.uint8),
    "I;16": ("I;16", np.uint16),
    "I;16B": ("I;16", np.uint16),
}
ORIENTATION = 0x0112
JPEG_NOTE = "JPEG is lossy: pixels left as they are may come back changed, grey ones by a few values, colours by more"
# Bytes of a PNG's signature and first chunk.
SIGNATURE_AND_HEADER = 8 + 25


@dataclass(frozen=True)
class RasterSource:
    """What a PNG or JPEG holds besides its colours.

    Attributes:
        alpha: (rows, columns) in the number type of the pixels, None where there is none.
        resolution: the content of PNG's pHYs chunk, or JPEG's dots per inch; None where there is none.
        profile: ICC colour profile.
        copyright: licence notice, which has to stay with the image.
        tables, subsampling: JPEG's quantization tables, and its chroma subsampling as Pillow numbers it.
        orientation: how a viewer turns the image (Exif).
    """

    alpha: NDArray[Any] | None = None
    resolution: tuple[float, ...] | bytes | None = None
    profile: bytes | None = None
    copyright: str = ""
    tables: dict[int, list[int]] | None = None
    subsampling: int = 0
    orientation: int = 1


def read_raster(path: Path) -> UltrasoundImage:
    """Read a PNG or JPEG.

    Raises:
        InputError: it is not what its suffix says, is animated, has another kind of pixels, is truncated or too large.
    """
    from PIL import Image, UnidentifiedImageError

    name = _format(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large, which is checked below
            with Image.open(path, formats=[name]) as opened:
                _check(path, opened)
                values = _deep_colour(path) if _is_deep(opened) else _values(opened)
                source = _source(opened, values)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise refused(path, f"is not a {name} file, whatever its suffix says (encrypted, truncated?)") from None
    except Image.DecompressionBombError:
        raise refused(path, "has more pixels than are read; at most 100 million") from None
    except (OSError, SyntaxError, ValueError, RuntimeError, struct.error, zlib.error) as error:
        raise refused(path, f"cannot be decoded, it may be truncated ({error})") from error
    colours = values if values.ndim == 2 or values.shape[2] == 3 else values[..., :-1]
    pixels = np.ascontiguousarray(colours[..., 0] if colours.ndim == 3 and colours.shape[2] == 1 else colours)[None]
    return UltrasoundImage(
        pixels=pixels,
        intensity_range=intensity_range(pixels),
        photometric="RGB" if pixels.ndim == 4 else "MONOCHROME2",
        path=path,
        notes=(JPEG_NOTE,) if name == "JPEG" else (),
        container=source,
    )


def read_raster_mask(path: Path) -> NDArray[Any]:
    """(1, rows, columns) labels of a mask: values of a grey image, numbers of the colours of a palette image.

    Raises:
        InputError: as ``read_raster``, or its channels differ.
    """
    from PIL import Image

    with Image.open(path) as opened:
        if opened.mode == "P":
            _check(path, opened)
            return np.asarray(opened)[None]
    pixels = read_raster(path).pixels
    if pixels.ndim == 4 and (pixels != pixels[..., :1]).any():
        raise refused(path, "is a mask in colours; needed: one value a label (grey, palette or 1 bit)")
    return pixels[..., 0] if pixels.ndim == 4 else pixels


def write_raster(image: UltrasoundImage, path: Path, derivation: Derivation | None) -> None:
    """Write a PNG or JPEG.

    Raises:
        UsageError: it cannot hold several frames, or this number type.
    """
    from PIL import Image

    name = _format(path)
    source = image.container if isinstance(image.container, RasterSource) else RasterSource()
    types = (np.uint8, np.uint16) if name == "PNG" else (np.uint8,)
    if image.frames != 1 or image.pixels.dtype not in types:
        raise UsageError(
            f"{path}: {name} holds one frame of {' or '.join(np.dtype(kind).name for kind in types)}, "
            f"not {image.frames} of {image.pixels.dtype}"
        )
    values = image.pixels[0]
    if image.photometric == "MONOCHROME1":
        values = np.asarray(image.intensity_range[1] - values, dtype=values.dtype)
    if source.alpha is not None and name == "PNG":
        values = np.dstack([values, source.alpha])
    text = derivation.json() if derivation else ""
    with atomic_path(path) as temporary:
        if name == "PNG":
            if values.ndim == 3 and values.dtype == np.uint16:
                _write_deep_colour(values, temporary)
            else:
                Image.fromarray(values).save(temporary, "PNG", icc_profile=source.profile)
            _insert(temporary, _chunks(source, text))
        else:
            Image.fromarray(values).save(temporary, "JPEG", **_jpeg_options(source, text, values.ndim == 3))


def _format(path: Path) -> str:
    return "PNG" if path.suffix.lower() == ".png" else "JPEG"


def _check(path: Path, opened: Any) -> None:
    columns, rows = opened.size
    if getattr(opened, "n_frames", 1) > 1:
        raise refused(path, f"is animated ({opened.n_frames} frames); needed: one frame, or a cine as TIFF or NRRD")
    if opened.mode not in MODES:
        raise refused(
            path, f"has pixels of kind {opened.mode}; read are grey, RGB and palette, 8 bits, and 16-bit grey"
        )
    check_size(path, (1, rows, columns, len(opened.getbands())), 2 if _is_deep(opened) else 1)


def _is_deep(opened: Any) -> bool:
    """Whether this is a PNG with 16-bit colour, of which Pillow would give the upper 8 bits only."""
    return (
        opened.format == "PNG"
        and opened.mode in ("LA", "RGB", "RGBA")
        and any("16" in str(one[3]) for one in opened.tile)
    )


def _values(opened: Image) -> NDArray[Any]:
    mode, kind = MODES[opened.mode]
    if opened.mode == "P" and "transparency" in opened.info:
        mode = "RGBA"
    return np.asarray(opened if opened.mode == mode else opened.convert(mode), dtype=kind)


def _source(opened: Any, values: NDArray[Any]) -> RasterSource:
    channels = values.shape[2] if values.ndim == 3 else 1
    information = opened.info
    source = RasterSource(
        alpha=np.ascontiguousarray(values[..., -1]) if channels in (2, 4) else None,
        profile=information.get("icc_profile"),
        orientation=int(opened.getexif().get(ORIENTATION, 1)),
    )
    if opened.format == "PNG":
        copyright_ = str(information.get("Copyright", ""))
        return replace(source, resolution=_physical_size(information), copyright=copyright_)
    from PIL.JpegImagePlugin import get_sampling

    tables = {number: list(table) for number, table in opened.quantization.items()}
    subsampling = max(get_sampling(opened), 0)
    return replace(source, resolution=information.get("dpi"), tables=tables, subsampling=subsampling)


def _physical_size(information: dict[Any, Any]) -> bytes | None:
    """PNG's pHYs chunk: pixels a unit in x and y, and whether the unit is the metre."""
    if "dpi" in information:
        return struct.pack(">IIB", *(round(value / 0.0254) for value in information["dpi"]), 1)
    if "aspect" in information:
        return struct.pack(">IIB", *information["aspect"], 0)
    return None


def _jpeg_options(source: RasterSource, text: str, colour: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"comment": text.encode(), "icc_profile": source.profile}
    if isinstance(source.resolution, tuple):
        options["dpi"] = source.resolution
    if source.orientation != 1:
        from PIL import Image

        options["exif"] = Image.Exif()
        options["exif"][ORIENTATION] = source.orientation
    if source.tables is None:
        return options | {"quality": 95, "subsampling": 0}
    options["qtables"] = [source.tables[number] for number in sorted(source.tables)]
    return options | ({"subsampling": source.subsampling} if colour else {})


def _deep_colour(path: Path) -> NDArray[Any]:
    """(rows, columns, channels) of a PNG with 16 bits a channel."""
    sitk = simpleitk()
    return np.asarray(sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="PNGImageIO")))


def _write_deep_colour(values: NDArray[Any], path: Path) -> None:
    sitk = simpleitk()
    sitk.WriteImage(sitk.GetImageFromArray(values, isVector=True), str(path), imageIO="PNGImageIO")


def _chunks(source: RasterSource, text: str) -> list[tuple[bytes, bytes]]:
    """What neither Pillow nor ITK writes: resolution as it was, text in UTF-8 (ISO 15948, 11.3.4.4 and 11.3.5.3)."""
    texts = {"Software": f"USHarmonization {__version__}", "Copyright": source.copyright, "USHarmonization": text}
    chunks = [(b"iTXt", f"{keyword}\0\0\0\0\0{value}".encode()) for keyword, value in texts.items() if value]
    return [*chunks, (b"pHYs", source.resolution)] if isinstance(source.resolution, bytes) else chunks


def _insert(path: Path, chunks: list[tuple[bytes, bytes]]) -> None:
    """Put chunks behind the header of a PNG (ISO 15948, 5.3)."""
    plain = path.read_bytes()
    added = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    path.write_bytes(plain[:SIGNATURE_AND_HEADER] + added + plain[SIGNATURE_AND_HEADER:])
