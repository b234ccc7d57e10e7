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
# Left of all plots for a label, left of each for its ticks, right of each, inches.
LABEL, TICKS, RIGHT = 0.2, 0.3, 0.12
# Narrower plots, inches, have fewer ticks. Width of a letter of a title, inches.
NARROW, LETTER = 1.5, 0.06


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


@dataclass(frozen=True)
class Grid:
    """Plots side by side; all lengths in inches.

    Attributes:
        count: of plots, at least 1. columns: at most so many side by side.
        widest: most that a plot takes, with what is left of it.
        above, below: what a plot needs for its title and for ticks, label and notes.
        foot: below all plots.
        ratio: height of a plot by its width.

    Raises:
        UsageError: no plots.
    """

    count: int
    columns: int
    widest: float = 2.4
    above: float = 0.2
    below: float = 0.36
    foot: float = 0.0
    ratio: float = 1.0

    def __post_init__(self) -> None:
        if not self.count:
            raise UsageError("nothing to show in a figure")

    @property
    def across(self) -> int:
        """How many plots are side by side."""
        return min(self.count, self.columns)

    @property
    def cell(self) -> float:
        """Width for a plot with its ticks."""
        return min(self.widest, (PAGE - LABEL) / self.across)

    @property
    def side(self) -> float:
        """Width of a plot."""
        return self.cell - TICKS - RIGHT

    @property
    def row(self) -> float:
        """Height for a plot with all that belongs to it."""
        return self.above + self.side * self.ratio + self.below

    @property
    def size(self) -> tuple[float, float]:
        """Of the figure."""
        return LABEL + self.cell * self.across, self.row * -(-self.count // self.across) + self.foot

    def corner(self, place: int) -> tuple[float, float]:
        """Left end and upper end of a plot, from the lower left of the figure."""
        left = LABEL + (place % self.across) * self.cell + TICKS
        return left, self.size[1] - (place // self.across) * self.row - self.above

    def is_first(self, place: int) -> bool:
        """Whether a plot is the first of its row."""
        return place % self.across == 0

    def add_axes(self, figure: Figure, place: int, down: float = 0.0, high: float | None = None) -> Axes:
        """A plot at its place, or a part of it that begins ``down`` below its upper end and is ``high``."""
        left, top = self.corner(place)
        height = self.side * self.ratio if high is None else high
        width, whole = self.size
        return figure.add_axes((left / width, (top - down - height) / whole, self.side / width, height / whole))


def title_lines(titles: Sequence[str], width: float) -> list[str]:
    """Titles broken into lines that fit ``width`` inches, all with as many lines."""
    broken = ["\n".join("\n".join(wrap(part, max(10, int(width / LETTER)))) for part in t.split("\n")) for t in titles]
    most = max((text.count("\n") for text in broken), default=0)
    return ["\n" * (most - text.count("\n")) + text for text in broken]


def title_height(titles: Sequence[str]) -> float:
    """What titles take above a plot, inches."""
    return 0.1 + 0.125 * (1 + max((title.count("\n") for title in titles), default=0))


def unit_ticks(axis: Axes, which: str, width: float) -> None:
    """Ticks from 0 to 1 on the ``x`` or ``y`` axis of a plot of ``width`` inches."""
    ticks = [0, 0.5, 1] if width < NARROW else [0, 0.25, 0.5, 0.75, 1]
    set_ticks = axis.set_xticks if which == "x" else axis.set_yticks
    set_ticks(ticks, [f"{tick:g}" for tick in ticks])
