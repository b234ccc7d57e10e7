"""What simulated phantom pairs leave on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from dicom_validators import dciodvfy_errors, dicom_validator_errors

from USHarmonizationLib.cohort import read_cohort
from USHarmonizationLib.errors import HarmonizationError, UsageError
from USHarmonizationLib.files import read_image, read_mask
from USHarmonizationLib.landmarks.files import read_landmarks
from USHarmonizationLib.scanners import detect
from USHarmonizationLib.sector import find_sector
from USHarmonizationLib.simulation.output import make_items, opened
from USHarmonizationLib.simulation.phantom import simulate_pairs
from USHarmonizationLib.simulation.phantom_files import phantom_pairs, write_phantom_pairs

SOURCE, TARGET = "ge-voluson-e8", "hitachi-preirus"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("phantom") / "out"
    write_phantom_pairs(phantom_pairs(SOURCE, TARGET, seed=4, size=256, probe="convex"), 1, out)
    return out


def test_images_are_those_made_in_memory(pairs: Path) -> None:
    (pair,) = simulate_pairs(SOURCE, TARGET, 1, 4, size=256, probe="convex", varied=False)
    for scanner, view in ((TARGET, pair.fixed), (SOURCE, pair.moving)):
        image = read_image(pairs / "images" / scanner / "pair-0001.dcm")
        assert np.array_equal(image.pixels[0], view.frame)
        assert image.spacing_mm == pytest.approx((view.pixel_mm,) * 2, rel=1e-6)
        assert detect(image).scanner_id == scanner
        labels = read_mask(pairs / "labels" / scanner / "pair-0001.nrrd")
        assert np.array_equal(labels[0], view.labels)
        landmarks = read_landmarks(pairs / "landmarks" / scanner / "pair-0001.mrk.json")
        assert dict(zip(landmarks.labels, landmarks.points[:, :2].tolist(), strict=True)) == pytest.approx(
            {label: pytest.approx(place) for label, place in view.landmarks.items()}
        )


def test_the_true_transform_leads_from_fixed_to_moving_landmarks(pairs: Path) -> None:
    transform = sitk.ReadTransform(str(pairs / "transforms" / "pair-0001.tfm"))
    fixed, moving = (read_landmarks(pairs / "landmarks" / one / "pair-0001.mrk.json") for one in (TARGET, SOURCE))
    assert fixed.labels == moving.labels
    for here, there in zip(fixed.points, moving.points, strict=True):
        assert transform.TransformPoint(here.tolist()) == pytest.approx(there, abs=1e-3)


def test_the_truth_is_complete(pairs: Path) -> None:
    truth = json.loads((pairs / "truth.json").read_text())
    (pair,) = truth["pairs"]
    assert truth["seed"] == 4
    assert pair["fixed"]["image"] == f"images/{TARGET}/pair-0001.dcm"
    assert {one["kind"] for one in pair["targets"]} == {"grey", "wire"}
    assert [one["value"] for one in pair["targets"]] == list(range(1, len(pair["targets"]) + 1))
    assert len(pair["fixed_to_moving_mm"]) == 2
    rows = read_cohort(pairs / "cohort.csv")
    assert [(row.scanner, row.split) for row in rows] == [(TARGET, "train"), (SOURCE, "train")]
    assert all(row.image.is_file() for row in rows)


def test_the_dicom_files_are_valid(pairs: Path) -> None:
    path = pairs / "images" / SOURCE / "pair-0001.dcm"
    assert dciodvfy_errors(path) == []
    assert dicom_validator_errors(path) == []


def test_the_imaged_area_is_found_where_it_is(pairs: Path) -> None:
    (pair,) = simulate_pairs(SOURCE, TARGET, 1, 4, size=256, probe="convex", varied=False)
    found = find_sector(read_image(pairs / "images" / SOURCE / "pair-0001.dcm"))
    true = pair.moving.sector
    assert (found & true).sum() / (found | true).sum() > 0.97


def test_a_second_run_makes_what_is_missing_and_the_same(pairs: Path) -> None:
    before = {path: path.read_bytes() for path in pairs.rglob("*") if path.is_file()}
    gone = pairs / "images" / SOURCE / "pair-0001.dcm"
    gone.unlink()
    told: list[bool] = []
    wanted = phantom_pairs(SOURCE, TARGET, seed=4, size=256, probe="convex")
    write_phantom_pairs(wanted, 1, pairs, report=told.append)
    assert told == [False]
    write_phantom_pairs(wanted, 1, pairs, report=told.append)
    assert told == [False, True]
    assert {path: path.read_bytes() for path in pairs.rglob("*") if path.is_file()} == before


def test_other_settings_or_other_files_are_refused(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds a simulation with seed 4, not 5; name another folder"):
        write_phantom_pairs(phantom_pairs(SOURCE, TARGET, seed=5, size=256, probe="convex"), 1, pairs)
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="not empty and holds no simulation"):
        write_phantom_pairs(phantom_pairs(SOURCE, TARGET), 1, tmp_path)
    with pytest.raises(UsageError, match="two scanners"):
        phantom_pairs(SOURCE, SOURCE)
    with pytest.raises(UsageError, match="unknown format 'bmp'"):
        phantom_pairs(SOURCE, TARGET, image_format="bmp")
    with pytest.raises(UsageError, match="count is 0"):
        write_phantom_pairs(phantom_pairs(SOURCE, TARGET), 0, tmp_path / "new")


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("USHarmonizationLib.simulation.phantom_files.write_markups", full)
    wanted = phantom_pairs(SOURCE, TARGET, size=96)
    with pytest.raises(HarmonizationError, match=r"cannot write to .*: No space left on device"):
        write_phantom_pairs(wanted, 1, tmp_path / "out")
    monkeypatch.undo()
    assert write_phantom_pairs(wanted, 1, tmp_path / "out").is_file()


def _item(out: Path, number: int) -> dict[str, Any]:
    path = out / f"{number}.txt"
    if number == 1 and not (out / "again").exists():
        (out / "again").write_text("")
        raise KeyboardInterrupt
    path.write_text(str(number))
    return {"files": [path.name], "number": number}


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), opened(out, {"kind": "test"}):
        make_items(out, 3, _item)
    told: list[bool] = []
    with opened(out, {"kind": "test"}):
        records = make_items(out, 3, _item, report=told.append)
    assert told == [True, False, False]
    assert [record["number"] for record in records] == [0, 1, 2]
