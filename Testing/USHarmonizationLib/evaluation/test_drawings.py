"""Which pictures an evaluation draws: of what there is, and of the imaged area only."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from USHarmonizationLib.evaluation import drawings
from USHarmonizationLib.evaluation.drawings import draw_panel, draw_summary
from USHarmonizationLib.evaluation.folders import match_folders
from USHarmonizationLib.evaluation.settings import Evaluation
from USHarmonizationLib.evaluation.summary import Figure, Summary

Make = Callable[..., Evaluation]


def test_bars_show_the_figures_in_the_order_of_the_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(drawings, "plot_bars", lambda *shown: drawn.append(shown))
    monkeypatch.setattr(drawings, "save_figure", lambda figure, folder, name: [folder / name])
    figures = (
        Figure("psnr", "PSNR", "FDA", "target", 5, 15.0, 1.0),
        Figure("psnr", "PSNR", "original", "target", 5, 11.0, 2.0),
        Figure("fid", "FID (net)", "FDA", "target", 5, 200.0),
        Figure("ssim", "SSIM", "FDA", "target", 0, None),
        Figure("psnr", "PSNR", "FDA", "original", 5, 20.0, 0.5),
    )
    paths = draw_summary(tmp_path, ("original", "FDA"), Summary(figures))
    assert [path.name for path in paths] == ["figure_4a_bars", "bars_against_original"]
    (methods, metrics, note, colours), (others, changes, _, their_colours) = drawn
    assert list(methods) == ["original", "FDA"]
    assert [bars.title for bars in metrics] == ["PSNR", "FID\n(net)"]
    assert (metrics[0].means, metrics[0].spreads, metrics[0].better) == ([11.0, 15.0], [2.0, 1.0], "higher")
    assert math.isnan(metrics[1].means[0])
    assert metrics[1].spreads is None
    assert note.startswith("Compared with the target")
    assert list(others) == ["FDA"]
    assert their_colours[0] == colours[1], "a method has the same colour in both"
    assert (changes[0].means, changes[0].better) == ([20.0], "")


def test_the_panel_shows_the_imaged_area_of_evenly_spread_images(
    make_folders: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_folders(5)
    path = tmp_path / "original/sub/00.png"
    framed = np.zeros((150, 200), dtype=np.uint8)
    framed[30:134, 40:152] = np.asarray(Image.open(path))
    framed[5:15, 5:60:2] = 255  # a name, say
    for role in (*settings.methods, "target"):
        Image.fromarray(framed).save(tmp_path / role / "sub/00.png")
    shown = []
    monkeypatch.setattr(drawings, "plot_panel", lambda columns, rows: shown.append((columns, rows)))
    monkeypatch.setattr(drawings, "save_figure", lambda figure, folder, name: [folder / name])
    tasks = match_folders(settings).tasks
    assert draw_panel(tmp_path, settings.methods, tasks, 3)
    ((columns, rows),) = shown
    assert columns == ["original", "near", "far", "target"]
    assert len(rows) == 3
    assert rows[0][0].shape == pytest.approx((104, 112), abs=4)
    assert draw_panel(tmp_path, settings.methods, tasks, 0) == []
