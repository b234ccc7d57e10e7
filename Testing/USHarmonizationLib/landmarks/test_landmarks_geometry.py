"""Where pixels lie: as ITK says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from USHarmonizationLib.errors import InputError
from USHarmonizationLib.files import read_image
from USHarmonizationLib.landmarks.geometry import Geometry, geometry


def written(path: Path, dimension: int, direction: list[float] | None = None) -> Path:
    shape = (20, 30) if dimension == 2 else (3, 20, 30)
    image = SimpleITK.GetImageFromArray(np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8))
    image.SetSpacing((0.5, 0.2, 2.0)[:dimension])
    image.SetOrigin((-7.0, 3.0, 5.0)[:dimension])
    if direction is not None:
        image.SetDirection(direction)
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize(
    ("dimension", "direction"),
    [
        (2, None),
        (2, [0, -1, 1, 0]),
        (3, None),
        (3, [-1, 0, 0, 0, -1, 0, 0, 0, 1]),
        (3, [0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, -1]),
    ],
)
def test_pixels_lie_where_itk_has_them(tmp_path: Path, dimension: int, direction: list[float] | None) -> None:
    path = written(tmp_path / "a.nrrd", dimension, direction)
    itk, where = SimpleITK.ReadImage(str(path)), geometry(read_image(path))
    assert where.calibrated
    for column, row in ((0, 0), (29, 0), (4, 17)):
        for frame, depth in enumerate(where.depths):
            index = (column, row, frame)[:dimension]
            expected = itk.TransformIndexToPhysicalPoint(index)
            point = where.to_mm(np.array([[column, row]], dtype=float))
            assert point[0] == pytest.approx(expected[:2])
            assert where.to_pixels(point)[0] == pytest.approx([column, row])
            if dimension == 3:
                assert depth == pytest.approx(expected[2])
    assert where.centres()[17, 4] == pytest.approx(where.to_mm(np.array([[4.0, 17.0]]))[0])


def test_tilted_frames_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.nrrd", 3, [1, 0, 0, 0, 0.8, -0.6, 0, 0.6, 0.8])
    with pytest.raises(InputError, match="tilted out of the plane"):
        geometry(read_image(path))


def test_other_formats_begin_at_the_origin_and_a_size_can_be_given(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert geometry(image) == Geometry((20, 30), calibrated=False)
    assert geometry(image, (0.3, 0.4)) == Geometry((20, 30), (0.4, 0.3))


def test_inside_is_where_there_are_pixels() -> None:
    where = Geometry((20, 30), (0.5, 0.2))
    points = where.to_mm(np.array([[-0.4, -0.4], [29.4, 19.4], [-0.6, 3.0], [29.6, 3.0], [3.0, 19.6]]))
    assert where.contains(points).tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(
    "wrong", [{"spacing": (0.0, 1.0)}, {"spacing": (np.nan, 1.0)}, {"direction": ((1.0, 0.5), (0.0, 1.0))}]
)
def test_an_impossible_grid_cannot_be_made(wrong: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="needed"):
        Geometry((20, 30), **wrong)  # type: ignore[arg-type]
