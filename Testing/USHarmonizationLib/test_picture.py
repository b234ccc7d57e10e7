"""Side-by-side pictures: what they show, verdicts, odd sizes, whole files only."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from synthetic_frames import synthetic
from tampering import paint

from USHarmonizationLib import picture
from USHarmonizationLib.errors import InputError
from USHarmonizationLib.picture import side_by_side
from USHarmonizationLib.qa import QAResult, check_frame

SAMPLE = synthetic(200)
MADE = synthetic(200, "b").frame
PAINTED, PLACE = paint(MADE, SAMPLE.valid, SAMPLE.lesion, 0.4, np.random.default_rng(0))
NOTHING = QAResult({})


def drawn(path: Path) -> NDArray[np.int16]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.mode == "RGB"
        return np.asarray(image, dtype=np.int16)


def near(pixels: NDArray[np.int16], colour: tuple[int, int, int], tolerance: int = 24) -> NDArray[np.bool_]:
    return np.abs(pixels - np.array(colour)).max(axis=-1) <= tolerance


def test_both_frames_are_shown_as_they_are(tmp_path: Path) -> None:
    frame = np.tile(np.linspace(0, 1, 400, dtype=np.float32), (400, 1))
    side_by_side(frame, frame**2, np.ones(frame.shape, dtype=bool), NOTHING, tmp_path / "a.png")
    pixels = drawn(tmp_path / "a.png")
    top = picture.MARGIN + 28
    for place, values in ((0, frame), (1, frame**2)):
        left = picture.MARGIN + place * (400 + picture.GAP)
        shown = pixels[top + 1 : top + 399, left + 1 : left + 399]  # less the outline
        np.testing.assert_array_equal(shown, np.rint(values[1:-1, 1:-1, None] * 255).astype(int).repeat(3, axis=2))


def test_a_curve_leaves_no_difference_and_a_painted_lesion_is_blue(tmp_path: Path) -> None:
    for name, made in (("good", MADE), ("painted", PAINTED)):
        result = check_frame(SAMPLE.frame, made, SAMPLE.valid)
        side_by_side(SAMPLE.frame, made, SAMPLE.valid, result, tmp_path / f"{name}.png")
    rows, columns = picture.LEAST_ROWS, round(224 * picture.LEAST_ROWS / 208)
    left, top = picture.MARGIN + 2 * (columns + picture.GAP), picture.MARGIN + 28
    place = np.asarray(Image.fromarray(PLACE).resize((columns, rows)))
    blueness = []
    for name in ("good", "painted"):
        panel = drawn(tmp_path / f"{name}.png")[top : top + rows, left : left + columns]
        blueness.append(float((panel[..., 2] - panel[..., 0])[place].mean()))
    assert abs(blueness[0]) < 45
    assert blueness[1] > 65
    assert blueness[1] > blueness[0] + 60


def test_what_a_scanner_writes_around_the_image_is_not_shown(tmp_path: Path) -> None:
    screen, valid = np.zeros((600, 700), dtype=np.float32), np.zeros((600, 700), dtype=bool)
    screen[:50] = np.tile([0, 1], 350)  # name and birth date
    screen[200:408, 200:424], valid[200:408, 200:424] = SAMPLE.frame, SAMPLE.valid
    made = np.where(valid, screen * np.float32(0.7), screen)
    marks = ((260, 300, 30),)
    side_by_side(screen, made, valid, QAResult({}, ("look",), marks), tmp_path / "screen.png", lesion=valid & False)
    inside = (slice(200, 408), slice(200, 424))
    marks = ((60, 100, 30),)
    side_by_side(screen[inside], made[inside], valid[inside], QAResult({}, ("look",), marks), tmp_path / "cut.png")
    np.testing.assert_array_equal(drawn(tmp_path / "screen.png"), drawn(tmp_path / "cut.png"))


def test_the_verdict_has_the_colour_of_the_verdict(tmp_path: Path) -> None:
    good, bad = QAResult({}), QAResult({}, ("something is wrong with it",))
    for name, result in (("good", good), ("bad", bad)):
        side_by_side(SAMPLE.frame, MADE, SAMPLE.valid, result, tmp_path / f"{name}.png")
    pixels = {name: drawn(tmp_path / f"{name}.png") for name in ("good", "bad")}
    assert near(pixels["good"], picture.GOOD).sum() > 200
    assert near(pixels["good"], picture.BAD).sum() == 0
    assert near(pixels["bad"], picture.BAD).sum() > 200
    assert near(pixels["bad"], picture.GOOD).sum() == 0


def test_marks_and_lesion_are_drawn_at_their_place(tmp_path: Path) -> None:
    marked = QAResult({}, ("look here",), ((60, 100, 30),))
    side_by_side(SAMPLE.frame, MADE, SAMPLE.valid, marked, tmp_path / "a.png", lesion=SAMPLE.lesion)
    pixels = drawn(tmp_path / "a.png")
    factor = picture.LEAST_ROWS / SAMPLE.frame.shape[0]
    top = picture.MARGIN + 28
    ring = near(pixels[top : top + picture.LEAST_ROWS, picture.MARGIN :], picture.BAD)[:, : round(224 * factor)]
    rows, columns = np.nonzero(ring)
    radius = np.hypot(rows - 60 * factor, columns - 100 * factor) / factor
    assert len(rows) > 100
    assert np.abs(np.median(radius) - 30) < 2
    yellow = near(pixels[top : top + picture.LEAST_ROWS, picture.MARGIN :], picture.LESION)[:, : round(224 * factor)]
    rows, columns = np.nonzero(yellow)
    inside = SAMPLE.lesion.nonzero()
    assert abs(rows.mean() / factor - inside[0].mean()) < 3
    assert abs(columns.mean() / factor - inside[1].mean()) < 3


def test_warnings_wrap_and_make_the_picture_higher(tmp_path: Path) -> None:
    few, many = QAResult({}, ("short",)), QAResult({}, ("a long warning " * 20, "another", "and a third"))
    for name, result in (("few", few), ("many", many)):
        side_by_side(SAMPLE.frame, MADE, SAMPLE.valid, result, tmp_path / f"{name}.png")
    few_pixels, many_pixels = drawn(tmp_path / "few.png"), drawn(tmp_path / "many.png")
    assert many_pixels.shape[0] >= few_pixels.shape[0] + 4 * 26
    margin = many_pixels[:, -picture.MARGIN :]
    assert near(margin, picture.BACKGROUND, 0).all()  # nothing runs over the right edge


def test_title_and_figures_are_drawn(tmp_path: Path) -> None:
    result = check_frame(SAMPLE.frame, MADE, SAMPLE.valid, lesion=SAMPLE.lesion)
    side_by_side(SAMPLE.frame, MADE, SAMPLE.valid, NOTHING, tmp_path / "plain.png")
    side_by_side(SAMPLE.frame, MADE, SAMPLE.valid, result, tmp_path / "full.png", title=("image.png", "a to b"))
    assert drawn(tmp_path / "full.png").shape[0] > drawn(tmp_path / "plain.png").shape[0] + 60


@pytest.mark.parametrize("size", [(1, 1), (400, 1), (1, 400), (5, 8), (1500, 900), (100, 2000)])
def test_any_size_fits(size: tuple[int, int], tmp_path: Path) -> None:
    frame = np.random.default_rng(0).random(size, dtype=np.float32)
    for valid in (np.ones(size, dtype=bool), np.zeros(size, dtype=bool)):
        side_by_side(frame, 1 - frame, valid, NOTHING, tmp_path / "a.png")
        pixels = drawn(tmp_path / "a.png")
        assert pixels.shape[0] < 900
        assert pixels.shape[1] < 1900


def test_other_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pixels for an original of"):
        side_by_side(SAMPLE.frame, MADE[1:], SAMPLE.valid, NOTHING, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_it_is_fast_enough_for_every_image_of_a_cohort(tmp_path: Path) -> None:
    times = []
    for _ in range(4):
        before = time.process_time()
        side_by_side(SAMPLE.frame, MADE, SAMPLE.valid, NOTHING, tmp_path / "a.png")
        times.append(time.process_time() - before)
    assert min(times) < 0.2  # 0.05 on a quiet machine
