"""The tables of a report. Tables 1 to 3 are the paper's: patients, images, performance."""

from __future__ import annotations

import math
from collections import Counter

from ..study.results import (
    ALL_SOURCES,
    ON_TARGET,
    SHAPE,
    TEXTURE,
    TRAINING,
    ImageFigure,
    MethodResult,
    PerformanceRow,
)
from .cells import Cell, Interval, Line, Measured, Number, PValue, Share, Table, counted
from .view import ORIGINAL, SETS, View

# How many features the report shows; the CSV has all.
FEATURES_SHOWN = 25
FEATURE_KINDS = {TEXTURE: "Texture", SHAPE: "Shape", "all": "Texture and shape"}
SPLITS = {"all": "All patients", "train": "Training split", "validation": "Validation split", "test": "Test split"}


def tables(view: View) -> dict[str, Table]:
    """All tables that have rows, by name, in their order."""
    made = (
        patients(view),
        images(view),
        kept(view),
        performance(view),
        against_original(view),
        calibration(view),
        other_features(view),
        other_scanners(view),
        kept_features(view),
        cohort(view),
        harmonizers(view),
        left_out(view),
    )
    return {table.name: table for table in made if table.lines}


def patients(view: View) -> Table:
    """Table 1: the patients by outcome."""
    results = view.results
    lines = []
    for row in results.patients_table:
        split = SPLITS.get(row.split, row.split)
        label = f"{row.variable}: {row.category}" if row.category else row.variable
        missing: Cell = row.missing if row.test or row.missing else ""
        p: Cell = PValue(row.p) if row.test else ""
        lines.append(Line((label, row.without, row.with_outcome, row.test, p, missing), split))
    return Table(
        "table_1_patients",
        "Patients by outcome",
        ("variable", f"{results.outcome} 0", f"{results.outcome} 1", "test", "p", "missing"),
        tuple(lines),
        grouped_by="patients",
        notes=(
            "Each test is chosen by the data and named. All are two-sided; p values are not adjusted for their number.",
        ),
    )


def images(view: View) -> Table:
    """Table 2: how close harmonized images are to the target's."""
    which = "patients that no harmonizer or model has learned from" if view.images != "all" else "all patients"
    return _image_table(
        view,
        "target",
        "table_2_images",
        "Images: similarity to the target scanner",
        f"Images of {which}, against other patients’ images of {view.target}. ↓ lower is better, ↑ higher is better; "
        f"no "
        "figure has an interval. Warned: share of images that the quality checks of the harmonizer doubt.",
    )


def kept(view: View) -> Table:
    """Table 2b: what harmonized images kept of their originals."""
    return _image_table(
        view,
        "original",
        "table_2b_kept",
        "Images: what is kept of the original",
        "Each image against itself before; mean, and in brackets the standard deviation over images. A method that "
        "changes "
        "nothing keeps all: high figures are no success by themselves.",
    )


def _image_table(view: View, against: str, name: str, title: str, note: str) -> Table:
    rows = [row for row in view.results.image_figures if (row.images, row.against) == (view.images, against)]
    keys = list(dict.fromkeys(row.key for row in rows))
    footnotes = list(dict.fromkeys(row.warnings for row in rows if row.warnings))
    found = {(row.scanner, row.method, row.key): row for row in rows}
    lines = []
    for scanner in dict.fromkeys(row.scanner for row in rows):
        for method in view.results.methods:
            cells = [found.get((scanner, method.name, key)) for key in keys]
            if any(cells):
                shown: list[Cell] = [method.title, *(_image_cell(cell, footnotes) for cell in cells)]
                lines.append(Line((*shown, *_warned(view, method, scanner, against)), _source(view, scanner)))
    titles = (_image_title(next(row for row in rows if row.key == key)) for key in keys)
    return Table(
        name,
        title,
        ("method", *titles, *(["warned"] if against == "target" else [])),
        tuple(lines),
        grouped_by="scanner",
        notes=(note, *(f"{_mark(place)} {text}" for place, text in enumerate(footnotes))),
    )


def _warned(view: View, method: MethodResult, scanner: str, against: str) -> list[Cell]:
    if against != "target":
        return []
    shares = [one.warned for one in method.scanners if one.source == scanner and method.images == method.name]
    return [Share(shares[0] if shares else math.nan)]


def performance(view: View) -> Table:
    """Table 3: performance of the models."""
    lines = []
    for name in view.sets:
        for method in view.results.methods:
            row = view.performance(method.name, name)
            if row is not None:
                rates = (_interval(row, rate) for rate in ("accuracy", "sensitivity", "specificity", "ppv", "npv"))
                lines.append(Line((method.title, *rates, _interval(row, "auc")), _group(view, name)))
    return Table(
        "table_3_performance",
        f"Performance of the models of {_kind(view)} features",
        ("method", "ACC", "SEN", "SPE", "PPV", "NPV", "AUC"),
        tuple(lines),
        grouped_by="patients",
        notes=(
            "95 % intervals: AUC by DeLong, the others by Wilson. ACC accuracy, SEN sensitivity, SPE specificity, PPV "
            "and NPV positive and negative predictive value, at a threshold chosen on the training patients.",
            "Apparent figures are of the patients that the models were fitted on, and too good.",
        ),
    )


def against_original(view: View) -> Table:
    """AUC of each method against the original images."""
    lines = []
    for name in view.sets:
        for method in view.harmonizing:
            row = view.test(method.name, name)
            if row is not None and name != TRAINING:
                lines.append(
                    Line(
                        (
                            method.title,
                            Interval(row.difference, row.low, row.high),
                            Interval(row.difference, row.bootstrap_low, row.bootstrap_high),
                            Number(row.z),
                            PValue(row.p),
                            PValue(row.p_holm),
                        ),
                        _group(view, name),
                    )
                )
    return Table(
        "table_4_differences",
        "AUC: each method minus the original images, on the same patients",
        ("method", "difference (DeLong)", "difference (bootstrap)", "z", "p", "p, Holm"),
        tuple(lines),
        grouped_by="patients",
        notes=(
            "Paired test of DeLong; Holm's p values are adjusted for the number of methods. Predictions of a "
            "cross-validation are not independent of each other: its p values are a guide, not a proof.",
        ),
    )


def calibration(view: View) -> Table:
    """Calibration of the models."""
    lines = []
    for name in view.sets:
        for method in view.results.methods:
            row = view.performance(method.name, name)
            if row is not None and name != TRAINING:
                figures = (_interval(row, f"calibration_{which}", 2) for which in ("intercept", "slope"))
                lines.append(Line((method.title, *figures, Number(row.brier, 3)), _group(view, name)))
    return Table(
        "table_5_calibration",
        "Calibration",
        ("method", "intercept", "slope", "Brier score"),
        tuple(lines),
        grouped_by="patients",
        notes=("Intercept 0 and slope 1 are right; a slope below 1 means risks that are too extreme.",),
    )


def other_features(view: View) -> Table:
    """AUC by kind of features."""
    rows = view.results.performance
    kinds = list(dict.fromkeys(row.features for row in rows))
    lines = []
    for name in view.sets if len(kinds) > 1 else ():
        for method in view.results.methods:
            found = [view.performance(method.name, name, kind) for kind in kinds]
            if any(found) and name != TRAINING:
                cells: list[Cell] = [_interval(row, "auc") if row else Number(math.nan) for row in found]
                lines.append(Line((method.title, *cells), _group(view, name)))
    return Table(
        "table_6_features",
        "AUC by what the model was offered",
        ("method", *(FEATURE_KINDS.get(kind, kind) for kind in kinds)),
        tuple(lines),
        grouped_by="patients",
        notes=("Shape is the outline as it was drawn: harmonization leaves it as it is.",),
    )


def other_scanners(view: View) -> Table:
    """Models on scanners that they were not trained on."""
    rows = [
        row
        for row in view.results.scanners
        if row.features == view.features and (row.images == view.transfer_images or row.reason)
    ]
    lines, reasons = [], []
    for trained, scanner in sorted(
        {(row.trained, row.scanner) for row in rows}, key=lambda key: (key[0] != ON_TARGET, key)
    ):
        mine = [row for row in rows if (row.trained, row.scanner) == (trained, scanner)]
        most = max(mine, key=lambda row: row.patients)
        group = (
            f"Trained {trained}, used on {_source(view, scanner)}: {counted(most.patients, 'patient')}, {most.events} "
            f"with "
            f"{view.event}"
        )
        for row in mine:
            if row.reason:
                reasons.append(f"{view.method(row.method)}: {row.reason}")
                continue
            compared = row.method != ORIGINAL
            difference = Interval(row.difference, row.difference_low, row.difference_high)
            lines.append(
                Line(
                    (
                        view.method(row.method),
                        Number(row.sensitivity),
                        Number(row.specificity),
                        Interval(row.auc, row.auc_low, row.auc_high),
                        difference if compared else "",
                        PValue(row.p) if compared else "",
                    ),
                    group,
                )
            )
    unseen = "of patients that nothing has learned from" if view.transfer_images != "all" else "of all patients"
    return Table(
        "table_7_scanners",
        "Models on scanners that they were not trained on",
        ("method", "SEN", "SPE", "AUC", "AUC, difference to original", "p"),
        tuple(lines),
        grouped_by="model",
        notes=(
            f"Images {unseen}. Trained on the target scanner: can a model of the target’s images be used for another "
            "scanner’s? Trained on all other scanners: leave one scanner out. p: DeLong, paired, not adjusted.",
            *dict.fromkeys(reasons),
        ),
    )


def kept_features(view: View) -> Table:
    """Coefficients of the features that the models kept."""
    rows = [row for row in view.results.features if row.features == view.features]
    found = {(row.feature, row.method): row.coefficient for row in rows}
    methods = [method for method in view.results.methods if any(row.method == method.name for row in rows)]
    counts = Counter(row.feature for row in rows)
    size: Counter[str] = Counter()
    for row in rows:
        size[row.feature] += abs(row.coefficient)  # type: ignore[assignment]
    order = sorted(counts, key=lambda name: (-counts[name], -size[name], name))
    lines = [Line((name, *(Number(found.get((name, method.name), math.nan)) for method in methods))) for name in order]
    return Table(
        "table_8_coefficients",
        "Features that the models kept, and their coefficients",
        ("feature", *(method.title for method in methods)),
        tuple(lines),
        notes=("Change of the log odds by one standard deviation. Those that most models kept come first.",),
        shown=FEATURES_SHOWN,
    )


def cohort(view: View) -> Table:
    """How much there is of each scanner."""
    lines = [
        Line(
            (
                "all scanners" if row.scanner == "all" else _source(view, row.scanner),
                row.images,
                row.patients,
                row.events,
                Share(row.events / row.patients if row.patients else math.nan),
            ),
            SPLITS.get(row.split, row.split),
        )
        for row in sorted(
            view.results.counts, key=lambda row: list(SPLITS).index(row.split) if row.split in SPLITS else 9
        )
    ]
    return Table(
        "table_9_cohort",
        "Images and patients by scanner",
        ("scanner", "images", "patients", f"with {view.event}", "share"),
        tuple(lines),
        grouped_by="split",
        notes=(f"The target is {view.target}.",),
    )


def harmonizers(view: View) -> Table:
    """What each method does with the images of each scanner."""
    lines = []
    for method in view.results.methods:
        if method.images != method.name:
            continue
        for one in method.scanners:
            trained = one.training_patients or ""
            lines.append(
                Line(
                    (
                        view.scanner(one.source),
                        one.how + (f": {one.reason}" if one.reason else ""),
                        one.steps or "",
                        trained,
                        one.patients_in_test if one.training_patients else "",
                        one.name,
                        one.sha256[:12] or one.version[:12],
                    ),
                    method.title,
                )
            )
    return Table(
        "table_10_harmonizers",
        "What each method does with the images of each scanner",
        ("scanner", "how", "steps", "training patients", "of these in test", "name", "SHA-256 or version, begin"),
        tuple(lines),
        grouped_by="method",
    )


def left_out(view: View) -> Table:
    """How many images could not be used, by stage and reason."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in view.results.left_out:
        reason = row.reason.removeprefix(f"{row.image}: ")
        counts[(row.stage, view.method(row.method) if row.method else "all", reason)] += 1
    lines = [Line((method, reason, count), stage) for (stage, method, reason), count in sorted(counts.items())]
    return Table(
        "table_11_left_out",
        "Images that could not be used",
        ("method", "reason", "images"),
        tuple(lines),
        grouped_by="stage",
        notes=("An image that one method cannot use is left out of all, so that all are compared on the same images.",)
        if any(row.method for row in view.results.left_out)
        else (),
    )


def _interval(row: PerformanceRow, name: str, digits: int = 3) -> Interval:
    return Interval(getattr(row, name), getattr(row, f"{name}_low"), getattr(row, f"{name}_high"), digits)


def _group(view: View, name: str) -> str:
    """Name of a set with its patients, which are the same for all methods."""
    row = next(row for row in view.results.performance if row.set == name)
    return f"{SETS.get(name, name)}: {counted(row.patients, 'patient')}, {row.events} with {view.event}"


def _kind(view: View) -> str:
    return FEATURE_KINDS.get(view.features, view.features).lower()


def _image_title(row: ImageFigure) -> str:
    arrow = {"higher": " ↑", "lower": " ↓"}.get(row.better, "")
    return row.title + (f", {row.unit}" if row.unit else "") + arrow


def _image_cell(row: ImageFigure | None, footnotes: list[str]) -> Cell:
    if row is None or not math.isfinite(row.value):
        return Number(math.nan)
    digits = 1 if abs(row.value) >= 20 else 2 if abs(row.value) >= 0.1 else 3
    return Measured(row.value, row.sd, digits, _mark(footnotes.index(row.warnings)) if row.warnings else "")


def _mark(place: int) -> str:
    """Of a footnote: a, b, ... z, aa, ..."""
    letters = ""
    while place >= 0:
        letters = chr(ord("a") + place % 26) + letters
        place = place // 26 - 1
    return f"[{letters}]"


def _source(view: View, scanner: str) -> str:
    return "All harmonized scanners together" if scanner == ALL_SOURCES else view.scanner(scanner)
