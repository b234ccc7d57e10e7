"""Reading DICOM: pixels, what black and white mean, and every reason to refuse a file."""

from __future__ import annotations

import pickle
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import config, dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless
from real_dicom import GREY_CINE, LYMPH_NODE, real_dicom
from synthetic_dicom import SECONDARY_CAPTURE, US_IMAGE, dataset, ramp, region, write

from USHarmonizationLib.errors import InputError
from USHarmonizationLib.files import read_image, write_image
from USHarmonizationLib.files.dicom import quiet


def test_grey_image_with_everything_the_file_says(tmp_path: Path) -> None:
    image = read_image(write(tmp_path / "a.dcm", SequenceOfUltrasoundRegions=[region()]))

    assert np.array_equal(image.pixels, ramp(20, 30)[None])
    assert image.intensity_range == (0, 255)
    assert image.spacing_mm == pytest.approx((0.1, 0.2))
    assert [(one.box, one.kind) for one in image.regions] == [((0, 0, 20, 30), "b-mode")]
    assert (image.manufacturer, image.model, image.modality) == ("GE Healthcare", "LOGIQ 7", "US")
    assert image.notes == ()


def test_nothing_of_the_patient_stands_outside_the_container(tmp_path: Path) -> None:
    image = read_image(write(tmp_path / "a.dcm"))

    assert "Mustermann" not in repr(image)
    assert "Mustermann" not in repr(image.container), "names are not even read"


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_transfer_syntaxes_without_compression_of_pixels(tmp_path: Path, syntax: str) -> None:
    pixels = ramp(3, 20, 30, dtype=np.uint16, high=4000)
    stored = pixels.astype(">u2") if syntax == ExplicitVRBigEndian else pixels

    image = read_image(write(tmp_path / "a.dcm", stored, syntax, BitsStored=12, HighBit=11))

    assert np.array_equal(image.pixels, pixels)
    assert image.pixels.dtype == np.uint16
    assert image.pixels.dtype.isnative


def test_run_length_encoding(tmp_path: Path) -> None:
    plain = dcmread(write(tmp_path / "plain.dcm", ramp(2, 20, 30, 3)))
    plain.compress(RLELossless, encoding_plugin="pydicom")
    plain.save_as(tmp_path / "a.dcm")

    assert np.array_equal(read_image(tmp_path / "a.dcm").pixels, ramp(2, 20, 30, 3))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, "1.2.840.10008.1.2.1"])
def test_file_without_preamble_and_meta_information(tmp_path: Path, syntax: str) -> None:
    whole = dcmread(write(tmp_path / "whole.dcm", syntax=syntax))
    del whole.file_meta
    whole.save_as(tmp_path / "bare.dcm", implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)

    assert np.array_equal(read_image(tmp_path / "bare.dcm").pixels[0], ramp(20, 30))


@pytest.mark.parametrize(
    ("pixels", "changes", "expected"),
    [
        (ramp(20, 30), {}, (0, 255)),
        (ramp(20, 30), {"WindowCenter": "127", "WindowWidth": "254"}, (0, 255)),  # as Philips writes it: no clipping
        (ramp(20, 30, high=100), {"BitsStored": 7, "HighBit": 6}, (0, 127)),
        (ramp(20, 30, dtype=np.uint16, high=3000), {"BitsStored": 12, "HighBit": 11}, (0, 4095)),
        (ramp(20, 30, dtype=np.uint16, high=900), {"WindowCenter": "512", "WindowWidth": "1024"}, (0, 1023)),
        # A window that cuts values off is widened to them, so that they come back.
        (ramp(20, 30, dtype=np.uint16, high=900), {"WindowCenter": "200.5", "WindowWidth": "201"}, (0, 900)),
        # The window is one of rescaled values: stored = (value + 1000) / 2.
        (
            ramp(20, 30, dtype=np.uint16, high=900),
            {"WindowCenter": "0.5", "WindowWidth": "2001", "RescaleSlope": "2", "RescaleIntercept": "-1000"},
            (0, 1000),
        ),
        (ramp(20, 30, dtype=np.int16, high=900) - 100, {}, (-100, 800)),
    ],
)
def test_which_values_are_black_and_white(
    tmp_path: Path, pixels: Any, changes: dict[str, Any], expected: tuple[float, float]
) -> None:
    image = read_image(write(tmp_path / "a.dcm", pixels.astype(pixels.dtype), **changes))

    assert image.intensity_range == pytest.approx(expected)
    changed = image.replaced(image.luma(0)[None], np.ones((1, 20, 30), dtype=bool))
    assert np.array_equal(changed.pixels, image.pixels), "[0, 1] and back has to be exact"


def test_unused_high_bits_do_not_count(tmp_path: Path) -> None:
    overlay = ramp(20, 30, dtype=np.uint16, high=1000) | 0xF000

    assert read_image(write(tmp_path / "a.dcm", overlay, BitsStored=12, HighBit=11)).pixels.max() == 1000


def test_monochrome1_has_white_as_1(tmp_path: Path) -> None:
    image = read_image(write(tmp_path / "a.dcm", ramp(20, 30, high=255), PhotometricInterpretation="MONOCHROME1"))

    assert image.luma(0)[0, 0] == 1
    assert image.luma(0)[-1, -1] == 0


@pytest.mark.parametrize(("entry_bits", "shift"), [(16, 8), (16, 0), (8, 0)])
def test_palette_is_turned_to_8_bit_colour(tmp_path: Path, entry_bits: int, shift: int) -> None:
    grey = np.arange(256, dtype=np.uint16)
    tables = {"Red": grey, "Green": grey, "Blue": np.minimum(grey + 5, 255)}
    changes: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour, table in tables.items():
        changes[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, entry_bits]
        kind = np.uint16 if entry_bits == 16 else np.uint8
        changes[f"{colour}PaletteColorLookupTableData"] = (table << shift).astype(kind).tobytes()

    image = read_image(write(tmp_path / "a.dcm", ramp(20, 30), **changes))

    expected = np.stack([ramp(20, 30), ramp(20, 30), ramp(20, 30) + 5], axis=-1)
    assert np.array_equal(image.pixels[0], expected)
    assert image.photometric == "PALETTE COLOR"


def test_planar_colour(tmp_path: Path) -> None:
    pixels = ramp(20, 30, 3)
    planes = np.ascontiguousarray(np.moveaxis(pixels, -1, 0))

    image = read_image(
        write(tmp_path / "a.dcm", pixels, PlanarConfiguration=1, PixelData=planes.tobytes()),
    )

    assert np.array_equal(image.pixels[0], pixels)


def test_ybr_becomes_rgb(tmp_path: Path) -> None:
    """PS3.3 C.7.6.3.1.2: neutral chroma gives grey; Cr 228 adds 1.402 x 100 of red and takes 0.714 x 100 of green."""
    pixels = np.full((20, 30, 3), (100, 128, 128), dtype=np.uint8)
    pixels[0, 0] = (100, 128, 228)

    image = read_image(write(tmp_path / "a.dcm", pixels, PhotometricInterpretation="YBR_FULL"))

    assert image.pixels[0, 5, 5].tolist() == [100, 100, 100]
    assert image.pixels[0, 0, 0].tolist() == pytest.approx([240, 29, 100], abs=1)


def test_lut_that_is_not_applied_is_noted(tmp_path: Path) -> None:
    lut = dataset(LUTDescriptor=[4, 0, 8], LUTExplanation="steep")

    assert "its VOI LUT is not applied" in read_image(write(tmp_path / "a.dcm", VOILUTSequence=[lut])).notes


def test_capture_that_does_not_say_ultrasound_is_read_and_noted(tmp_path: Path) -> None:
    image = read_image(write(tmp_path / "a.dcm", SOPClassUID=SECONDARY_CAPTURE, Modality="OT"))

    assert "the modality (OT) does not say that this is ultrasound" in image.notes


@pytest.mark.parametrize("shape", [(1, 1, 500), (1, 500, 1), (1, 5000, 5000)])
def test_extreme_sizes(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    assert read_image(write(tmp_path / "a.dcm", ramp(*shape))).size == shape[1:]


SPECTRAL = {"RegionSpatialFormat": 3, "RegionDataType": 3, "PhysicalUnitsXDirection": 4, "PhysicalUnitsYDirection": 7}
M_MODE = {"RegionSpatialFormat": 2, "RegionDataType": 1, "PhysicalUnitsXDirection": 4}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Modality": "CT", "SOPClassUID": SECONDARY_CAPTURE}, "has modality CT (Secondary Capture Image Storage)"),
        ({"Modality": "MR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, "has modality MR (MR Image Storage)"),
        (
            {"Modality": "SR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"},
            "has modality SR (Comprehensive SR Storage)",
        ),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66"}, "is Raw Data Storage; needed: Ultrasound Image"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.2"}, "is Enhanced US Volume Storage, which is not read"),
        ({"PixelData": None}, "has no pixel data"),
        ({"PixelData": None, "Rows": None}, "has no pixel data"),
        ({"Rows": 0}, "has no pixel data"),
        ({"PixelData": bytes(20 * 30)}, "is blank"),
        ({"NumberOfFrames": 2}, "its pixels cannot be decoded, it may be truncated"),
        ({"Rows": 60000, "Columns": 60000}, "60000 x 60000 pixels a frame; at most 100 million are read"),
        ({"NumberOfFrames": 100_000_000}, "are 55.9 GiB; at most 4 GiB are read"),
        ({"BitsAllocated": 32, "BitsStored": 32}, "has 32 bits a value; read are 8 and 16"),
        ({"BitsAllocated": 1, "BitsStored": 1}, "has 1 bits a value"),
        ({"PhotometricInterpretation": "HSV"}, "has photometric interpretation 'HSV'"),
        ({"PhotometricInterpretation": "RGB"}, "has 1 samples a pixel; RGB has 3"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "its pixels cannot be decoded"),
        ({"PixelPresentation": "COLOR"}, "has a supplemental palette"),
        ({"RescaleSlope": "-1"}, "has rescale slope -1"),
        ({"SequenceOfUltrasoundRegions": [region(**SPECTRAL)]}, "its regions are spectral (Doppler or M-mode only)"),
        (
            {"SequenceOfUltrasoundRegions": [region(**M_MODE), region(**SPECTRAL)]},
            "its regions are m-mode and spectral (Doppler or M-mode only)",
        ),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "CARDIOLOGY", "0008"]}, "its image type says PW Doppler only"),
        (
            {"ImageType": ["ORIGINAL", "PRIMARY", "CARDIOLOGY", "0006"]},
            "its image type says M-mode and CW Doppler only",
        ),
    ],
)
def test_refused_with_one_line(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    path = write(tmp_path / "a.dcm", **changes)

    with pytest.raises(InputError) as caught:
        read_image(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"ImageType": ["ORIGINAL", "PRIMARY", "CARDIOLOGY", "0009"]},  # B-mode and PW Doppler side by side
        {"ImageType": ["ORIGINAL", "PRIMARY", "CARDIOLOGY", "0000"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "CARDIOLOGY", "ABCX"]},
        {"ImageType": "ORIGINAL"},
        {"SequenceOfUltrasoundRegions": [region(**SPECTRAL), region()]},
        {"SequenceOfUltrasoundRegions": [region(RegionDataType=2)]},  # colour flow has B-mode under it
        {"SequenceOfUltrasoundRegions": [region(RegionSpatialFormat=0, RegionDataType=0)]},  # says nothing
    ],
)
def test_what_may_have_a_picture_is_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert read_image(write(tmp_path / "a.dcm", **changes)).frames == 1


def test_video_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", syntax=ExplicitVRBigEndian, PixelData=ramp(20, 30).tobytes())
    content = path.read_bytes().replace(b"1.2.840.10008.1.2.2\0", b"1.2.840.10008.1.2.4.102\0"[:20])
    path.write_bytes(content)  # a transfer syntax that nobody knows

    with pytest.raises(InputError, match=r"cannot be (read|decoded)"):
        read_image(path)


@pytest.mark.parametrize("name", [LYMPH_NODE, GREY_CINE, "pydicom/examples_ybr_color.dcm", "pydicom/image_dfl.dcm"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.97])
def test_truncated_real_file_is_refused(tmp_path: Path, name: str, share: float) -> None:
    content = real_dicom(name).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[: int(len(content) * share)])

    with pytest.raises(InputError, match=r"truncated|no pixel data|not a DICOM file"):
        read_image(tmp_path / "cut.dcm")


def test_deflated_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.dcm", syntax=DeflatedExplicitVRLittleEndian)
    monkeypatch.setattr("USHarmonizationLib.files.dicom.MAX_BYTES", 2**20)
    content = path.read_bytes()
    meta = 132 + 12 + struct.unpack_from("<I", content, 132 + 8)[0]
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    path.write_bytes(content[:meta] + packer.compress(bytes(2**22)) + packer.flush())

    with pytest.raises(InputError, match="unpacks to more than 4 GiB"):
        read_image(path)


def test_malformed_values_that_do_not_matter_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", MechanicalIndex="1.0", SequenceOfUltrasoundRegions=[region()])
    content = path.read_bytes()
    assert content.count(b"DS\x04\x001.0 ") == 1
    path.write_bytes(content.replace(b"DS\x04\x001.0 ", b"DS\x04\x00?!? "))

    image = read_image(path)

    assert "MechanicalIndex" not in image.container
    assert image.spacing_mm is not None


def test_an_image_that_was_generated_before_is_noted(tmp_path: Path) -> None:
    equipment = dataset(ManufacturerModelName="USHarmonization", ContributionDescription="Generated image: by fda.")

    image = read_image(write(tmp_path / "a.dcm", ContributingEquipmentSequence=[equipment]))

    assert image.notes == ("this image was itself generated: Generated image: by fda.",)


def test_class_and_modality_may_be_missing_together_with_the_mark(tmp_path: Path) -> None:
    whole = dcmread(write(tmp_path / "whole.dcm", SOPClassUID=US_IMAGE))
    del whole.SOPClassUID
    del whole.file_meta
    whole.save_as(tmp_path / "bare.dcm", implicit_vr=True, little_endian=True)

    assert read_image(tmp_path / "bare.dcm").modality == "US"


def test_threads_share_the_silence() -> None:
    """Reading and writing overlap: who leaves first must not make the other one loud, nor pydicom silent for good."""
    before = (config.settings.reading_validation_mode, config.settings.writing_validation_mode)
    with quiet:
        inner = threading.Thread(target=quiet.__enter__)
        inner.start()
        inner.join()
    assert config.settings.writing_validation_mode == config.IGNORE

    quiet.__exit__()

    assert (config.settings.reading_validation_mode, config.settings.writing_validation_mode) == before


def test_image_can_be_sent_to_another_process(tmp_path: Path) -> None:
    image = read_image(write(tmp_path / "a.dcm", SequenceOfUltrasoundRegions=[region()]))

    sent = pickle.loads(pickle.dumps(image))

    write_image(sent, tmp_path / "sent.dcm")
    write_image(image, tmp_path / "kept.dcm")
    assert (tmp_path / "sent.dcm").read_bytes() == (tmp_path / "kept.dcm").read_bytes()
