from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from USHarmonizationLib.errors import InputError
from USHarmonizationLib.files.checks import check_content, check_size, grey_share, intensity_range
from USHarmonizationLib.image import Region, UltrasoundImage


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([3, 4], np.uint8), (0, 255)),
        (np.array([0, 200], np.uint16), (0, 255)),
        (np.array([0, 256], np.uint16), (0, 511)),
        (np.array([0, 4000], np.uint16), (0, 4095)),
        (np.array([0, 4000], np.int32), (0, 4095)),
        (np.array([-1, 4000], np.int16), (-1, 4000)),
        (np.array([0.0, 0.5]), (0, 1)),
        (np.array([0.0, 1.5]), (0, 255)),
        (np.array([0.0, 300.0]), (0, 300)),
        (np.array([-2.0, 1.0], np.float32), (-2, 1)),
        (np.array([-7.0, -7.0]), (-7, 0)),
    ],
)
def test_black_and_white(pixels: NDArray[np.generic], expected: tuple[float, float]) -> None:
    assert intensity_range(pixels) == expected


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_have_no_range(wrong: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        intensity_range(np.array([0.0, wrong]))


@given(arrays(st.sampled_from([np.uint8, np.uint16, np.int16, np.float32]), 5, elements=st.integers(0, 120)))
def test_no_value_lies_outside_its_range(pixels: NDArray[np.generic]) -> None:
    low, high = intensity_range(pixels)

    assert low < high
    assert low <= pixels.min() <= pixels.max() <= high


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((1, 0, 5), "has no pixels"),
        ((0, 5, 5), "has no pixels"),
        ((1, 10_001, 10_000), "at most 100 million"),
        ((44, 10_000, 10_000), "GiB; at most 4 GiB"),
        ((15, 10_000, 10_000, 3), "GiB; at most 4 GiB"),
    ],
)
def test_size_that_is_refused(shape: tuple[int, ...], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_size(Path("a"), shape, 1)


def test_size_that_is_not() -> None:
    check_size(Path("a"), (1, 5000, 5000, 3), 2)
    check_size(Path("a"), (42, 10_000, 10_000), 1)
    check_size(Path("a"), (1, 1, 500), 1)


def colours(grey: int, coloured: int, black: int = 0) -> NDArray[np.uint8]:
    """One frame of one row with so many grey, red and black pixels."""
    values = [[90, 90, 90]] * grey + [[200, 0, 0]] * coloured + [[0, 0, 0]] * black
    return np.array(values, dtype=np.uint8)[None, None]


def image(*frames: NDArray[np.uint8], regions: tuple[Region, ...] = ()) -> UltrasoundImage:
    return UltrasoundImage(np.concatenate(frames), (0, 255), regions=regions, path=Path("a"))


def test_share_of_grey_is_one_of_bright_pixels() -> None:
    assert grey_share(image(colours(30, 70, 900)), 0) == pytest.approx(0.3)
    assert grey_share(image(colours(0, 0, 10)), 0) == 1


def test_colour_alone_is_refused_and_a_fifth_of_grey_is_not() -> None:
    with pytest.raises(InputError, match="81 % of its bright pixels are coloured"):
        check_content(image(colours(19, 81)))
    check_content(image(colours(21, 79)))


def test_one_frame_with_tissue_is_enough() -> None:
    check_content(image(colours(0, 10), colours(0, 10), colours(5, 5)))


def test_graphics_outside_the_picture_do_not_count() -> None:
    regions = (Region((0, 0, 1, 10), "b-mode", None), Region((0, 50, 1, 60), "other", None))

    check_content(image(colours(10, 90), regions=regions))
    with pytest.raises(InputError, match="100 %"):
        check_content(image(colours(10, 90)[:, :, ::-1], regions=regions))


@pytest.mark.parametrize("value", [0, 77])
def test_blank_in_all_frames_is_refused(value: int) -> None:
    blank = np.full((1, 1, 9, 3), value, dtype=np.uint8)

    with pytest.raises(InputError, match="is blank"):
        check_content(image(blank, blank))
    check_content(image(blank, colours(9, 0)[:, :, :9] + np.arange(27, dtype=np.uint8).reshape(9, 3) // 3))
