"""From the evaluations of all repeats to one table, like the paper's figure 4."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..evaluation.settings import TARGET
from ..evaluation.summary import FeatureFigures, Figure, Summary
from ..metrics.definitions import IMAGE, SETS
from .kept import Kept

CORRELATION, REPRODUCIBLE = "feature_correlation", "reproducible_features"
TITLES = {
    CORRELATION: "Mean correlation of features with the target",
    REPRODUCIBLE: "Share of features with ICC(3,1) of at least 0.9",
    "regions_kept": "Share of cylinders that kept their contrast",
    "wires_kept": "Share of wires that still stand out where they were",
    "contrast_order": "Order of the cylinders' contrasts against the original's, Kendall's tau",
    "growth": "Mean change of the cylinders' diameters, share",
}


SHORT = {
    CORRELATION: "feature r",
    REPRODUCIBLE: "ICC >= 0.9",
    "regions_kept": "cylinders kept",
    "wires_kept": "wires kept",
    "contrast_order": "contrast order",
    "growth": "growth",
}


@dataclass(frozen=True)
class Cell:
    """One figure of one method.

    Attributes:
        value: mean over the repeats.
        sd: standard deviation over them; NaN for one repeat or a method that is not trained.
        sd_images: standard deviation over the images, mean over the repeats; NaN where a figure is of all images.
        interval: 95 % interval of ``value`` over the images or regions where the evaluation gives one, mean over the
            repeats; else None.
    """

    value: float
    sd: float = math.nan
    sd_images: float = math.nan
    interval: tuple[float, float] | None = None


def study_table(
    methods: Sequence[str], trained: Sequence[str], repeats: Sequence[Summary]
) -> dict[str, dict[str, Cell]]:
    """Key of a figure -> method -> cell, of what was compared with the target.

    Args:
        methods: in their order, ``original`` first. trained: those whose repeats differ.
        repeats: what each repeat's evaluation found.
    """
    table: dict[str, dict[str, Cell]] = {}
    for key in (*IMAGE, *SETS):
        found = {method: [one for summary in repeats for one in _figures(summary, key, method)] for method in methods}
        if any(one.value is not None for figures in found.values() for one in figures):
            table[key] = {
                method: _cell([one.value for one in figures], [one.sd for one in figures], method in trained)
                for method, figures in found.items()
            }
    if all(found.agreement is not None for summary in repeats for found in summary.features.values()):
        for key in (CORRELATION, REPRODUCIBLE):
            table[key] = {
                method: _of_features(key, [summary.features[method] for summary in repeats], method in trained)
                for method in methods
                if method in repeats[0].features
            }
    return table


def kept_table(methods: Mapping[str, Sequence[Sequence[Kept]]], trained: Sequence[str]) -> dict[str, dict[str, Cell]]:
    """The same of what became of the targets.

    Args:
        methods: method -> for each repeat, what became of them in each pair. trained: those whose repeats differ.
    """
    table: dict[str, dict[str, Cell]] = {}
    for key in ("regions_kept", "wires_kept", "contrast_order", "growth"):
        table[key] = {
            method: _cell([_share(key, repeat) for repeat in repeats], [None], method in trained)
            for method, repeats in methods.items()
        }
    return table


def _share(key: str, pairs: Sequence[Kept]) -> float | None:
    if key in ("regions_kept", "wires_kept"):
        total = sum(getattr(one, key.removesuffix("_kept")) for one in pairs)
        return sum(getattr(one, key) for one in pairs) / total if total else None
    values = [one.order if key == "contrast_order" else one.growth for one in pairs]
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else None


def _figures(summary: Summary, key: str, method: str) -> list[Figure]:
    return [one for one in summary.figures if (one.key, one.method, one.against) == (key, method, TARGET)]


def _of_features(key: str, found: Sequence[FeatureFigures], trained: bool) -> Cell:
    agreements = [one.agreement for one in found if one.agreement is not None]
    if key == REPRODUCIBLE:
        return _cell([one.reproducible for one in agreements], [None], trained)
    cell = _cell([one.mean_pearson for one in agreements], [None], trained)
    low, high = np.mean([one.interval for one in found], axis=0)
    return Cell(cell.value, cell.sd, interval=(float(low), float(high)))


def _cell(values: Sequence[float | None], spreads: Sequence[float | None], trained: bool) -> Cell:
    known = [value for value in values if value is not None]
    widths = [value for value in spreads if value is not None]
    if not known:
        return Cell(math.nan)
    return Cell(
        value=float(np.mean(known)),
        sd=float(np.std(known, ddof=1)) if trained and len(known) > 1 else math.nan,
        sd_images=float(np.mean(widths)) if widths else math.nan,
    )


def title(key: str, repeats: Sequence[Summary]) -> str:
    """What a figure is called; with the name of the network, where there is one."""
    if key in TITLES:
        return TITLES[key]
    return next(one.title for summary in repeats for one in summary.figures if one.key == key)


def as_csv(table: Mapping[str, Mapping[str, Cell]], titles: Mapping[str, str]) -> str:
    """A row a figure and method."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(["figure", "title", "method", "value", "sd_repeats", "sd_images", "low_95", "high_95"])
    for key, cells in table.items():
        for method, cell in cells.items():
            numbers = (cell.value, cell.sd, cell.sd_images, *(cell.interval or (math.nan, math.nan)))
            writer.writerow([key, titles[key], method, *("" if math.isnan(one) else f"{one:.6g}" for one in numbers)])
    return made.getvalue()


def as_json(table: Mapping[str, Mapping[str, Cell]]) -> dict[str, Any]:
    """The same for a report."""

    def number(value: float) -> float | None:
        return None if math.isnan(value) else value

    return {
        key: {
            method: {
                "value": number(cell.value),
                "sd_repeats": number(cell.sd),
                "sd_images": number(cell.sd_images),
                "interval_95": None if cell.interval is None else [number(one) for one in cell.interval],
            }
            for method, cell in cells.items()
        }
        for key, cells in table.items()
    }


def as_text(table: Mapping[str, Mapping[str, Cell]], titles: Mapping[str, str], methods: Sequence[str]) -> str:
    """For reading on a screen: a line a figure, a column a method; mean, and standard deviation over the repeats."""
    lines = [["", *methods]]
    for key, cells in table.items():
        head = SHORT.get(key, titles[key]).split(" (")[0]
        lines.append([head, *(_shown(cells.get(method, Cell(math.nan))) for method in methods)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        f"{head:{widths[0]}}" + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        for head, *cells in lines
    )


def _shown(cell: Cell) -> str:
    if math.isnan(cell.value):
        return "-"
    return f"{cell.value:.3f}" + ("" if math.isnan(cell.sd) else f" ({cell.sd:.3f})")
