"""``usharmonize phantom-study``, whole: a tiny one, gone on with, and refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from USHarmonizationLib.cli import main
from USHarmonizationLib.files import read_image
from USHarmonizationLib.phantom_study import stages
from USHarmonizationLib.phantom_study.settings import Study

TINY = [
    "--variant", "texture", "--training-images", "12", "--pairs", "2", "--repeats", "2", "--steps", "2",
    "--size", "160", "--set", "crop=64", "--set", "batch=2", "--set", "compile=off", "--set", "calibration=3",
    "--set", "texture:width=4", "--set", "texture:body_width=4", "--set", "texture:critic_width=4",
    "--set", "minimum_images=4", "--set", "validation_images=2",
]  # fmt: skip


def test_a_whole_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "study"
    command = ["phantom-study", "--out", str(out), *TINY]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "PSNR" in shown
    assert "feature r" in shown
    report = json.loads((out / "phantom-study.json").read_text("utf-8"))
    assert report["methods"] == ["original", "fda", "histogram", "texture"]
    assert any(text.startswith("FID (efficientnet-lite0): ") for text in report["warnings"])
    assert "note: FID (efficientnet-lite0): " in shown
    table = report["table"]
    assert table["psnr"]["texture"]["sd_repeats"] is not None
    assert table["psnr"]["histogram"]["sd_repeats"] is None
    assert table["psnr"]["histogram"]["value"] > table["psnr"]["original"]["value"]
    assert -1 <= table["feature_correlation"]["original"]["value"] <= 1
    assert table["wires_kept"]["original"]["value"] == table["regions_kept"]["original"]["value"] == 1
    assert 0.5 <= table["contrast_order"]["histogram"]["value"] <= 1
    rows = list(csv.DictReader(io.StringIO((out / "registered" / "registration.csv").read_text("utf-8"))))
    assert [row["pair"] for row in rows] == ["pair-0001", "pair-0002"]
    assert all(float(row["true_error_mm"]) < 0.01 and float(row["overlap"]) > 0.5 for row in rows)
    _is_registered(out)
    for name in ("figure_4a_bars.png", "figure_4a_bars.svg", "phantom-study.csv", "evaluation/1/figure_5_panel.png"):
        assert (out / name).is_file(), name

    # A second call finds all of it done, and says the same.
    bundle = out / "bundles" / "texture-0" / "generator.safetensors"
    before = bundle.stat().st_mtime_ns, (out / "phantom-study.json").read_bytes()
    assert main(command) == 0
    assert capsys.readouterr().out == shown
    assert (bundle.stat().st_mtime_ns, (out / "phantom-study.json").read_bytes()) == before

    # Another study has no place there.
    assert main([*command, "--seed", "4"]) == 2
    assert "holds a simulation with seed 0, not 4; name another folder" in capsys.readouterr().err


def test_trainings_that_lost_the_content_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = {"texture-0": 0.85, "texture-1": 0.42}
    monkeypatch.setattr(
        "USHarmonizationLib.bundle.read_bundle",
        lambda folder: SimpleNamespace(
            metrics={"validation": {"content_agreement": reached[folder.name]}}, training={"content_floor": 0.8}
        ),
    )
    (line,) = stages.distrusted(Study(variants=("texture",), repeats=2), Path("study"))
    assert line.startswith("texture, repeat 2: its content agreement is 0.420, below 0.8")


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phantom-study", "--out", str(tmp_path / "a"), "--variant", "cyclegun"]) == 2
    assert "unknown variant 'cyclegun'; known: cyclegan, " in capsys.readouterr().err
    assert main(["phantom-study", "--out", str(tmp_path / "a"), "--source", "ge-logiq-5", "--variant", "texture"]) == 2
    assert "ge-logiq-5" in capsys.readouterr().err
    for option, value, told in (
        ("--size", "10", "matrix is"),
        ("--jobs", "0", "jobs is 0"),
        ("--probe", "x", "no probe"),
        ("--device", "gpux", "gpux"),
    ):
        assert main(["phantom-study", "--out", str(tmp_path / "a"), *TINY, option, value]) == 2
        assert told in capsys.readouterr().err
    assert not (tmp_path / "a").exists(), "what is right must find no trace of what was wrong"


def _is_registered(out: Path) -> None:
    """The original on the target's grid is what the true transform makes of the source scanner's image."""
    pair = json.loads((out / "pairs" / "truth.json").read_text("utf-8"))["pairs"][0]
    fixed, moving = (read_image(out / "pairs" / pair[side]["image"]) for side in ("fixed", "moving"))
    matrix = np.array(pair["fixed_to_moving_mm"])
    rows, columns = np.indices(fixed.size)
    points = np.stack([columns, rows], axis=-1) * fixed.spacing_mm[::-1] @ matrix[:, :2].T + matrix[:, 2]
    places = [points[..., 1] / moving.spacing_mm[0], points[..., 0] / moving.spacing_mm[1]]
    expected = map_coordinates(moving.luma(0), places, order=1)
    registered, common = (
        read_image(out / "registered" / role / "pair-0001.png").luma(0) for role in ("original", "overlap")
    )
    assert np.abs(registered - expected)[common > 0].max() < 0.02
