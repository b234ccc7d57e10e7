"""``uslnm compare``: models of the same patients before and after harmonization."""

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


def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE.csv", help="Features of the original images.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER.csv", help="Features of the harmonized images.")],
    outcome: Outcome,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the tables, figures and both models.")],
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
    """Fit a model before and one after harmonization, on the same patients, splits and folds, and compare them.

    DIR gets performance (table3.csv), DeLong's paired tests, ROC, calibration and decision curves (tables, and figures
    as SVG and PNG), features kept, predictions, leave-one-scanner-out, notes, and both models.
    """
    from USHarmonizationLib.errors import UsageError
    from USHarmonizationLib.progress import Progress
    from USHarmonizationLib.records import sha256

    from ..compare import compare as run
    from ..compare import write_comparison
    from ..features_table import FEATURE, read_features
    from ..figures.comparison import draw_comparison
    from ..settings import FitSettings
    from ..statistics.interval import as_json as plain

    settings = FitSettings(outcome, combat, level, fdr, tuple(l1_ratios or (0.0,)), folds, missing=missing, seed=seed)
    first, second = (read_features(path, pattern or FEATURE) for path in (before, after))
    with Progress("cross-validating", 2 * folds, None if as_json else sys.stderr) as progress:
        found = run(
            first,
            second,
            settings,
            harmonizers or (),
            default_jobs(jobs),
            lambda: progress.advance(),
            (sha256(before), sha256(after)),
        )
    write_comparison(out, found)
    notes = list(found.notes)
    try:
        draw_comparison(out, found, seed)
    except UsageError as error:
        notes.append(f"no figures written: {error}")
    if as_json:
        print_json(
            {
                "folder": str(out),
                "performance": {model: plain(fit.performance) for model, fit in found.fits.items()},
                "tests": plain(found.tests),
                "notes": notes,
            }
        )
        return
    for name, test in found.tests.items():
        a, b = (found.fits[model].performance[name].auc for model in ("before", "after"))
        print(f"{name}: AUC before {a}, after {b}, p = {test.p:.3g} (DeLong, paired)")
    for note in notes:
        print(f"note: {note}")
    print(f"tables and figures: {out}")
