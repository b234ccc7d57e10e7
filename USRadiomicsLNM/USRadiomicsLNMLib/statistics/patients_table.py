"""The patients' table (Table 1): clinical variables by outcome, each with a test that is chosen by the data and named.

Numbers: normal in both groups (Shapiro-Wilk p >= 0.05) means a t test, Student's where the variances agree (Levene
around the medians, p >= 0.05), else Welch's; otherwise the Mann-Whitney U test. Categories: Pearson's chi-square (no
continuity correction) where the expected counts allow it (Cochran: none below 1, at most a fifth below 5; in a 2 x 2
table none below 5), otherwise Fisher's exact test, for more than two categories by Monte Carlo. All are two-sided; p
values are not adjusted for their number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from USHarmonizationLib.cohort import SPLITS, CohortRow
from USHarmonizationLib.errors import UsageError

from ..features_table import ENGINE, FEATURE, FRAME, HARMONIZER, PARAMETERS
from .roc import Floats

LEVEL = 0.05
# A numeric column with at most so many values is taken for categories.
CATEGORIES = 5
# A text column with more is no clinical variable but an identifier.
MOST_CATEGORIES = 20
LARGEST_FOR_SHAPIRO = 5000
MONTE_CARLO = 20_000


@dataclass(frozen=True)
class Test:
    """A test by name, and its p value (NaN where there is nothing to test)."""

    name: str
    p: float


@dataclass(frozen=True)
class TableRow:
    """One line of the table.

    Attributes:
        split: ``all``, ``train``, ...
        variable, category: the latter "" for a number, and on the line that counts the patients.
        without, with_outcome: what to print of either group.
        test, p: on the first line of each variable; else "" and NaN.
        missing: patients without a value.
    """

    split: str
    variable: str
    category: str
    without: str
    with_outcome: str
    test: str = ""
    p: float = float("nan")
    missing: int = 0


def patients_table(
    rows: Sequence[CohortRow], outcome: str, variables: Sequence[str] = ()
) -> tuple[list[TableRow], list[str]]:
    """Table 1 of a cohort, one entry a patient, by split where there are splits.

    Args:
        rows: of the cohort (or of a features table).
        outcome: column with 0 and 1.
        variables: columns to show, ``scanner`` among them; by default all that are the same on all images of a patient
            and are neither features nor identifiers.

    Returns:
        The lines, and notes on what was left out.

    Raises:
        UsageError: a column does not exist, or the outcome is not 0 or 1.
    """
    members = _members(rows, outcome)
    known = ["scanner", *dict.fromkeys(name for row in rows for name in row.others)]
    if unknown := [name for name in variables if name not in known]:
        raise UsageError(f"no column {unknown[0]!r}; columns: {', '.join(known)}")
    notes: list[str] = []
    shown: dict[str, list[str]] = {}
    for name in variables or known:
        if name == outcome or (not variables and _is_no_variable(name)):
            continue
        values = [sorted({_value(row, name) for row in images}) for images, _ in members]
        reason = _why_not(values)
        if reason and name in variables:
            raise UsageError(f"{name} cannot be shown: {reason}")
        if reason:
            notes.append(f"{name} left out: {reason}")
        else:
            shown[name] = [value[0] for value in values]
    splits = [images[0].split or "" for images, _ in members]
    event = np.array([value for _, value in members])
    parts = [("all", np.ones(len(members), dtype=bool))]
    if any(splits):
        parts += [(split, np.array(splits) == split) for split in SPLITS if split in splits]
    lines: list[TableRow] = []
    for split, chosen in parts:
        without, with_outcome = (str(int((event[chosen] == value).sum())) for value in (0, 1))
        lines.append(TableRow(split, "patients", "", without, with_outcome))
        for name, texts in shown.items():
            picked = [text for text, wanted in zip(texts, chosen, strict=True) if wanted]
            lines.extend(_lines(split, name, picked, event[chosen], is_number(texts)))
    return lines, notes


def compare_numbers(first: Floats, second: Floats) -> Test:
    """Test whether (n,) and (m,) numbers differ."""
    if min(len(first), len(second)) < 2 or np.ptp(np.concatenate([first, second])) == 0:
        return Test("none (too few values)", float("nan"))
    if _is_normal(first) and _is_normal(second):
        equal = bool(stats.levene(first, second, center="median").pvalue >= LEVEL)
        return Test(
            "Student's t test" if equal else "Welch's t test",
            float(stats.ttest_ind(first, second, equal_var=equal).pvalue),
        )
    found = stats.mannwhitneyu(first, second, method="asymptotic", use_continuity=True)
    return Test("Mann-Whitney U test", float(found.pvalue))


def compare_categories(counts: NDArray[Any]) -> Test:
    """Test whether the (categories, 2) counts of two groups differ."""
    counts = np.asarray(counts)
    counts = counts[counts.sum(axis=1) > 0]
    if len(counts) < 2 or (counts.sum(axis=0) == 0).any():
        return Test("none (one category)", float("nan"))
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    small = float((expected < 5).mean())
    if (counts.shape == (2, 2) and small > 0) or small > 0.2 or expected.min() < 1:
        if counts.shape == (2, 2):
            return Test("Fisher's exact test", float(stats.fisher_exact(counts).pvalue))
        method = stats.MonteCarloMethod(n_resamples=MONTE_CARLO, rng=np.random.default_rng(0))
        return Test("Fisher's exact test (Monte Carlo)", float(stats.fisher_exact(counts, method=method).pvalue))
    return Test("chi-square test", float(stats.chi2_contingency(counts, correction=False).pvalue))


def _is_normal(values: Floats) -> bool:
    """Not shown to be otherwise; a handful or thousands of values are beyond the test."""
    if len(values) < 3 or len(values) > LARGEST_FOR_SHAPIRO or np.ptp(values) == 0:
        return False
    return bool(stats.shapiro(values).pvalue >= LEVEL)


def _members(rows: Sequence[CohortRow], outcome: str) -> list[tuple[list[CohortRow], int]]:
    """Images of each patient; of one with both outcomes, those of either apart."""
    members: dict[tuple[str, str], list[CohortRow]] = {}
    for row in rows:
        if outcome not in row.others:
            known = ", ".join(dict.fromkeys(name for one in rows for name in one.others)) or "none"
            raise UsageError(f"no outcome column {outcome!r}; columns: {known}")
        if (value := row.others[outcome]) not in ("0", "1", "0.0", "1.0"):
            raise UsageError(f"{outcome} of {row.image.name} is {value!r}; needed: 0 or 1")
        members.setdefault((row.patient or str(row.image), value[0]), []).append(row)
    return [(images, int(value)) for (_, value), images in members.items()]


def _value(row: CohortRow, name: str) -> str:
    return (row.scanner or "") if name == "scanner" else row.others.get(name, "")


def _is_no_variable(name: str) -> bool:
    return name in (ENGINE, PARAMETERS, FRAME, HARMONIZER) or re.fullmatch(FEATURE, name) is not None


def _why_not(values: list[list[str]]) -> str:
    if any(len(value) > 1 for value in values):
        return "it differs between images of one patient"
    single = [value[0] for value in values]
    if not any(single):
        return "it is empty"
    if not is_number(single) and len(set(single)) > MOST_CATEGORIES:
        return f"it is no number and has {len(set(single))} different values"
    return ""


def is_number(texts: Sequence[str]) -> bool:
    """Whether a column is to be shown as numbers: all are, and there are more than five different ones."""
    try:
        values = {float(text) for text in texts if text}
    except ValueError:
        return False
    return len(values) > CATEGORIES and bool(np.isfinite(list(values)).all())


def _lines(split: str, name: str, texts: list[str], event: NDArray[Any], number: bool) -> list[TableRow]:
    missing = sum(not text for text in texts)
    there = np.array([bool(text) for text in texts])
    if number:
        values = np.array([float(text) for text in texts if text])
        groups = [values[event[there] == value] for value in (0, 1)]
        test = compare_numbers(*groups)
        by_mean = "t test" in test.name
        without, with_outcome = (_summary(group, by_mean) for group in groups)
        return [TableRow(split, name, "", without, with_outcome, test.name, test.p, missing)]
    categories = sorted({text for text in texts if text})
    counts = np.array(
        [[sum(t == category for t, e in zip(texts, event, strict=True) if e == value) for value in (0, 1)]
         for category in categories]
    ).reshape(len(categories), 2)  # fmt: skip
    test = compare_categories(counts)
    totals = counts.sum(axis=0)
    lines = []
    for place, category in enumerate(categories):
        without, with_outcome = (
            f"{count} ({100 * count / max(total, 1):.1f} %)" for count, total in zip(counts[place], totals, strict=True)
        )
        line = TableRow(split, name, category, without, with_outcome)
        lines.append(line if place else replace(line, test=test.name, p=test.p, missing=missing))
    return lines


def _summary(values: Floats, by_mean: bool) -> str:
    if not len(values):
        return "-"
    if by_mean:
        return f"{values.mean():.4g} ± {values.std(ddof=1) if len(values) > 1 else 0:.3g}"
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:.4g} ({low:.4g} to {high:.4g})"
