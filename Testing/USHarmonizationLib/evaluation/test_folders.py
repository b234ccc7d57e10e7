"""Which files belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.evaluation.folders import by_name, match_folders
from USHarmonizationLib.evaluation.settings import Evaluation

Make = Callable[..., Evaluation]


def test_files_of_one_name_belong_together_whatever_their_suffix(make_folders: Make, tmp_path: Path) -> None:
    settings = make_folders(3)
    (tmp_path / "masks/sub/01.png").rename(tmp_path / "masks/sub/01.tif")
    matched = match_folders(settings)
    assert [task.name for task in matched.tasks] == ["sub/00", "sub/01", "sub/02"]
    assert set(matched.tasks[1].images) == {"original", "near", "far", "target"}
    assert matched.tasks[1].mask == tmp_path / "masks/sub/01.tif"
    assert not matched.targets
    assert not matched.left_out


def test_what_one_method_lacks_is_left_out_of_all(make_folders: Make, tmp_path: Path) -> None:
    settings = make_folders(3)
    (tmp_path / "far/sub/01.png").unlink()
    (tmp_path / "target/sub/02.png").unlink()
    (tmp_path / "near/sub/00.png").rename(tmp_path / "near/sub/more.png")
    (tmp_path / "near/sub/more.png").with_name("00.png").write_bytes((tmp_path / "near/sub/more.png").read_bytes())
    matched = match_folders(settings)
    assert [task.name for task in matched.tasks] == ["sub/00"]
    assert matched.left_out == {"sub/01": "no far of this name", "sub/02": "no target of this name"}
    assert matched.warnings == ("near: 1 images have no original of their name and are left out",)


def test_an_unpaired_target_has_images_of_its_own(make_folders: Make, tmp_path: Path) -> None:
    settings = make_folders(2)
    (tmp_path / "target/sub/01.png").rename(tmp_path / "target/sub/other.png")
    (tmp_path / "masks/sub/other.png").write_bytes((tmp_path / "masks/sub/01.png").read_bytes())
    matched = match_folders(replace(settings, paired=False))
    assert [task.name for task in matched.targets] == ["sub/00", "sub/other"]
    # The same name means nothing here: two patients.
    assert matched.targets[0].patient != matched.tasks[0].patient


def test_patients_come_from_a_table_as_pseudonyms(make_folders: Make, tmp_path: Path) -> None:
    settings = make_folders(2)
    table = tmp_path / "cohort.csv"
    table.write_text("image,patient\noriginal/sub/00.png,Doe\noriginal/sub/01.png,Doe\n", encoding="utf-8")
    tasks = match_folders(replace(settings, patients=table)).tasks
    assert tasks[0].patient == tasks[1].patient
    assert tasks[0].patient.startswith("sha256:")
    table.write_text("image,patient\noriginal/sub/00.png,Doe\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"names no patient for .*01.png"):
        match_folders(replace(settings, patients=table))


def test_folders_without_a_common_name(make_folders: Make, tmp_path: Path) -> None:
    settings = make_folders(1)
    (tmp_path / "target/sub/00.png").rename(tmp_path / "target/sub/other.png")
    with pytest.raises(UsageError, match=r"no target has the name .*sub/00 and sub/other.* without --paired"):
        match_folders(settings)


def test_empty_folders_and_two_files_of_one_name(make_folders: Make, tmp_path: Path) -> None:
    settings = make_folders(1)
    (tmp_path / "near/sub/00.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="same name but for the suffix"):
        match_folders(settings)
    (tmp_path / "near/sub/00.jpg").unlink()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty holds no images"):
        match_folders(replace(settings, masks=tmp_path / "empty"))


def test_pictures_that_apply_drew_are_no_images(make_folders: Make, tmp_path: Path) -> None:
    make_folders(1)
    (tmp_path / "near/pictures").mkdir()
    (tmp_path / "near/pictures/00.png.png").write_bytes(b"x")
    assert len(by_name(tmp_path / "near")) == 2
    (tmp_path / "near/apply.csv").touch()
    assert list(by_name(tmp_path / "near")) == ["sub/00"]
