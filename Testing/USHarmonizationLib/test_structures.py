"""Structures of known place: drawn ones measured to the pixel, and each way to lose one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from USHarmonizationLib.errors import InputError
from USHarmonizationLib.structures import order_kept, region, region_kept, wire, wire_kept

Frame = NDArray[np.float32]
SIZE = 80
EVERYWHERE = np.ones((SIZE, SIZE), dtype=bool)


def disk(row: float = 40, column: float = 36, radius: float = 10) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[:SIZE, :SIZE]
    return np.asarray((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)


def drawn(inside: float, around: float = 0.4, noise: float = 0.0, **place: float) -> Frame:
    frame = np.where(disk(**place), inside, around) + noise * np.random.default_rng(0).standard_normal((SIZE, SIZE))
    return np.clip(frame, 0, 1).astype(np.float32)


@pytest.mark.parametrize("inside", [0.0, 0.2, 0.8])
def test_a_disk_is_measured(inside: float) -> None:
    found = region(drawn(inside, noise=0.02), disk(), EVERYWHERE)
    assert found.inside == pytest.approx(inside, abs=0.02)
    assert found.around == pytest.approx(0.4, abs=0.01)
    assert (found.row, found.column) == (pytest.approx(40, abs=0.5), pytest.approx(36, abs=0.5))
    assert found.diameter == pytest.approx(20, abs=1.5)
    assert found.contrast == pytest.approx((inside - 0.4) / (inside + 0.4), abs=0.05)


@given(st.floats(0.3, 3.0), st.floats(0.0, 0.3))
def test_any_rising_curve_keeps_a_cyst(power: float, lift: float) -> None:
    frame = drawn(0.0)
    curved = ((1 - lift) * frame**power + lift * frame).astype(np.float32)
    before, after = (region(one, disk(), EVERYWHERE) for one in (frame, curved))
    assert region_kept(before, after)
    assert after.diameter == pytest.approx(before.diameter, abs=0.5)


def test_a_filled_an_erased_and_an_inverted_cyst_are_lost() -> None:
    before = region(drawn(0.05), disk(), EVERYWHERE)
    assert not region_kept(before, region(drawn(0.25), disk(), EVERYWHERE))
    assert not region_kept(before, region(drawn(0.4), disk(), EVERYWHERE))
    assert not region_kept(before, region(drawn(0.7), disk(), EVERYWHERE))
    assert region_kept(before, region(drawn(0.06), disk(), EVERYWHERE))


def test_a_moved_and_a_shrunken_disk_are_seen() -> None:
    moved = region(drawn(0.0, row=42), disk(), EVERYWHERE)
    assert moved.row == pytest.approx(42, abs=0.5)
    small = region(drawn(0.0, radius=7), disk(), EVERYWHERE)
    assert small.diameter == pytest.approx(14, abs=1)


def test_a_wire_is_found_and_its_loss_is_noticed() -> None:
    frame = np.random.default_rng(0).uniform(0.2, 0.4, (SIZE, SIZE)).astype(np.float32)
    with_wire, moved = frame.copy(), frame.copy()
    with_wire[30, 50], moved[33, 50] = 0.9, 0.9
    before = wire(with_wire, 31, 49, EVERYWHERE)
    assert (before.row, before.column, before.stands_out) == (30, 50, 1.0)
    assert before.height == pytest.approx(0.6, abs=0.02)
    assert wire_kept(before, wire(with_wire**2, 31, 49, EVERYWHERE))
    assert not wire_kept(before, wire(frame, 31, 49, EVERYWHERE))
    assert not wire_kept(before, wire(moved, 31, 49, EVERYWHERE))
    assert wire_kept(wire(np.full_like(frame, 0.3), 31, 49, EVERYWHERE), before)


def test_the_order_of_contrasts() -> None:
    assert order_kept([-0.5, 0.0, 0.1, 0.4], [-0.9, -0.1, 0.3, 0.5]) == pytest.approx(1)
    assert order_kept([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert np.isnan(order_kept([1], [1]))


def test_what_cannot_be_measured_is_said() -> None:
    with pytest.raises(InputError, match="the region is empty"):
        region(drawn(0.0), ~EVERYWHERE, EVERYWHERE)
    with pytest.raises(InputError, match="fewer than 12 pixels"):
        region(drawn(0.0), disk(), disk())
    with pytest.raises(InputError, match="no tissue around a wire"):
        wire(drawn(0.0), 40, 36, ~EVERYWHERE)
    with pytest.raises(InputError, match=r"frame of \(80, 80\)"):
        region(drawn(0.0), disk()[:40], EVERYWHERE)
