"""From envelope to grey and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from USHarmonizationLib.simulation.display import (
    apply_grey_map,
    compress,
    decompress,
    invert_grey_map,
    post_process,
    scan_convert,
    to_bytes,
)
from USHarmonizationLib.simulation.geometry import geometry
from USHarmonizationLib.simulation.settings import imaging, simulated

HOW = imaging("hitachi-preirus", "linear")


@given(level=st.floats(-30, 30))
def test_compression_is_logarithmic_between_black_and_white(level: float) -> None:
    made = compress(np.float32([10 ** (level / 20)]), HOW)
    assert decompress(made, HOW)[0] == pytest.approx(level, abs=1e-3)


def test_what_is_beyond_black_and_white_is_cut_off() -> None:
    echo = np.float32([0, 10 ** ((HOW.black_db - 1) / 20), 10 ** (HOW.white_db / 20), 10 ** ((HOW.white_db + 9) / 20)])
    assert compress(echo, HOW).tolist() == pytest.approx([0, 0, 1, 1], abs=1e-6)


@pytest.mark.parametrize("scanner", simulated())
def test_grey_maps_go_through_their_points_and_can_be_inverted(scanner: str) -> None:
    how = imaging(scanner)
    echo, grey = np.array(how.grey_map, dtype=np.float32).T
    assert apply_grey_map(echo, how) == pytest.approx(grey, abs=1e-3)
    values = np.linspace(0, 1, 201, dtype=np.float32)
    assert np.all(np.diff(apply_grey_map(values, how)) > 0)
    assert invert_grey_map(apply_grey_map(values, how), how) == pytest.approx(values, abs=1e-3)


@pytest.mark.parametrize("probe", ["linear", "convex"])
def test_scan_conversion_puts_each_sample_where_it_lies(probe: str) -> None:
    how = imaging("siemens-s2000", probe)
    shape, lines = geometry(how), how.probe.lines
    row_mm = 0.1
    depth = np.arange(round(how.probe.depth_mm / row_mm) + 1, dtype=np.float32) * np.float32(row_mm)
    along = np.broadcast_to(depth[:, None], (depth.size, lines))
    across = np.broadcast_to(np.linspace(0, 1, lines, dtype=np.float32), (depth.size, lines))
    pixels = shape.pixels_in_beams
    middle = shape.sector & (pixels[0] > 2) & (pixels[0] < how.probe.depth_mm - 2)
    for beams, expected in zip((along, across), pixels, strict=True):
        made = scan_convert(np.ascontiguousarray(beams), row_mm, how)
        assert np.abs(made - expected)[middle].max() < 0.06


def test_an_even_picture_stays_even_up_to_its_border_and_black_outside() -> None:
    how = imaging("esaote-mylab-classc", "convex")
    made = post_process(np.full(how.matrix, 0.5, dtype=np.float32), how)
    sector = geometry(how).sector
    assert made[sector] == pytest.approx(0.5, abs=1e-5)
    assert not made[~sector].any()


def test_edge_enhancement_raises_contrast_at_an_edge_only() -> None:
    how = replace(HOW, speckle_strength=0.0, edge_amount=1.0)
    step = np.where(np.arange(how.matrix[1]) < 256, np.float32(0.3), np.float32(0.6))
    made = post_process(np.broadcast_to(step, how.matrix).astype(np.float32), how)
    assert made[100, 255] < 0.25
    assert made[100, 256] > 0.65
    assert made[100, 200] == pytest.approx(0.3, abs=1e-3)


def test_speckle_reduction_smooths_speckle_and_keeps_an_edge() -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, HOW.matrix)
    step = np.where(np.arange(HOW.matrix[1]) < 256, 0.3, 0.7) + noise
    how = replace(HOW, speckle_strength=1.0, edge_amount=0.0)
    made = post_process(step.astype(np.float32), how)
    assert made[100:400, 100:240].std() < 0.6 * noise[100:400, 100:240].std()
    assert made[100:400, 257].mean() - made[100:400, 254].mean() > 0.35


def test_bytes() -> None:
    assert to_bytes(np.float32([-1, 0, 0.5, 1, 2])).tolist() == [0, 0, 128, 255, 255]
