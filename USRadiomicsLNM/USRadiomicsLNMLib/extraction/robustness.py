"""Which features stay what they are when the outline is drawn a little otherwise."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.feature_agreement import intraclass_correlation

Floats = NDArray[np.float64]

# Good reliability (Koo and Li 2016, doi 10.1016/j.jcm.2016.02.012); below it a feature is called unstable.
STABLE = 0.75

# An intraclass correlation of fewer lesions says nothing.
LEAST_LESIONS = 5


@dataclass(frozen=True)
class Robustness:
    """Agreement of features over perturbed masks; each array is (features,).

    Attributes:
        names: of the features.
        lesions: how many it was measured on; masks: how many each has, the one as given among them.
        icc31, low, high: ICC(3,1), consistency, with its 95 % interval: a shift that all lesions share (a larger mask,
            a larger area) does not lower it.
        icc11: ICC(1,1), agreement: a shift does.
    """

    names: tuple[str, ...]
    lesions: int
    masks: int
    icc31: Floats = field(repr=False)
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)
    icc11: Floats = field(repr=False)

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Whether ICC(1,1), the stricter of the two, is at least 0.75; not where nothing varies."""
        return np.asarray(self.icc11 >= STABLE)


def robustness(names: Sequence[str], values: NDArray[np.floating]) -> Robustness:
    """Agreement over masks.

    Args:
        names: of the features.
        values: (masks, lesions, features); NaN where a feature has no value. Lesions with such are left out of that
            feature's figures.

    Raises:
        UsageError: fewer than 5 lesions, or fewer than 2 masks.
    """
    masks, lesions, features = values.shape
    if lesions < LEAST_LESIONS or masks < 2:
        raise UsageError(f"{lesions} lesions with {masks} masks each; needed for robustness: {LEAST_LESIONS} with 2")
    known = np.isfinite(values).all(axis=0)
    figures = np.full((4, features), np.nan)
    for pattern in np.unique(known, axis=1).T:
        columns = (known == pattern[:, None]).all(axis=0)
        if pattern.sum() >= LEAST_LESIONS:
            part = values[:, pattern][:, :, columns]
            figures[:3, columns] = intraclass_correlation(part)
            figures[3, columns] = one_way(part)
    return Robustness(tuple(names), lesions, masks, *figures)


def one_way(ratings: NDArray[np.floating]) -> Floats:
    """ICC(1,1) of each feature: one-way random model, single rating (Shrout and Fleiss 1979).

    ``(MSB - MSW) / (MSB + (k - 1) MSW)`` with mean squares between things and within them
    (doi 10.1037/0033-2909.86.2.420).

    Args:
        ratings: (k, n, features): k at least 2 ratings of n at least 2 things.

    Returns:
        (features,), from -1 / (k - 1) to 1; NaN where nothing varies.
    """
    values = np.asarray(ratings, dtype=np.float64)
    k, n, _ = values.shape
    things = values.mean(axis=0)
    between = k * ((things - things.mean(axis=0)) ** 2).sum(axis=0) / (n - 1)
    within = ((values - things) ** 2).sum(axis=(0, 1)) / (n * (k - 1))
    rounding = (1e-12 * np.abs(values).max(axis=(0, 1))) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        icc = (between - within) / (between + (k - 1) * within)
    return np.where(between + within > rounding, icc, np.nan)


def write_robustness(path: Path, found: Robustness) -> None:
    """Write a CSV with a row a feature."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["feature", "icc_3_1", "icc_3_1_low", "icc_3_1_high", "icc_1_1", "stable", "lesions", "masks"])
    for place, name in enumerate(found.names):
        figures = [found.icc31[place], found.low[place], found.high[place], found.icc11[place]]
        cells = ["" if np.isnan(figure) else f"{figure:.4f}" for figure in figures]
        stable = "yes" if found.stable[place] else "no"
        writer.writerow([name, *cells, stable, found.lesions, found.masks])
    write_text(path, table.getvalue())
