"""Files are whole or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from USHarmonizationLib import atomic
from USHarmonizationLib.atomic import atomic_path, write_text


def test_the_file_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "image.nii.gz"
    with atomic_path(target) as temporary:
        assert temporary.name.startswith(".partial-")
        assert temporary.name.endswith(".nii.gz")
        temporary.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_what_was_there_before(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")

    def fail_half_way() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("ha")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        fail_half_way()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_disk_that_is_full_at_the_last_moment_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(tmp_path / "report.txt", "text")
    assert list(tmp_path.iterdir()) == []


def test_permissions_are_those_of_an_ordinary_new_file(tmp_path: Path) -> None:
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    write_text(tmp_path / "atomic", "text")
    assert (tmp_path / "atomic").stat().st_mode == ordinary.stat().st_mode


def test_text_is_utf_8_with_plain_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "text", "µ\nm")
    assert (tmp_path / "text").read_bytes() == b"\xc2\xb5\nm"
