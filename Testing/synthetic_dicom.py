"""Small DICOM ultrasound files, valid unless a test breaks one on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

US_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"
US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
PATIENT = "Mustermann^Erika"


def ramp(*shape: int, dtype: Any = np.uint8, high: int = 250) -> NDArray[Any]:
    """Values from 0 to ``high`` in the order of the array."""
    return np.linspace(0, high, int(np.prod(shape))).astype(dtype).reshape(shape)


def region(**changes: Any) -> Dataset:
    """A B-mode region over 20 x 30 pixels, 0.1 mm high and 0.2 mm wide, with the attributes in ``changes`` replaced."""
    values = {
        "RegionSpatialFormat": 1,
        "RegionDataType": 1,
        "RegionFlags": 0,
        "RegionLocationMinX0": 0,
        "RegionLocationMinY0": 0,
        "RegionLocationMaxX1": 29,
        "RegionLocationMaxY1": 19,
        "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3,
        "PhysicalDeltaX": 0.02,
        "PhysicalDeltaY": 0.01,
    }
    return dataset(**values | changes)


def dataset(**values: Any) -> Dataset:
    made = Dataset()
    with config.disable_value_validation():
        for keyword, value in values.items():
            if value is not None:
                setattr(made, keyword, value)
    return made


def write(path: Path, pixels: NDArray[Any] | None = None, syntax: str = ExplicitVRLittleEndian, **changes: Any) -> Path:
    """Write an ultrasound image with these pixels; an attribute that is changed to None is left out."""
    pixels = ramp(20, 30) if pixels is None else pixels
    colour = pixels.shape[-1] == 3
    rows, columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    frames = pixels.size // (rows * columns * (3 if colour else 1))
    bits = pixels.dtype.itemsize * 8
    values = {
        "SOPClassUID": US_IMAGE if frames == 1 else US_MULTIFRAME,
        "SOPInstanceUID": "1.2.3.4",
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.1",
        "Modality": "US",
        "ImageType": ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"],
        "PatientName": PATIENT,
        "PatientID": "HOSP-4711",
        "PatientBirthDate": "19610203",
        "PatientSex": "F",
        "StudyDate": "20200304",
        "StudyTime": "101112",
        "StudyID": "S-99",
        "AccessionNumber": "ACC-88",
        "ReferringPhysicianName": "Doktor^Wer",
        "SeriesNumber": 3,
        "InstanceNumber": 7,
        "Manufacturer": "GE Healthcare",
        "ManufacturerModelName": "LOGIQ 7",
        "Rows": rows,
        "Columns": columns,
        "SamplesPerPixel": 3 if colour else 1,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
        "PlanarConfiguration": 0 if colour else None,
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "NumberOfFrames": frames if frames > 1 else None,
        "FrameTime": "40" if frames > 1 else None,
        "FrameIncrementPointer": 0x00181063 if frames > 1 else None,
        "PixelData": pixels.tobytes() + b"\0" * (pixels.nbytes % 2),
    }
    made = dataset(**values | changes)
    if "PixelData" in made:
        made["PixelData"].VR = "OB" if bits == 8 else "OW"
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.get("SOPClassUID", "")
    made.file_meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", "")
    with config.disable_value_validation():
        made.save_as(path, enforce_file_format=True)
    return path
