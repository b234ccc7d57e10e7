"""What the figures of models have in common: plots side by side, and lines told apart by colour and by dashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.figures.style import COLOURS, PAGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# So that lines can be told apart without colour, too; as many as colours.
DASHES: tuple[Any, ...] = (
    (0, (3.5, 0.9)),
    "solid",
    (0, (1, 1.2)),
    (0, (6, 1.5)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (2.5, 1.2)),
    (0, (7, 1.5)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (1, 2.5)),
)
# Narrower plots, inches, have fewer ticks. Width of a letter of a title, inches.
NARROW, LETTER = 1.9, 0.062


@dataclass(frozen=True)
class Line:
    """A model's line.

    Attributes:
        name: of the model; x, y: (n,) points.
        note: what to write of it, e.g. its AUC; "" for a line that is there to compare with.
        band: x, lower and upper end of its interval, each (m,); None for none.
    """

    name: str
    x: NDArray[np.floating]
    y: NDArray[np.floating]
    note: str = ""
    band: tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]] | None = None


@dataclass(frozen=True)
class Panel:
    """One plot: its title and its lines. The first is grey: the images as they were."""

    title: str
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        if len(self.lines) > len(COLOURS):
            raise UsageError(f"{self.title}: {len(self.lines)} lines in one plot; needed: at most {len(COLOURS)}")


def look(place: int) -> dict[str, Any]:
    """Colour and dashes of the line at ``place`` of its plot."""
    return {"color": COLOURS[place], "linestyle": DASHES[place]}


def grid(count: int, columns: int, high: float, widest: float = 2.75, below: float = 0.0) -> tuple[Figure, list[Axes]]:
    """A figure with ``count`` plots in up to ``columns`` columns, and those plots.

    Args:
        count: at least 1.
        columns: at most so many side by side.
        high: height of a plot, inches, with what is above and below it, beyond its width.
        widest: width of a plot, inches; less where the page is full.
        below: height of what stands below all plots, inches.

    Raises:
        UsageError: no plots.
    """
    from matplotlib.figure import Figure

    if not count:
        raise UsageError("nothing to show in a figure")
    columns = min(count, columns)
    rows = -(-count // columns)
    wide = min(widest, PAGE / columns)
    figure = Figure(figsize=(wide * columns, rows * (wide + high) + below))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]


def column_width(count: int, columns: int, widest: float = 2.75) -> float:
    """Width of a plot of ``grid``, inches."""
    return min(widest, PAGE / min(count, columns))


def title_lines(titles: Sequence[str], width: float) -> list[str]:
    """Titles broken into lines that fit ``width`` inches, all with as many lines."""
    broken = ["\n".join("\n".join(wrap(part, max(10, int(width / LETTER)))) for part in t.split("\n")) for t in titles]
    most = max(text.count("\n") for text in broken)
    return ["\n" * (most - text.count("\n")) + text for text in broken]


def unit_ticks(axis: Axes, which: str, width: float) -> None:
    """Ticks from 0 to 1 on the ``x`` or ``y`` axis of a plot of ``width`` inches."""
    ticks = [0, 0.5, 1] if width < NARROW else [0, 0.25, 0.5, 0.75, 1]
    set_ticks = axis.set_xticks if which == "x" else axis.set_yticks
    set_ticks(ticks, [f"{tick:g}" for tick in ticks])
