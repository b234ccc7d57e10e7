"""What is measured of one image: the figures of its pairs, features of its regions, and one line for what cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from USHarmonizationLib.evaluation import measure as module
from USHarmonizationLib.evaluation.folders import match_folders
from USHarmonizationLib.evaluation.measure import Measured, Recipe, measure
from USHarmonizationLib.evaluation.settings import Evaluation
from USHarmonizationLib.files import read_image
from USHarmonizationLib.metrics.image_figures import image_figures
from USHarmonizationLib.texture import texture_features

Make = Callable[..., Evaluation]


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return Recipe(None, None, (), False, tmp_path / "out")


def first(settings: Evaluation, recipe: Recipe) -> Measured:
    return measure(recipe, match_folders(settings).tasks[0])


def grey(path: Path) -> np.ndarray:
    return read_image(path).luma(0)


def write_mask(path: Path, mask: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8)).save(path)


def test_figures_and_features_are_those_of_the_library(make_folders: Make, tmp_path: Path, recipe: Recipe) -> None:
    overlap = np.zeros((104, 112), dtype=bool)
    overlap[20:100, 5:100] = True
    settings = make_folders(1)
    write_mask(tmp_path / "overlap/sub/00.png", overlap * 255)
    found = first(replace(settings, overlap=tmp_path / "overlap"), recipe)
    original, near, target = (grey(tmp_path / role / "sub/00.png") for role in ("original", "near", "target"))
    assert not found.failure
    assert found.figures["target"]["near"] == image_figures(target, near, overlap)
    assert found.figures["target"]["original"] == image_figures(target, original, overlap)
    assert found.figures["original"]["near"] == image_figures(original, near, overlap)
    assert found.regions == (1, 2)
    mask = np.asarray(Image.open(tmp_path / "masks/sub/00.png"))
    expected = texture_features(near * 255, (mask == 2) & overlap)
    assert found.names == tuple(expected)
    assert found.features["near"][1] == pytest.approx(list(expected.values()), nan_ok=True)
    assert set(found.hashes) == {"original", "near", "far", "target"}


def test_without_overlap_masks_it_is_where_both_show_tissue(make_folders: Make, tmp_path: Path, recipe: Recipe) -> None:
    settings = make_folders(1)
    path = tmp_path / "target/sub/00.png"
    frame = np.asarray(Image.open(path)).copy()
    whole = first(settings, recipe).figures["target"]["near"]
    frame[:, :40] = 0  # what resampling leaves where the target saw nothing
    Image.fromarray(frame).save(path)
    cut = first(settings, recipe).figures["target"]["near"]
    assert cut.pixels < whole.pixels * 0.8
    assert cut.psnr > 20  # the black part would bring it far below


def test_an_unpaired_target_is_measured_alone(make_folders: Make, recipe: Recipe) -> None:
    matched = match_folders(make_folders(1, paired=False))
    found = measure(recipe, matched.targets[0])
    assert set(found.features) == {"target"}
    assert not found.figures
    assert "target" not in measure(recipe, matched.tasks[0]).figures


def test_network_features_see_tissue_only(make_folders: Make, tmp_path: Path, recipe: Recipe) -> None:
    recipe = replace(recipe, extractor="efficientnet-lite0")
    overlap = np.zeros((104, 112), dtype=bool)
    overlap[20:100, 5:100] = True
    overlap[20:50, 5:40] = False  # inside the box around it
    settings = make_folders(1)
    write_mask(tmp_path / "overlap/sub/00.png", overlap)
    settings = replace(settings, overlap=tmp_path / "overlap", masks=None)
    before = first(settings, recipe).network["near"]
    path = tmp_path / "near/sub/00.png"
    frame = np.asarray(Image.open(path)).copy()
    frame[~overlap] = 255
    Image.fromarray(frame).save(path)
    assert np.array_equal(first(settings, recipe).network["near"], before)
    assert len(before) == 1280


def test_what_is_done_is_remembered_until_a_file_changes(
    make_folders: Make, tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_folders(1)
    found = first(settings, recipe)
    monkeypatch.setattr(module, "_measure", lambda *arguments: pytest.fail("measured again"))
    assert first(settings, recipe).as_json() == found.as_json()
    Image.fromarray(np.full((104, 112), 9, dtype=np.uint8)).save(tmp_path / "masks/sub/00.png")
    with pytest.raises(pytest.fail.Exception):
        first(settings, recipe)


def test_what_is_remembered_is_what_was_measured(make_folders: Make, recipe: Recipe) -> None:
    settings, recipe = make_folders(1), replace(recipe, extractor="efficientnet-lite0")
    found, again = first(settings, recipe), first(settings, recipe)
    assert again.figures == found.figures
    for role in ("target", "near"):
        assert np.array_equal(again.features[role], found.features[role], equal_nan=True)
        assert np.array_equal(again.network[role], found.network[role])


def test_an_unexpected_error_costs_one_image(
    make_folders: Make, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise ValueError("two\nlines")

    monkeypatch.setattr(module, "texture_features", broken)
    assert first(make_folders(1), recipe).failure == "sub/00: ValueError: two lines"


@pytest.mark.parametrize(
    ("role", "content", "line"),
    [
        ("near", np.zeros((50, 60)), r"near.*00.png: .*blank|50 x 60 pixels for an original of 104 x 112"),
        ("target", np.random.default_rng(0).integers(0, 255, (50, 60)), "50 x 60 pixels for an original of 104 x 112"),
        ("masks", np.ones((50, 60)), "mask of 50 x 60 pixels for an image of 104 x 112"),
        ("masks", np.zeros((104, 112)), "mask without any label"),
        ("masks", np.arange(104 * 112).reshape(104, 112) % 256, "255 different values; needed: a mask"),
        ("masks", np.eye(104, 112) * (np.arange(112) < 5), "no region has 16 pixels"),
    ],
)
def test_one_line_for_what_cannot_be_measured(
    make_folders: Make, tmp_path: Path, recipe: Recipe, role: str, content: np.ndarray, line: str
) -> None:
    settings = make_folders(1)
    write_mask(tmp_path / role / "sub/00.png", content)
    found = first(settings, recipe)
    assert re.search(line, found.failure)
    assert "\n" not in found.failure
    assert role in found.failure


def test_a_label_that_the_mask_lacks(make_folders: Make, recipe: Recipe) -> None:
    assert "mask without label 7; it has: 1, 2" in first(make_folders(1), replace(recipe, labels=(1, 7))).failure
    assert first(make_folders(1), replace(recipe, labels=(2,))).regions == (2,)


def test_images_that_do_not_overlap(make_folders: Make, tmp_path: Path, recipe: Recipe) -> None:
    settings = make_folders(1)
    write_mask(tmp_path / "overlap/sub/00.png", np.zeros((104, 112)))
    assert "overlap in 0 pixels" in first(replace(settings, overlap=tmp_path / "overlap"), recipe).failure


def test_pixels_that_are_no_numbers(make_folders: Make, tmp_path: Path, recipe: Recipe) -> None:
    import SimpleITK

    settings = make_folders(1)
    path = tmp_path / "near/sub/00.png"
    frame = grey(path)
    frame[50, 50] = np.nan
    path.unlink()
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(frame), path.with_suffix(".mha"))
    found = first(settings, recipe)
    assert "near" in found.failure
    assert "finite" in found.failure


def test_of_a_cine_the_middle_frame_is_measured(make_folders: Make, tmp_path: Path, recipe: Recipe) -> None:
    import tifffile

    settings = make_folders(1)
    path = tmp_path / "original/sub/00.png"
    frame = np.asarray(Image.open(path))
    path.unlink()
    tifffile.imwrite(path.with_suffix(".tif"), np.stack([frame // 2, frame, frame // 3]), photometric="minisblack")
    found = first(settings, recipe)
    assert found.notes[0] == "3 frames, of which the middle one was measured"
    assert found.figures["original"]["far"].psnr > 10
