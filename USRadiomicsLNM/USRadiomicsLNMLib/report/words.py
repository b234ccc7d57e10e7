"""What a report says in sentences at its head: what it is, what it is not, and three sentences of what was found.

A difference is called one only where its test says so after adjustment for the number of comparisons; everything else
is given with its interval and called not shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..study.results import ALL_SOURCES, ON_TARGET, ScannerRow
from .cells import Interval, Number, PValue, counted, fixed, listed
from .view import ORIGINAL, SETS_IN_TEXT, View

LEVEL = 0.05
# More methods than these are not listed one by one.
LISTED = 4
# Figures of images to quote, in this order: the first that is there.
QUOTED = ("frd", "scanner", "fid", "kid")


def standing(view: View) -> list[str]:
    """What the report is and what it is not."""
    results = view.results
    lines = [
        "Research use only. This is no medical device, and nothing in it is for diagnosis or treatment.",
    ]
    if view.is_lnm:
        lines.append(f"The outcome is lymph node metastasis, as the column {results.outcome} of the cohort has it.")
    else:
        lines.append(
            f"The outcome is the column {results.outcome} of the cohort “{results.title}”. It is not lymph node "
            "metastasis: the methods are those of lymph node metastasis models, but nothing here says how well lymph "
            "node metastasis can be predicted."
        )
    if anatomy := results.settings.get("anatomy"):
        lines.append(f"The images show: {anatomy}.")
    lines.append(
        "Its tables and figures follow “Radiomics Harmonization in Ultrasound Images for Cervical Cancer Lymph Node "
        "Metastasis Prediction Using Cycle-GAN” (Technol Cancer Res Treat 2024), “the paper” below. It was written by "
        "software from the results. It describes; what it means is for people to say. It has "
        "figures of one cohort, and no external validation."
    )
    return lines


def summary(view: View) -> list[str]:
    """What was found, in three sentences; fewer where there are no figures."""
    return [sentence for sentence in (_models(view), _transfer(view), _images(view)) if sentence]


def _models(view: View) -> str:
    name = view.primary
    found = [(method.title, row) for method in view.harmonizing if (row := view.test(method.name, name))]
    base = view.performance(ORIGINAL, name)
    if not found or base is None:
        return ""
    where = (
        f"On {SETS_IN_TEXT.get(name, name)} ({counted(base.patients, 'patient')}, {base.events} with "
        f"{view.event}), the model of the original images had an AUC of "
        f"{_auc(base.auc, base.auc_low, base.auc_high)}"
    )
    shown = [(title, row) for title, row in found if row.p_holm < LEVEL]
    parts = []
    for better in (True, False):
        these = [
            f"{title} ({fixed(row.difference, 3)}, {_ends(row.low, row.high)}, {_p(row.p_holm)})"
            for title, row in shown
            if (row.difference > 0) == better
        ]
        if these:
            parts.append(f"it was {'higher' if better else 'lower'} with {listed(these)}")
    rest = [(title, Interval(row.difference, row.low, row.high)) for title, row in found if row.p_holm >= LEVEL]
    if rest:
        parts.append(f"no difference is shown for {_differences(rest)}")
    return f"{where}; {'; '.join(parts)}."


def _transfer(view: View) -> str:
    rows = [
        row
        for row in view.results.scanners
        if row.trained == ON_TARGET
        and (row.features, row.images) == (view.features, view.transfer_images)
        and not row.reason
        and row.scanner != ALL_SOURCES
    ]
    base = [row for row in rows if row.method == ORIGINAL]
    others = [row for row in rows if row.method != ORIGINAL and math.isfinite(row.difference)]
    if not base or not others:
        return ""
    start = listed([f"{_auc(row.auc, row.auc_low, row.auc_high)} for {view.scanner(row.scanner)}" for row in base])
    # As many comparisons as there are (Bonferroni).
    shown = [row for row in others if row.p * len(others) < LEVEL]
    parts = []
    for better in (True, False):
        these = [_gain(view, row, len(others)) for row in shown if (row.difference > 0) == better]
        if these:
            parts.append(f"it was {'higher' if better else 'lower'} after {listed(these)}")
    rest = [row for row in others if row not in shown]
    if rest:
        each = [(_where(view, row), Interval(row.difference, row.difference_low, row.difference_high)) for row in rest]
        parts.append(f"no difference is shown for {_differences(each, 'any of the other' if shown else 'any of the')}")
    return (
        f"A model of the target’s images ({view.target}) read the original images of other scanners with an AUC of "
        f"{start}; "
        f"{'; '.join(parts)}."
    )


def _where(view: View, row: ScannerRow) -> str:
    return f"{view.method(row.method)} on {view.scanner(row.scanner)}"


def _gain(view: View, row: ScannerRow, comparisons: int) -> str:
    ends = _ends(row.difference_low, row.difference_high)
    p = _p(min(1.0, row.p * comparisons), "Bonferroni")
    return f"{_where(view, row)} ({fixed(row.difference, 3)}, {ends}, {p})"


def _images(view: View) -> str:
    rows = [row for row in view.results.image_figures if row.images == view.images and row.against == "target"]
    key = next((key for key in QUOTED if any(row.key == key for row in rows)), None)
    if key is None:
        return ""
    rows = [row for row in rows if row.key == key and math.isfinite(row.value)]
    together = [row for row in rows if row.scanner == ALL_SOURCES]
    scanners = [ALL_SOURCES] if together else list(dict.fromkeys(row.scanner for row in rows))
    parts = []
    for scanner in scanners:
        mine = {row.method: row for row in rows if row.scanner == scanner}
        base = mine.pop(ORIGINAL, None)
        if base is None or not mine:
            continue
        sign = -1 if base.better == "lower" else 1
        order = sorted(mine.values(), key=lambda row: -sign * row.value)
        closer = [row for row in order if sign * (row.value - base.value) > 0]
        farther = [row for row in order if row not in closer]
        digits = 1 if base.value >= 20 else 2
        told = [f"{Number(base.value, digits)} for the original images"]
        if closer:
            told.append(
                "closer with " + listed([f"{view.method(r.method)} ({Number(r.value, digits)})" for r in closer])
            )
        if farther:
            told.append("not with " + listed([f"{view.method(r.method)} ({Number(r.value, digits)})" for r in farther]))
        parts.append(
            f"{'all harmonized scanners' if scanner == ALL_SOURCES else view.scanner(scanner)}: {', '.join(told)}"
        )
    if not parts:
        return ""
    return f"Distance of the images from the target's, {rows[0].title} (no interval, no test): {'; '.join(parts)}."


def _differences(each: Sequence[tuple[str, Interval]], many: str = "") -> str:
    """Differences with their intervals: one by one where there are few, else their range.

    Args:
        each: whose, and which.
        many: what to call them where they are too many to be named; "" names them in any case.
    """
    if len(each) <= LISTED:
        return listed([f"{title} ({interval.head}, {interval.ends})" for title, interval in each])
    values = [interval.value for _, interval in each]
    lows, highs = [i.low for _, i in each], [i.high for _, i in each]
    who = f"{many} {len(each)} pairs of method and scanner" if many else listed([title for title, _ in each])
    return (
        f"{who} (differences from {fixed(min(values), 3)} to {fixed(max(values), 3)}, "
        f"intervals between {fixed(min(lows), 3)} and {fixed(max(highs), 3)})"
    )


def _auc(value: float, low: float, high: float) -> str:
    return f"{fixed(value, 3)} ({_ends(low, high)})"


def _ends(low: float, high: float) -> str:
    return f"{fixed(low, 3)} to {fixed(high, 3)}"


def _p(value: float, how: str = "Holm") -> str:
    text = str(PValue(value))
    return f"{how} p {text}" if text.startswith("<") else f"{how} p = {text}"
