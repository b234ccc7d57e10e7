"""A cohort from its CSV to the tables: on this machine, on a cluster, interrupted, with unusable lesions among it."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from dask_cluster import dask_cluster
from PIL import Image
from real_dicom import GREY_CINE, LYMPH_NODE, real_dicom
from synthetic_frames import synthetic

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.files import read_image
from USHarmonizationLib.records import DONE, FAILED
from USHarmonizationLib.scanners import catalogue
from USRadiomicsLNMLib.extraction.engine import find_engine, parameter_file
from USRadiomicsLNMLib.extraction.job import Case, Recipe
from USRadiomicsLNMLib.extraction.run import Extraction, extract, select_jobs
from USRadiomicsLNMLib.features_table import read_features

pytest.importorskip("radiomics", reason="needs pyradiomics: make install builds it")

SMALL = (
    "{setting: {force2D: true}, featureClass: {shape2D: [PixelSurface], firstorder: [Mean, Entropy], glcm: [Contrast]}}"
)
HEADER = ["image", "mask", "label", "patient", "scanner", "lnm", "frame"]


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """Few features, quickly."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    engine = find_engine()
    return Recipe(engine, engine.parameters(file), catalogue())


def _cohort(folder: Path, count: int = 6) -> Path:
    """Stills of two lesions each, as two labels of one mask, of as many patients."""
    rows = []
    for seed in range(count):
        one = synthetic(seed)
        _save(folder / f"image{seed}.png", np.round(one.frame * 255))
        mask = one.lesion.astype(np.uint8)
        mask[10:30, 10:40] = 2
        _save(folder / f"mask{seed}.png", mask)
        rows += [
            [f"image{seed}.png", f"mask{seed}.png", label, f"P{seed}", "ge-logiq-5", seed % 2, ""] for label in (1, 2)
        ]
    return _write(folder, rows)


def _save(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values.astype(np.uint8)).save(path)


def _write(folder: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> Path:
    file = folder / "cohort.csv"
    with open(file, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return file


def _run(cohort: Path, recipe: Recipe, **options: object) -> Extraction:
    return extract(select_jobs(cohort, recipe), cohort.parent / "features.csv", recipe, **options)  # type: ignore[arg-type]


def test_a_row_a_lesion_with_the_cohort_s_columns_engine_and_parameters(tmp_path: Path, recipe: Recipe) -> None:
    found = _run(_cohort(tmp_path), recipe)
    assert [case.status for _, case in found.cases] == [DONE] * 12
    table = read_features(found.features)
    assert table.names == tuple(
        f"original_{name}"
        for name in ("shape2D_PixelSurface", "firstorder_Mean", "firstorder_Entropy", "glcm_Contrast")
    )
    assert table.engine == find_engine().name
    assert table.parameters == recipe.parameters.digest
    assert [case.label for case in table.cases[:4]] == [1, 2, 1, 2]
    assert table.outcome("lnm").tolist() == [0, 0, 1, 1] * 3
    assert set(table.scanners) == {"ge-logiq-5"}
    assert all(patient.startswith("sha256:") for patient in table.patients)
    for (row, case), values in zip(found.cases, table.values, strict=True):
        one = synthetic(int(row.image.stem[5:]))
        frame = np.round(one.frame * 255).astype(float)
        region = one.lesion if row.label == 1 else np.s_[10:30, 10:40]
        covered = one.lesion[10:30, 10:40].any()
        if row.label == 2 or not covered:
            assert values[1] == pytest.approx(frame[region].mean(), rel=1e-12)
        assert values[0] == case.pixels
    assert any("pixels" in note for note in found.notes)


def test_unusable_lesions_are_named_and_the_others_done(tmp_path: Path, recipe: Recipe) -> None:
    _cohort(tmp_path, 2)
    speck = np.zeros((208, 224))
    speck[50, 60] = 1
    _save(tmp_path / "speck.png", speck)
    _save(tmp_path / "empty.png", speck * 0)
    doppler = np.repeat(np.round(synthetic(0).frame * 255)[..., None], 3, axis=-1)
    doppler[60:120, 60:120] = (220, 60, 20)
    _save(tmp_path / "doppler.png", doppler)
    box = np.zeros((208, 224))
    box[70:110, 70:110] = 1
    _save(tmp_path / "box.png", box)
    names = [
        ("image0.png", "mask0.png", 1, ""),
        ("image0.png", "speck.png", 1, "speck.png, label 1: the lesion has 1 pixel"),
        ("image0.png", "empty.png", 1, "empty.png: the mask is empty"),
        ("image0.png", "mask0.png", 5, "mask0.png: mask without label 5; it has: 1, 2"),
        ("image0.png", "", 1, "image0.png: no mask"),
        ("absent.png", "mask0.png", 1, "absent.png: no such file"),
        ("doppler.png", "box.png", 1, "100% of the lesion is coloured (Doppler, graphics); needed: grey tissue"),
        ("image1.png", "mask1.png", 2, ""),
    ]
    rows = [[image, mask, label, "", "ge-logiq-5", 0, ""] for image, mask, label, _ in names]
    found = _run(_write(tmp_path, rows), recipe)
    assert len(read_features(found.features).cases) == 2
    for (_, case), (*_, said) in zip(found.cases, names, strict=True):
        assert case.status == (FAILED if said else DONE)
        assert said in case.reason
        assert "\n" not in case.reason
    with open(found.table, encoding="utf-8") as stream:
        assert [row["status"] for row in csv.DictReader(stream)].count("failed") == 6
    # Repaired, only what failed is done again.
    again: list[bool] = []
    _save(tmp_path / "empty.png", box)
    _run(tmp_path / "cohort.csv", recipe, report=lambda cases, reused: again.append(reused))
    assert sorted(again) == [False, False, False, True]


def test_no_table_is_left_where_nothing_could_be_done(tmp_path: Path, recipe: Recipe) -> None:
    (tmp_path / "features.csv").write_text("of an earlier run")
    found = _run(_write(tmp_path, [["absent.png", "mask.png", 1, "", "ge-logiq-5", 0, ""]]), recipe)
    assert not found.features.exists()
    assert found.table.exists()


def test_a_cine_has_a_row_a_marked_frame(tmp_path: Path, recipe: Recipe) -> None:
    frames = np.stack([np.round(synthetic(seed).frame * 255) for seed in range(3)]).astype(np.uint8)
    masks = np.zeros(frames.shape, dtype=np.uint8)
    masks[0, 40:60, 50:80], masks[2, 50:70, 50:70] = 1, 1
    for name, values in (("cine.nrrd", frames), ("marks.nrrd", masks)):
        volume = SimpleITK.GetImageFromArray(values)
        volume.SetSpacing((0.2, 0.1, 1.0))
        SimpleITK.WriteImage(volume, str(tmp_path / name))
    found = _run(_write(tmp_path, [["cine.nrrd", "marks.nrrd", 1, "P", "ge-logiq-5", 0, ""]]), recipe)
    table = read_features(found.features)
    assert [case.others["frame"] for case in table.cases] == ["1", "3"]
    np.testing.assert_allclose(table.values[:, 0], [600 * 0.02, 400 * 0.02])  # mm2
    np.testing.assert_allclose(table.values[1, 1], frames[2, 50:70, 50:70].mean())


def test_an_interrupted_run_goes_on_where_it_was_and_a_changed_image_is_done_again(
    tmp_path: Path, recipe: Recipe
) -> None:
    cohort, counted = _cohort(tmp_path), []
    whole = _run(cohort, recipe, report=lambda cases, reused: counted.append(reused))
    expected = whole.features.read_text()
    for file in (whole.features, tmp_path / ".uslnm" / "features.csv.jsonl"):
        file.unlink()

    def stop(cases: Sequence[Case], reused: bool) -> None:
        counted.append(reused)
        if len(counted) == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(cohort, recipe, report=stop)
    assert not whole.features.exists()
    with open(tmp_path / ".uslnm" / "features.csv.jsonl", "a", encoding="utf-8") as stream:
        stream.write('{"image": "half')
    counted.clear()
    assert _run(cohort, recipe, report=lambda cases, reused: counted.append(reused)).features.read_text() == expected
    assert counted == [True] * 3 + [False] * 3

    _save(tmp_path / "image4.png", np.round(synthetic(40).frame * 255))
    counted.clear()
    assert _run(cohort, recipe, report=lambda cases, reused: counted.append(reused)).features.read_text() != expected
    assert counted == [True] * 5 + [False]
    counted.clear()
    _run(cohort, replace(recipe, without_graphics=True), report=lambda cases, reused: counted.append(reused))
    assert counted == [False] * 6


def test_two_processes_give_the_same_table(tmp_path: Path, recipe: Recipe) -> None:
    cohort = _cohort(tmp_path)
    one = _run(cohort, recipe).features.read_text()
    (tmp_path / ".uslnm" / "features.csv.jsonl").unlink()
    assert _run(cohort, recipe, jobs=2).features.read_text() == one


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_gives_the_same_table_though_a_worker_is_killed(tmp_path: Path, recipe: Recipe) -> None:
    cohort = _cohort(tmp_path, 10)
    recipe = replace(recipe, parameters=recipe.engine.parameters(parameter_file(None)))  # enough work to die in
    killed = []
    with dask_cluster(tmp_path) as (address, workers):

        def kill_one(cases: Sequence[Case], reused: bool) -> None:
            if not killed:
                os.kill(workers[0].pid, signal.SIGKILL)
                killed.append(workers[0].wait())

        clustered = _run(cohort, recipe, scheduler=address, report=kill_one)
        assert workers[1].poll() is None
    assert killed == [-signal.SIGKILL]
    assert [case.status for _, case in clustered.cases] == [DONE] * 20
    text = clustered.features.read_text()
    (tmp_path / ".uslnm" / "features.csv.jsonl").unlink()
    assert _run(cohort, recipe).features.read_text() == text


def test_robustness_flags_what_depends_on_the_outline(tmp_path: Path, recipe: Recipe) -> None:
    found = _run(_cohort(tmp_path), replace(recipe, seed=0))
    assert found.robustness is not None
    assert (found.robustness.lesions, found.robustness.masks) == (12, 9)
    with open(found.robustness_table, encoding="utf-8") as stream:
        rows = {row["feature"]: row for row in csv.DictReader(stream)}
    assert rows["original_firstorder_Mean"]["stable"] == "yes"
    assert list(rows) == list(read_features(found.features).names)
    few = _run(_cohort(tmp_path, 2), replace(recipe, seed=0))
    assert few.robustness is None
    assert any("no robustness" in note for note in few.notes)


def test_a_table_of_features_is_no_cohort(tmp_path: Path, recipe: Recipe) -> None:
    found = _run(_cohort(tmp_path, 2), recipe)
    with pytest.raises(UsageError, match="has the column extraction_warnings, which extraction writes; remove it"):
        select_jobs(found.features, recipe)


def test_the_scanner_is_told_where_the_cohort_does_not(tmp_path: Path, recipe: Recipe) -> None:
    _cohort(tmp_path, 1)
    found = _run(_write(tmp_path, [["image0.png", "mask0.png", 1, "", "", 0, ""]]), recipe)
    assert read_features(found.features).scanners.tolist() == [""]  # a PNG says nothing


def test_a_real_cine_and_a_real_still_with_doppler(tmp_path: Path, recipe: Recipe) -> None:
    cine, still = read_image(real_dicom(GREY_CINE)), read_image(real_dicom(LYMPH_NODE))
    masks = np.zeros((cine.frames, *cine.size), dtype=np.uint8)
    rows, columns = cine.size
    box = np.s_[rows // 3 : rows // 2, columns // 3 : columns // 2]
    masks[3][box] = masks[20][box] = 1
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(masks), str(tmp_path / "cine.nrrd"))
    two = np.zeros(still.size)
    tissue = np.s_[300:330, 250:330]
    two[200:260, 250:330], two[tissue] = 1, 2  # in the Doppler box, and below it
    _save(tmp_path / "still.png", two)
    header = ["image", "mask", "label", "patient"]
    names = [(GREY_CINE, "cine.nrrd", 1, 1), (LYMPH_NODE, "still.png", 1, 2), (LYMPH_NODE, "still.png", 2, 2)]
    found = _run(_write(tmp_path, [[real_dicom(name), *more] for name, *more in names], header), recipe)
    assert [(case.status, case.frame) for _, case in found.cases] == [(DONE, 4), (DONE, 21), (FAILED, 0), (DONE, 0)]
    assert "still.png, label 1: 14% of the lesion is coloured" in found.cases[2][1].reason
    table = read_features(found.features)
    assert cine.spacing_mm is not None
    np.testing.assert_allclose(table.values[0, 0], masks[3].sum() * np.prod(cine.spacing_mm))
    np.testing.assert_allclose(table.values[1, 1], cine.pixels[20][box].mean())
    np.testing.assert_allclose(table.values[2, 1], still.pixels[0][tissue][..., 0].mean(), rtol=1e-3)
    assert table.scanners[2] == "ge-logiq-700"
    assert any("1 of 3 images do not say how large a pixel is" in note for note in found.notes)
