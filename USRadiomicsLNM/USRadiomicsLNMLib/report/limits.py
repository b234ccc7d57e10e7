"""What a study cannot show, read off its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ..fit import EVENTS_A_FEATURE
from ..study.results import AS_IS, NESTED, SHAPE, TRAINED, TRAINING, Harmonized, MethodResult
from .cells import counted, fixed, listed
from .view import ORIGINAL, SETS_IN_TEXT, View

# An interval of an AUC that is wider than this says little.
WIDE = 0.2
# Intervals and tests of fewer patients of one class are rough.
FEW = 50
# A share of images with a warning from which on it is a limit.
MANY_WARNED = 0.1
# Steps of a training as a share of the default from which on it is short.
SHORT = 0.5


def limits(view: View) -> list[str]:
    """One line each: those that follow from the numbers, then those that the study itself gives."""
    found = [
        *_sizes(view),
        *_held_out(view),
        *_as_is(view),
        *_trainings(view),
        *_warned(view),
        *_shape(view),
        *_many_features(view),
        *_left_out(view),
        "One cohort: no external validation.",
    ]
    return list(dict.fromkeys([*found, *view.results.limits]))


def _sizes(view: View) -> Iterator[str]:
    for name in view.sets:
        row = view.performance(ORIGINAL, name)
        if row is None or name == TRAINING:
            continue
        rarer = min(row.events, row.patients - row.events)
        width = row.auc_high - row.auc_low
        if rarer < FEW or width > WIDE:
            ends = f"; the 95 % interval of the AUC is {fixed(width, 2)} wide" if math.isfinite(width) else ""
            yield (
                f"Small numbers: {counted(row.patients, 'patient')}, {rarer} of the rarer class, in "
                f"{SETS_IN_TEXT.get(name, name)}"
                f"{ends}. A difference may be there and not be seen."
            )


def _held_out(view: View) -> Iterator[str]:
    if view.primary == NESTED:
        yield (
            "No patients were held out. Predictions of a cross-validation are not independent of each other, and the "
            "harmonizers have seen images of the same patients."
        )


def _as_is(view: View) -> Iterator[str]:
    reasons: dict[str, str] = {}
    for one in _scanners(view):
        if one[1].how == AS_IS:
            reasons.setdefault(one[1].source, one[1].reason)
    for source, reason in reasons.items():
        yield f"Images of {view.scanner(source)} were not harmonized{': ' + reason if reason else ''}."


def _trainings(view: View) -> Iterator[str]:
    from USHarmonizationLib.training.settings import TrainingSettings

    usual = TrainingSettings().steps
    trained = [(method, one) for method, one in _scanners(view) if one.how == TRAINED]
    short: dict[int, list[str]] = {}
    for method, one in trained:
        if 0 < one.steps < SHORT * usual and method.title not in short.setdefault(one.steps, []):
            short[one.steps].append(method.title)
    for steps, titles in short.items():
        if titles:
            yield (
                f"Short trainings of {steps} steps (the default is {usual}): {listed(titles)}. Their figures do not "
                f"say what "
                "these methods can do."
            )
    below: dict[str, list[str]] = {}
    for method, one in _scanners(view):
        content, floor = _content(one.metrics), one.settings.get("content_floor")
        if content is not None and isinstance(floor, (int, float)) and content < floor:
            below.setdefault(f"{floor:g}", []).append(
                f"{method.title} for {view.scanner(one.source)} ({fixed(content, 2)})"
            )
        if one.patients_in_test:
            yield (
                f"{method.title} for {view.scanner(one.source)} has learned from "
                f"{counted(one.patients_in_test, 'patient')} of the test split: its figures there are too good."
            )
    for least, told in below.items():
        yield (
            "Harmonizers that keep too little of what lesions look like (content agreement in brackets; needed: "
            f"{least}), whose images are not to be trusted: {listed(told)}."
        )


def _warned(view: View) -> Iterator[str]:
    told = [
        f"{method.title} for {view.scanner(one.source)} ({one.warned:.0%})"
        for method, one in _scanners(view)
        if math.isfinite(one.warned) and one.warned > MANY_WARNED
    ]
    if told:
        yield f"The quality checks warn of many harmonized images: {listed(told)}."


def _shape(view: View) -> Iterator[str]:
    name = view.primary
    shape = view.performance(ORIGINAL, name, SHAPE)
    texture = [row for m in view.results.methods if (row := view.performance(m.name, name)) and math.isfinite(row.auc)]
    if view.features == SHAPE or shape is None or not texture:
        return
    best = max(texture, key=lambda row: row.auc)
    if shape.auc > best.auc:
        yield (
            f"Shape alone predicts {view.results.outcome} better (AUC {fixed(shape.auc, 3)}) than the texture of any "
            f"method "
            f"(at most {fixed(best.auc, 3)}, {view.method(best.method)}), and no harmonization touches it: what "
            "harmonization changes is the smaller part."
        )


def _many_features(view: View) -> Iterator[str]:
    row = view.performance(ORIGINAL, NESTED) or view.performance(ORIGINAL, TRAINING)
    if row is None:
        return
    events = min(row.events, row.patients - row.events)
    told = [m.title for m in view.results.methods if m.features_kept * EVENTS_A_FEATURE > events]
    if told:
        yield (
            f"Models with fewer than {EVENTS_A_FEATURE} training patients of the rarer class ({events}) for each "
            f"feature "
            f"kept: {listed(told)}."
        )


def _left_out(view: View) -> Iterator[str]:
    images = {row.image for row in view.results.left_out}
    if images:
        yield f"{counted(len(images), 'image')} could not be used (table 11)."


def _scanners(view: View) -> Iterator[tuple[MethodResult, Harmonized]]:
    """What the methods that change images do."""
    for method in view.harmonizing:
        if method.images == method.name:
            for one in method.scanners:
                yield method, one


def _content(metrics: Mapping[str, Any]) -> float | None:
    inside = metrics.get("validation", metrics)
    value = inside.get("content_agreement") if isinstance(inside, Mapping) else None
    return float(value) if isinstance(value, (int, float)) else None
