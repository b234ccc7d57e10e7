"""The figures of an evaluation: bars, correlations of features, images side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..figures.bars import Bars, plot_bars
from ..figures.correlations import plot_correlations
from ..figures.panel import plot_panel
from ..figures.style import COLOURS, save_figure
from ..metrics.definitions import IMAGE, SETS
from .folders import Task
from .measure import read_middle
from .settings import ORIGINAL, TARGET
from .summary import Summary

# Names without suffix; the numbers are the paper's.
BARS, CORRELATIONS, PANEL = "figure_4a_bars", "figure_4b_correlations", "figure_5_panel"
CHANGE = "bars_against_original"


def drawn_files() -> tuple[str, ...]:
    """Names of all files that ``draw_summary`` and ``draw_panel`` may write."""
    return tuple(f"{name}.{kind}" for name in (BARS, CORRELATIONS, PANEL, CHANGE) for kind in ("png", "svg"))


def draw_summary(folder: Path, methods: Sequence[str], summary: Summary) -> list[Path]:
    """Bars of all figures against the target and against the originals, and the features' correlations."""
    paths = []
    for against, name, shown in ((TARGET, BARS, methods), (ORIGINAL, CHANGE, methods[1:])):
        metrics = [bars for key in (*IMAGE, *SETS) if (bars := _bars(summary, key, against, shown)) is not None]
        if metrics:
            subsets = " (of KID, over random subsets)" if any(one.title.startswith("KID") for one in metrics) else ""
            note = f"Compared with the {against}. Whiskers: standard deviation over the images{subsets}."
            colours = COLOURS[len(methods) - len(shown) :]  # a method has the same one in both
            paths += save_figure(plot_bars(shown, metrics, note, colours), folder, name)
    agreements = {method: found.agreement for method, found in summary.features.items() if found.agreement is not None}
    if agreements:
        names = next(iter(agreements.values())).names
        # A feature may be finite in one method and not in another.
        tables = {
            method: np.array([dict(zip(one.names, one.pearson, strict=True)).get(name, math.nan) for name in names])
            for method, one in agreements.items()
        }
        intervals = {method: summary.features[method].interval for method in agreements}
        paths += save_figure(plot_correlations(names, tables, intervals), folder, CORRELATIONS)
    return paths


def draw_panel(folder: Path, methods: Sequence[str], tasks: Sequence[Task], count: int) -> list[Path]:
    """``count`` evenly spread images, as they were and as each method made them, and the paired target."""
    if not count or not tasks:
        return []
    chosen = np.unique(np.linspace(0, len(tasks) - 1, min(count, len(tasks))).round().astype(int))
    columns = [*methods, *([TARGET] if TARGET in tasks[0].images else [])]
    rows = [_row(tasks[place], columns) for place in chosen]
    return save_figure(plot_panel(columns, rows), folder, PANEL)


def _row(task: Task, columns: Sequence[str]) -> list[NDArray[np.floating] | None]:
    """The imaged area alone: what a scanner writes around it may name the patient."""
    _, sector, _ = read_middle(task.images[ORIGINAL])
    rows, across = np.flatnonzero(sector.any(axis=1)), np.flatnonzero(sector.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, across[0] : across[-1] + 1]
    return [np.where(sector, read_middle(task.images[role])[0].original, 0)[box] for role in columns]


def _bars(summary: Summary, key: str, against: str, methods: Sequence[str]) -> Bars | None:
    found = {figure.method: figure for figure in summary.figures if figure.key == key and figure.against == against}
    if not any(figure.value is not None for figure in found.values()):
        return None
    figures = [found.get(method) for method in methods]
    means = [figure.value if figure and figure.value is not None else math.nan for figure in figures]
    spreads = [figure.sd if figure and figure.sd is not None else math.nan for figure in figures]
    definition = {**IMAGE, **SETS}[key]
    title = next(iter(found.values())).title.replace(" (", "\n(")
    shown = None if all(map(math.isnan, spreads)) else spreads
    # Whether more or less is better is known of the target only: to be like the original is no aim in itself.
    better = definition.better if against == TARGET else ""
    return Bars(title, definition.unit, means, shown, better, chance=0.5 if key == "scanner" else None)
