"""PNG and JPEG come back as they were, so far as the format can."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - everybody's name for it
from numpy.typing import NDArray
from PIL import Image, ImageCms
from real_dicom import LYMPH_NODE, real_dicom

from USHarmonizationLib.derivation import Derivation
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.files import read_image, read_mask, write_image
from USHarmonizationLib.image import UltrasoundImage

DERIVATION = Derivation("fda", "1", "0.1.0", settings={"beta": 0.01})
GREY = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8) * 2
COLOUR = np.stack([GREY, GREY, GREY], axis=-1)
COLOUR[:5, :5] = (255, 0, 0)
ALPHA = np.tile(np.arange(60, dtype=np.uint8), (40, 1))


def deep(values: NDArray[Any], path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(values.astype(np.uint16) * 257, isVector=True), str(path))


PNGS = {
    "grey": (lambda path: Image.fromarray(GREY).save(path), GREY),
    "colour": (lambda path: Image.fromarray(COLOUR).save(path), COLOUR),
    "grey and alpha": (lambda path: Image.fromarray(np.dstack([GREY, ALPHA])).save(path), GREY),
    "colour and alpha": (lambda path: Image.fromarray(np.dstack([COLOUR, ALPHA])).save(path), COLOUR),
    "palette": (lambda path: Image.fromarray(GREY).convert("P").save(path), np.stack([GREY] * 3, axis=-1)),
    "16 bits": (lambda path: Image.fromarray(GREY.astype(np.uint16) * 16).save(path), GREY.astype(np.uint16) * 16),
    "16-bit colour": (lambda path: deep(COLOUR, path), COLOUR.astype(np.uint16) * 257),
    "16-bit colour and alpha": (lambda path: deep(np.dstack([COLOUR, ALPHA]), path), COLOUR.astype(np.uint16) * 257),
    "1 bit": (lambda path: Image.fromarray(GREY > 99).save(path), (GREY > 99).astype(np.uint8) * 255),
}


@pytest.mark.parametrize("kind", PNGS)
def test_png_comes_back_with_alpha_and_derivation(tmp_path: Path, kind: str) -> None:
    make, expected = PNGS[kind]
    make(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")

    write_image(image, tmp_path / "out.png", DERIVATION)
    back = read_image(tmp_path / "out.png")

    assert np.array_equal(image.pixels, expected[None])
    assert image.pixels.dtype == expected.dtype
    assert np.array_equal(back.pixels, image.pixels)
    assert back.pixels.dtype == image.pixels.dtype
    assert np.array_equal(back.container.alpha, image.container.alpha)
    assert (image.container.alpha is not None) == ("alpha" in kind)
    with Image.open(tmp_path / "out.png") as opened:
        opened.load()
        assert json.loads(opened.info["USHarmonization"])["settings"] == {"beta": 0.01}


def test_changed_pixels_are_written_and_the_others_are_the_same(tmp_path: Path) -> None:
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    where = np.zeros((1, 40, 60), dtype=bool)
    where[0, 10:20, 10:20] = True

    write_image(image.replaced(np.ones((1, 40, 60), np.float32), where), tmp_path / "out.png")
    back = read_image(tmp_path / "out.png").pixels

    assert (back[where] == 255).all()
    assert np.array_equal(back[~where], image.pixels[~where])


def physical_size(path: Path) -> bytes:
    content = path.read_bytes()
    at = content.index(b"pHYs")
    return content[at + 4 : at + 13]


def test_resolution_profile_and_licence_notice_stay_and_other_text_goes(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Author", "Erika Mustermann")
    text.add_text("Copyright", "somebody 2024")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(GREY).save(tmp_path / "a.png", pnginfo=text, dpi=(96, 96), icc_profile=profile)
    image = read_image(tmp_path / "a.png")

    write_image(image, tmp_path / "out.png")

    assert image.spacing_mm is None, "dots per inch are those of a screen"
    assert physical_size(tmp_path / "out.png") == physical_size(tmp_path / "a.png")
    with Image.open(tmp_path / "out.png") as opened:
        assert opened.info["Copyright"] == "somebody 2024"
        assert opened.info["icc_profile"] == profile
        assert "Author" not in opened.info


def test_pixel_aspect_without_unit_stays(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "busbra" / "Images" / "bus_0002-l.png"

    write_image(read_image(path), tmp_path / "out.png")

    assert physical_size(tmp_path / "out.png") == physical_size(path) == struct.pack(">IIB", 274, 371, 0)


@pytest.mark.parametrize("quality", [75, 90, 100])
def test_grey_jpeg_comes_back_almost_exactly(tmp_path: Path, quality: int) -> None:
    Image.fromarray(read_image(real_dicom("deid-data/GREYSCALE_IMAGE.dcm")).pixels[0]).save(
        tmp_path / "a.jpg", quality=quality, dpi=(72, 72)
    )
    image = read_image(tmp_path / "a.jpg")

    write_image(image, tmp_path / "out.jpg", DERIVATION)
    back = read_image(tmp_path / "out.jpg")

    difference = np.abs(back.pixels.astype(int) - image.pixels)
    assert difference.max() <= 20
    assert (difference > 0).mean() < 0.05
    assert image.notes == (
        "JPEG is lossy: pixels left as they are may come back changed, grey ones by a few values, colours by more",
    )
    assert (back.container.tables, back.container.resolution) == (image.container.tables, (72, 72))
    with Image.open(tmp_path / "out.jpg") as opened:
        assert json.loads(opened.info["comment"])["model"] == "fda"


@pytest.mark.parametrize("subsampling", [0, 2])
def test_colour_jpeg_keeps_tables_and_subsampling(tmp_path: Path, subsampling: int) -> None:
    pixels = read_image(real_dicom(LYMPH_NODE)).pixels[0]
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=90, subsampling=subsampling)
    image = read_image(tmp_path / "a.jpg")

    write_image(image, tmp_path / "out.jpg")
    back = read_image(tmp_path / "out.jpg")

    assert (back.container.tables, back.container.subsampling) == (image.container.tables, subsampling)
    assert np.abs(back.pixels.astype(int) - image.pixels).mean() < 1


def test_jpeg_is_turned_by_viewers_as_before_and_tells_nothing_else(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x013B] = "Erika Mustermann"
    Image.fromarray(GREY).save(tmp_path / "a.jpg", exif=exif)

    write_image(read_image(tmp_path / "a.jpg"), tmp_path / "out.jpg")

    with Image.open(tmp_path / "out.jpg") as opened:
        assert dict(opened.getexif()) == {0x0112: 6}


def bomb(path: Path, columns: int, rows: int) -> None:
    """A PNG that claims a size and holds next to nothing."""
    Image.fromarray(GREY).save(path)
    content = bytearray(path.read_bytes())
    struct.pack_into(">II", content, 16, columns, rows)
    struct.pack_into(">I", content, 29, zlib.crc32(content[12:29]))
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("a.jpg", lambda path: Image.fromarray(COLOUR).convert("CMYK").save(path), "has pixels of kind CMYK"),
        ("a.png", lambda path: Image.fromarray(GREY).save(path, "JPEG"), "is not a PNG file, whatever its suffix says"),
        ("a.jpeg", lambda path: path.write_bytes(bytes(range(256))), "is not a JPEG file, whatever its suffix says"),
        ("a.png", lambda path: bomb(path, 20_000, 20_000), "has more pixels than are read"),
        ("a.png", lambda path: bomb(path, 12_000, 10_000), "at most 100 million are read"),
        ("a.png", lambda path: Image.new("L", (9, 9), 8).save(path), "is blank"),
        (
            "a.png",
            lambda path: Image.fromarray(GREY).save(path, save_all=True, append_images=[Image.fromarray(GREY // 2)]),
            "is animated (2 frames)",
        ),
    ],
)
def test_refused_with_one_line(tmp_path: Path, name: str, make: Any, reason: str) -> None:
    make(tmp_path / name)

    with pytest.raises(InputError) as caught:
        read_image(tmp_path / name)

    assert reason in str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_truncated_file_is_refused(tmp_path: Path, name: str, share: float) -> None:
    Image.fromarray(read_image(real_dicom(LYMPH_NODE)).pixels[0]).save(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(len(content) * share)])

    with pytest.raises(InputError, match="truncated"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("shape", [(1, 900), (900, 1), (5000, 5000)])
def test_extreme_sizes(tmp_path: Path, shape: tuple[int, int]) -> None:
    Image.fromarray(np.linspace(0, 255, shape[0] * shape[1]).astype(np.uint8).reshape(shape)).save(tmp_path / "a.png")

    assert read_image(tmp_path / "a.png").size == shape


@pytest.mark.parametrize(
    ("name", "pixels", "reason"),
    [
        ("a.png", np.zeros((2, 4, 5), np.uint8), "PNG holds one frame of uint8 or uint16, not 2 of uint8"),
        ("a.png", np.zeros((1, 4, 5), np.float32), "PNG holds one frame of uint8 or uint16, not 1 of float32"),
        ("a.jpg", np.zeros((1, 4, 5), np.uint16), "JPEG holds one frame of uint8, not 1 of uint16"),
    ],
)
def test_what_the_format_cannot_hold(tmp_path: Path, name: str, pixels: NDArray[Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        write_image(UltrasoundImage(pixels, (0, 255)), tmp_path / name)


def test_white_is_white_in_a_png_of_monochrome1(tmp_path: Path) -> None:
    write_image(UltrasoundImage(GREY[None], (0, 255), photometric="MONOCHROME1"), tmp_path / "a.png")

    assert np.array_equal(read_image(tmp_path / "a.png").pixels[0], 255 - GREY)


def test_masks_are_labels(tmp_path: Path) -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[5:9, 5:9], labels[20:30, 20:30] = 1, 2
    colours = Image.fromarray(labels).convert("P")
    colours.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0] + [0] * 759)
    colours.save(tmp_path / "palette.png")
    Image.fromarray(labels).save(tmp_path / "grey.png")
    Image.fromarray(labels > 0).save(tmp_path / "bits.png")
    Image.fromarray(np.stack([labels] * 3, axis=-1)).save(tmp_path / "colour.png")
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(tmp_path / "blank.png")

    assert np.array_equal(read_mask(tmp_path / "palette.png"), labels[None])
    assert np.array_equal(read_mask(tmp_path / "grey.png"), labels[None])
    assert np.array_equal(read_mask(tmp_path / "colour.png"), labels[None])
    assert np.array_equal(read_mask(tmp_path / "bits.png"), (labels[None] > 0) * 255)
    assert not read_mask(tmp_path / "blank.png").any()


def test_mask_in_colours_is_refused(tmp_path: Path) -> None:
    Image.fromarray(COLOUR).save(tmp_path / "a.png")

    with pytest.raises(InputError, match="is a mask in colours"):
        read_mask(tmp_path / "a.png")
