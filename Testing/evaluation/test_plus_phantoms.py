"""Wires found in real frames of two scanners, and how exactly they are registered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluation.plus_phantoms import (
    BK,
    BK_SPACING_MM,
    ULTRASONIX,
    across_scanners,
    find_wires,
    sequence,
    summary,
    within_scanner,
)
from scipy import ndimage

# Frame 0 of the BK as the Plus toolkit's own segmentation has it (PlusLibData, TestImages,
# SegmentationTest_BKMedical_RandomStepperMotionData2_Segmentation_baseline.xml), in our order; column, row.
PLUS = [
    [462.241, 354.852],
    [399.353, 351.498],
    [295.157, 347.782],
    [467.225, 275.367],
    [363.75, 268.207],
    [297.515, 268.702],
]


def test_wires_are_found_at_sub_pixel_precision() -> None:
    true = np.array([[150.3, 80.0], [230.6, 82.2], [300.1, 84.4], [152.2, 160.1], [205.5, 161.7], [302.4, 164.8]])
    frame = np.zeros((300, 400))
    columns, rows = np.meshgrid(np.arange(400), np.arange(300))
    for x, y in true:
        frame += np.exp(-((columns - x) ** 2 / 18 + (rows - y) ** 2 / 5))
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=frame.shape), 2)
    noisy = np.clip(0.7 * frame + 0.05 * noise / noise.std(), 0, 1).astype(np.float32)
    found = find_wires(noisy, probe_below=False)
    assert found is not None
    assert np.abs(found - true).max() < 0.7
    turned = find_wires(np.ascontiguousarray(noisy[::-1, ::-1]), probe_below=True)
    assert turned is not None
    assert turned == pytest.approx(np.array([399, 299]) - found, abs=0.05)
    assert find_wires(np.zeros((300, 400), np.float32), probe_below=False) is None


def test_bk_and_ultrasonix_phantoms_are_registered(shared_data: Path) -> None:
    plus = shared_data / "plus_phantoms"
    _, bk = sequence(plus / BK, probe_below=True)
    frames, ultrasonix = sequence(plus / ULTRASONIX, probe_below=False, step=6)
    assert len(bk) == 6
    assert len(ultrasonix) >= 0.9 * len(frames)
    # Echoes are up to 20 pixels long and lopsided, so two ways to find their centre differ by some.
    apart = np.linalg.norm((bk[0].points - PLUS) * BK_SPACING_MM[::-1], axis=1)
    assert apart.mean() < 0.5
    assert apart.max() < 1.2
    assert summary(within_scanner(bk))["left_out_tre_mm"] < 0.15
    # Rows of 43 mm, 20 mm apart; not known to be one specimen, nor from which end it was seen.
    turned = summary([one for _, _, one in across_scanners(bk, ultrasonix, "similarity")])
    assert turned["fre_mm"] < 0.8
    assert turned["left_out_tre_mm"] < 1.2
    mirrored = across_scanners(bk, [one.flipped() for one in ultrasonix], "affine")
    assert summary([one for _, _, one in mirrored])["left_out_tre_mm"] < 0.6
