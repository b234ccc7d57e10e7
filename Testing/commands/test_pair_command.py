"""``usharmonize pair`` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from USHarmonizationLib.cli import main

LANDMARKS = "label,x_px,y_px\na,30,30\nb,120,35\nc,110,90\nd,40,95\n"


@pytest.fixture
def study(tmp_path: Path) -> list[str]:
    """Arguments that name two images, the moving one 10 columns to the right, and their landmarks."""
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(120, 170)), 3)
    frame = np.rint(np.clip(130 + 50 * noise / noise.std(), 20, 255)).astype(np.uint8)
    Image.fromarray(frame[:, 10:]).save(tmp_path / "fixed.png")
    Image.fromarray(frame[:, :160]).save(tmp_path / "moving.png")
    (tmp_path / "fixed.csv").write_text(LANDMARKS)
    (tmp_path / "moving.csv").write_text("label,x_px,y_px\na,40,30\nb,130,35\nc,120,90\nd,50,95\n")
    (tmp_path / "swapped.csv").write_text("label,x_px,y_px\na,130,35\nb,40,30\nc,120,90\nd,50,95\n")
    return [
        *("pair", str(tmp_path / "fixed.png"), str(tmp_path / "moving.png")),
        *("--landmarks", str(tmp_path / "fixed.csv"), str(tmp_path / "moving.csv")),
        *("--fixed-spacing", "0.2", "--moving-spacing", "0.2,0.2", "--out", str(tmp_path / "out")),
    ]


def test_figures_for_people_and_for_programs(study: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*study, "--transform", "rigid", "--refine"]) == 0
    printed = capsys.readouterr().out
    assert "rigid: 4 landmarks, FRE 0.000 mm, left out 0.000 mm; rotation 0.00 degrees, scale 1.0000; " in printed
    assert "refinement: mutual information" in printed
    assert main([*study, "--transform", "rigid", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["registration"]["offset_mm"] == pytest.approx([2.0, 0.0], abs=1e-9)
    assert report["overlap_of_fixed_tissue"] > 0.8


@pytest.mark.parametrize(
    ("changed", "code", "reason"),
    [
        (["--transform", "bspline"], 2, "unknown transform 'bspline'; known: rigid, similarity, affine, tps"),
        (["--transform", "tps", "--refine"], 2, "tps transform cannot be refined"),
        (["--transform", "rigid", "--frame", "3"], 2, "no frame 3; it has 1"),
        (["--transform", "rigid", "--fixed-spacing", "wide"], 2, "--fixed-spacing 'wide'; needed: one or two numbers"),
        (["--transform", "rigid", "--moving-spacing", "0"], 2, "--moving-spacing '0'; needed"),
        ([], 2, "transform"),
        (["--transform", "rigid", "--landmarks", "fixed.csv", "swapped.csv"], 1, "fixed = moving: a = b, b = a, c = c"),
        (["--transform", "rigid", "--landmarks", "fixed.csv", "none.csv"], 1, "none.csv: no such file"),
    ],
)
def test_what_goes_wrong_is_one_line_and_the_exit_code(
    study: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: list[str],
    code: int,
    reason: str,
) -> None:
    named = [str(tmp_path / part) if part.endswith(".csv") else part for part in changed]
    assert main([*study, *named]) == code
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()
