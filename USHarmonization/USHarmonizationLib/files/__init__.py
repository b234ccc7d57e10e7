"""Image files: every format is read to an ``UltrasoundImage``, and written back as the same format.

======  ==========================================================  ==============================================
module  formats                                                     what is kept besides the pixels
======  ==========================================================  ==============================================
dicom   DICOM ultrasound and secondary capture                      see ``dicom_attributes`` and ``dicom_writing``
raster  PNG, JPEG (lossy: pixels may change by a few values)        alpha, resolution, colour profile
tiff    TIFF, one page a frame                                      alpha, resolution, unit
medical NRRD, MetaImage, NIfTI; all frames or slices of up to 4-D   spacing, origin, direction, tracking data
======  ==========================================================  ==============================================

Other text in a file (who, where, when) is not taken over: it may name a patient. Into each file that is written goes
its ``Derivation``. Formats are told by the mark DICM, else by the suffix.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..derivation import Derivation
from ..errors import UsageError
from ..image import UltrasoundImage
from .checks import check_content, refused

DICOM_SUFFIXES = (".dcm", ".dicom", ".dic", ".ima")
RASTER_SUFFIXES = (".png", ".jpg", ".jpeg")
TIFF_SUFFIXES = (".tif", ".tiff")
MEDICAL_SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd", ".nii", ".nii.gz")
IMAGE_SUFFIXES = (*DICOM_SUFFIXES, *RASTER_SUFFIXES, *TIFF_SUFFIXES, *MEDICAL_SUFFIXES)

KINDS = {
    **dict.fromkeys(DICOM_SUFFIXES, "dicom"),
    **dict.fromkeys(RASTER_SUFFIXES, "raster"),
    **dict.fromkeys(TIFF_SUFFIXES, "tiff"),
    **dict.fromkeys(MEDICAL_SUFFIXES, "medical"),
}

# Where the mark of a DICOM file stands (PS3.10 7.1).
MARK, MARK_AT = b"DICM", 128


def read_image(path: Path | str) -> UltrasoundImage:
    """Read one image file, all frames.

    Raises:
        InputError: one line that names the file and says why it is not read: missing, empty, a folder, unknown format,
            truncated, another modality, blank, no B-mode, too large, ...
    """
    path = Path(path)
    try:
        kind = _kind_to_read(path)
        return check_content(_read(path, kind))
    except ValueError as error:  # pixels or a header that make no image
        raise refused(path, f"cannot be used ({error})") from error
    except MemoryError as error:
        raise refused(path, "needs more memory than there is") from error
    except OSError as error:
        raise refused(path, f"cannot be read ({error.strerror or error})") from error


def read_mask(path: Path | str) -> NDArray[Any]:
    """(frames, rows, columns) labels of a mask, in any format that images have; it may be blank.

    Raises:
        InputError: one line that names the file and says why it is not read.
    """
    path = Path(path)
    try:
        kind = _kind_to_read(path)
        if kind == "raster":
            from .raster import read_raster_mask

            return read_raster_mask(path)
        pixels = _read(path, kind).pixels
    except MemoryError as error:
        raise refused(path, "needs more memory than there is") from error
    except OSError as error:
        raise refused(path, f"cannot be read ({error.strerror or error})") from error
    if pixels.ndim == 4:
        raise refused(path, "is a mask in colours; needed: one value a label")
    return pixels


def write_image(image: UltrasoundImage, path: Path | str, derivation: Derivation | None = None) -> None:
    """Write an image, whole or not at all, in the format of ``path``'s suffix, else in that of its source.

    Args:
        image: pixels, and in its container what its own format needs besides. Other formats than its own get pixels and
            spacing only; DICOM is written from DICOM alone.
        path: replaced where it exists.
        derivation: how the pixels were made, written into the file.

    Raises:
        UsageError: the format cannot hold the image (PNG and frames, JPEG and 16 bits, ...).
        InputError: this one image cannot be written back in its format.
        OSError: the folder cannot be written to, or the disk is full; then nothing new stands under ``path``.
    """
    path = Path(path)
    kind = _kind_to_write(image, path)
    if kind == "dicom":
        from .dicom_writing import write_dicom

        write_dicom(image, path, derivation)
    elif kind == "raster":
        from .raster import write_raster

        write_raster(image, path, derivation)
    elif kind == "tiff":
        from .tiff import write_tiff

        write_tiff(image, path, derivation)
    else:
        from .medical import write_medical

        write_medical(image, path, derivation)


def find_images(folder: Path | str) -> list[Path]:
    """All image files in a folder and the folders in it, sorted: by a suffix of ``IMAGE_SUFFIXES`` or the mark DICM.

    Hidden files and folders, unfinished files (their names begin with a dot) and DICOMDIR are left out.

    Raises:
        UsageError: it is not a folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent, name) for name in names if not name.startswith(".") and name != "DICOMDIR"]
    return sorted(path for path in found if suffix(path) in KINDS or _marked(path))


def suffix(path: Path) -> str:
    """The suffix in lower case, ``.nii.gz`` as one."""
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else Path(name).suffix


def _kind_to_read(path: Path) -> str:
    if not path.exists():
        raise refused(path, "no such file")
    if path.is_dir():
        raise refused(path, "is a folder; needed: one image file")
    if path.stat().st_size == 0:
        raise refused(path, "is empty")
    if _marked(path):
        return "dicom"
    kind = KINDS.get(suffix(path))
    if kind is None:
        known = ", ".join(IMAGE_SUFFIXES)
        raise refused(path, f"is of unknown format {suffix(path)!r}; read are DICOM and files ending in {known}")
    return kind


def _read(path: Path, kind: str) -> UltrasoundImage:
    if kind == "dicom":
        from .dicom import read_dicom

        return read_dicom(path)
    if kind == "raster":
        from .raster import read_raster

        return read_raster(path)
    if kind == "tiff":
        from .tiff import read_tiff

        return read_tiff(path)
    from .medical import read_medical

    return read_medical(path)


def _kind_to_write(image: UltrasoundImage, path: Path) -> str:
    from_dicom = image.container is not None and type(image.container).__module__.startswith("pydicom.")
    same_name = suffix(path) == suffix(image.path)
    kind = KINDS.get(suffix(path))
    if from_dicom and (same_name or kind is None):
        return "dicom"
    if kind is None:
        raise UsageError(f"{path}: unknown format {suffix(path)!r}; accepted: {', '.join(IMAGE_SUFFIXES)}")
    return kind


def _marked(path: Path) -> bool:
    try:
        with open(path, "rb") as stream:
            return stream.read(MARK_AT + len(MARK))[MARK_AT:] == MARK
    except OSError:
        return False
