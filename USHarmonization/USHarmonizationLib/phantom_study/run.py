"""A phantom study from simulation to report."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..atomic import write_text
from ..evaluation.settings import ORIGINAL
from ..figures.bars import Bars, plot_bars
from ..figures.style import save_figure, style
from ..harmonizers import PLAIN_METHODS
from ..metrics.definitions import IMAGE, SETS
from ..simulation.output import checked_jobs, opened
from ..simulation.phantom_files import phantom_pairs
from ..training.report import Reporter
from . import stages
from .settings import Study
from .table import SHORT, TITLES, Cell, as_csv, as_json, as_text, kept_table, study_table, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT, TABLE, BARS = "phantom-study.json", "phantom-study.csv", "figure_4a_bars"


@dataclass(frozen=True)
class Studied:
    """What a study found: the table for reading, the report's path, and what to know before it is quoted."""

    text: str
    report: Path
    warnings: tuple[str, ...]


def run(study: Study, out: Path, device: str = "auto", jobs: int = 1, reporter: Reporter | None = None) -> Studied:
    """Simulate, train, harmonize, register, evaluate; what is done already is not done again.

    Args:
        study: what to do.
        out: folder for all of it, see ``stages``.
        device: of trainings and networks. jobs: processes of all else.
        reporter: hears progress.

    Raises:
        UsageError: the folder holds another study, or a package is missing.
        TrainingStopped: Ctrl-C or SIGTERM came while training; the same call goes on.
    """
    from ..training.devices import parse_device

    reporter = reporter or Reporter()
    with style():
        pass  # that figures can be drawn is found out before the work, not after
    # A folder that is refused would remember what was wrong, and refuse what is right.
    checked_jobs(jobs)
    parse_device(device)
    phantom_pairs(study.source, study.target, study.probe, size=study.size)
    with opened(out, {"kind": "phantom study", **study.as_json()}):
        stages.simulate(study, out, jobs, reporter.progress)
        stages.train(study, out, device, reporter)
        stages.harmonize(study, out, device, jobs, reporter.progress)
        stages.register_pairs(study, out, reporter.progress)
        found = stages.evaluate(study, out, jobs, reporter.progress)
        summaries = [one.summary for one in found]
        methods = (ORIGINAL, *PLAIN_METHODS, *study.variants)
        table = study_table(methods, study.variants, summaries)
        targets = stages.keep(study, out, reporter.progress)
        folders = [{ORIGINAL: ORIGINAL, **dict(study.methods(repeat))} for repeat in range(study.repeats)]
        table |= kept_table(
            {method: [targets[names[method]] for names in folders] for method in methods}, study.variants
        )
        titles = {key: title(key, summaries) for key in table}
        doubts = [text for one in found for text in (*one.warnings, *one.summary.doubts)]
        warnings = tuple(dict.fromkeys([*stages.distrusted(study, out), *doubts]))
        write_text(out / TABLE, as_csv(table, titles))
        save_figure(_bars(methods, table, titles, study), out, BARS)
        content = {
            "schema": 1,
            "software_version": __version__,
            "settings": study.as_json(),
            "methods": list(methods),
            "titles": titles,
            "table": as_json(table),
            "warnings": list(warnings),
            "note": "Simulated images: what the devices show may differ. Research use only.",
        }
        write_text(out / REPORT, json.dumps(content, indent=1, allow_nan=False) + "\n")
        return Studied(as_text(table, titles, methods), out / REPORT, warnings)


def _bars(methods: tuple[str, ...], table: dict[str, dict[str, Cell]], titles: dict[str, str], study: Study) -> Figure:
    definitions = {**IMAGE, **SETS}
    metrics = []
    for key, cells in table.items():
        found = [cells.get(method, Cell(math.nan)) for method in methods]
        spreads = [cell.sd for cell in found]
        metrics.append(
            Bars(
                titles[key].replace(" (", "\n(") if key not in TITLES else SHORT[key],
                definitions[key].unit if key in definitions else "",
                [cell.value for cell in found],
                None if all(map(math.isnan, spreads)) else spreads,
                definitions[key].better if key in definitions else ("" if key == "growth" else "higher"),
                chance=0.5 if key == "scanner" else None,
            )
        )
    note = f"Compared with the target, {study.pairs} simulated pairs."
    if study.repeats > 1:
        note += f" Whiskers: standard deviation over {study.repeats} trainings."
    return plot_bars(methods, metrics, note)
