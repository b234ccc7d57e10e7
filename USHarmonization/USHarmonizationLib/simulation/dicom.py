"""A simulated frame as DICOM: Ultrasound Image, with a calibrated region, and marked as no patient's.

Quality Control Image is YES and comments say that it is simulated (PS3.3 C.7.6.1). There are no dates; UIDs follow from
the content, so the same frame gives the same file. Position and orientation are not part of this class: a viewer counts
from the first pixel.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..atomic import atomic_path
from ..files.dicom import US_IMAGE
from ..files.dicom_regions import CENTIMETRE, TISSUE, TWO_DIMENSIONAL
from ..files.dicom_writing import IMPLEMENTATION, uid
from ..scanners import Catalogue
from .view import View

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

COMMENT = "Simulated image, no patient: scanner settings are plausible, not measured from the device."
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


def write_view(view: View, path: Path, subject: str, scanners: Catalogue | None = None) -> None:
    """Write a simulated frame.

    Args:
        view: the frame.
        path: to be written, whole or not at all.
        subject: who or what it shows, e.g. ``PHANTOM-0001``: the Patient ID, and with the scanner the study.
        scanners: the catalogue; the default one when None.
    """
    made = _data_set(view, subject, scanners)
    with atomic_path(path) as temporary:
        made.save_as(temporary, enforce_file_format=True)


def _data_set(view: View, subject: str, scanners: Catalogue | None) -> Dataset:
    from pydicom.dataset import Dataset

    image = view.image(scanners)
    pixels = np.ascontiguousarray(view.frame)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    probe = view.imaging.probe
    made = _dataset(
        SpecificCharacterSet="ISO_IR 192",
        ImageType=["ORIGINAL", "PRIMARY", "", "0001"],
        SOPClassUID=US_IMAGE,
        SOPInstanceUID=uid("simulated", subject, view.imaging.scanner, digest),
        StudyInstanceUID=uid("simulated study", subject),
        SeriesInstanceUID=uid("simulated series", subject, view.imaging.scanner),
        Modality="US",
        Manufacturer=image.manufacturer,
        ManufacturerModelName=image.model,
        SoftwareVersions=f"USHarmonization {__version__} simulation",
        PatientName=f"Simulated^{subject}",
        PatientID=subject,
        PatientIdentityRemoved="YES",
        DeidentificationMethod="Simulated, there is no patient",
        SeriesDescription="Simulated",
        SeriesNumber=1,
        InstanceNumber=1,
        ImageComments=COMMENT,
        QualityControlImage="YES",
        BurnedInAnnotation="NO",
        LossyImageCompression="00",
        TransducerType="CURVED LINEAR" if probe.kind == "convex" else "LINEAR",
        DepthOfScanField=str(round(probe.depth_mm)),
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=pixels.shape[0],
        Columns=pixels.shape[1],
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
    )
    for keyword in (
        "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName", "PatientBirthDate",
        "PatientSex", "PatientOrientation", "Laterality",
    ):  # fmt: skip
        setattr(made, keyword, None)
    ((row0, column0, row1, column1),) = (region.box for region in image.regions)
    made.SequenceOfUltrasoundRegions = [
        _dataset(
            RegionSpatialFormat=TWO_DIMENSIONAL,
            RegionDataType=TISSUE,
            RegionFlags=0,
            RegionLocationMinX0=column0,
            RegionLocationMinY0=row0,
            RegionLocationMaxX1=column1 - 1,
            RegionLocationMaxY1=row1 - 1,
            PhysicalUnitsXDirection=CENTIMETRE,
            PhysicalUnitsYDirection=CENTIMETRE,
            PhysicalDeltaX=view.pixel_mm / 10,
            PhysicalDeltaY=view.pixel_mm / 10,
            TransducerFrequency=round(probe.centre_mhz * 1000),
        )
    ]
    made.add_new("PixelData", "OB", pixels.tobytes() + b"\0" * (pixels.nbytes % 2))
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE_ENDIAN)
    made.file_meta.ImplementationClassUID = UID(uid(IMPLEMENTATION))
    assert isinstance(made, Dataset)
    return made


def _dataset(**values: Any) -> Dataset:
    from pydicom.dataset import Dataset

    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made
