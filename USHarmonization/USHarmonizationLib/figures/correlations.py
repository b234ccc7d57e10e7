"""Heat map of each radiomics feature's correlation with the target, one row a method (the paper's figure 4b)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .style import INK, MISSING, PAGE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

# How classes are written; others as pyradiomics names them.
CLASSES = {
    "firstorder": "first order",
    "glcm": "GLCM",
    "glrlm": "GLRLM",
    "glszm": "GLSZM",
    "gldm": "GLDM",
    "ngtdm": "NGTDM",
    "shape2D": "shape",
}

KINDS = {"original": "image as it is"}


def plot_correlations(
    names: Sequence[str],
    methods: Mapping[str, NDArray[np.floating]],
    intervals: Mapping[str, tuple[float, float]] | None = None,
    title: str = "Pearson correlation with the target",
) -> Figure:
    """One block a kind of image (original, wavelet bands), one row a method, one cell a feature, grouped by class.

    Args:
        names: of the features, as pyradiomics writes them (``original_glcm_Contrast``); others make one block.
        methods: (features,) correlations from -1 to 1 by method, NaN (shown grey) where there is none.
        intervals: 95 % interval of the mean correlation by method; shown where there is one kind of image.
        title: of the colour scale.

    Raises:
        UsageError: nothing to show, or a method does not have one value a feature; matplotlib is not installed.
    """
    if not names or not methods:
        raise UsageError("no correlations to show")
    for method, values in methods.items():
        if len(values) != len(names):
            raise UsageError(f"{method}: {len(values)} correlations for {len(names)} features")
    parts = [(name.split("_", 2) if name.count("_") >= 2 else ["", "", name]) for name in names]
    kinds = list(dict.fromkeys(part[0] for part in parts))
    with style():
        from matplotlib.figure import Figure

        row, gap, top, bottom, left, right = 0.2, 0.38, 0.24, 0.78, 1.15, 1.25
        block = row * len(methods)
        height = top + len(kinds) * (block + gap) - gap + bottom
        figure = Figure(figsize=(PAGE, height))
        table = np.array([np.asarray(values, dtype=float) for values in methods.values()])
        widest = max(sum(part[0] == kind for part in parts) for kind in kinds)
        for place, kind in enumerate(kinds):
            chosen = [index for index, part in enumerate(parts) if part[0] == kind]
            box = (
                left / PAGE,
                1 - (top + place * (block + gap) + block) / height,
                (PAGE - left - right) / PAGE * len(chosen) / widest,
                block / height,
            )
            axis = figure.add_axes(box)
            drawn = _draw(axis, table[:, chosen], [parts[index][1] for index in chosen], kind)
            axis.set_yticks(range(len(methods)), list(methods))
            for line, values in enumerate(table[:, chosen]):
                axis.text(len(chosen) + 0.5, line, _mean(values), va="center", fontsize=6, clip_on=False)
            if place == 0:
                label = "mean r (95 % CI)" if intervals and len(kinds) == 1 else "mean r"
                axis.text(len(chosen) + 0.5, -0.85, label, va="center", fontsize=6, clip_on=False)
        if intervals and len(kinds) == 1:
            for line, method in enumerate(methods):
                if method in intervals and np.isfinite(intervals[method]).all():
                    low, high = intervals[method]
                    axis.text(len(parts) + 7, line, f"({low:.2f} to {high:.2f})", va="center", fontsize=6)
        scale = figure.add_axes((left / PAGE, 0.26 / height, 2.0 / PAGE, 0.09 / height))
        bar = figure.colorbar(drawn, cax=scale, orientation="horizontal", ticks=[-1, -0.5, 0, 0.5, 1])
        bar.outline.set_visible(False)
        scale.set_title(title, fontsize=6.5, pad=3, loc="left")
        return figure


def _draw(axis: Axes, values: NDArray[np.floating], classes: Sequence[str], kind: str) -> AxesImage:
    from matplotlib import colormaps

    colours = colormaps["RdBu_r"].with_extremes(bad=MISSING)
    drawn = axis.imshow(values, cmap=colours, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    starts = [0, *(place for place in range(1, len(classes)) if classes[place] != classes[place - 1]), len(classes)]
    for start in starts[1:-1]:
        axis.axvline(start - 0.5, color="white", linewidth=1.5)
    for line in range(1, len(values)):
        axis.axhline(line - 0.5, color="white", linewidth=1.0)
    middles = [(start + end - 1) / 2 for start, end in pairwise(starts)]
    axis.set_xticks(middles, [CLASSES.get(classes[start], classes[start]) for start in starts[:-1]], color=INK)
    if kind:
        axis.set_title(KINDS.get(kind, kind.replace("-", " ")), loc="left", pad=3)
    return drawn


def _mean(values: NDArray[np.floating]) -> str:
    known = values[np.isfinite(values)]
    return f"{known.mean():.2f}" if known.size else "n/a"
