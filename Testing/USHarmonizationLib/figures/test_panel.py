"""Panel: images as they are, square pixels, and empty places."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.figures.panel import plot_panel
from USHarmonizationLib.figures.style import PAGE


def test_images_are_shown_as_they_are() -> None:
    first, second = np.full((40, 60), 0.25), np.full((80, 50), 2.0)
    figure = plot_panel(["original", "FDA"], [[first, None], [second, first]])
    shown = [axis.images[0] for axis in figure.axes if axis.images]
    assert len(figure.axes) == 4
    assert [image.get_array().max() for image in shown] == [0.25, 1.0, 0.25]
    assert all(image.get_clim() == (0, 1) for image in shown)
    assert all(axis.get_aspect() in ("equal", 1.0) for axis in figure.axes if axis.images)
    assert [text.get_text() for text in figure.texts] == ["(a)", "(b)", "original", "FDA"]


@pytest.mark.parametrize("columns", [1, 8])
def test_it_fits_a_page(columns: int) -> None:
    figure = plot_panel([str(place) for place in range(columns)], [[np.zeros((30, 30))] * columns])
    assert figure.get_figwidth() <= PAGE + 1e-9


def test_long_names_do_not_run_into_each_other() -> None:
    names = ["original", "cyclegan-sn-se", "cyclegan-sn-se-mix", *map(str, range(6))]
    figure = plot_panel(names, [[np.zeros((30, 30))] * len(names)])
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.texts[1:]]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert figure.texts[3].get_text().replace("\n", "") == "cyclegan-sn-se-mix"


@pytest.mark.parametrize(
    ("columns", "rows", "labels"),
    [([], [], []), (["a"], [], []), (["a"], [[None, None]], []), (["a"], [[None]], ["x", "y"])],
)
def test_what_does_not_fit_is_refused(columns: list[str], rows: list[list[None]], labels: list[str]) -> None:
    with pytest.raises(UsageError, match=r"no images|images for|labels for"):
        plot_panel(columns, rows, labels)
