"""Masks: labels, frames, and each way in which one can be unusable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from USHarmonizationLib.cohort import CohortRow
from USHarmonizationLib.errors import InputError
from USHarmonizationLib.image import UltrasoundImage
from USRadiomicsLNMLib.extraction.lesions import Masks

STILL = UltrasoundImage(np.zeros((1, 20, 30), dtype=np.uint8), (0, 255), path=Path("still.png"))
CINE = UltrasoundImage(np.zeros((4, 20, 30), dtype=np.uint8), (0, 255), path=Path("cine.dcm"))


def _row(mask: Path | None, label: int = 1, **others: str) -> CohortRow:
    return CohortRow(Path("image.png"), mask, label, others=others)


def _png(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values.astype(np.uint8)).save(path)
    return path


def _two_labels(path: Path) -> Path:
    values = np.zeros((20, 30))
    values[2:6], values[10:18] = 2, 3
    return _png(path, values)


def _nrrd(path: Path, values: np.ndarray, origin: tuple[float, ...] = (0, 0, 0)) -> Path:
    volume = SimpleITK.GetImageFromArray(values.astype(np.uint8))
    volume.SetOrigin(origin)
    SimpleITK.WriteImage(volume, str(path))
    return path


def test_each_label_of_a_mask_is_a_lesion(tmp_path: Path) -> None:
    masks, file = Masks(STILL), _two_labels(tmp_path / "two.png")
    for label, rows in ((2, 4), (3, 8)):
        [(frame, lesion)] = masks.lesions(_row(file, label))
        assert frame == 0
        assert lesion.sum() == rows * 30


def test_each_marked_frame_of_a_cine_is_a_case(tmp_path: Path) -> None:
    values = np.zeros((4, 20, 30))
    values[1, 5:9], values[3, 5:8] = 1, 1
    file = _nrrd(tmp_path / "mask.nrrd", values)
    found = [(frame, int(lesion.sum())) for frame, lesion in Masks(CINE).lesions(_row(file))]
    assert found == [(1, 120), (3, 90)]
    assert [frame for frame, _ in Masks(CINE).lesions(_row(file, frame="4"))] == [3]


def test_a_mask_of_one_frame_needs_to_be_told_which(tmp_path: Path) -> None:
    values = np.zeros((20, 30))
    values[5:9] = 1
    file = _png(tmp_path / "mask.png", values)
    with pytest.raises(InputError, match=r"mask of one frame for a cine of 4; needed: the frame's number, from 1, in"):
        list(Masks(CINE).lesions(_row(file)))
    [(frame, lesion)] = Masks(CINE).lesions(_row(file, frame="3"))
    assert (frame, lesion.sum()) == (2, 120)
    for wrong in ("0", "5", "first"):
        with pytest.raises(InputError, match=f"frame '{wrong}'; needed: a number from 1 to 4"):
            list(Masks(CINE).lesions(_row(file, frame=wrong)))


def test_unusable_masks_are_one_line(tmp_path: Path) -> None:
    def refused(mask: Path | None, said: str, label: int = 1) -> None:
        with pytest.raises(InputError, match=said) as raised:
            list(Masks(STILL).lesions(_row(mask, label)))
        assert "\n" not in str(raised.value)

    refused(None, "image.png: no mask; needed: a file in the column mask")
    refused(tmp_path / "none.png", "none.png: no such file")
    refused(_png(tmp_path / "empty.png", np.zeros((20, 30))), "empty.png: the mask is empty")
    refused(_png(tmp_path / "other.png", np.ones((9, 8))), "mask of 9 x 8 pixels for an image of 20 x 30")
    refused(_two_labels(tmp_path / "two.png"), "two.png: mask without label 7; it has: 2, 3", 7)
    smooth = np.add.outer(np.arange(20), np.arange(30) * 8)
    refused(_png(tmp_path / "smooth.png", smooth), "different values, so this is no label mask")
    coloured = np.zeros((20, 30, 3))
    coloured[5:9, :, 0] = 255
    refused(_png(tmp_path / "red.png", coloured), "red.png: is a mask in colours")


def test_a_mask_that_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    values = np.zeros((4, 20, 30))
    values[1, 5:9] = 1
    _nrrd(tmp_path / "cine.nrrd", np.zeros((4, 20, 30)))
    image = UltrasoundImage(CINE.pixels, (0, 255), path=tmp_path / "cine.nrrd")
    assert list(Masks(image).lesions(_row(_nrrd(tmp_path / "same.nrrd", values))))
    with pytest.raises(InputError, match="lies elsewhere than the image \\(origin 100 x 0 and 0 x 0 mm"):
        list(Masks(image).lesions(_row(_nrrd(tmp_path / "far.nrrd", values, (100, 0, 0)))))
