"""Printed figures: resolution, text that stays text, the same file each time."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.figures.bars import Bars, plot_bars
from USHarmonizationLib.figures.style import COLOURS, PAGE, save_figure, style


@pytest.fixture
def saved(tmp_path: Path) -> list[Path]:
    figure = plot_bars(["original", "FDA"], [Bars("PSNR", "dB", [20.0, 25.0], [1.0, 2.0])], "a note")
    return save_figure(figure, tmp_path / "new folder", "bars")


def test_png_has_300_dots_an_inch_and_fits_a_page(saved: list[Path]) -> None:
    with Image.open(saved[0]) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.5)
        assert image.width <= PAGE * 300


def test_svg_text_is_text(saved: list[Path]) -> None:
    root = ElementTree.parse(saved[1]).getroot()
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"PSNR", "dB", "original", "FDA", "a note"} <= words


def test_the_same_figure_gives_the_same_file(saved: list[Path], tmp_path: Path) -> None:
    figure = plot_bars(["original", "FDA"], [Bars("PSNR", "dB", [20.0, 25.0], [1.0, 2.0])], "a note")
    again = save_figure(figure, tmp_path, "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in saved]


def test_settings_of_others_stay_as_they_were() -> None:
    from matplotlib import rcParams

    before = dict(rcParams)
    with style():
        assert rcParams["svg.fonttype"] == "none"
    assert dict(rcParams) == before
    assert len(set(COLOURS)) == len(COLOURS)


def test_matplotlib_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"pip install usharmonization\[evaluate\]"), style():
        pass
