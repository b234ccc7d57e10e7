"""``usharmonize evaluate`` from outside: output, exit codes, one line for what is wrong; and real images."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_frames import synthetic

from USHarmonizationLib import cli

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    for seed in range(5):
        for role, scanner in (("original", "a"), ("target", "b"), ("made", "b")):
            frame = synthetic(seed, scanner, (104, 112)).frame
            shown = np.rint(frame * 250 + (role == "made")).astype(np.uint8)
            (tmp_path / role).mkdir(exist_ok=True)
            Image.fromarray(shown).save(tmp_path / role / f"{seed}.png")
    named = {role: str(tmp_path / role) for role in ("original", "target", "made", "out")}
    arguments = ["--original", named["original"], "--target", named["target"], "--out", named["out"]]
    return ["evaluate", *arguments, "--generated", f"CycleGAN + SN={named['made']}", "--extractor", "none"]


def test_a_table_on_the_screen(folders: list[str], capsys: Captured) -> None:
    assert cli.main([*folders, "--paired"]) == 0
    said = capsys.readouterr()
    assert "figure   against   original" in said.out
    assert "CycleGAN + SN" in said.out
    assert "5 images, 0 failed" in said.out
    assert "note: no masks: no texture features" in said.err


def test_json_for_programs(folders: list[str], capsys: Captured, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "made", tmp_path / "FDA")
    assert cli.main([*folders, "--json", "--generated", str(tmp_path / "FDA")]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["images"] == 5
    assert {one["method"] for one in content["figures"]} == {"CycleGAN + SN", "FDA"}
    assert all(Path(path).is_file() for path in content["files"])


def test_some_failed_is_exit_code_1(folders: list[str], capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "made/2.png").write_bytes(b"x")
    assert cli.main(folders) == 1
    said = capsys.readouterr()
    assert "failed: 2: " in said.err
    assert "4 images, 1 failed" in said.out


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (["--extractor", "vgg"], "unknown extractor 'vgg'"),
        (["--extractor", "inception"], "needs a file of weights"),
        (["--jobs", "0"], "jobs is 0; needed: at least 1"),
        (["--masks", "/none"], "--masks /none is not a folder"),
        (["--overlap", "."], "--overlap without --paired"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    folders: list[str], capsys: Captured, more: list[str], line: str
) -> None:
    assert cli.main([*folders, *more]) == 2
    said = capsys.readouterr().err
    assert line in said
    assert len(said.splitlines()) == 1


def test_real_images(shared_data: Path, tmp_path: Path, capsys: Captured) -> None:
    """Logiq 5 brought towards Logiq 7 by histogram matching, measured as a user would."""
    data = shared_data / "busbra"
    with open(data / "bus_data.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for folder, device, count in (("source", "GE Logiq 5", 6), ("target", "GE Logiq 7", 7)):
        for row in [row for row in rows if row["Device"].startswith(device)][: 20 * count : 20]:
            for inside, name, to in (("Images", row["ID"], folder), ("Masks", f"mask_{row['ID'][4:]}", "masks")):
                (tmp_path / to).mkdir(exist_ok=True)
                shutil.copyfile(data / inside / f"{name}.png", tmp_path / to / f"{row['ID']}.png")
    source, target, made = (str(tmp_path / name) for name in ("source", "target", "made"))
    assert cli.main(["apply", source, "--model", "histogram", "--reference", target, "--out", made]) == 0
    capsys.readouterr()
    arguments = ["--original", source, "--generated", f"histogram={made}", "--target", target, "--jobs", "1"]
    assert cli.main(["evaluate", *arguments, "--masks", str(tmp_path / "masks"), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "FID (efficientnet-lite0)" in said.out
    assert "note: FID (efficientnet-lite0): Frechet distance from 6 images, fewer than the 1280 features" in said.err
    content = json.loads((tmp_path / "out/evaluate.json").read_text(encoding="utf-8"))
    found = {(one["key"], one["method"]): one["value"] for one in content["figures"] if one["against"] == "target"}
    assert found["frd", "histogram"] < found["frd", "original"]
    assert content["features"]["histogram"]["regions"] == 6
