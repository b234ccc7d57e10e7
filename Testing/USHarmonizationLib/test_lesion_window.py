"""Windows around lesions: what is cut, and what lies beyond the frame's border."""

from __future__ import annotations

import numpy as np
import pytest

from USHarmonizationLib.lesion_window import exact_window, mirrored_window, touches_border


def _mask(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((20, 31), dtype=bool)
    mask[rows, columns] = True
    return mask


def test_an_exact_window_is_the_lesion_and_what_filters_reach() -> None:
    mask = _mask(slice(8, 12), slice(10, 15))
    assert exact_window(mask, (2, 3), 1) == (slice(5, 16), slice(7, 19))


def test_an_exact_window_ends_at_the_frame() -> None:
    assert exact_window(_mask(slice(3, 17), slice(10, 15)), (2, 3), 4) == (slice(0, 20), slice(4, 22))


@pytest.mark.parametrize(
    ("rows", "touches"), [(slice(2, 17), False), (slice(1, 10), True), (slice(5, 18), True), (slice(0, 20), True)]
)
def test_an_axis_is_not_cut_where_filters_leave_the_frame(rows: slice, touches: bool) -> None:
    mask = _mask(rows, slice(10, 15))
    assert touches_border(mask, (2, 3), 0) is touches
    assert not touches_border(mask, (2, 3), 1)
    assert (exact_window(mask, (2, 3), 0)[0] == slice(None)) is touches


def test_a_mirrored_window_has_even_sizes_and_mirrors_the_border_pixel_twice() -> None:
    image = np.arange(20 * 31, dtype=np.float32).reshape(20, 31)
    window, lesion = mirrored_window(image, _mask(slice(0, 3), slice(10, 14)), 2)
    assert window.shape == lesion.shape == (8, 8)
    np.testing.assert_array_equal(window[:4, 2], image[[1, 0, 0, 1], 10])
    assert np.argwhere(lesion).min(axis=0).tolist() == [2, 2]
    assert lesion.sum() == 12
