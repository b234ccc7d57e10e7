"""Reading DICOM ultrasound: single and multi-frame images, and secondary captures that may be ultrasound.

Which values mean black and white. 8-bit pixels: 0 and the highest value of the bits stored; scanners' windows on 8-bit
images are the identity give or take a value, and taking them would lose the brightest one. More bits: the window where
the file has a linear one, widened to all values that occur, else what ``checks.intensity_range`` says. LUT sequences
(Modality and VOI) are not applied, which is noted: [0, 1] is linear in the stored values, so that a pixel comes back
exactly. MONOCHROME1 is turned round by ``UltrasoundImage``, not here.

Colour. YBR is turned to RGB by pydicom's decoders, palettes through their table to 8-bit RGB (table entries of 16 bits
give their upper 8).

Spacing. That of the largest B-mode region with lengths on both axes (PS3.3 C.8.5.5), else of the largest colour flow
region, else Pixel Spacing. What is doubtful about it is noted, not corrected.

Decoders. Uncompressed, deflated and RLE by pydicom itself; JPEG (baseline, lossless), JPEG-LS and JPEG 2000 by GDCM
(BSD licence; the wheel python-gdcm), JPEG baseline and JPEG 2000 also by Pillow.
"""

from __future__ import annotations

import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..image import UltrasoundImage
from .checks import MAX_BYTES, check_size, intensity_range, refused
from .dicom_attributes import KEPT, READ
from .dicom_regions import read_regions, read_spacing, text, without_picture

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.uid import UID

# SOP classes (PS3.4 B.5, and the two that are retired).
US_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"
US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
US_RETIRED = ("1.2.840.10008.5.1.4.1.1.6", "1.2.840.10008.5.1.4.1.1.3")
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SC_MULTIFRAME_BYTE = "1.2.840.10008.5.1.4.1.1.7.2"
SC_MULTIFRAME_WORD = "1.2.840.10008.5.1.4.1.1.7.3"
SC_MULTIFRAME_COLOUR = "1.2.840.10008.5.1.4.1.1.7.4"
US_CLASSES = (US_IMAGE, US_MULTIFRAME, *US_RETIRED)
SC_CLASSES = (SECONDARY_CAPTURE, SC_MULTIFRAME_BYTE, SC_MULTIFRAME_WORD, SC_MULTIFRAME_COLOUR)
ENHANCED_US_VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"

ULTRASOUND = ("US", "IVUS")
# Modalities under which screen captures of any origin are filed.
UNSAID = ("", "OT")

PHOTOMETRIC = (
    "MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR",
)  # fmt: skip

OWN_NAME = "USHarmonization"

# Bytes before the first element of the file meta information, and of the element that gives its length (PS3.10 7.1).
PREAMBLE, GROUP_LENGTH_ELEMENT = 132, 12
PIXEL_DATA = 0x7FE00010


def read_dicom(path: Path) -> UltrasoundImage:
    """Read a DICOM ultrasound image; its container is the data set without its pixels, identity and all.

    Raises:
        InputError: it is no DICOM file, not an image, of another modality, shows no B-mode by its own account, or its
            pixels cannot be decoded (truncated, video, unknown compression).
    """
    header, source = _header(path)
    try:
        with quiet:
            return _image(path, header, source)
    except InputError:
        raise
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise refused(path, f"has a malformed header ({brief(error)})") from error


def _image(path: Path, header: Dataset, source: Path | Dataset) -> UltrasoundImage:
    _check_kind(path, header)
    shape = _shape(path, header)
    check_size(path, shape, header.BitsAllocated // 8)
    regions, notes = read_regions(header)
    if lacking := without_picture(header, regions):
        raise refused(path, f"shows no B-mode: {lacking}")
    spacing, doubts = read_spacing(header, regions)
    pixels = _pixels(path, header, source, shape)
    limits, displayed = _intensity_range(header, pixels)
    return UltrasoundImage(
        pixels=pixels,
        intensity_range=limits,
        spacing_mm=spacing,
        regions=regions,
        manufacturer=text(header, "Manufacturer"),
        model=text(header, "ManufacturerModelName"),
        modality=text(header, "Modality"),
        photometric=text(header, "PhotometricInterpretation"),
        path=path,
        notes=(*_kind_notes(header), *notes, *doubts, *displayed),
        container=header,
    )


def _header(path: Path) -> tuple[Dataset, Path | Dataset]:
    """The attributes that are wanted, and what pixels are decoded from: the file, frame by frame, or all of it."""
    import pydicom

    wanted = [*KEPT, *READ]
    header: Dataset
    try:
        with quiet:
            syntax, start = _meta(path)
            if syntax and not syntax.is_deflated:
                header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=wanted)
                _convert(header)
                return header, path
            if syntax:
                _check_inflated(path, start)
            source = pydicom.dcmread(path, force=True, specific_tags=[*wanted, "PixelData"])
            if not source.file_meta.get("TransferSyntaxUID"):
                source.file_meta.TransferSyntaxUID = _transfer_syntax(source)
            header = pydicom.Dataset({tag: source.get_item(tag) for tag in sorted(source.keys()) if tag != PIXEL_DATA})
            header.file_meta = source.file_meta
            header.set_original_encoding(*source.original_encoding)
            _convert(header)
    except InputError:
        raise
    except Exception as error:
        raise refused(path, f"cannot be read as DICOM; it may be truncated ({brief(error)})") from error
    if "SOPClassUID" not in header and not {"Rows", "Columns", "SamplesPerPixel"} <= set(header.dir()):
        raise refused(path, "is not a DICOM file: the mark DICM is missing (another format, encrypted or truncated?)")
    return header, source


def _meta(path: Path) -> tuple[UID | None, int]:
    """Transfer syntax, None where the file does not say, and where the data set begins."""
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_file_meta_info

    try:
        meta = read_file_meta_info(path)
    except InvalidDicomError:
        return None, 0
    length = int(meta.get("FileMetaInformationGroupLength", 0))
    return meta.get("TransferSyntaxUID"), PREAMBLE + GROUP_LENGTH_ELEMENT + length


def _convert(dataset: Dataset) -> None:
    """Turn all values to numbers and text now; leave out those that are neither, in items of sequences too."""
    for tag in sorted(dataset.keys()):
        try:
            element = dataset[tag]
            if element.VR in ("DS", "IS") and not element.is_empty:
                np.asarray(element.value, dtype=float)
        except Exception:
            del dataset[tag]
            continue
        if element.VR == "SQ":
            for item in element.value:
                _convert(item)


def _transfer_syntax(dataset: Dataset) -> UID:
    """What a data set without file meta information is encoded in, as pydicom found it out by reading."""
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _check_inflated(path: Path, start: int) -> None:
    """Refuse a deflated file that would unpack to more than any image may have: pydicom unpacks all of it at once."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    with open(path, "rb") as stream:
        stream.seek(start)
        while (packed := unpacker.unconsumed_tail or stream.read(2**16)) and not unpacker.eof:
            total += len(unpacker.decompress(packed, 2**24))
            if total > MAX_BYTES:
                raise refused(path, "unpacks to more than 4 GiB; at most 4 GiB are read")


def _check_kind(path: Path, header: Dataset) -> None:
    modality, sop_class = text(header, "Modality"), text(header, "SOPClassUID")
    kind = header.SOPClassUID.name if sop_class else "a file without SOP class"
    if "DirectoryRecordSequence" in header:
        raise refused(path, "is a DICOMDIR, a list of files; name the images themselves")
    if modality not in ULTRASOUND + UNSAID:
        raise refused(path, f"has modality {modality} ({kind}); needed: ultrasound (US)")
    if sop_class == ENHANCED_US_VOLUME:
        raise refused(path, f"is {kind}, which is not read; needed: Ultrasound Image or Ultrasound Multi-frame Image")
    if sop_class not in (*US_CLASSES, *SC_CLASSES) and (sop_class or modality not in ULTRASOUND):
        raise refused(path, f"is {kind}; needed: Ultrasound Image, Ultrasound Multi-frame Image or Secondary Capture")
    if not header.get("Rows") or not header.get("Columns"):
        raise refused(path, f"has no pixel data ({kind})")
    photometric = text(header, "PhotometricInterpretation")
    if photometric not in PHOTOMETRIC:
        raise refused(path, f"has photometric interpretation {photometric!r}; read are {', '.join(PHOTOMETRIC)}")
    if header.get("PixelPresentation") == "COLOR":
        raise refused(path, "has a supplemental palette, which is not read; needed: grey, RGB, YBR or palette colour")
    if header.get("BitsAllocated") not in (8, 16):
        raise refused(path, f"has {header.get('BitsAllocated')} bits a value; read are 8 and 16")
    if float(header.get("RescaleSlope", 1) or 1) <= 0:
        raise refused(path, f"has rescale slope {header.RescaleSlope}; needed: a positive one")


def _kind_notes(header: Dataset) -> Iterator[str]:
    if text(header, "Modality") not in ULTRASOUND:
        yield f"the modality ({text(header, 'Modality') or 'none'}) does not say that this is ultrasound"
    for equipment in header.get("ContributingEquipmentSequence") or ():
        if text(equipment, "ManufacturerModelName") == OWN_NAME:
            yield f"this image was itself generated: {text(equipment, 'ContributionDescription')}"


def _shape(path: Path, header: Dataset) -> tuple[int, ...]:
    """(frames, rows, columns), and 3 where the decoded image has colour."""
    samples, frames = int(header.get("SamplesPerPixel") or 1), int(header.get("NumberOfFrames") or 1)
    shape = (frames, int(header.Rows), int(header.Columns))
    expected = 1 if text(header, "PhotometricInterpretation").startswith(("MONO", "PALETTE")) else 3
    if samples != expected:
        raise refused(path, f"has {samples} samples a pixel; {header.PhotometricInterpretation} has {expected}")
    return shape if text(header, "PhotometricInterpretation").startswith("MONO") else (*shape, 3)


def _pixels(path: Path, header: Dataset, source: Path | Dataset, shape: tuple[int, ...]) -> NDArray[Any]:
    """All frames in one array, decoded one after the other."""
    from pydicom.pixels.utils import iter_pixels

    pixels: NDArray[Any] | None = None
    read = 0
    try:
        table = _palette(header) if header.PhotometricInterpretation == "PALETTE COLOR" else None
        for frame in iter_pixels(source):
            if read == shape[0]:
                break
            values = frame if table is None else table[frame]
            if pixels is None:
                pixels = np.empty(shape, values.dtype.newbyteorder("="))
            pixels[read] = values
            read += 1
    except Exception as error:
        if isinstance(error, AttributeError) and "'Pixel Data'" in str(error):
            raise refused(path, "has no pixel data") from error
        raise refused(path, f"its pixels cannot be decoded, it may be truncated ({brief(error)})") from error
    if pixels is None or read < shape[0]:
        raise refused(path, f"holds {read} frames of {shape[0]}; it may be truncated")
    return pixels


def _palette(header: Dataset) -> NDArray[np.uint8]:
    """(values, 3) 8-bit RGB of each pixel value (PS3.3 C.7.6.3.1.5 and .6)."""
    from pydicom.pixels.processing import apply_color_lut

    colours = apply_color_lut(np.arange(2 ** int(header.BitsStored), dtype=np.uint16)[None], header)[0]
    # Some writers put 8-bit entries into 16-bit words.
    return np.asarray(colours >> 8 if colours.max() > 255 else colours, dtype=np.uint8)


def _intensity_range(header: Dataset, pixels: NDArray[Any]) -> tuple[tuple[float, float], list[str]]:
    notes = [
        f"its {name} LUT is not applied"
        for name, keyword in (("modality", "ModalityLUTSequence"), ("VOI", "VOILUTSequence"))
        if header.get(keyword)
    ]
    low, high = intensity_range(pixels)
    if pixels.ndim == 4:
        return (low, high), notes
    if pixels.dtype == np.uint8:
        white = 2.0 ** int(header.get("BitsStored") or 8) - 1
        return (0.0, white if pixels.max() <= white else 255.0), notes
    window = _window(header)
    if window is None or header.get("VOILUTFunction", "LINEAR") not in ("LINEAR", "LINEAR_EXACT"):
        return (low, high), notes
    return (min(window[0], float(pixels.min())), max(window[1], float(pixels.max()))), notes


def _window(header: Dataset) -> tuple[float, float] | None:
    """The stored values of the first window's ends (PS3.3 C.11.2.1.2), None where there is none."""
    try:
        centre, width = (float(np.atleast_1d(header.get(name))[0]) for name in ("WindowCenter", "WindowWidth"))
        slope, intercept = float(header.get("RescaleSlope") or 1), float(header.get("RescaleIntercept") or 0)
    except (TypeError, ValueError):
        return None
    low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    return ((low - intercept) / slope, (high - intercept) / slope) if low < high else None


def brief(error: Exception) -> str:
    """The first line of an error of a library, cut short."""
    lines = str(error).strip().splitlines()
    return (lines[0][:120] if lines else "") or type(error).__name__


class _Quiet:
    """pydicom takes values that the standard forbids as they are, and does not warn: its warnings quote the values.

    Both are settings of the whole process, so threads that are quiet at the same time share them: the first one in sets
    them, the last one out puts them back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._settings = ExitStack()

    def __enter__(self) -> None:
        from pydicom import config

        with self._lock:
            if self._inside == 0:
                self._settings.enter_context(warnings.catch_warnings())
                self._settings.enter_context(config.disable_value_validation())
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._settings.close()


quiet = _Quiet()
