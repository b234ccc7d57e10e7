"""Graphics and colour left out of lesions; of harmonized images, where the original has them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from USHarmonizationLib.cohort import CohortRow
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.files import read_image
from USHarmonizationLib.scanners import catalogue
from USRadiomicsLNMLib.extraction import graphics
from USRadiomicsLNMLib.extraction.engine import find_engine, parameter_file
from USRadiomicsLNMLib.extraction.graphics import Graphics, originals
from USRadiomicsLNMLib.extraction.job import Job, Recipe, extract_job

TISSUE = np.clip(np.random.default_rng(0).rayleigh(40, (80, 90)), 5, 200).astype(np.uint8)


@pytest.fixture(autouse=True)
def _white_is_graphics(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the network finds in real frames is tested elsewhere."""
    monkeypatch.setattr(graphics, "find_overlay", lambda luma, sector: luma == 1)


def _image(path: Path, *white: tuple[int, int], colour: bool = False) -> Path:
    values = TISSUE.copy()
    for row, column in white:
        values[row, column : column + 5] = 255
    pixels = np.repeat(values[..., None], 3, axis=-1)
    if colour:
        pixels[40, 50:53] = (250, 200, 0)
    Image.fromarray(pixels).save(path)
    return path


def _job(folder: Path, image: Path, original: Path | None = None) -> Job:
    mask = np.zeros(TISSUE.shape, dtype=np.uint8)
    mask[30:50, 40:70] = 1
    Image.fromarray(mask).save(folder / "mask.png")
    return Job(image, (CohortRow(image, folder / "mask.png"),), original)


def _recipe(without_graphics: bool) -> Recipe:
    engine = find_engine()
    return Recipe(engine, engine.parameters(parameter_file("ibsi")), catalogue(), without_graphics)


def test_callipers_and_colour_are_left_out_where_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("radiomics")
    job = _job(tmp_path, _image(tmp_path / "one.png", (35, 50), (10, 10), colour=True))
    [given], [cleared] = extract_job(_recipe(False), job), extract_job(_recipe(True), job)
    assert (given.pixels, cleared.pixels) == (600, 600 - 5 - 3)
    assert (given.graphics, cleared.graphics) == (0, pytest.approx(8 / 600))
    assert given.values["original_firstorder_Maximum"] == 255
    assert cleared.values["original_firstorder_Maximum"] <= 200
    assert given.warnings[0] == "0.5% of the lesion is coloured"
    assert not cleared.warnings
    assert _recipe(True).parameters_column == f"{_recipe(False).parameters_column} without graphics"


def test_before_and_after_harmonization_the_same_pixels_are_left_out(tmp_path: Path) -> None:
    pytest.importorskip("radiomics")
    before = _image(tmp_path / "before.png", (35, 50))
    after = _image(tmp_path / "after.png", (45, 45))  # as if the harmonizer had drawn something like graphics
    [case] = extract_job(_recipe(True), _job(tmp_path, after, before))
    [alone] = extract_job(_recipe(True), _job(tmp_path, after))
    assert case.pixels == alone.pixels == 595
    assert case.values["original_firstorder_Maximum"] == 255
    assert alone.values["original_firstorder_Maximum"] <= 200


def test_an_original_of_another_size_is_refused(tmp_path: Path) -> None:
    Image.fromarray(TISSUE[:50]).save(tmp_path / "small.png")
    image = read_image(_image(tmp_path / "one.png"))
    with pytest.raises(InputError, match="not of the size of its original"):
        Graphics(image, tmp_path / "small.png").of(0)


def test_originals_are_those_that_apply_names(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with open(out / "apply.csv", "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["input", "output", "status"], ["../a.png", "a.png", "done"]])
    rows = [CohortRow(out / "a.png", others={"harmonizer": "fda"})]
    assert originals(out / "cohort.csv", rows) == {out / "a.png": tmp_path / "a.png"}
    assert originals(tmp_path / "cohort.csv", [CohortRow(tmp_path / "a.png")]) == {}
    with pytest.raises(UsageError, match=r"apply.csv does not name b.png; needed, to look for graphics"):
        originals(out / "cohort.csv", [CohortRow(out / "b.png", others={"harmonizer": "fda"})])
    (out / "apply.csv").unlink()
    with pytest.raises(UsageError, match=r"apply.csv cannot be read \(FileNotFoundError\)"):
        originals(out / "cohort.csv", rows)
