"""``uslnm fit``: a model from a features table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from USHarmonizationLib.cli.options import AsJson, print_json

from .options import (
    Combat,
    Fdr,
    Folds,
    Harmonizers,
    Jobs,
    L1Ratios,
    Level,
    Missing,
    Outcome,
    Pattern,
    Seed,
    default_jobs,
)


def fit(
    features: Annotated[Path, typer.Argument(metavar="FEATURES.csv", help="Features table with the outcome.")],
    outcome: Outcome,
    out: Annotated[Path, typer.Option(metavar="MODEL.json", help="Model to write.")],
    combat: Combat = None,
    level: Level = 0.05,
    fdr: Fdr = False,
    l1_ratios: L1Ratios = None,
    folds: Folds = 10,
    missing: Missing = "refuse",
    harmonizers: Harmonizers = None,
    pattern: Pattern = None,
    jobs: Jobs = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Fit a model: Mann-Whitney U filter, lasso, then ridge or elastic-net logistic regression.

    Trains on split "train" (on all rows where there are no splits). Everything that learns is fitted inside the folds,
    which keep a patient's images together. Two estimates are given: nested cross-validation on the training patients,
    and each split that was held out.
    """
    from USHarmonizationLib.progress import Progress
    from USHarmonizationLib.records import sha256

    from ..features_table import FEATURE, read_features
    from ..fit import fit_model
    from ..model import write_model
    from ..settings import FitSettings
    from ..statistics.interval import as_json as plain

    settings = FitSettings(outcome, combat, level, fdr, tuple(l1_ratios or (0.0,)), folds, missing=missing, seed=seed)
    table = read_features(features, pattern or FEATURE)
    with Progress("cross-validating", folds, None if as_json else sys.stderr) as progress:
        found = fit_model(
            table, settings, harmonizers or (), default_jobs(jobs), lambda: progress.advance(), sha256(features)
        )
    write_model(out, found.model)
    if as_json:
        print_json(
            {
                "model": str(out),
                "features": {feature.name: feature.coefficient for feature in found.model.features},
                "threshold": found.model.threshold,
                "performance": plain(found.performance),
                "notes": list(found.notes),
            }
        )
        return
    print(f"{out}: {len(found.model.features)} features, threshold {found.model.threshold:.3f}")
    for name, figures in found.performance.items():
        rates = ", ".join(f"{rate} {value.value:.2f}" for rate, value in figures.rates.items())
        print(f"{name}: {figures.patients} patients ({figures.events} with {outcome}), AUC {figures.auc}, {rates}")
    for note in found.notes:
        print(f"note: {note}")
