"""The methods paragraphs of a report: templates, filled with the settings and numbers of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..settings import FitSettings
from ..statistics.bootstrap import RESAMPLES
from ..study.results import AS_IS, FITTED, LOADED, NESTED, ON_TARGET, TEST, TRAINED, VALIDATION
from .cells import counted, listed
from .radiomics import radiomics_facts
from .view import ORIGINAL, View


def methods_text(view: View) -> list[tuple[str, str]]:
    """Paragraphs with their headings; what the results do not say is left out."""
    parts = (
        ("Cohort", cohort(view)),
        ("Harmonization", harmonization(view)),
        ("Comparison of images", comparison_of_images(view)),
        ("Features", features(view)),
        ("Models", models(view)),
        ("Evaluation", evaluation(view)),
        ("Patients’ table", patients_table(view)),
    )
    return [(title, text) for title, text in parts if text]


def cohort(view: View) -> str:
    """Patients, images, scanners, splits."""
    counts = {(row.scanner, row.split): row for row in view.results.counts}
    whole = counts.get(("all", "all"))
    if whole is None:
        return ""
    scanners = [name for name in dict.fromkeys(row.scanner for row in view.results.counts) if name != "all"]
    splits = [
        f"{counted(row.patients, 'patient')} ({row.events} with {view.event}) in split {split}"
        for split in ("train", "validation", "test")
        if (row := counts.get(("all", split)))
    ]
    text = (
        f"The cohort has {counted(whole.images, 'image')} of {counted(whole.patients, 'patient')}, "
        f"{whole.events} of them with {view.event}, made by {counted(len(scanners), 'scanner')}: "
        f"{listed([view.scanner(name) for name in scanners])}. {view.target} is the target. "
    )
    if splits:
        return f"{text}Splits are those of the cohort table, {listed(splits)}; no patient is in two."
    return text + "The cohort table names no splits: no patients were held out."


def harmonization(view: View) -> str:
    """What each method does, and what was trained or loaded."""
    lines = [f"{method.title}: {method.summary.rstrip('.')}." for method in view.results.methods if method.summary]
    lines += [f"{how}: {listed(methods)}, for {listed(scanners)}." for (how, scanners), methods in _made(view).items()]
    if left := {one.source for m in view.harmonizing for one in m.scanners if m.images == m.name and one.how == AS_IS}:
        lines.append(f"Images of {listed([view.scanner(name) for name in sorted(left)])} were left as they are.")
    if balanced := _balance(view.results.settings):
        lines.append(f"Trainings drew the classes of {balanced} equally often from both scanners.")
    lines.append("Pixels outside the imaged area and burned-in graphics stay as they were.")
    return " ".join(lines)


def _made(view: View) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """How harmonizers were made, and for which scanners -> methods."""
    words = {LOADED: "Loaded, trained before", FITTED: "Fitted to reference images of the target’s training split"}
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for method in view.harmonizing:
        mine: dict[str, list[str]] = {}
        for one in method.scanners if method.images == method.name else ():
            how = words.get(one.how, "")
            if one.how == TRAINED:
                how = f"Trained in this study on images of the training split ({one.steps} steps, seed {one.seed})"
            if how:
                mine.setdefault(how, []).append(view.scanner(one.source))
        for how, scanners in mine.items():
            found.setdefault((how, tuple(scanners)), []).append(method.title)
    return found


def comparison_of_images(view: View) -> str:
    """Which figures compare images."""
    rows = view.results.image_figures
    target = list(dict.fromkeys(row.title for row in rows if row.against == "target"))
    original = list(dict.fromkeys(row.title for row in rows if row.against == "original"))
    if not rows:
        return ""
    text = f"Sets of harmonized images were compared with the target’s by {listed(target)}." if target else ""
    if original:
        text += (
            f" Each harmonized image was compared with its own original by {listed(original)}; there are no registered "
            "pairs of two scanners in a cohort."
        )
    return text.strip()


def features(view: View) -> str:
    """The extraction."""
    known = radiomics_facts(view.results.settings)
    lines = []
    if "extractor" in known:
        lines.append(f"Features were extracted with {known['extractor']}")
    if "discretization" in known:
        lines.append(
            f"Discretization: {known['discretization']} Resampling: {known['resampling']} Images: "
            f"{known['image_types']} "
            f"Classes: {known['classes']}"
        )
    base = view.of_method(ORIGINAL)
    if base and base.features_offered:
        lines.append(f"Models of {view.features} features were offered {base.features_offered}.")
    return " ".join(lines)


def fit_settings(settings: Mapping[str, Any], outcome: str) -> FitSettings:
    """Of the models, as the results have them."""
    fit = dict(settings.get("fit") or {})
    known = {name: fit[name] for name in FitSettings.__dataclass_fields__ if name in fit}
    known.setdefault("folds", int(settings.get("folds", FitSettings.folds)))
    known.setdefault("seed", int(settings.get("seed", FitSettings.seed)))
    known["l1_ratios"] = tuple(known.get("l1_ratios", FitSettings.l1_ratios))
    return FitSettings(**{"outcome": outcome, **known, "combat": None})


def models(view: View) -> str:
    """How the models were fitted."""
    fit = fit_settings(view.results.settings, view.results.outcome)
    combat = [method.title for method in view.results.methods if method.combat]
    missing = " Missing values took the median of the training folds." if fit.missing == "impute" else ""
    harmonized = (
        f" Where the method says so ({listed(combat)}), ComBat by scanner came before, fitted on training folds only."
        if combat
        else ""
    )
    return (
        f"Constant and duplicate features were dropped, the others standardized, and filtered by the Mann-Whitney U "
        f"test "
        f"(p ≤ {fit.level:g}{', Benjamini-Hochberg' if fit.fdr else ''}). A LASSO selected among them, and "
        f"{regression(fit)} "
        f"was fitted to what it selected; both penalties, of {fit.penalties} tried, are those with the best AUC in a "
        f"cross-validation of {fit.folds} folds by patient, stratified by outcome and scanner. The log odds were "
        f"recalibrated (Platt) and the threshold chosen (Youden) on its held-out predictions.{missing}{harmonized} "
        f"A patient’s score is the mean log odds of the images. Seed {fit.seed}."
    )


def evaluation(view: View) -> str:
    """How the models were judged."""
    fit = fit_settings(view.results.settings, view.results.outcome)
    lines = []
    if NESTED in view.sets:
        lines.append(
            f"Training patients were judged by a nested cross-validation of {fit.folds} outer folds, the same for all "
            "methods; everything that learns, from imputation to the threshold, was fitted anew without the fold."
        )
    if held_out := [name for name in (VALIDATION, TEST) if name in view.sets]:
        lines.append(f"Patients of split {listed(held_out)} took part in no fit of a model.")
    lines.append(
        "AUCs have intervals by DeLong and by bootstrap of patients "
        f"({RESAMPLES} samples), rates by Wilson. In a cross-validation, AUCs compare patients of the same fold only. "
        "Each method was tested against the original images on the same patients by DeLong’s paired test, adjusted "
        "for the "
        "number of methods by Holm. Calibration: intercept, slope and Brier score; decision curves: net benefit "
        "against "
        "treating all and none."
    )
    if any(row.trained == ON_TARGET for row in view.results.scanners):
        lines.append(
            "Models were also trained on the target scanner alone and used on every other one, and trained on all "
            "scanners "
            "but one and used on that one."
        )
    return " ".join(lines)


def patients_table(view: View) -> str:
    """Which tests the patients' table has."""
    tests = list(dict.fromkeys(row.test for row in view.results.patients_table if row.test and row.p == row.p))
    return f"Groups were compared by {listed(tests)}, chosen by the data." if tests else ""


def regression(fit: FitSettings) -> str:
    """The final model, in words."""
    if fit.l1_ratios == (0.0,):
        return "a ridge logistic regression"
    return f"an elastic-net logistic regression (L1 ratio {listed([f'{ratio:g}' for ratio in fit.l1_ratios])})"


def _balance(settings: Mapping[str, Any]) -> str:
    training = settings.get("training")
    names = {str(one.get("balance", "")) for one in training.values()} if isinstance(training, Mapping) else set()
    return listed(sorted(names - {""}))
