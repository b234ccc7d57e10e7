"""Fields for paths: each change is noticed, and keeping a path for later sessions is not taken for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

KEY = "USHarmonizationTest/Paths"


@pytest.fixture
def edit(scene: Any) -> Iterator[Any]:
    """A field that takes tables, with a history of two."""
    import ctk
    import qt

    qt.QSettings().remove(f"ctkPathLineEdit/{KEY}")
    edit = ctk.ctkPathLineEdit()
    edit.nameFilters = ["Tables (*.csv)"]
    edit.settingKey = KEY
    for path in ("/one.csv", "/two.csv"):
        edit.setCurrentPath(path)
        edit.addCurrentPathToHistory()
    yield edit
    qt.QSettings().remove(f"ctkPathLineEdit/{KEY}")


def test_a_path_that_the_filters_do_not_take_is_noticed(edit: Any) -> None:
    from USHarmonizationPanel.section import connectPath

    told: list[str] = []
    connectPath(edit, told.append)
    for path in ("/three.csv", "/four.txt", "/five.csv", ""):
        edit.setCurrentPath(path)
    assert told == ["/three.csv", "/four.txt", "/five.csv", ""]


def test_a_path_is_kept_without_a_word(edit: Any) -> None:
    from USHarmonizationPanel.section import connectPath, keepInHistory

    told: list[str] = []
    connectPath(edit, told.append)
    keepInHistory(edit)
    assert told == []
    assert edit.currentPath == "/two.csv"


def test_the_latest_path_comes_back_in_the_next_session(edit: Any) -> None:
    import ctk

    from USHarmonizationPanel.section import keepInHistory

    keepInHistory(edit)
    later = ctk.ctkPathLineEdit()
    later.settingKey = KEY
    assert later.currentPath == "/two.csv"


def test_ctk_itself_tells_of_other_paths_meanwhile(edit: Any) -> None:
    """What ``keepInHistory`` is for."""
    told: list[str] = []
    edit.connect("currentPathChanged(QString)", told.append)
    edit.addCurrentPathToHistory()
    assert told == ["/one.csv", "/two.csv"]
