"""What all printed figures have in common: sizes, fonts, colours, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..atomic import atomic_path
from ..errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 300
# Widths of one and of two columns of a page, inches (85 and 174 mm).
COLUMN, PAGE = 3.35, 6.85

# Okabe and Ito's colours, told apart by colour-blind people; the first, grey, is for the images as they were.
COLOURS = ("#8c8c8c", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
INK, MISSING = "#222222", "#d0d0d0"

SETTINGS = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": 7.0,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.0,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "text.parse_math": False,  # names come from users: a $ is a $
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "usharmonization",  # the same file each time
}


@contextmanager
def style() -> Iterator[None]:
    """Inside it, figures are drawn and written in the style of the project.

    Raises:
        UsageError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
    except ImportError:
        raise UsageError("figures need matplotlib: pip install usharmonization[evaluate]") from None
    with rc_context(SETTINGS):  # type: ignore[arg-type]
        yield


def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write ``name.png`` and ``name.svg`` into ``folder``, each whole or not at all; the two paths.

    Raises:
        OSError: the folder cannot be written to.
    """
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    for path in paths:
        with style(), atomic_path(path) as temporary:
            # Without a date, the same numbers give the same file.
            figure.savefig(
                temporary, dpi=DPI, facecolor="white", metadata={"Date": None} if path.suffix == ".svg" else {}
            )
    return paths
