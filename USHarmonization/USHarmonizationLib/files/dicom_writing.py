"""Writing a generated image as DICOM: a new instance, derived from one that is named, valid and without identity.

What is kept of the source, and what becomes of its identity, is said in ``dicom_attributes``. Pixels are written
uncompressed, Explicit VR Little Endian: MONOCHROME as it was, all colour as RGB. The same source, derivation and pixels
give the same file to the bit, UIDs included; no time of day goes into it.

The SOP class is that of the source where its pixels allow: Ultrasound Image and Ultrasound Multi-frame Image hold 8
bits, grey (MONOCHROME2) or RGB. A cine filed as single image becomes multi-frame, the retired classes become today's.
Other pixels (16 bits, MONOCHROME1) go into a secondary capture, as which they are valid, with modality and regions
kept; a cine that no class can hold (MONOCHROME1, 16-bit colour) is refused.
"""

from __future__ import annotations

import hashlib
import io
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..atomic import atomic_path
from ..cohort import pseudonym
from ..derivation import RESEARCH_USE, Derivation
from ..errors import InputError, UsageError
from ..image import UltrasoundImage
from .checks import refused
from .dicom import (
    OWN_NAME,
    PIXEL_DATA,
    SC_CLASSES,
    SC_MULTIFRAME_BYTE,
    SC_MULTIFRAME_COLOUR,
    SC_MULTIFRAME_WORD,
    SECONDARY_CAPTURE,
    US_CLASSES,
    US_IMAGE,
    US_MULTIFRAME,
    brief,
    quiet,
)
from .dicom_attributes import CAPTURE_ONLY, GREY_ONLY, KEPT, UNPAIRED
from .dicom_regions import text

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Root of all UIDs made here (PS3.5 B.2: 2.25. and a UUID), and the class UID of this implementation.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "usharmonization.invalid")
IMPLEMENTATION = "implementation"

# Lossy transfer syntaxes and what Lossy Image Compression Method calls them (PS3.3 C.7.6.1.1.5).
LOSSY = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
}

# Code value, scheme, meaning. There is no standard code for a transfer of style (CID 7203), so this one is our own.
HARMONIZED = ("HARMONIZED", "99USHARM", "Scanner style harmonization")
SOURCE_IMAGE = ("121322", "DCM", "Source image for image processing operation")
PROCESSING_EQUIPMENT = ("109102", "DCM", "Processing Equipment")

# Longest values of LO, ST and LT (PS3.5 6.2), in characters.
LO, ST, LT = 64, 1024, 10240


def write_dicom(image: UltrasoundImage, path: Path, derivation: Derivation | None) -> None:
    """Write an image that was read from DICOM; without a derivation it says that no model changed its pixels.

    Raises:
        UsageError: the image was not read from a DICOM file.
        InputError: no SOP class can hold its pixels, or an attribute that has to be kept cannot be written.
        OSError: the folder cannot be written to, or the disk is full.
    """
    from pydicom.dataset import Dataset

    if not isinstance(image.container, Dataset):
        raise UsageError(f"{path}: DICOM is written from a DICOM source only; {image.path} is none")
    with quiet:
        try:
            made = _data_set(image, derivation)
        except InputError:
            raise
        except Exception as error:
            raise refused(image.path, f"cannot be written as DICOM ({brief(error)})") from error
        with atomic_path(path) as temporary:
            made.save_as(temporary, enforce_file_format=True)


def uid(*parts: str) -> str:
    """A UID that depends on the parts alone."""
    return f"2.25.{uuid.uuid5(NAMESPACE, chr(0).join(parts)).int}"


def _data_set(image: UltrasoundImage, derivation: Derivation | None) -> Dataset:
    source: Dataset = image.container
    sop_class = _sop_class(image)
    made = _kept(image, sop_class)
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID = sop_class
    made.Modality = text(source, "Modality") or "OT"
    _identify(made, source, image, derivation)
    _describe(made, source, derivation)
    _frames(made, image)
    _pixels(made, source, image)
    _file_meta(made)
    return made


def _kept(image: UltrasoundImage, sop_class: str) -> Dataset:
    from pydicom.dataset import Dataset

    source: Dataset = image.container
    unfit = {*(GREY_ONLY if image.is_colour else ()), *(CAPTURE_ONLY if sop_class in US_CLASSES else ())}
    if sop_class in US_CLASSES and any(region.spacing_mm for region in image.regions):
        unfit.add("PixelSpacing")  # said by the regions; no attribute of these classes
    if float(source.get("RescaleSlope") or 1) == 1 and float(source.get("RescaleIntercept") or 0) == 0:
        unfit |= {"RescaleSlope", "RescaleIntercept", "RescaleType"}
    made = Dataset()
    for keyword in KEPT:
        if keyword in source and keyword not in unfit:
            made.add(source[keyword])
    return _public(made)


def _public(source: Dataset) -> Dataset:
    """A copy without private attributes, at any depth."""
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

    made = Dataset()
    for element in source:
        if element.tag.is_private or element.is_empty:
            continue
        value = [_public(item) for item in element.value] if element.VR == "SQ" else _valid(element.VR, element.value)
        made.add(DataElement(element.tag, element.VR, value))
    return made


def _valid(representation: str, value: Any) -> Any:
    """Text that scanners are known to write against the rules, as the rules want it (PS3.5 6.2)."""
    from pydicom.multival import MultiValue
    from pydicom.valuerep import format_number_as_ds

    if isinstance(value, (MultiValue, list)):
        return [_valid(representation, one) for one in value]
    if representation == "CS":
        return re.sub("[^A-Z0-9_ ]", " ", str(value).upper()).strip()[:16]
    if representation == "DS" and len(str(value)) > 16:
        return format_number_as_ds(float(value))
    return value


def _sop_class(image: UltrasoundImage) -> str:
    source = text(image.container, "SOPClassUID")
    bits, single = image.pixels.dtype.itemsize * 8, image.frames == 1
    displayable = bits == 8 and image.photometric != "MONOCHROME1" and image.pixels.dtype == np.uint8
    if displayable and source not in SC_CLASSES:
        return US_IMAGE if single and source != US_MULTIFRAME else US_MULTIFRAME
    if single:
        return SECONDARY_CAPTURE
    if displayable:
        return SC_MULTIFRAME_COLOUR if image.is_colour else SC_MULTIFRAME_BYTE
    if bits == 16 and image.pixels.dtype == np.uint16 and image.photometric == "MONOCHROME2":
        return SC_MULTIFRAME_WORD
    kind = f"{image.pixels.dtype} {image.photometric}"
    raise refused(image.path, f"no DICOM class holds a cine of {kind} pixels; needed: 8 bits, or MONOCHROME2 of 16")


def _identify(made: Dataset, source: Dataset, image: UltrasoundImage, derivation: Derivation | None) -> None:
    """Pseudonyms in place of identity, new UIDs, and type 2 attributes that are known to nobody any more."""
    original = text(source, "SOPInstanceUID")
    study = text(source, "StudyInstanceUID") or original
    series = text(source, "SeriesInstanceUID") or study
    pixels = hashlib.sha256(np.ascontiguousarray(image.pixels).data).hexdigest()
    made.SOPInstanceUID = uid("instance", original, derivation.json() if derivation else "", pixels)
    made.SeriesInstanceUID = uid("series", series, _method(derivation))
    made.StudyInstanceUID = uid("study", study)
    made.PatientID = pseudonym(text(source, "PatientID"))
    made.PatientName = f"Pseudonym^{made.PatientID}" if made.PatientID else ""
    for keyword in (
        "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
        "ReferringPhysicianName",
    ):  # fmt: skip
        setattr(made, keyword, None)
    for keyword in ("SeriesNumber", "InstanceNumber", "PatientOrientation", "Manufacturer"):
        if keyword not in made:
            setattr(made, keyword, None)
    if "Laterality" not in made and "ImageLaterality" not in made and text(made, "BodyPartExamined") not in UNPAIRED:
        made.Laterality = None
    if made.SOPClassUID in SC_CLASSES:
        made.setdefault("ConversionType", "WSD")
        made.setdefault("BurnedInAnnotation", "YES")
    if made.SOPClassUID in (SC_MULTIFRAME_BYTE, SC_MULTIFRAME_WORD):  # PS3.3 C.8.6.3
        made.setdefault("PresentationLUTShape", "IDENTITY")
        made.RescaleIntercept, made.RescaleSlope, made.RescaleType = 0, 1, "US"
    burned_in = text(made, "BurnedInAnnotation")
    made.PatientIdentityRemoved = "YES" if burned_in == "NO" else "NO"
    made.LongitudinalTemporalInformationModified = "REMOVED"
    made.DeidentificationMethod = [
        "All attributes dropped but for a list of harmless ones",
        "Patient ID and UIDs replaced by pseudonyms, dates removed",
        "UID of the source image kept in Source Image Sequence",
        *([] if burned_in == "NO" else ["Burned-in annotation, if there is any, not removed"]),
    ]


def _method(derivation: Derivation | None) -> str:
    """What the images of one series have in common."""
    if derivation is None:
        return __version__
    return Derivation(**{**vars(derivation), "warnings": ()}).json()


def _describe(made: Dataset, source: Dataset, derivation: Derivation | None) -> None:
    """How the image came to be (PS3.3 C.7.6.1.1.3 and C.12.1.1.5)."""
    image_type = source.get("ImageType") or ()
    rest = [] if isinstance(image_type, str) else _valid("CS", list(image_type)[2:])
    made.ImageType = ["DERIVED", "SECONDARY", *rest]
    plain = f"Copied without change of pixels with {OWN_NAME} {__version__}."
    description = derivation.description() if derivation else plain
    made.DerivationDescription = description[:ST]
    if derivation is not None:
        made.DerivationCodeSequence = [_code(*HARMONIZED)]
        made.SeriesDescription = f"Generated, research use only: {derivation.model}"[:LO]
        made.ImageComments = _comments(derivation)
    if text(source, "SOPInstanceUID") and text(source, "SOPClassUID"):
        made.SourceImageSequence = [
            _item(
                ReferencedSOPClassUID=text(source, "SOPClassUID"),
                ReferencedSOPInstanceUID=text(source, "SOPInstanceUID"),
                SpatialLocationsPreserved="YES",
                PurposeOfReferenceCodeSequence=[_code(*SOURCE_IMAGE)],
            )
        ]
    made.ContributingEquipmentSequence = [
        _item(
            PurposeOfReferenceCodeSequence=[_code(*PROCESSING_EQUIPMENT)],
            Manufacturer="USHarmonization developers",
            ManufacturerModelName=OWN_NAME,
            SoftwareVersions=derivation.software_version if derivation else __version__,
            ContributionDescription=description[:ST],
        )
    ]


def _comments(derivation: Derivation) -> str:
    """Warnings first, then all that is needed to make the image again; never more than the attribute may hold."""
    warnings = "".join(f" Warning: {warning}." for warning in derivation.warnings)
    settings = derivation.json()
    whole = f"{RESEARCH_USE}{warnings} {settings}"
    if len(whole) <= LT:
        return whole
    digest = hashlib.sha256(settings.encode()).hexdigest()
    return f"{RESEARCH_USE}{warnings}"[: LT - 100] + f" Settings: SHA-256 {digest}."


def _frames(made: Dataset, image: UltrasoundImage) -> None:
    """Number of frames, and what says how they follow each other (PS3.3 C.7.6.5 and C.7.6.6)."""
    if made.SOPClassUID in (US_IMAGE, SECONDARY_CAPTURE):
        for keyword in ("FrameIncrementPointer", "FrameTime", "FrameTimeVector"):
            made.pop(keyword, None)
        return
    made.NumberOfFrames = image.frames
    pointed = made.get("FrameIncrementPointer")
    if pointed is not None and not isinstance(pointed, list) and pointed in made:
        return
    if "FrameTimeVector" in made:
        made.FrameIncrementPointer = 0x00181065
        return
    if "FrameTime" not in made:
        rate = float(made.get("RecommendedDisplayFrameRate") or made.get("CineRate") or 0)
        # 0: the interval is not known.
        made.FrameTime = f"{1000 / rate:.6g}" if rate > 0 else "0"
    made.FrameIncrementPointer = 0x00181063


def _pixels(made: Dataset, source: Dataset, image: UltrasoundImage) -> None:
    bits = image.pixels.dtype.itemsize * 8
    stored = min(int(source.get("BitsStored") or bits), bits)
    if image.photometric == "PALETTE COLOR":
        stored = bits
    made.Rows, made.Columns = image.size
    made.SamplesPerPixel = 3 if image.is_colour else 1
    made.PhotometricInterpretation = "RGB" if image.is_colour else image.photometric
    if image.is_colour:
        made.PlanarConfiguration = 0
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, stored, stored - 1
    made.PixelRepresentation = int(np.issubdtype(image.pixels.dtype, np.signedinteger))
    syntax = source.file_meta.get("TransferSyntaxUID", "")
    if syntax in LOSSY:
        made.LossyImageCompression = "01"
        if "LossyImageCompressionMethod" not in made:
            made.LossyImageCompressionMethod = LOSSY[syntax]
    values = np.ascontiguousarray(image.pixels, image.pixels.dtype.newbyteorder("<"))
    content = values.tobytes() + b"\0" * (values.nbytes % 2)
    # Given as a stream, pydicom copies it to the file in pieces.
    made.add_new(PIXEL_DATA, "OB" if bits == 8 else "OW", io.BytesIO(content))


def _file_meta(made: Dataset) -> None:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.ImplementationClassUID = UID(uid(IMPLEMENTATION))
    made.file_meta.ImplementationVersionName = f"USHARM_{__version__}"[:16]


def _item(**values: Any) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
