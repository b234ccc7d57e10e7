"""Writing DICOM: what is kept, what is new, what is gone, and what two independent validators say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_validators import dciodvfy_errors, dicom_validator_errors
from pydicom import dcmread
from pydicom.dataset import Dataset
from real_dicom import real_dicom
from synthetic_dicom import SECONDARY_CAPTURE, US_IMAGE, US_MULTIFRAME, dataset, ramp, region, write

from USHarmonizationLib.cohort import pseudonym
from USHarmonizationLib.derivation import Derivation
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.files import read_image, write_image
from USHarmonizationLib.image import UltrasoundImage

DERIVATION = Derivation(
    "ge-logiq-5-to-ge-logiq-7",
    "3f2a9c",
    "0.1.0",
    "ge-logiq-5",
    "ge-logiq-7",
    ("far from its source domain",),
    {"beta": 0.01},
)


def written(path: Path, out: Path, derivation: Derivation | None = DERIVATION) -> Dataset:
    write_image(read_image(path), out, derivation)
    return dcmread(out)


def test_says_what_it_is_and_where_it_comes_from(tmp_path: Path) -> None:
    made = written(write(tmp_path / "a.dcm"), tmp_path / "out.dcm")

    assert list(made.ImageType) == ["DERIVED", "SECONDARY", "ABDOMINAL", "0001"]
    assert made.DerivationDescription == DERIVATION.description()
    assert made.DerivationCodeSequence[0].CodeMeaning == "Scanner style harmonization"
    source = made.SourceImageSequence[0]
    assert (source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID) == (US_IMAGE, "1.2.3.4")
    assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
    assert made.ContributingEquipmentSequence[0].ManufacturerModelName == "USHarmonization"
    assert made.SeriesDescription == "Generated, research use only: ge-logiq-5-to-ge-logiq-7"
    assert made.ImageComments.startswith("Research use only, not for diagnosis. Warning: far from its source domain. ")
    assert DERIVATION.json() in made.ImageComments
    assert (made.Manufacturer, made.ManufacturerModelName) == ("GE Healthcare", "LOGIQ 7")


def test_copy_without_model_says_so(tmp_path: Path) -> None:
    made = written(write(tmp_path / "a.dcm"), tmp_path / "out.dcm", None)

    assert made.DerivationDescription.startswith("Copied without change of pixels")
    assert "DerivationCodeSequence" not in made


def test_identity_is_replaced_by_pseudonyms(tmp_path: Path) -> None:
    made = written(write(tmp_path / "a.dcm"), tmp_path / "out.dcm")

    assert made.PatientID == pseudonym("HOSP-4711")
    assert str(made.PatientName) == f"Pseudonym^{pseudonym('HOSP-4711')}"
    for keyword in (
        "PatientBirthDate",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "ReferringPhysicianName",
        "StudyID",
    ):
        assert not made[keyword].value
    assert made.PatientIdentityRemoved == "NO", "burned-in text may still name the patient"
    content = (tmp_path / "out.dcm").read_bytes()
    for told in (b"Mustermann", b"HOSP-4711", b"19610203", b"20200304", b"101112", b"Wer", b"ACC-88", b"S-99"):
        assert told not in content


def test_identity_counts_as_removed_where_nothing_is_burned_in(tmp_path: Path) -> None:
    made = written(write(tmp_path / "a.dcm", BurnedInAnnotation="NO"), tmp_path / "out.dcm")

    assert made.PatientIdentityRemoved == "YES"
    assert made.BurnedInAnnotation == "NO"


def test_attributes_that_nobody_listed_are_dropped_at_any_depth(tmp_path: Path) -> None:
    inner = region()
    inner.add_new(0x00111001, "LO", "private secret")
    path = write(tmp_path / "a.dcm", SequenceOfUltrasoundRegions=[inner], PatientComments="comment secret")
    source = dcmread(path)
    source.add_new(0x00091010, "LO", "private secret")
    source.add_new(0x60003000, "OW", b"overlay!")
    source.save_as(path)

    written(path, tmp_path / "out.dcm")

    content = (tmp_path / "out.dcm").read_bytes()
    assert b"secret" not in content
    assert b"overlay!" not in content


def test_one_study_stays_one_study_and_one_run_is_one_series(tmp_path: Path) -> None:
    one = written(write(tmp_path / "1.dcm"), tmp_path / "out1.dcm")
    two = written(write(tmp_path / "2.dcm", SOPInstanceUID="1.2.3.5"), tmp_path / "out2.dcm")
    other = written(tmp_path / "1.dcm", tmp_path / "other.dcm", replace(DERIVATION, model="fda"))
    doubtful = written(tmp_path / "1.dcm", tmp_path / "doubtful.dcm", replace(DERIVATION, warnings=()))

    assert one.StudyInstanceUID == two.StudyInstanceUID == other.StudyInstanceUID != "1.2.3"
    assert one.SeriesInstanceUID == two.SeriesInstanceUID == doubtful.SeriesInstanceUID != other.SeriesInstanceUID
    assert len({made.SOPInstanceUID for made in (one, two, other, doubtful)}) == 4


def test_same_inputs_give_the_same_bytes_and_other_pixels_another_instance(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", SequenceOfUltrasoundRegions=[region()])
    first = written(path, tmp_path / "1.dcm")
    written(path, tmp_path / "2.dcm")
    image = read_image(path)
    changed = image.replaced(1 - image.luma(0)[None], np.ones((1, 20, 30), dtype=bool))
    write_image(changed, tmp_path / "3.dcm", DERIVATION)

    assert (tmp_path / "1.dcm").read_bytes() == (tmp_path / "2.dcm").read_bytes()
    assert dcmread(tmp_path / "3.dcm").SOPInstanceUID != first.SOPInstanceUID


FRAMES = ramp(3, 20, 30)
DEEP = ramp(20, 30, dtype=np.uint16, high=4000)
DEEP_FRAMES = ramp(3, 20, 30, dtype=np.uint16, high=4000)
COLOUR_FRAMES = np.repeat(FRAMES[..., None], 3, axis=-1)
WORD_CAPTURE, BYTE_CAPTURE, COLOUR_CAPTURE = (f"{SECONDARY_CAPTURE}.{number}" for number in (3, 2, 4))


@pytest.mark.parametrize(
    ("pixels", "changes", "expected"),
    [
        (ramp(20, 30), {}, US_IMAGE),
        (FRAMES, {}, US_MULTIFRAME),
        (FRAMES, {"SOPClassUID": US_IMAGE, "FrameTime": None, "FrameIncrementPointer": None}, US_MULTIFRAME),
        (ramp(20, 30), {"SOPClassUID": US_MULTIFRAME, "NumberOfFrames": 1}, US_MULTIFRAME),
        (ramp(20, 30), {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6"}, US_IMAGE),
        (FRAMES, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.3"}, US_MULTIFRAME),
        (COLOUR_FRAMES, {}, US_MULTIFRAME),
        (ramp(20, 30), {"SOPClassUID": SECONDARY_CAPTURE, "Modality": "OT"}, SECONDARY_CAPTURE),
        (FRAMES, {"SOPClassUID": SECONDARY_CAPTURE}, BYTE_CAPTURE),
        (COLOUR_FRAMES, {"SOPClassUID": COLOUR_CAPTURE}, COLOUR_CAPTURE),
        (DEEP, {"BitsStored": 12, "HighBit": 11}, SECONDARY_CAPTURE),
        (DEEP_FRAMES, {"BitsStored": 12, "HighBit": 11}, WORD_CAPTURE),
        (ramp(20, 30), {"PhotometricInterpretation": "MONOCHROME1"}, SECONDARY_CAPTURE),
    ],
)
def test_class_fits_the_pixels_and_both_validators_agree(
    tmp_path: Path, pixels: Any, changes: dict[str, Any], expected: str
) -> None:
    path = write(tmp_path / "a.dcm", pixels, **changes)
    image = read_image(path)

    made = written(path, tmp_path / "out.dcm")
    back = read_image(tmp_path / "out.dcm")

    assert made.SOPClassUID == made.file_meta.MediaStorageSOPClassUID == expected
    assert np.array_equal(back.pixels, image.pixels)
    assert back.pixels.dtype == image.pixels.dtype
    assert np.array_equal(back.luma(0), image.luma(0))
    assert dciodvfy_errors(tmp_path / "out.dcm") == []
    assert dicom_validator_errors(tmp_path / "out.dcm") == []


@pytest.mark.parametrize("changes", [{"SeriesInstanceUID": None}, {"ImageType": "DERIVED"}, {"Modality": None}])
def test_the_validators_do_find_faults(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = write(tmp_path / "a.dcm", **changes)

    assert dciodvfy_errors(path)
    if "ImageType" not in changes:
        assert dicom_validator_errors(path)


@pytest.mark.parametrize(
    ("pixels", "photometric"),
    [(FRAMES, "MONOCHROME1"), (COLOUR_FRAMES.astype(np.uint16), "RGB"), (DEEP_FRAMES, "MONOCHROME1")],
)
def test_cine_that_no_class_holds_is_refused(tmp_path: Path, pixels: Any, photometric: str) -> None:
    image = read_image(write(tmp_path / "a.dcm", pixels, PhotometricInterpretation=photometric))

    with pytest.raises(InputError, match="no DICOM class holds a cine of"):
        write_image(image, tmp_path / "out.dcm")
    assert not (tmp_path / "out.dcm").exists()


@pytest.mark.parametrize(
    ("changes", "frame_time"),
    [
        ({"FrameTime": "33.3"}, "33.3"),
        ({"FrameTime": None, "FrameIncrementPointer": None, "CineRate": 25}, "40"),
        ({"FrameTime": None, "FrameIncrementPointer": None}, "0"),
        ({"FrameIncrementPointer": 0x00181065}, "40"),  # points to a vector that is not there
    ],
)
def test_frames_follow_each_other_in_time(tmp_path: Path, changes: dict[str, Any], frame_time: str) -> None:
    made = written(write(tmp_path / "a.dcm", FRAMES, **changes), tmp_path / "out.dcm")

    assert made.NumberOfFrames == 3
    assert (made.FrameIncrementPointer, str(made.FrameTime)) == (0x00181063, frame_time)


def test_lossy_compression_is_remembered(tmp_path: Path) -> None:
    made = written(real_dicom("pydicom/SC_rgb_small_odd_jpeg.dcm"), tmp_path / "out.dcm")

    assert (made.LossyImageCompression, made.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert not made.file_meta.TransferSyntaxUID.is_compressed


def test_values_against_the_rules_are_put_right(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.dcm",
        ImageType=["ORIGINAL", "PRIMARY", "ABDOM/RAD", "0001"],
        BodyPartExamined="Abdomen",
        MechanicalIndex="0.123456789012345678",
    )

    made = written(path, tmp_path / "out.dcm")

    assert made.ImageType[2] == "ABDOM RAD"
    assert made.BodyPartExamined == "ABDOMEN"
    assert made.MechanicalIndex == pytest.approx(0.123456789)
    assert dciodvfy_errors(tmp_path / "out.dcm") == []


def test_spacing_without_regions_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", PixelSpacing=["0.2", "0.3"])

    written(path, tmp_path / "out.dcm")

    assert read_image(tmp_path / "out.dcm").spacing_mm == (0.2, 0.3)


def test_endless_settings_are_cut_to_what_the_attribute_holds(tmp_path: Path) -> None:
    settings = {f"setting {number}": "x" * 100 for number in range(1000)}

    made = written(write(tmp_path / "a.dcm"), tmp_path / "out.dcm", replace(DERIVATION, settings=settings))

    assert len(made.ImageComments) <= 10240
    assert "Settings: SHA-256" in made.ImageComments
    assert dciodvfy_errors(tmp_path / "out.dcm") == []


def test_odd_number_of_bytes_and_names_outside_ascii(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", ramp(3, 5), Manufacturer="Müller & Söhne", SpecificCharacterSet="ISO_IR 100")

    made = written(path, tmp_path / "out.dcm")

    assert made.Manufacturer == "Müller & Söhne"
    assert len(made.PixelData) == 16
    assert np.array_equal(read_image(tmp_path / "out.dcm").pixels[0], ramp(3, 5))


def test_dicom_is_made_of_dicom_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="DICOM is written from a DICOM source only"):
        write_image(UltrasoundImage(FRAMES, (0, 255)), tmp_path / "out.dcm")


def test_a_file_without_any_uid_can_be_harmonized_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm")
    bare = dcmread(path)
    del bare.file_meta
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID"):
        delattr(bare, keyword)
    bare.save_as(tmp_path / "bare.dcm", implicit_vr=True, little_endian=True)

    made = written(tmp_path / "bare.dcm", tmp_path / "out.dcm")

    assert made.PatientID == ""
    assert "SourceImageSequence" not in made
    assert dciodvfy_errors(tmp_path / "out.dcm") == []


def test_malformed_value_is_not_written(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", HeartRate="72", SequenceOfUltrasoundRegions=[region(), dataset(RegionFlags=0)])
    path.write_bytes(path.read_bytes().replace(b"IS\x02\x0072", b"IS\x02\x00??"))

    assert "HeartRate" not in written(path, tmp_path / "out.dcm")
