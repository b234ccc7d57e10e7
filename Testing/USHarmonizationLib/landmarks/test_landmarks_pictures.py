"""Pictures of a registration show what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from USHarmonizationLib.landmarks import pictures
from USHarmonizationLib.landmarks.geometry import Geometry
from USHarmonizationLib.landmarks.registration import register

DARK, BRIGHT = np.full((80, 120), 0.2, np.float32), np.full((80, 120), 0.8, np.float32)


def test_a_checkerboard_shows_both_images_in_turn(tmp_path: Path) -> None:
    pictures.checkerboard(DARK, BRIGHT, tmp_path / "a.png")
    shown = np.asarray(Image.open(tmp_path / "a.png"))
    assert shown.shape == (80, 120)
    assert (shown[5, 5], shown[5, 15], shown[15, 5], shown[15, 15]) == (51, 204, 204, 51)
    assert abs(int((shown == 51).sum()) - int((shown == 204).sum())) <= 100


def test_flicker_shows_one_after_the_other(tmp_path: Path) -> None:
    pictures.flicker(DARK, BRIGHT, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 2
        assert image.info["loop"] == 0
        values = []
        for frame in range(2):
            image.seek(frame)
            values.append(np.asarray(image.convert("L"))[60, 60])
    assert values == [51, 204]


def test_landmarks_and_enlarged_residuals_lie_where_they_should(tmp_path: Path) -> None:
    where = Geometry((80, 120), (0.5, 0.5))
    fixed = where.to_mm(np.array([[20.0, 20.0], [100.0, 20.0], [60.0, 60.0], [20.0, 70.0]]))
    moving = fixed + np.array([[0, 0.0], [0, 0], [0, 0], [0.9, 0]])
    found = register("rigid", fixed, moving, ("a", "b", "c", "d"))
    black = np.zeros((80, 120), np.float32)
    pictures.landmarks(black, black, (where, where), found, tmp_path / "a.png", "title")
    shown = np.asarray(Image.open(tmp_path / "a.png"))
    scale = pictures.PANEL / 120
    for column, row in where.to_pixels(fixed):
        x, y = (column + 0.5) * scale + pictures.GAP, (row + 0.5) * scale + pictures.HEAD
        assert (shown[round(y) - 3 : round(y) + 3, round(x) - 3 : round(x) + 3] == pictures.PLACED).all(axis=-1).any()
    panel = shown[pictures.HEAD :]
    drawn = (panel == pictures.MAPPED).all(axis=-1)
    assert not drawn[:, : pictures.GAP + pictures.PANEL].any()  # residuals are those of the moving image
    assert drawn[:, pictures.GAP + pictures.PANEL :].sum() > 30
