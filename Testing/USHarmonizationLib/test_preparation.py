"""From a frame to what a harmonizer gets, and lesions out of mask files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from USHarmonizationLib.errors import InputError
from USHarmonizationLib.image import UltrasoundImage
from USHarmonizationLib.preparation import prepare_frame, read_lesion, read_lesions


def _colour_image() -> UltrasoundImage:
    grey = np.random.default_rng(0).integers(60, 90, (1, 48, 64, 1), dtype=np.uint8)
    pixels = np.repeat(grey, 3, axis=-1)
    pixels[0, 10:20, 10:20] = (200, 40, 0)
    return UltrasoundImage(pixels=pixels, intensity_range=(0, 255), photometric="RGB")


def test_valid_is_grey_tissue_and_all_else_is_filled_from_around() -> None:
    image = _colour_image()
    sector = np.zeros(image.size, dtype=bool)
    sector[:, 5:60] = True
    frame = prepare_frame(image, 0, sector)
    coloured = np.zeros(image.size, dtype=bool)
    coloured[10:20, 10:20] = True
    np.testing.assert_array_equal(frame.coloured, coloured)
    assert not (frame.valid & (coloured | ~sector)).any()
    assert frame.valid.mean() > 0.7
    np.testing.assert_array_equal(frame.original, image.luma(0))
    np.testing.assert_array_equal(frame.filled[frame.valid], frame.original[frame.valid])
    tissue = frame.original[frame.valid]
    assert frame.filled.min() >= tissue.min()
    assert frame.filled.max() <= tissue.max()


def test_colour_outside_the_sector_is_not_counted() -> None:
    image = _colour_image()
    sector = np.zeros(image.size, dtype=bool)
    sector[:, 30:] = True
    assert not prepare_frame(image, 0, sector).coloured.any()


def _mask(path: Path, *boxes: tuple[int, int, int]) -> Path:
    """A mask of 20 x 30 pixels; each box: first row, last row, value."""
    values = np.zeros((20, 30), np.uint8)
    for first, last, value in boxes:
        values[first:last] = value
    Image.fromarray(values).save(path)
    return path


def test_a_lesion_is_its_label_or_the_only_value_there_is(tmp_path: Path) -> None:
    wanted = np.zeros((20, 30), bool)
    wanted[5:8] = True
    two = _mask(tmp_path / "two.png", (5, 8, 2), (10, 12, 1))
    np.testing.assert_array_equal(read_lesion(two, 2, (20, 30)), wanted)
    one = _mask(tmp_path / "one.png", (5, 8, 255))
    np.testing.assert_array_equal(read_lesion(one, 1, (20, 30)), wanted)
    assert read_lesions(one, 1, (7, 20, 30)).shape == (1, 20, 30)


def test_a_cine_may_have_a_mask_a_frame(tmp_path: Path) -> None:
    import SimpleITK

    values = np.zeros((3, 20, 30), np.uint8)
    values[1, 5:8] = 1
    path = tmp_path / "mask.nrrd"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(path))
    np.testing.assert_array_equal(read_lesions(path, 1, (3, 20, 30)), values == 1)
    with pytest.raises(InputError, match=r"mask\.nrrd: mask of 3 frames for an image of 2; needed: one, or as many"):
        read_lesions(path, 1, (2, 20, 30))


def test_a_mask_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"two\.png: mask of 20 x 30 pixels for an image of 30 x 20"):
        read_lesion(_mask(tmp_path / "two.png", (1, 2, 1)), 1, (30, 20))
    with pytest.raises(InputError, match=r"labels\.png: mask without label 3; it has: 1, 2"):
        read_lesion(_mask(tmp_path / "labels.png", (1, 2, 1), (3, 4, 2)), 3, (20, 30))
    with pytest.raises(InputError, match=r"empty\.png: mask without label 1; it has: nothing"):
        read_lesion(_mask(tmp_path / "empty.png"), 1, (20, 30))
    with pytest.raises(InputError, match=r"none\.png: no such file"):
        read_lesion(tmp_path / "none.png", 1, (20, 30))
