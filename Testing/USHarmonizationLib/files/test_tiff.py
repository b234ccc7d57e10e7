"""TIFF: one page a frame, whatever wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from USHarmonizationLib.derivation import Derivation
from USHarmonizationLib.errors import InputError
from USHarmonizationLib.files import read_image, write_image

DERIVATION = Derivation("fda", "1", "0.1.0")
GREY = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8) * 2
COLOUR = np.stack([GREY, GREY, GREY], axis=-1)
COLOUR[:5, :5] = (255, 0, 0)
ALPHA = np.tile(np.arange(60, dtype=np.uint8), (40, 1))
CINE = np.stack([GREY, GREY // 2, GREY // 4])


def pillow(values: Any, **options: Any) -> Any:
    return lambda path: Image.fromarray(values).save(path, **options)


def own(values: Any, **options: Any) -> Any:
    return lambda path: tifffile.imwrite(path, values, **options)


TIFFS = {
    "grey": (own(GREY), GREY),
    "cine": (own(CINE, photometric="minisblack"), CINE),
    "colour cine": (own(np.stack([COLOUR, COLOUR // 2]), photometric="rgb"), np.stack([COLOUR, COLOUR // 2])),
    "16-bit colour, deflated": (
        own(COLOUR.astype(np.uint16) * 257, photometric="rgb", compression="zlib"),
        COLOUR.astype(np.uint16) * 257,
    ),
    "big-endian": (own(GREY.astype(np.uint16) * 9, byteorder=">"), GREY.astype(np.uint16) * 9),
    "signed": (own(GREY.astype(np.int16) - 100), GREY.astype(np.int16) - 100),
    "floating point": (own(GREY.astype(np.float32) / 255), GREY.astype(np.float32) / 255),
    "alpha": (own(np.dstack([COLOUR, ALPHA]), photometric="rgb", extrasamples=["unassalpha"]), COLOUR),
    "planes": (own(np.moveaxis(COLOUR, -1, 0), photometric="rgb", planarconfig="separate"), COLOUR),
    "tiles": (own(np.tile(GREY, (2, 2)), tile=(32, 32)), np.tile(GREY, (2, 2))),
    "palette": (lambda path: Image.fromarray(GREY).convert("P").save(path), np.stack([GREY] * 3, axis=-1)),
    "LZW": (pillow(GREY, compression="tiff_lzw"), GREY),
    "LZW colour": (pillow(COLOUR, compression="tiff_lzw"), COLOUR),
    "LZW cine": (
        pillow(GREY, compression="tiff_lzw", save_all=True, append_images=[Image.fromarray(GREY // 2)]),
        CINE[:2],
    ),
    "LZW palette": (
        lambda path: Image.fromarray(GREY).convert("P").save(path, compression="tiff_lzw"),
        np.stack([GREY] * 3, axis=-1),
    ),
    "PackBits": (pillow(COLOUR, compression="packbits"), COLOUR),
}


@pytest.mark.parametrize("kind", TIFFS)
def test_comes_back_as_it_was(tmp_path: Path, kind: str) -> None:
    make, expected = TIFFS[kind]
    make(tmp_path / "a.tif")
    image = read_image(tmp_path / "a.tif")

    write_image(image, tmp_path / "out.tif", DERIVATION)
    back = read_image(tmp_path / "out.tif")

    assert np.array_equal(image.pixels, expected.reshape(image.pixels.shape))
    assert image.pixels.dtype == expected.dtype
    assert np.array_equal(back.pixels, image.pixels)
    assert back.pixels.dtype == image.pixels.dtype
    assert (back.intensity_range, back.spacing_mm) == (image.intensity_range, None)
    assert repr(back.container) == repr(image.container)
    with tifffile.TiffFile(tmp_path / "out.tif") as opened:
        assert json.loads(opened.pages[0].description)["model"] == "fda"


def test_jpeg_in_tiff_comes_back_without_further_loss(tmp_path: Path) -> None:
    Image.fromarray(COLOUR).save(tmp_path / "a.tif", compression="jpeg")
    image = read_image(tmp_path / "a.tif")

    write_image(image, tmp_path / "out.tif")

    assert np.array_equal(read_image(tmp_path / "out.tif").pixels, image.pixels)


def test_white_is_zero_stays_so(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="miniswhite")
    image = read_image(tmp_path / "a.tif")

    write_image(image, tmp_path / "out.tif")
    back = read_image(tmp_path / "out.tif")

    assert image.photometric == back.photometric == "MONOCHROME1"
    assert image.luma(0)[0, 0] == 1
    assert np.array_equal(back.pixels, image.pixels)


@pytest.mark.parametrize(("unit", "millimetres"), [("mm", 1), ("cm", 10), ("micron", 0.001), ("\\u00B5m", 0.001)])
def test_calibration_by_imagej_is_read_and_written(tmp_path: Path, unit: str, millimetres: float) -> None:
    tifffile.imwrite(tmp_path / "a.tif", CINE, imagej=True, resolution=(50, 25), metadata={"unit": unit, "axes": "TYX"})
    image = read_image(tmp_path / "a.tif")

    write_image(image, tmp_path / "out.tif", DERIVATION)
    back = read_image(tmp_path / "out.tif")

    assert image.spacing_mm == pytest.approx((millimetres / 25, millimetres / 50))
    assert back.spacing_mm == image.spacing_mm
    assert np.array_equal(back.pixels, CINE)


def test_resolution_of_a_print_is_no_calibration_but_stays(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, resolution=(300, 200), resolutionunit="INCH")
    image = read_image(tmp_path / "a.tif")

    write_image(image, tmp_path / "out.tif")

    assert image.spacing_mm is None
    assert read_image(tmp_path / "out.tif").container.resolution == image.container.resolution == (300, 200, 2)


def test_text_of_the_source_is_not_taken_over(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, description="Erika Mustermann", software="scanner", datetime=True)

    write_image(read_image(tmp_path / "a.tif"), tmp_path / "out.tif")

    with tifffile.TiffFile(tmp_path / "out.tif") as opened:
        assert {"DateTime", "ImageDescription"} & {tag.name for tag in opened.pages[0].tags} == set()
        assert opened.pages[0].tags["Software"].value.startswith("USHarmonization")


def mixed(path: Path) -> None:
    with tifffile.TiffWriter(path) as writer:
        writer.write(GREY)
        writer.write(GREY[:10])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (mixed, "has pages that differ (10 x 60, 40 x 60)"),
        (own(np.where(GREY > 99, np.nan, GREY).astype(np.float32)), "not finite"),
        (own(GREY.astype(np.complex64)), "has pixels of kind MINISBLACK complex64"),
        (own(GREY > 99), "has pixels of kind MINISWHITE bool"),
        (own(np.zeros((40, 60, 5), np.uint8), photometric="minisblack", planarconfig="contig"), "has 5 channels"),
        (pillow(COLOUR[..., 0], format="PNG"), "is not a TIFF file"),
        (lambda path: path.write_bytes(b"II*\0" + bytes(40)), "cannot be decoded, it may be truncated"),
    ],
)
def test_refused_with_one_line(tmp_path: Path, make: Any, reason: str) -> None:
    make(tmp_path / "a.tif")

    with pytest.raises(InputError) as caught:
        read_image(tmp_path / "a.tif")

    assert reason in str(caught.value)


@pytest.mark.parametrize("kind", ["grey", "cine", "LZW cine", "LZW palette", "tiles", "palette"])
def test_truncated_file_is_refused(tmp_path: Path, kind: str) -> None:
    TIFFS[kind][0](tmp_path / "a.tif")
    content = (tmp_path / "a.tif").read_bytes()
    for share in (0.01, 0.5, 0.9):
        (tmp_path / "a.tif").write_bytes(content[: int(len(content) * share)])
        with pytest.raises(InputError):
            read_image(tmp_path / "a.tif")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(shape=(30_000, 30_000), dtype=np.uint8, compression="zlib", rowsperstrip=30_000, data=iter([b"x"]))

    with pytest.raises(InputError, match="at most 100 million are read"):
        read_image(tmp_path / "a.tif")
