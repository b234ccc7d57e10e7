"""Filling holes: values worked by hand, then properties."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from USHarmonizationLib.fill import NOTHING_KNOWN, fill

SIZES = st.tuples(st.integers(1, 12), st.integers(1, 12))


def test_goes_on_as_its_mirror_image() -> None:
    frame = np.array([[0.1, 0.2, 0.3, 0.4, 0.9, 0.9, 0.9]], dtype=np.float32)
    hole = np.array([[False, False, False, False, True, True, True]])
    # The nearest pixel outside (0.4) is the axis: 0.3, 0.2, 0.1 follow.
    assert fill(frame, hole).tolist() == np.array([[0.1, 0.2, 0.3, 0.4, 0.3, 0.2, 0.1]], dtype=np.float32).tolist()


def test_takes_the_nearest_pixel_where_the_mirror_shows_nothing() -> None:
    frame = np.array([[0.2, 0.6, 0.0, 0.0, 0.0]], dtype=np.float32)
    hole = np.array([[False, False, True, True, True]])
    assert fill(frame, hole).tolist() == np.array([[0.2, 0.6, 0.2, 0.6, 0.6]], dtype=np.float32).tolist()


def test_a_stroke_between_two_greys_gets_each_from_its_side() -> None:
    frame = np.full((9, 9), 0.25, dtype=np.float32)
    frame[:, 5:] = 0.75
    frame[:, 3:6] = 1.0  # the stroke
    filled = fill(frame, frame == 1.0)
    assert filled[:, 3].tolist() == [0.25] * 9
    assert filled[:, 5].tolist() == [0.75] * 9


def test_no_hole_gives_the_frame_itself() -> None:
    frame = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    assert fill(frame, np.zeros((5, 7), dtype=bool)) is frame


def test_nothing_but_hole_gives_mid_grey() -> None:
    filled = fill(np.ones((3, 4), dtype=np.float32), np.ones((3, 4), dtype=bool))
    assert filled.dtype == np.float32
    assert (filled == NOTHING_KNOWN).all()


@given(st.data(), SIZES)
def test_outside_the_hole_all_stays_and_inside_all_comes_from_outside(
    data: st.DataObject, size: tuple[int, int]
) -> None:
    frame = data.draw(arrays(np.float32, size, elements=st.floats(0, 1, width=32)))
    hole = data.draw(arrays(np.bool_, size))
    before = frame.copy()
    filled = fill(frame, hole)
    assert (frame == before).all()
    assert filled.dtype == np.float32
    assert (filled[~hole] == frame[~hole]).all()
    if not hole.all():
        assert set(filled[hole].tolist()) <= set(frame[~hole].tolist())


def test_text_on_speckle_leaves_no_trace_in_the_spectrum() -> None:
    rng = np.random.default_rng(0)
    tissue = rng.rayleigh(0.2, (128, 128)).clip(0, 1).astype(np.float32)
    hole = np.zeros(tissue.shape, dtype=bool)
    hole[60:70, 20:100:4] = True
    marked = np.where(hole, np.float32(1), tissue)

    def power(frame: np.ndarray) -> float:
        spectrum = np.abs(np.fft.fft2(frame - frame.mean())) ** 2
        return float(spectrum[0, 32])  # the period of the strokes

    assert power(fill(marked, hole)) < 0.05 * power(marked)
