"""NRRD, MetaImage and NIfTI: pixels, geometry, and pairs of files that appear together."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - everybody's name for it
from numpy.typing import NDArray

from USHarmonizationLib.derivation import Derivation
from USHarmonizationLib.errors import InputError
from USHarmonizationLib.files import read_image, read_mask, write_image
from USHarmonizationLib.image import UltrasoundImage

DERIVATION = Derivation("fda", "1", "0.1.0")
GREY = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8) * 2
COLOUR = np.stack([GREY, GREY, GREY], axis=-1)
COLOUR[:5, :5] = (255, 0, 0)
SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd", ".nii", ".nii.gz")


def make(path: Path, values: NDArray[Any], colour: bool = False, compressed: bool = False) -> Path:
    """A file with other spacing and origin on each axis, and the first two axes turned round."""
    image = sitk.GetImageFromArray(values, isVector=colour)
    axes = image.GetDimension()
    image.SetSpacing([0.25, 0.5, 2, 3][:axes])
    image.SetOrigin([1, -2, 3, 4][:axes])
    direction = np.eye(axes)
    direction[0, 0] = direction[1, 1] = -1
    image.SetDirection(direction.ravel().tolist())
    sitk.WriteImage(image, str(path), compressed)
    return path


SHAPES = {
    "image": (GREY, False, 1),
    "cine": (np.stack([GREY, GREY // 2, GREY // 4]), False, 3),
    "one slice": (GREY[None], False, 1),
    "time and slices": (np.stack([[GREY], [GREY // 2]]), False, 2),
    "colour": (COLOUR, True, 1),
    "colour cine": (np.stack([COLOUR, COLOUR // 2]), True, 2),
}


@pytest.mark.parametrize(("suffix", "kind"), list(itertools.product(SUFFIXES, SHAPES)))
def test_comes_back_with_its_geometry(tmp_path: Path, suffix: str, kind: str) -> None:
    values, colour, frames = SHAPES[kind]
    path = make(tmp_path / f"a{suffix}", values, colour)
    image = read_image(path)

    write_image(image, tmp_path / "out" / f"a{suffix}", DERIVATION)
    back = read_image(tmp_path / "out" / f"a{suffix}")

    assert (image.frames, *image.size, image.is_colour) == (frames, 40, 60, colour)
    assert np.array_equal(image.pixels, values.reshape(image.pixels.shape))
    assert image.spacing_mm == pytest.approx((0.5, 0.25))
    assert np.array_equal(back.pixels, image.pixels)
    assert back.container == image.container
    before, after = (sitk.ReadImage(str(one)) for one in (path, tmp_path / "out" / f"a{suffix}"))
    assert np.array_equal(sitk.GetArrayViewFromImage(after), values)
    assert after.GetSize() == before.GetSize()
    for get in ("GetSpacing", "GetOrigin", "GetDirection", "GetPixelIDTypeAsString"):
        assert getattr(after, get)() == getattr(before, get)()


@pytest.mark.parametrize("kind", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float32", "float64"])
def test_number_types(tmp_path: Path, kind: str) -> None:
    values = (GREY // 3).astype(kind) - (np.asarray(5, dtype=kind) if np.dtype(kind).kind != "u" else 0)
    image = read_image(make(tmp_path / "a.nrrd", values.astype(kind)))

    write_image(image, tmp_path / "out.nrrd")
    back = read_image(tmp_path / "out.nrrd")

    assert back.pixels.dtype == image.pixels.dtype == np.dtype(kind)
    assert np.array_equal(back.pixels, image.pixels)


@pytest.mark.parametrize("suffix", [".nrrd", ".nhdr", ".mha", ".mhd"])
@pytest.mark.parametrize("compressed", [False, True])
def test_compression_stays_as_it_was(tmp_path: Path, suffix: str, compressed: bool) -> None:
    path = make(tmp_path / f"a{suffix}", np.stack([GREY] * 20), compressed=compressed)

    write_image(read_image(path), tmp_path / "out" / f"a{suffix}")

    sizes = [sum(one.stat().st_size for one in folder.glob("a.*")) for folder in (tmp_path, tmp_path / "out")]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.1)


@pytest.mark.parametrize("suffix", [".mha", ".nrrd"])
def test_spacing_that_the_file_does_not_say_is_unknown(tmp_path: Path, suffix: str) -> None:
    path = make(tmp_path / f"a{suffix}", GREY)
    content = path.read_bytes()
    if suffix == ".mha":
        start = content.index(b"ElementSpacing")
        content = content[:start] + content[content.index(b"\n", start) + 1 :]
    else:
        for keyword in (b"space directions", b"space origin", b"space:", b"space dimension"):
            if keyword in content:
                start = content.index(keyword)
                content = content[:start] + content[content.index(b"\n", start) + 1 :]
    path.write_bytes(content)

    assert read_image(path).spacing_mm is None


def test_derivation_is_in_the_file(tmp_path: Path) -> None:
    for suffix in (".nrrd", ".nhdr", ".mha", ".mhd", ".nii"):
        write_image(read_image(make(tmp_path / f"a{suffix}", GREY)), tmp_path / "out" / f"a{suffix}", DERIVATION)
        content = (tmp_path / "out" / f"a{suffix}").read_bytes()
        assert (b"USHarmonization 0.1.0, fda" if suffix == ".nii" else DERIVATION.json().encode()) in content


def test_tracking_data_stays_and_other_text_goes(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(GREY)
    image.SetMetaData("Seq_Frame0000_ProbeToTrackerTransform", "1 0 0 5 0 1 0 6 0 0 1 7 0 0 0 1")
    image.SetMetaData("Seq_Frame0000_Timestamp", "12.5")
    image.SetMetaData("UltrasoundImageOrientation", "MFA")
    image.SetMetaData("PatientName", "Erika Mustermann")
    sitk.WriteImage(image, str(tmp_path / "a.mha"))

    write_image(read_image(tmp_path / "a.mha"), tmp_path / "out.mha")

    back = sitk.ReadImage(str(tmp_path / "out.mha"))
    assert back.GetMetaData("Seq_Frame0000_ProbeToTrackerTransform") == "1 0 0 5 0 1 0 6 0 0 1 7 0 0 0 1"
    assert back.GetMetaData("Seq_Frame0000_Timestamp") == "12.5"
    assert back.GetMetaData("UltrasoundImageOrientation") == "MFA"
    assert b"Mustermann" not in (tmp_path / "out.mha").read_bytes()


def test_real_phantom_sequences(tmp_path: Path, shared_data: Path) -> None:
    for path in sorted((shared_data / "plus_phantoms").glob("*.mha")):
        if path.stat().st_size > 2**24:
            continue
        image = read_image(path)
        write_image(image, tmp_path / path.name, DERIVATION)
        back = read_image(tmp_path / path.name)
        assert np.array_equal(back.pixels, image.pixels)
        assert back.container == image.container
        assert any(key.startswith("Seq_Frame0000_") for key in back.container.fields)


@pytest.mark.parametrize(
    ("values", "colour", "reason"),
    [
        (np.where(GREY > 99, np.nan, GREY), False, "not finite"),
        (GREY.astype(np.complex64), False, "read are grey and RGB"),
        (COLOUR[..., :2], True, "has 2 values a pixel"),
        (np.full((40, 60), 7, np.int16), False, "is blank"),
    ],
)
def test_refused_with_one_line(tmp_path: Path, values: NDArray[Any], colour: bool, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_image(make(tmp_path / "a.nrrd", values, colour))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated_file_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = make(tmp_path / f"a{suffix}", np.random.default_rng(0).integers(0, 255, (3, 40, 60)).astype(np.uint8))
    data = {".mhd": tmp_path / "a.raw", ".nhdr": tmp_path / "a.raw"}.get(suffix, path)
    content = data.read_bytes()
    data.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(InputError, match=r"truncated|unpacked"):
        read_image(path)


def test_data_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    for header, data in (("a.mhd", "a.raw"), ("b.nhdr", "b.raw")):
        path = make(tmp_path / header, GREY)
        (tmp_path / data).unlink()
        with pytest.raises(InputError, match="cannot be read"):
            read_image(path)


def test_size_is_checked_before_memory_is_taken(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mhd", GREY)
    path.write_text(path.read_text().replace("DimSize = 60 40", "DimSize = 60000 40000"))

    with pytest.raises(InputError, match="at most 100 million are read"):
        read_image(path)


def test_packed_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gzip that goes on after the image is read no further than the limit."""
    path = make(tmp_path / "a.nii.gz", GREY)
    monkeypatch.setattr("USHarmonizationLib.files.medical.MAX_BYTES", 2**20)
    read = []
    original = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda self, size=-1: read.append(size) or original(self, size))
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(2**25)))

    read_image(path)

    assert len(read) <= 4


def test_header_and_data_appear_together_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = read_image(make(tmp_path / "a.mhd", GREY))
    out = tmp_path / "out" / "a.mhd"
    import os

    def full(source: Any, target: Any) -> None:
        if Path(target).suffix == ".mhd":
            raise OSError(28, "No space left on device")
        os.rename(source, target)

    write_image(image, out)  # an old header must not be left with data of another run
    monkeypatch.setattr("USHarmonizationLib.files.medical.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_image(image, out)

    assert list(out.parent.iterdir()) == []


def test_pair_is_replaced_by_a_pair(tmp_path: Path) -> None:
    image = read_image(make(tmp_path / "a.mhd", GREY))
    out = tmp_path / "out" / "a.mhd"
    write_image(image, out)
    inverted = image.replaced(1 - image.luma(0)[None], np.ones((1, 40, 60), dtype=bool))

    write_image(inverted, out)

    assert sorted(one.name for one in out.parent.iterdir()) == ["a.mhd", "a.raw"]
    assert np.array_equal(read_image(out).pixels, inverted.pixels)


def test_image_of_another_format_gets_its_spacing(tmp_path: Path) -> None:
    write_image(UltrasoundImage(np.stack([GREY, GREY]), (0, 255), spacing_mm=(0.5, 0.25)), tmp_path / "a.nrrd")

    back = read_image(tmp_path / "a.nrrd")

    assert back.spacing_mm == (0.5, 0.25)
    assert back.frames == 2


def test_mask_is_read_even_if_blank(tmp_path: Path) -> None:
    make(tmp_path / "a.nrrd", np.zeros((40, 60), np.int16))

    assert read_mask(tmp_path / "a.nrrd").shape == (1, 40, 60)
