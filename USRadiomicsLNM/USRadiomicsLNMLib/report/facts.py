"""What the software knows about a study, for the items of reporting checklists: by name, in a sentence or two.

A fact that the results do not hold is not there, and the item it would fill stays blank. Facts say what was done; they
never say that an item is fulfilled.
"""

from __future__ import annotations

from ..study.results import NESTED, ON_OTHERS, TEST, TRAINING, VALIDATION
from .cells import counted, listed
from .methods_text import fit_settings, regression
from .radiomics import radiomics_facts
from .view import ORIGINAL, View

# Every fact there can be; sheets may name no other.
NAMES = frozenset(
    """
    algorithm analysed baseline by_scanner calculation calibration checks classes comparison counts discretization
    explanation extraction_defaults extractor feature_count features_kept figures full_model harmonization
    image_types imbalance inputs left_out limits missing model_choice outcome output performance predictors
    pseudonyms resampling scaling scanner_effects scanners selection software split split_baseline stage steps
    testing tuning uncertainty
    """.split()  # noqa: SIM905
)


def facts(view: View) -> dict[str, str]:
    """Name -> what is known; names are those of ``NAMES``."""
    found = {**_data(view), **radiomics_facts(view.results.settings), **_models(view), **_results(view)}
    return {name: text for name, text in found.items() if text}


def _data(view: View) -> dict[str, str]:
    results = view.results
    counts = {(row.scanner, row.split): row for row in results.counts}
    scanners = [name for name in dict.fromkeys(row.scanner for row in results.counts) if name != "all"]
    splits = [split for split in ("train", "validation", "test") if ("all", split) in counts]
    whole = counts.get(("all", "all"))
    found = {
        "steps": "Harmonize, extract features, fit, compare: see the methods paragraphs of this report.",
        "pseudonyms": "Results name patients by pseudonyms only. Approval and consent: not known to the software.",
        "inputs": f"SHA-256 of {listed(sorted(results.inputs))} are in this report. Origin: not known to the software."
        if results.inputs
        else "",
        "outcome": f"Column {results.outcome} of the cohort table, 1 or 0. How and when it was determined: not known "
        f"to the "
        "software.",
        "software": f"usharmonization {results.versions['usharmonization']}; settings and seed are in this report."
        if "usharmonization" in results.versions
        else "",
    }
    if scanners:
        told = listed([view.scanner(name) for name in scanners])
        found["scanners"] = f"Scanners: {told}. Acquisition settings: not known to the software."
    if whole:
        found["counts"] = f"{counted(whole.patients, 'patient')}, {whole.events} with {view.event}; table 9."
        found["imbalance"] = (
            f"{whole.events} of {counted(whole.patients, 'patient')} have {view.event}. Models: classes neither "
            "weighted nor resampled, folds stratified; log odds recalibrated on held-out predictions."
        )
        if splits:
            parts = listed([f"{split} {counts['all', split].patients}" for split in splits])
            found["split"] = f"By the column split of the cohort, patients whole: {parts} patients."
            found["split_baseline"] = "Table 1 has each split." if results.patients_table else ""
        else:
            found["split"] = "None: nested cross-validation, folds by patient."
    if results.patients_table:
        found["baseline"] = "Table 1."
    if results.left_out:
        images = len({row.image for row in results.left_out})
        found["left_out"] = (
            f"{counted(images, 'image')} could not be used: table 11. Eligibility: not known to the software."
        )
    return found


def _models(view: View) -> dict[str, str]:
    results = view.results
    if not results.performance:
        return {}
    fit = fit_settings(results.settings, results.outcome)
    base = view.of_method(ORIGINAL)
    combat = [method.title for method in results.methods if method.combat]
    held_out = [name for name in (VALIDATION, TEST) if name in view.sets]
    found = {
        "stage": "Models were fitted and judged on the same cohort: development with internal evaluation.",
        "harmonization": "Harmonized to "
        + f"{view.target} by {listed([m.title for m in view.harmonizing])}: Methods, Harmonization; table 10.",
        "checks": "Each harmonized image is checked (cycle, structure, lesion, distance from both scanners); table 2 "
        "has the "
        "share with a warning. A score of a new image warns of another scanner, harmonizer, parameters, and "
        "extrapolation.",
        "predictors": f"Radiomic features only ({view.features}); no clinical variable is in a model.",
        "missing": "Rows with missing values were refused."
        if fit.missing == "refuse"
        else "Features: median of the training folds. Patients’ variables: counted in table 1.",
        "scaling": "Mean 0 and standard deviation 1, of the training folds.",
        "selection": f"Constant and duplicate features dropped, Mann-Whitney U (p ≤ {fit.level:g}), LASSO; all in the "
        f"folds.",
        "algorithm": f"LASSO selection, then {regression(fit)}; log odds recalibrated (Platt): Methods, Models.",
        "tuning": f"Two penalties, {fit.penalties} tried of each, by cross-validated AUC ({fit.folds} folds by "
        f"patient), inside "
        "the training folds.",
        "model_choice": "One model for each method; none was chosen by its result. All methods are reported.",
        "scanner_effects": "Scanner: strata of the folds, models on scanners that they were not trained on (table 7)"
        + (f", ComBat ({listed(combat)})" if combat else "")
        + ". Other confounders: not known to the software.",
        "testing": ("Held out: " + listed(held_out) + ", patients of the same cohort. " if held_out else "")
        + ("Nested cross-validation. " if NESTED in view.sets else "")
        + "No external data.",
        "figures": "AUC, accuracy, sensitivity, specificity, predictive values, calibration intercept and slope, "
        "Brier score, "
        "decision curve.",
        "uncertainty": "95 % intervals: DeLong and bootstrap of patients (AUC), Wilson (rates), Wald (calibration).",
        "comparison": "DeLong’s paired test against the original images, Holm’s adjustment for the number of methods.",
        "calibration": "Intercept and slope with intervals, Brier score (table 5), curves.",
        "calculation": "Linear combination of standardized features: log odds; a patient’s is the mean of the images.",
        "output": "Log odds and probability; class by a threshold chosen by Youden’s index on training patients.",
    }
    if base and base.features_offered:
        found["feature_count"] = f"{base.features_offered} {view.features} features were offered to each model."
    if used := results.settings.get("radiomics_parameters"):
        found["extraction_defaults"] = f"All parameters, defaults included, have the checksum {used}."
    return found


def _results(view: View) -> dict[str, str]:
    results = view.results
    found = {"limits": "Read off the numbers: section Limits of this report. Others: for people to add."}
    if results.features:
        kept = listed([f"{m.title} {m.features_kept}" for m in results.methods if m.features_kept])
        found["features_kept"] = (f"Features kept: {kept}; " if kept else "") + "table 8."
        found["explanation"] = "Linear models; coefficients in table 8."
        found["full_model"] = (
            "Coefficients of standardized features: table 8. The model files hold scaling and intercept too."
        )
    if results.performance:
        found["performance"] = "Tables 3 to 6, with 95 % intervals."
        rows = [row for name in view.sets if name != TRAINING and (row := view.performance(ORIGINAL, name))]
        found["analysed"] = (
            listed([f"{row.set}: {counted(row.patients, 'patient')}, {row.events} events" for row in rows]) + "."
        )
    if any(row.trained == ON_OTHERS and not row.reason for row in results.scanners):
        found["by_scanner"] = "Table 7: leave one scanner out, and models of the target scanner on others."
    return found
