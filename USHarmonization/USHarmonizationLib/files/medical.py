"""NRRD, MetaImage and NIfTI through SimpleITK: 2-D, a cine with frames along the last axis, a volume slice by slice.

Pixels are grey (8 to 64-bit integers, floating point) or RGB. Spacing, origin and direction of all axes are kept. Of
the text in a file only what tracking software writes for each frame is (transforms, time stamps, status).
NIfTI with a scale in its header is read, and written back, as the scaled values.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic import atomic_path
from ..derivation import Derivation
from ..errors import UsageError
from ..image import UltrasoundImage
from .checks import MAX_BYTES, check_size, intensity_range, refused

READERS = {
    ".nrrd": "NrrdImageIO",
    ".nhdr": "NrrdImageIO",
    ".mha": "MetaImageIO",
    ".mhd": "MetaImageIO",
    ".nii": "NiftiImageIO",
    ".gz": "NiftiImageIO",
}
# Headers whose pixels lie in a second file.
DETACHED = (".mhd", ".nhdr")
SPACING_SAID = re.compile(rb"^(ElementSpacing|ElementSize|spacings|space directions)\s*[=:]", re.MULTILINE)
COMPRESSED = re.compile(rb"^(CompressedData\s*=\s*True|encoding:\s*(gz|gzip|bz2|bzip2))\s*$", re.MULTILINE)
TRACKING = re.compile(
    r"Seq_Frame\d+_(\w*Transform(Status)?|\w*Timestamp|FrameNumber|\w*Status|\w+Position|\w+Rotation)"
    r"|Ultrasound\w+|Kinds|Modality"
)
HEADER_BYTES = 2**16


@dataclass(frozen=True)
class MedicalSource:
    """Where the pixels lie in space.

    Attributes:
        shape: of the array, last axis first as in numpy, without colour channels.
        spacing, origin, direction: as ITK has them, first axis first.
        fields: text that is kept.
        compressed: whether the pixels were compressed.
    """

    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]
    fields: dict[str, str] = field(default_factory=dict)
    compressed: bool = False


def simpleitk() -> Any:
    """The package, imported when it is first needed; it has no types."""
    return importlib.import_module("SimpleITK")


def read_medical(path: Path) -> UltrasoundImage:
    """Read NRRD, MetaImage or NIfTI.

    Raises:
        InputError: it cannot be read, has more than four axes, is neither grey nor RGB, holds NaN, or is too large.
    """
    sitk = simpleitk()
    reader = sitk.ImageFileReader()
    reader.SetImageIO(READERS[path.suffix.lower()])
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        size, channels = reader.GetSize(), reader.GetNumberOfComponents()
        kind = sitk.GetPixelIDValueAsString(reader.GetPixelIDValue())
    except RuntimeError as error:
        raise refused(path, f"cannot be read; it may be truncated, or another format ({_reason(error)})") from error
    if not 2 <= len(size) <= 4:
        raise refused(path, f"has {len(size)} axes; read are 2 to 4")
    if channels not in (1, 3) or "complex" in kind or "label" in kind:
        raise refused(
            path, f"has {channels} values a pixel ({kind}); read are grey and RGB, frames along the last axis"
        )
    shape = tuple(reversed(size))
    frames = (int(np.prod(shape[:-2], dtype=object)), *shape[-2:], *([3] if channels == 3 else []))
    check_size(path, frames, _itemsize(kind))
    if READERS[path.suffix.lower()] == "NiftiImageIO":
        _check_whole(path, reader)
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise refused(path, f"cannot be read, it may be truncated ({_reason(error)})") from error
    pixels = sitk.GetArrayFromImage(image).reshape(frames)
    try:
        limits = intensity_range(pixels)
    except ValueError as error:
        raise refused(path, error) from error
    header = b"" if "Nifti" in READERS[path.suffix.lower()] else _head(path)
    source = MedicalSource(
        shape=shape,
        spacing=image.GetSpacing(),
        origin=image.GetOrigin(),
        direction=image.GetDirection(),
        fields={key: image.GetMetaData(key) for key in image.GetMetaDataKeys() if TRACKING.fullmatch(key)},
        compressed=bool(COMPRESSED.search(header)) or path.suffix.lower() == ".gz",
    )
    said = "Nifti" in READERS[path.suffix.lower()] or bool(SPACING_SAID.search(header))
    return UltrasoundImage(
        pixels=pixels,
        intensity_range=limits,
        spacing_mm=(source.spacing[1], source.spacing[0]) if said else None,
        photometric="RGB" if channels == 3 else "MONOCHROME2",
        path=path,
        container=source,
    )


def write_medical(image: UltrasoundImage, path: Path, derivation: Derivation | None) -> None:
    """Write NRRD, MetaImage or NIfTI; a header and its data file appear together or not at all.

    Raises:
        UsageError: ITK has no such number type.
    """
    sitk = simpleitk()
    source = image.container if isinstance(image.container, MedicalSource) else _plain(image)
    values = image.pixels.reshape(*source.shape, *image.pixels.shape[3:])
    try:
        made = sitk.GetImageFromArray(values, isVector=image.is_colour)
    except (KeyError, TypeError):
        raise UsageError(f"{path}: this format does not hold {image.pixels.dtype}") from None
    made.SetSpacing(source.spacing)
    made.SetOrigin(source.origin)
    made.SetDirection(source.direction)
    for key, value in source.fields.items():
        made.SetMetaData(key, value)
    if derivation is not None:
        made.SetMetaData("USHarmonization", derivation.json())
        made.SetMetaData("ITK_FileNotes", f"USHarmonization {derivation.software_version}, {derivation.model}"[:79])
    with _header_last(path) if path.suffix.lower() in DETACHED else atomic_path(path) as temporary:
        try:
            sitk.WriteImage(made, str(temporary), source.compressed, imageIO=READERS[path.suffix.lower()])
        except RuntimeError as error:
            raise OSError(f"{path} cannot be written ({_reason(error)})") from error


@contextlib.contextmanager
def _header_last(path: Path) -> Iterator[Path]:
    """Write a header and its data file beside ``path``, then move both: first the data, last the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".partial-", dir=path.parent))
    moved: list[Path] = []
    try:
        yield folder / path.name
        umask = os.umask(0)
        os.umask(umask)
        written = sorted(folder.iterdir(), key=lambda one: one.name == path.name)
        for one in written:
            with open(one, "rb+") as stream:
                os.fsync(stream.fileno())
            one.chmod(0o666 & ~umask)
        path.unlink(missing_ok=True)  # an old header must not be seen with new data
        for one in written:
            os.replace(one, path.parent / one.name)
            moved.append(path.parent / one.name)
    except OSError:
        for one in moved:
            one.unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _plain(image: UltrasoundImage) -> MedicalSource:
    """For an image of another format: its spacing, 1 where unknown, and nothing else."""
    shape = image.size if image.frames == 1 else (image.frames, *image.size)
    height, width = image.spacing_mm or (1.0, 1.0)
    axes = len(shape)
    direction = tuple(float(value) for value in np.eye(axes).ravel())
    return MedicalSource(shape, (width, height, 1.0)[:axes], (0.0,) * axes, direction)


def _itemsize(kind: str) -> int:
    """Bytes of one value, from ITK's name of the pixel type."""
    bits = re.search(r"(\d+)-bit", kind)
    return int(bits.group(1)) // 8 if bits else 8


def _check_whole(path: Path, reader: Any) -> None:
    """Refuse a truncated NIfTI, of which ITK would fill the missing part with zeros."""
    axes = int(reader.GetMetaData("dim[0]"))
    values = np.prod([int(reader.GetMetaData(f"dim[{axis}]")) for axis in range(1, axes + 1)], dtype=float)
    needed = float(reader.GetMetaData("vox_offset")) + values * int(reader.GetMetaData("bitpix")) / 8
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else open(path, "rb") as stream:
            size = (
                stream.seek(0, os.SEEK_END) if path.suffix.lower() != ".gz" else _unpacked_size(stream, MAX_BYTES * 2)
            )
    except (EOFError, zlib.error, OSError) as error:
        raise refused(path, f"cannot be unpacked, it may be truncated ({error})") from error
    if size < needed:
        raise refused(path, f"holds {size} bytes of {needed:.0f}: it is truncated")


def _unpacked_size(stream: Any, limit: int) -> int:
    size = 0
    while size <= limit and (block := stream.read(2**20)):
        size += len(block)
    return size


def _head(path: Path) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(HEADER_BYTES)


def _reason(error: RuntimeError) -> str:
    """The last line of ITK's message, which says what was wrong; the ones before say where in ITK."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no reason given"
