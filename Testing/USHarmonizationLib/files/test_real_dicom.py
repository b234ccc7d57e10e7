"""Every DICOM file of pydicom, pydicom-data and deid-data comes back as it was, or is refused for the right reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet
from dicom_validators import dciodvfy_errors, dicom_validator_errors
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from real_dicom import real_dicom, real_dicom_names

from USHarmonizationLib.derivation import Derivation
from USHarmonizationLib.errors import InputError
from USHarmonizationLib.files import read_image, write_image
from USHarmonizationLib.image import UltrasoundImage

DERIVATION = Derivation("histogram", "1", "0.1.0", target_scanner="ge-logiq-7", warnings=("doubtful",))

# Frames, rows, columns; mm a pixel (None: the file does not say); kinds of its regions; what it stored; scanner.
ULTRASOUND = {
    "deid-data/GREYSCALE_CINE.dcm": (27, 600, 800, 0.0831, "b-mode", "MONOCHROME2", "EPIQ 5G"),
    "deid-data/GREYSCALE_IMAGE.dcm": (1, 768, 1024, 0.0649, "b-mode", "MONOCHROME2", "EPIQ 5G"),
    "deid-data/RGB_CINE.dcm": (51, 672, 1016, 0.0677, "b-mode", "RGB", "Terason Ultrasound Imaging System"),
    "deid-data/RGB_IMAGE.dcm": (1, 768, 1024, 0.2379, "b-mode", "RGB", "S2000"),
    "deid-data/ultrasound-multiframe.dcm": (30, 600, 800, 0.3076, "b-mode", "RGB", "Affiniti 70G"),
    "pydicom-data/JPGLosslessP14SV1_1s_1f_8b.dcm": (1, 768, 1024, 0.2548, "b-mode", "MONOCHROME2", "EPIQ 7C"),
    "pydicom-data/OBXXXX1A.dcm": (1, 600, 800, 0.2623, "b-mode other", "PALETTE COLOR", "CX50"),
    "pydicom-data/OBXXXX1A_2frame.dcm": (2, 600, 800, 0.2623, "b-mode other", "PALETTE COLOR", "CX50"),
    "pydicom-data/OBXXXX1A_expb.dcm": (1, 600, 800, 0.2623, "b-mode other", "PALETTE COLOR", "CX50"),
    "pydicom-data/OBXXXX1A_expb_2frame.dcm": (2, 600, 800, 0.2623, "b-mode other", "PALETTE COLOR", "CX50"),
    "pydicom-data/OBXXXX1A_rle.dcm": (1, 600, 800, 0.2623, "b-mode other", "PALETTE COLOR", "CX50"),
    "pydicom-data/OBXXXX1A_rle_2frame.dcm": (2, 600, 800, 0.2623, "b-mode other", "PALETTE COLOR", "CX50"),
    "pydicom-data/US1_J2KI.dcm": (1, 480, 640, None, "", "YBR_ICT", "LOGIQ 700"),
    "pydicom-data/US1_J2KR.dcm": (1, 480, 640, None, "", "YBR_RCT", "LOGIQ 700"),
    "pydicom-data/US1_UNCI.dcm": (1, 480, 640, None, "", "RGB", "LOGIQ 700"),
    "pydicom-data/US1_UNCR.dcm": (1, 480, 640, None, "", "RGB", "LOGIQ 700"),
    "pydicom-data/color-pl.dcm": (1, 120, 256, None, "", "RGB", ""),
    "pydicom-data/color-px.dcm": (1, 120, 256, None, "", "RGB", ""),
    "pydicom-data/color3d_jpeg_baseline.dcm": (120, 480, 640, 0.5105, "b-mode", "YBR_FULL_422", "Turbo"),
    "pydicom-data/gdcm-US-ALOKA-16.dcm": (1, 480, 640, 0.3827, "b-mode b-mode other", "PALETTE COLOR", "SSD-4000"),
    "pydicom-data/gdcm-US-ALOKA-16_big.dcm": (1, 480, 640, 0.3827, "b-mode b-mode other", "PALETTE COLOR", "SSD-4000"),
    "pydicom/examples_jpeg2k.dcm": (1, 480, 640, None, "", "YBR_RCT", "LOGIQ 700"),
    "pydicom/examples_palette.dcm": (1, 350, 800, 0.2623, "b-mode", "PALETTE COLOR", "CX50"),
    "pydicom/examples_rgb_color.dcm": (1, 240, 320, None, "", "RGB", "LOGIQ 700"),
    "pydicom/examples_ybr_color.dcm": (30, 240, 320, 0.5105, "b-mode", "YBR_FULL_422", "Turbo"),
}  # fmt: skip

# Not ultrasound by their modality, or not B-mode, or not an image; every other file of another modality says which.
REFUSED = {
    "pydicom/ExplVR_BigEnd.dcm": "shows no B-mode: 92 % of its bright pixels are coloured",  # a detail of a Doppler box
    "deid-data/image1.dcm": "shows no B-mode",  # biscuits, in colour
    "deid-data/image2.dcm": "shows no B-mode",
    "deid-data/image3.dcm": "shows no B-mode",
    "deid-data/image4.dcm": "shows no B-mode",
    "deid-data/image5.dcm": "shows no B-mode",
    "deid-data/image6.dcm": "shows no B-mode",
    "deid-data/image7.dcm": "shows no B-mode",
    "deid-data/ctbrain1.dcm": "has modality CT (Secondary Capture Image Storage); needed: ultrasound (US)",
    "pydicom/CT_small.dcm": "has modality CT (CT Image Storage)",
    "pydicom/MR_small.dcm": "has modality MR (MR Image Storage)",
    "pydicom/reportsi.dcm": "has modality SR (Basic Text SR Storage)",
    "pydicom/DICOMDIR-empty.dcm": "is a DICOMDIR, a list of files",
    "pydicom/SC_rgb_jpeg.dcm": "its pixels cannot be decoded",  # says JPEG, holds none
    "pydicom/SC_rgb_rle_32bit.dcm": "has 32 bits a value",
    "pydicom-data/SC_rgb_32bit.dcm": "has 32 bits a value",
    "pydicom/no_meta.dcm": "is not a DICOM file",
}
# Read, but no DICOM class holds their pixels.
UNWRITABLE = {"SC_rgb_16bit_2frame.dcm", "SC_rgb_expb_16bit_2frame.dcm", "SC_rgb_rle_16bit_2frame.dcm"}
# A reference to the source has to be as wrong as the source.
INVALID_UID = {"pydicom-data/color-pl.dcm", "pydicom-data/color-px.dcm"}
LARGE = {"deid-data/RGB_CINE.dcm", "pydicom-data/color3d_jpeg_baseline.dcm"}


def _marked(names: Iterable[str]) -> list[ParameterSet]:
    return [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in names]


@pytest.mark.parametrize("name", _marked(ULTRASOUND))
def test_what_is_read(name: str) -> None:
    frames, rows, columns, spacing, kinds, photometric, model = ULTRASOUND[name]

    image = read_image(real_dicom(name))

    assert (image.frames, *image.size) == (frames, rows, columns)
    assert image.spacing_mm == (None if spacing is None else pytest.approx((spacing, spacing), abs=1e-4))
    assert " ".join(region.kind for region in image.regions) == kinds
    assert (image.photometric, image.model, image.modality) == (photometric, model, "US")
    assert image.pixels.dtype == np.uint8


@pytest.mark.parametrize("name", REFUSED)
def test_why_it_is_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_image(real_dicom(name))

    assert REFUSED[name] in str(caught.value)


@pytest.mark.parametrize("name", _marked(name for name in real_dicom_names() if name not in REFUSED))
def test_comes_back_as_it_was_or_is_refused(name: str, tmp_path: Path) -> None:
    path, out = real_dicom(name), tmp_path / "out.dcm"
    image, refusal = _read_or_refusal(path)
    if image is None:
        assert name not in ULTRASOUND, refusal
        assert "\n" not in refusal
        return
    where = np.zeros((image.frames, *image.size), dtype=bool)
    where[:, image.size[0] // 3 : 2 * image.size[0] // 3, image.size[1] // 4 : image.size[1] // 2] = True
    ramp = np.linspace(0, 1, where[0].size, dtype=np.float32).reshape(image.size)
    changed = image.replaced(np.broadcast_to(ramp, where.shape), where)
    if path.name in UNWRITABLE:
        with pytest.raises(InputError, match="no DICOM class holds"):
            write_image(changed, out, DERIVATION)
        return

    write_image(changed, out, DERIVATION)
    back = read_image(out)

    assert np.array_equal(back.pixels, changed.pixels)
    outside = ~where[-1]
    assert np.array_equal(back.pixels[-1][outside], image.pixels[-1][outside])
    assert back.pixels.dtype == image.pixels.dtype
    assert back.intensity_range == image.intensity_range
    assert (back.spacing_mm, back.regions) == (image.spacing_mm, image.regions)
    assert (back.manufacturer, back.model, back.modality) == (image.manufacturer, image.model, image.modality or "OT")
    assert back.photometric == ("RGB" if image.is_colour else image.photometric)
    assert np.array_equal(back.luma(0), changed.luma(0))


@pytest.mark.parametrize("name", _marked(ULTRASOUND))
def test_both_validators_accept_what_is_written(name: str, tmp_path: Path) -> None:
    write_image(read_image(real_dicom(name)), tmp_path / "out.dcm", DERIVATION)

    errors = dciodvfy_errors(tmp_path / "out.dcm")
    if name in INVALID_UID:
        assert len(errors) == 1
        assert "Illegal root for UID = <999.999." in errors[0]
    else:
        assert errors == []
    assert dicom_validator_errors(tmp_path / "out.dcm") == []


@pytest.mark.parametrize("name", _marked(ULTRASOUND))
def test_nothing_identifying_is_left_by_an_independent_list(name: str, tmp_path: Path) -> None:
    """PS3.15 Table E.1-1 as the package dicom-anonymizer has it."""
    databases = pytest.importorskip(
        "dicomanonymizer.dicom_anonymization_databases.dicomfields_2024b", reason="needs the package dicom-anonymizer"
    )
    listed = {Tag(one[0], one[1]) for one in databases.ALL_TAGS if len(one) == 2}
    path = real_dicom(name)
    write_image(read_image(path), tmp_path / "out.dcm", DERIVATION)
    before = dcmread(path, stop_before_pixels=True)
    told = {str(element.value) for element in _elements(before) if element.tag in listed and str(element.value).strip()}

    left = list(_elements(dcmread(tmp_path / "out.dcm", stop_before_pixels=True)))

    assert not any(element.tag.is_private for element in left)
    named = [element for element in left if element.tag in listed and element.VR != "SQ" and str(element.value)]
    assert {element.keyword for element in named} <= WRITTEN_ANEW
    source = {str(before.SOPInstanceUID)}  # where the image comes from has to be said
    assert not {str(element.value) for element in named} & (told - source)


def test_colours_are_the_same_however_they_are_stored() -> None:
    """The same lymph node: RGB, reversible JPEG 2000 (YBR_RCT), irreversible (YBR_ICT), and that one decoded."""
    plain = read_image(real_dicom("pydicom-data/US1_UNCR.dcm")).pixels.astype(int)
    lossy = read_image(real_dicom("pydicom-data/US1_UNCI.dcm")).pixels.astype(int)

    assert np.array_equal(read_image(real_dicom("pydicom-data/US1_J2KR.dcm")).pixels, plain)
    assert np.abs(read_image(real_dicom("pydicom-data/US1_J2KI.dcm")).pixels - lossy).max() <= 1
    coloured = plain[0][read_image(real_dicom("pydicom-data/US1_UNCR.dcm")).coloured(0)]
    red, green, blue = coloured.mean(axis=0)
    assert red > green > blue, "power Doppler goes from red to yellow"


def test_jpeg_in_ybr_is_grey_where_it_was_grey() -> None:
    image = read_image(real_dicom("pydicom/examples_ybr_color.dcm"))
    heart = (slice(30, 200), slice(90, 240))

    assert image.coloured(15)[heart].mean() < 0.001
    assert image.luma(15)[heart].mean() > 0.05


def test_byte_order_and_compression_of_palettes_make_no_difference() -> None:
    names = ("OBXXXX1A", "OBXXXX1A_expb", "OBXXXX1A_rle")
    one, *others = (read_image(real_dicom(f"pydicom-data/{name}.dcm")).pixels for name in names)

    assert all(np.array_equal(one, other) for other in others)


def test_a_cut_out_image_does_not_hide_that_its_calibration_is_another_ones() -> None:
    notes = read_image(real_dicom("pydicom/examples_ybr_color.dcm")).notes

    assert notes == (
        "a region ends at row 414, column 595 of an image of 240 x 320: "
        "cropped or scaled after calibration, its spacing may be wrong",
    )


def _read_or_refusal(path: Path) -> tuple[UltrasoundImage | None, str]:
    try:
        return read_image(path), ""
    except InputError as error:
        return None, str(error)


# Listed in PS3.15 Table E.1-1, and written here with values of our own.
WRITTEN_ANEW = {
    "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "ReferencedSOPInstanceUID", "PatientID", "PatientName",
    "DerivationDescription", "ImageComments", "SeriesDescription", "ContributionDescription",
}  # fmt: skip


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    for tag in sorted(dataset.keys()):
        try:
            element = dataset[tag]
        except Exception:
            continue
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)
