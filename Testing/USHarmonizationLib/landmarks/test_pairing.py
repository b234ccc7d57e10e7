"""Two images of one phantom, paired: what is written, when it is written again, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from synthetic_dicom import PATIENT, region, write

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.landmarks.files import read_landmarks, write_markups
from USHarmonizationLib.landmarks.geometry import Geometry
from USHarmonizationLib.landmarks.pairing import REPORT, RESULTS, Source, pair
from USHarmonizationLib.landmarks.resampling import resample
from USHarmonizationLib.landmarks.transforms import LinearTransform

FIXED_WHERE = Geometry((120, 160), (0.25, 0.25))
MOVING_WHERE = Geometry((150, 180), (0.3, 0.2), (2.0, -3.0))
POINTS = FIXED_WHERE.to_mm(np.array([[40.0, 30], [110, 40], [100, 80], [50, 95], [80, 60]]))
ANGLE = 0.06
TRUE = LinearTransform(
    "rigid", np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]]), np.array([6.0, 1.0])
)
BACK = LinearTransform("rigid", TRUE.matrix.T, -TRUE.matrix.T @ TRUE.offset)
NAMES = ("wire 1", "wire 2", "wire 3", "wire 4", "wire 5")


def tissue() -> NDArray[np.float32]:
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(600, 600)), 5)
    return np.clip(0.5 + 0.2 * noise / noise.std(), 0.1, 1).astype(np.float32)


# What both images show: finer than either, and larger.
PHANTOM, PHANTOM_WHERE = tissue(), Geometry((600, 600), (0.12, 0.12), (-15.0, -15.0))


def save(frame: NDArray[np.float32], where: Geometry, path: Path) -> Path:
    image = SimpleITK.GetImageFromArray(np.rint(frame * 255).astype(np.uint8))
    image.SetSpacing(where.spacing)
    image.SetOrigin(where.origin)
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Source, Source]:
    folder = tmp_path_factory.mktemp("study")
    fixed = resample(PHANTOM, PHANTOM_WHERE, FIXED_WHERE, LinearTransform("rigid", np.eye(2), np.zeros(2)))
    moving = resample(PHANTOM, PHANTOM_WHERE, MOVING_WHERE, BACK)
    write_markups(folder / "fixed.mrk.json", NAMES, POINTS)
    write_markups(folder / "moving.mrk.json", NAMES, TRUE(POINTS))
    return (
        Source(save(fixed, FIXED_WHERE, folder / "fixed.nrrd"), folder / "fixed.mrk.json"),
        Source(save(moving, MOVING_WHERE, folder / "moving.mha"), folder / "moving.mrk.json"),
    )


def array(path: Path) -> NDArray[Any]:
    return np.asarray(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))))


@pytest.mark.parametrize("kind", ["rigid", "similarity", "affine", "tps"])
def test_the_moving_image_comes_to_lie_on_the_fixed_one(
    study: tuple[Source, Source], tmp_path: Path, kind: str
) -> None:
    report = pair(*study, kind, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted([*RESULTS, REPORT])
    fixed, moving, common = (array(tmp_path / f"{name}.nrrd") for name in ("fixed", "moving", "overlap"))
    assert fixed.dtype == moving.dtype == common.dtype == np.uint8
    assert (fixed == array(study[0].image)).all()
    common = common.astype(bool)
    assert common.mean() == pytest.approx(report["overlap_of_fixed_tissue"], abs=0.02)
    difference = np.abs(fixed.astype(float) - moving)[common]
    assert common.mean() > 0.5
    assert difference.mean() < 2
    for name in ("fixed", "moving", "overlap"):
        written = SimpleITK.ReadImage(str(tmp_path / f"{name}.nrrd"))
        assert written.GetSpacing() == pytest.approx(FIXED_WHERE.spacing)
        assert written.GetOrigin() == pytest.approx(FIXED_WHERE.origin)
    figures = report["registration"]
    assert figures["fre_mm"] == pytest.approx(0, abs=1e-6)
    assert figures["left_out_tre_mm"] == pytest.approx(0, abs=1e-6)
    assert figures["rotation_degrees"] == pytest.approx(np.degrees(ANGLE))
    assert report["warnings"] == []


def test_simpleitk_makes_the_same_image_from_the_transform_file(study: tuple[Source, Source], tmp_path: Path) -> None:
    pair(*study, "affine", tmp_path)
    grid = SimpleITK.ReadImage(str(tmp_path / "fixed.nrrd"))
    transform = SimpleITK.ReadTransform(str(tmp_path / "transform_2d.h5"))
    moved = SimpleITK.Resample(SimpleITK.ReadImage(str(study[1].image)), grid, transform)
    common = array(tmp_path / "overlap.nrrd").astype(bool)
    found = array(tmp_path / "moving.nrrd").astype(int)
    assert np.abs(SimpleITK.GetArrayFromImage(moved) - found)[common].max() <= 1
    assert SimpleITK.ReadTransform(str(tmp_path / "transform.h5")).GetDimension() == 3


def test_the_table_and_the_report_say_the_same(study: tuple[Source, Source], tmp_path: Path) -> None:
    moved = TRUE(POINTS)
    moved[2] += [0.3, -0.4]
    write_markups(tmp_path / "moving.mrk.json", NAMES, moved)
    report = pair(study[0], Source(study[1].image, tmp_path / "moving.mrk.json"), "rigid", tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "residuals.csv").read_text().splitlines()))
    assert [row["label"] for row in rows] == list(NAMES)
    for name, key in (("residual_mm", "fre_mm"), ("left_out_mm", "left_out_tre_mm")):
        figure = np.sqrt(np.mean([float(row[name]) ** 2 for row in rows]))
        assert figure == pytest.approx(report["registration"][key], abs=1e-5)
    assert max(rows, key=lambda row: float(row["residual_mm"]))["label"] == "wire 3"
    assert json.loads((tmp_path / "out" / REPORT).read_text()) == report
    assert report["inputs"]["fixed"]["image"] == "fixed.nrrd"
    assert len(report["inputs"]["moving"]["landmarks_sha256"]) == 64
    landmarks = read_landmarks(tmp_path / "out" / "landmarks.mrk.json")
    assert landmarks.points[:, :2] == pytest.approx(POINTS)


def test_a_second_run_does_nothing_and_a_broken_one_is_repeated(study: tuple[Source, Source], tmp_path: Path) -> None:
    first = pair(*study, "rigid", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert pair(*study, "rigid", tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    (tmp_path / "moving.nrrd").unlink()
    assert pair(*study, "rigid", tmp_path) == first
    assert (tmp_path / "moving.nrrd").is_file()
    assert pair(*study, "affine", tmp_path)["settings"]["transform"] == "affine"


def test_a_run_that_fails_half_way_is_not_taken_for_done(
    study: tuple[Source, Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair(*study, "rigid", tmp_path)

    def full(path: Path, transform: Any) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("USHarmonizationLib.landmarks.pairing.write_transform", full)
        with pytest.raises(OSError, match="no space left"):
            pair(*study, "affine", tmp_path)
    assert not (tmp_path / REPORT).exists()
    assert pair(*study, "rigid", tmp_path)["settings"]["transform"] == "rigid"


def test_refinement_is_reported_and_used_where_it_helps(study: tuple[Source, Source], tmp_path: Path) -> None:
    placed = TRUE(POINTS) + np.random.default_rng(1).normal(0, 0.5, POINTS.shape)
    write_markups(tmp_path / "moving.mrk.json", NAMES, placed)
    report = pair(study[0], Source(study[1].image, tmp_path / "moving.mrk.json"), "rigid", tmp_path, refined=True)
    refinement = report["refinement"]
    assert refinement["kept"]
    assert refinement["mutual_information_after"] > refinement["mutual_information_before"]
    assert report["registration"]["matrix"] == refinement["matrix"]
    assert np.array(report["registration"]["matrix"]) == pytest.approx(TRUE.matrix, abs=2e-3)
    assert report["registration"]["fre_mm"] == pytest.approx(refinement["landmarks_after_mm"])


def test_a_given_size_of_pixels_moves_landmarks_with_them(study: tuple[Source, Source], tmp_path: Path) -> None:
    """Landmarks placed on an image that said 1 mm lie on the same pixels when its true size is told."""
    pixels = array(study[0].image)
    Image.fromarray(pixels).save(tmp_path / "fixed.png")
    write_markups(tmp_path / "fixed.mrk.json", NAMES, FIXED_WHERE.to_pixels(POINTS))
    source = Source(tmp_path / "fixed.png", tmp_path / "fixed.mrk.json")
    unsaid = pair(source, study[1], "similarity", tmp_path / "unsaid")
    assert any("does not say how large its pixels are" in warning for warning in unsaid["warnings"])
    assert any("differ in scale by a factor of 0.25" in warning for warning in unsaid["warnings"])
    said = pair(Source(source.image, source.landmarks, 0, (0.25, 0.25)), study[1], "rigid", tmp_path / "said")
    assert said["warnings"] == []
    assert said["registration"]["fre_mm"] == pytest.approx(0, abs=1e-6)


def test_one_frame_of_a_cine_is_paired(study: tuple[Source, Source], tmp_path: Path) -> None:
    frames = np.stack([np.roll(array(study[0].image), 15, axis=1), array(study[0].image)])
    cine = SimpleITK.GetImageFromArray(frames)
    cine.SetSpacing((*FIXED_WHERE.spacing, 1.0))
    SimpleITK.WriteImage(cine, str(tmp_path / "cine.nrrd"))
    report = pair(Source(tmp_path / "cine.nrrd", study[0].landmarks, 1), study[1], "rigid", tmp_path / "out")
    assert (array(tmp_path / "out" / "fixed.nrrd") == frames[1]).all()
    assert report["inputs"]["fixed"]["frame"] == 1
    with pytest.raises(UsageError, match="no frame 2; it has 2, counted from 0"):
        pair(Source(tmp_path / "cine.nrrd", study[0].landmarks, 2), study[1], "rigid", tmp_path / "out")


def test_what_cannot_be_paired_is_refused_before_anything_is_written(
    study: tuple[Source, Source], tmp_path: Path
) -> None:
    fixed, moving = study
    write_markups(tmp_path / "outside.mrk.json", NAMES, POINTS + 100)
    write_markups(tmp_path / "swapped.mrk.json", ["1", "2", "3", "4", "5"], POINTS[[1, 0, 2, 3, 4]])
    black = save(np.zeros((120, 160), np.float32), FIXED_WHERE, tmp_path / "black.nrrd")
    cases = (
        (Source(fixed.image, tmp_path / "outside.mrk.json"), "outside the image of 160 x 120 pixels: wire 1, wire 2"),
        (Source(fixed.image, tmp_path / "swapped.mrk.json"), "fixed = moving: 1 = wire 2, 2 = wire 1"),
        (Source(black, fixed.landmarks), "black.nrrd"),
        (Source(tmp_path / "none.nrrd", fixed.landmarks), "no such file"),
        (Source(tmp_path, fixed.landmarks), "is a folder; needed: a file"),
        (Source(fixed.image, tmp_path / "none.csv"), "no such file"),
    )
    for source, reason in cases:
        with pytest.raises(InputError, match=reason):
            pair(source, moving, "rigid", tmp_path / "out")
    with pytest.raises(UsageError, match="tps transform cannot be refined"):
        pair(fixed, moving, "tps", tmp_path / "out", refined=True)
    with pytest.raises(UsageError, match="unknown transform 'spline'"):
        pair(fixed, moving, "spline", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_a_killed_run_left_is_removed_and_a_file_is_no_folder(
    study: tuple[Source, Source], tmp_path: Path
) -> None:
    (tmp_path / ".partial-x.nrrd").write_bytes(b"half")
    pair(*study, "rigid", tmp_path)
    assert not (tmp_path / ".partial-x.nrrd").exists()
    with pytest.raises(UsageError, match=r"cannot write to .*pair\.json"):
        pair(*study, "rigid", tmp_path / "pair.json")


def test_wires_that_look_like_graphics_are_seen_where_they_are_marked(tmp_path: Path) -> None:
    """A wire in water is a bright spot on black; the graphics network takes it for a letter."""
    wires = np.array([[60.0, 60.0], [200.0, 70.0], [190.0, 180.0], [70.0, 170.0], [130.0, 120.0]])
    columns, rows = np.meshgrid(np.arange(260), np.arange(240))
    frame = 0.2 * ndimage.gaussian_filter(np.random.default_rng(0).random((240, 260)), 2).astype(np.float32)
    for x, y in wires:
        frame += np.exp(-((columns - x) ** 2 / 40 + (rows - y) ** 2 / 4)).astype(np.float32)
    where = Geometry((240, 260), (0.2, 0.2))
    write_markups(tmp_path / "a.mrk.json", NAMES, where.to_mm(wires))
    source = Source(save(np.clip(frame, 0, 1), where, tmp_path / "a.nrrd"), tmp_path / "a.mrk.json")
    assert pair(source, source, "rigid", tmp_path / "out")["warnings"] == []
    common = array(tmp_path / "out" / "overlap.nrrd")
    assert all(common[round(y), round(x)] for x, y in wires)


def test_dicom_is_paired_in_its_own_calibration(study: tuple[Source, Source], tmp_path: Path) -> None:
    calibrated = region(RegionLocationMaxX1=159, RegionLocationMaxY1=119, PhysicalDeltaX=0.025, PhysicalDeltaY=0.025)
    pixels = array(study[0].image)
    path = write(tmp_path / "fixed.dcm", pixels, SequenceOfUltrasoundRegions=[calibrated])
    report = pair(Source(path, study[0].landmarks), study[1], "rigid", tmp_path / "out")
    assert report["warnings"] == []
    assert report["registration"]["fre_mm"] == pytest.approx(0, abs=1e-6)
    assert (array(tmp_path / "out" / "fixed.nrrd") == pixels).all()
    for name in (REPORT, "residuals.csv", "fixed.nrrd"):
        assert PATIENT.encode() not in (tmp_path / "out" / name).read_bytes()
