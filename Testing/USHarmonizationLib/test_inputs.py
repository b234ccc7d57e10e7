"""Which images a command takes, and where their results go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.inputs import Input, select_inputs


def _image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(path)
    return path


def test_files_and_folders_keep_their_relative_paths(tmp_path: Path) -> None:
    single = _image(tmp_path / "x" / "single.png")
    folder = tmp_path / "study"
    _image(folder / "b.png")
    _image(folder / "deep" / "er" / "a.png")
    (folder / "notes.txt").write_text("no image", encoding="utf-8")
    found = select_inputs([single, folder], tmp_path / "out")
    assert [(one.path, one.relative) for one in found.inputs] == [
        (single, "single.png"),
        (folder / "b.png", "b.png"),
        (folder / "deep/er/a.png", "deep/er/a.png"),
    ]
    assert found.cohort == ()


def test_results_of_an_earlier_run_inside_the_folder_are_no_inputs(tmp_path: Path) -> None:
    _image(tmp_path / "a.png")
    _image(tmp_path / "out" / "a.png")
    assert [one.relative for one in select_inputs([tmp_path], tmp_path / "out").inputs] == ["a.png"]


def test_a_cohort_gives_each_image_once_with_all_its_lesions(tmp_path: Path) -> None:
    table = tmp_path / "data" / "cohort.csv"
    table.parent.mkdir()
    table.write_text(
        "image,mask,label,patient,scanner\ni/a.png,m/a.png,1,p,\ni/a.png,m/a.png,2,p,ge-logiq-5\ni/b.png,,,,\n",
        encoding="utf-8",
    )
    found = select_inputs([table], tmp_path / "out")
    mask = table.parent / "m/a.png"
    assert [(one.relative, one.scanner, one.lesions) for one in found.inputs] == [
        ("i/a.png", "ge-logiq-5", ((mask, 1), (mask, 2))),
        ("i/b.png", None, ()),
    ]
    assert found.inputs[0].patient.startswith("sha256:")
    assert len(found.cohort) == 3


def test_a_cohort_of_images_elsewhere_is_seen_from_their_common_folder(tmp_path: Path) -> None:
    table = tmp_path / "tables" / "cohort.csv"
    table.parent.mkdir()
    table.write_text("image\n../pictures/p1/a.png\n../pictures/p2/a.png\n", encoding="utf-8")
    found = select_inputs([table], tmp_path / "out")
    assert found.inputs == (
        Input(tmp_path / "pictures/p1/a.png", "p1/a.png"),
        Input(tmp_path / "pictures/p2/a.png", "p2/a.png"),
    )


def test_links_are_followed_and_keep_their_own_name(tmp_path: Path) -> None:
    real = _image(tmp_path / "real" / "a.png")
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / "b.png").symlink_to(real)
    assert [one.relative for one in select_inputs([folder], tmp_path / "out").inputs] == ["b.png"]


def test_what_cannot_be_is_one_line(tmp_path: Path) -> None:
    one, other = _image(tmp_path / "p1" / "a.png"), _image(tmp_path / "p2" / "a.png")
    table = tmp_path / "cohort.csv"
    table.write_text("image\np1/a.png\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out"
    for paths, where, fault in [
        ([tmp_path / "none.png"], out, "none.png does not exist"),
        ([tmp_path / "empty"], out, "holds no images"),
        ([one, other], out, "would both become .*out/a.png"),
        ([one, one], out, "would both become"),
        ([tmp_path / "p1"], tmp_path / "p1", "is both input and output"),
        ([one], tmp_path / "p1", "would replace the input"),
        ([table], tmp_path, "would replace the input"),
        ([table, one], out, "a cohort table is given alone"),
        ([tmp_path / "none.csv"], out, "No such file"),
    ]:
        with pytest.raises(UsageError, match=fault) as caught:
            select_inputs(paths, where)
        assert "\n" not in str(caught.value)


def test_an_output_folder_that_is_a_link_to_the_input_is_found_out(tmp_path: Path) -> None:
    folder = _image(tmp_path / "study" / "a.png").parent
    (tmp_path / "out").symlink_to(folder)
    with pytest.raises(UsageError, match="is both input and output"):
        select_inputs([folder], tmp_path / "out")
