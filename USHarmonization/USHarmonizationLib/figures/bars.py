"""Bars with standard deviations: one small plot a metric, one bar a method (the paper's figure 4a)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UsageError
from .style import COLOURS, INK, PAGE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 5


@dataclass(frozen=True)
class Bars:
    """One metric of all methods.

    Attributes:
        title: name of the metric, e.g. ``PSNR``; unit: e.g. ``dB``, "" for none.
        means: one a method, NaN where there is none; spreads: standard deviations, or None.
        better: ``higher``, ``lower`` or "" (shown beside the title).
        chance: value that means nothing was found, as a dashed line; None for none.
    """

    title: str
    unit: str
    means: Sequence[float]
    spreads: Sequence[float] | None = None
    better: str = ""
    chance: float | None = None


def plot_bars(
    methods: Sequence[str], metrics: Sequence[Bars], note: str = "", colours: Sequence[str] = COLOURS
) -> Figure:
    """One small plot a metric, bars of its methods in the same order and colours everywhere.

    Args:
        methods: names; by default the first is shown in grey (the images as they were).
        metrics: what to show, up to five side by side.
        note: a line below, e.g. what the whiskers are.
        colours: of the methods, in their order; after the last the first comes again.

    Raises:
        UsageError: nothing to show, or a metric does not have one value a method; matplotlib is not installed.
    """
    if not metrics or not methods:
        raise UsageError("no figures to show as bars")
    for metric in metrics:
        counts = {len(metric.means), len(methods) if metric.spreads is None else len(metric.spreads)}
        if counts != {len(methods)}:
            raise UsageError(f"{metric.title}: {len(metric.means)} values for {len(methods)} methods")
    with style():
        from matplotlib.figure import Figure
        from matplotlib.patches import Patch

        rows = -(-len(metrics) // COLUMNS)
        columns = -(-len(metrics) // rows)
        width = min(PAGE, 1.6 * max(columns, 2))
        legend_rows = -(-len(methods) // (2 * max(columns, 2)))
        below = 0.18 * legend_rows + (0.16 if note else 0.0)
        height = 1.45 * rows + below
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(rows, columns, squeeze=False)
        colours = [colours[place % len(colours)] for place in range(len(methods))]
        for axis, metric in zip(axes.flat, metrics, strict=False):
            _draw(axis, metric, colours)
        for axis in axes.flat[len(metrics) :]:
            axis.set_axis_off()
        figure.tight_layout(rect=(0, below / height, 1, 1), w_pad=1.2, h_pad=1.0)
        handles = [Patch(facecolor=colour) for colour in colours]
        figure.legend(
            handles,
            list(methods),
            loc="lower center",
            bbox_to_anchor=(0.5, (0.13 if note else -0.03) / height),
            ncols=min(len(methods), 2 * max(columns, 2)),
            frameon=False,
            handlelength=1.0,
            columnspacing=1.2,
        )
        if note:
            figure.text(0.5, 0.06 / height, note, ha="center", fontsize=6)
        return figure


def _draw(axis: Axes, metric: Bars, colours: Sequence[str]) -> None:
    means = np.array(metric.means, dtype=float)
    spreads = np.zeros_like(means) if metric.spreads is None else np.nan_to_num(np.array(metric.spreads, dtype=float))
    places = np.arange(len(means))
    shown = np.isfinite(means)
    axis.bar(places[shown], means[shown], width=0.72, color=[c for c, s in zip(colours, shown, strict=True) if s])
    if (known := shown & (spreads > 0)).any():
        axis.errorbar(places[known], means[known], spreads[known], fmt="none", ecolor=INK, elinewidth=0.7, capsize=2)
    for place in places[~shown]:
        axis.annotate("n/a", (place, 0), ha="center", va="bottom", fontsize=5.5)
    low, high = (means - spreads)[shown], (means + spreads)[shown]
    if shown.any():
        axis.set_ylim(min(0.0, float(low.min()) * 1.05), max(float(high.max()) * 1.1, 1e-9) if high.max() > 0 else None)
    if low.size and low.min() < 0:
        axis.axhline(0, color=INK, linewidth=0.6)
        axis.spines["bottom"].set_visible(False)
    if metric.chance is not None:
        axis.axhline(metric.chance, color=INK, linewidth=0.6, linestyle=(0, (3, 2)))
    axis.set_xlim(-0.6, len(means) - 0.4)
    axis.set_xticks([])
    arrow = {"higher": " \u2191", "lower": " \u2193"}.get(metric.better, "")
    axis.set_title(metric.title + arrow, pad=4)
    axis.set_ylabel(metric.unit)
    axis.locator_params(axis="y", nbins=5)
