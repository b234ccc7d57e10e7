"""Burned-in graphics: drawn ones on synthetic tissue, then frames that were marked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.overlay_accuracy import lesion_share, measure
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from USHarmonizationLib.overlay import find_overlay

SIZE = (320, 400)
EVERYWHERE = np.ones(SIZE, dtype=bool)


def tissue(seed: int = 0, size: tuple[int, int] = SIZE) -> NDArray[np.float32]:
    """Log-compressed speckle (hence the root) under slow changes of brightness."""
    rng = np.random.default_rng(seed)
    amplitude = np.hypot(*ndimage.gaussian_filter(rng.normal(size=(2, *size)), (0, 1.0, 2.0)))
    slow = ndimage.gaussian_filter(rng.normal(size=size), 25)
    frame = 0.3 * np.sqrt(amplitude / amplitude.mean()) * (1 + 0.3 * slow / max(float(slow.std()), 1e-6))
    return np.clip(frame, 0, 1).astype(np.float32)


def drawn(frame: NDArray[np.float32], level: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The frame with a line of text and two callipers, and their strokes."""
    strokes = Image.new("L", frame.shape[::-1])
    draw = ImageDraw.Draw(strokes)
    draw.text((60, 250), "LEFT BREAST 3H", fill=255, font=ImageFont.load_default(16))
    for row, column in ((100, 120), (150, 260)):
        draw.line((column - 6, row, column + 6, row), fill=255, width=2)
        draw.line((column, row - 6, column, row + 6), fill=255, width=2)
    opacity = np.asarray(strokes, dtype=np.float32) / 255
    return (frame * (1 - opacity) + level * opacity).astype(np.float32), opacity > 0.5


@pytest.mark.parametrize("level", [0.8, 1.0])
def test_finds_text_and_callipers(level: float) -> None:
    frame, strokes = drawn(tissue(), level)
    found = find_overlay(frame, EVERYWHERE)
    assert found[strokes].mean() > 0.9
    assert (found & ~ndimage.binary_dilation(strokes, iterations=3)).sum() < 0.2 * strokes.sum()


def test_speckle_is_no_graphics() -> None:
    assert np.mean([find_overlay(tissue(seed), EVERYWHERE).mean() for seed in range(4)]) < 0.002


def test_specular_reflections_and_calcifications_are_no_graphics() -> None:
    frame = tissue()
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    fascia = np.exp(-(((rows - 120 - 12 * np.sin(columns / 60)) / 2.0) ** 2))
    spots = sum(
        np.exp(-(((rows - row) / 2.0) ** 2) - ((columns - column) / 3.0) ** 2)
        for row, column in [(200, 100), (215, 130), (190, 160), (222, 181)]
    )
    bright = np.clip(frame + 0.7 * fascia + 0.8 * spots, 0, 1).astype(np.float32)
    assert find_overlay(bright, EVERYWHERE).mean() < 0.004


def test_outside_the_sector_whatever_stands_out_is_graphics() -> None:
    sector = np.zeros(SIZE, dtype=bool)
    sector[40:280, 80:320] = True
    frame = np.where(sector, tissue(), np.float32(0.05))
    frame[10:14, 10:60] = 0.6
    found = find_overlay(frame, sector)
    assert found[9:15, 9:61].all()
    assert found[~ndimage.binary_dilation(sector, iterations=2)].sum() == 6 * 52


def test_without_a_sector_the_network_is_not_asked() -> None:
    assert not find_overlay(tissue() * 0, np.zeros(SIZE, dtype=bool)).any()


@settings(max_examples=15)
@given(st.integers(1, 30), st.integers(1, 30))
def test_any_size(rows: int, columns: int) -> None:
    found = find_overlay(tissue(size=(rows, columns)), np.ones((rows, columns), dtype=bool))
    assert found.shape == (rows, columns)
    assert found.dtype == bool


def test_the_same_frame_gives_the_same_mask_and_stays_as_it_was() -> None:
    frame, _ = drawn(tissue(), 1.0)
    before = frame.copy()
    assert (find_overlay(frame, EVERYWHERE) == find_overlay(frame, EVERYWHERE)).all()
    assert (frame == before).all()


def test_on_frames_marked_by_hand(shared_data: Path) -> None:
    """Patients that the network never saw."""
    figures = measure(shared_data / "busbra", "held-out")
    assert figures["recall"]["all"] > 0.85
    assert figures["precision"]["all"] > 0.8
    assert figures["items"]["all"] > 0.88
    assert figures["lesions"]["all"] < 0.005


def test_lesions_stay_tissue(shared_data: Path) -> None:
    """Callipers that lie on the rims of lesions are among what is found."""
    assert lesion_share(shared_data / "busbra", every=20)["share"] < 0.025
