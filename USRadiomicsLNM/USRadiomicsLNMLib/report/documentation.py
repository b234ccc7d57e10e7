"""A study as documentation: a folder with README.md, figures as SVG and tables as CSV, that can go into a "
"repository."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from USHarmonizationLib.atomic import atomic_path, write_text
from USHarmonizationLib.errors import UsageError

from ..study.results import FOLDER, StudyResults
from .cells import Table, markdown_text
from .limits import limits
from .methods_text import methods_text
from .page import table_number
from .pictures import Picture, pictures
from .tables import tables
from .view import View
from .words import standing, summary
from .write import FIGURES

# Tables that a reader of the documentation wants to see; the others are there as CSV only.
IN_TEXT = (
    "table_1_patients",
    "table_2_images",
    "table_2b_kept",
    "table_3_performance",
    "table_4_differences",
    "table_5_calibration",
    "table_6_features",
    "table_7_scanners",
    "table_9_cohort",
)
EXAMPLES = "examples"


def write_documentation(study: Path, out: Path, title: str = "", examples: str = "", command: str = "") -> Path:
    """Write a study's README.md, figures and tables to ``out``.

    Args:
        study: folder of a study with its report.
        out: folder to write to.
        title: of the README; by default that of the cohort.
        examples: licence and citation of the example images, without which they are left out.
        command: with which the study was made.

    Returns:
        The path of the README.

    Raises:
        UsageError: the study has no results or no report.
        OSError: ``out`` cannot be written to.
    """
    view = View(StudyResults.read(study / FOLDER))
    made = tables(view)
    drawn = [one for one in pictures(view, study / FOLDER) if one.name != EXAMPLES or examples]
    for one in drawn:
        source = study / FIGURES / f"{one.name}.svg"
        if not source.is_file():
            raise UsageError(f"{source} is missing; needed: a study with its report")
        with atomic_path(out / source.name) as temporary:
            shutil.copyfile(source, temporary)
    for table in made.values():
        write_text(out / f"{table.name}.csv", table.csv())
    write_text(out / "README.md", _readme(view, made, drawn, title, examples, command))
    return out / "README.md"


def _readme(
    view: View, made: dict[str, Table], drawn: Sequence[Picture], title: str, examples: str, command: str
) -> str:
    figures = {one.name: (place, one) for place, one in enumerate(drawn, start=1)}
    others = [table for name, table in made.items() if name not in IN_TEXT]
    parts = [
        f"# {markdown_text(title or f'Study: {view.results.title}')}",
        *(markdown_text(line) for line in standing(view)),
        *([f"```\n{command.strip()}\n```"] if command else []),
        "## What was found",
        "\n".join(f"{place}. {markdown_text(line)}" for place, line in enumerate(summary(view), start=1)),
        _figure(figures, "auc", ""),
        "## Patients",
        _table(made, "table_1_patients"),
        "## Images",
        _table(made, "table_2_images"),
        _figure(figures, "images", ""),
        _table(made, "table_2b_kept"),
        _figure(figures, "feature_shifts", ""),
        _figure(figures, EXAMPLES, examples),
        "## Models",
        _table(made, "table_3_performance"),
        _table(made, "table_4_differences"),
        *(_figure(figures, name, "") for name in figures if name.startswith("roc_")),
        _figure(figures, "calibration", ""),
        _table(made, "table_5_calibration"),
        _figure(figures, "decision_curves", ""),
        _table(made, "table_6_features"),
        "## Other scanners" if "table_7_scanners" in made else "",
        _table(made, "table_7_scanners"),
        _figure(figures, "scanners", ""),
        "## Methods",
        *(f"**{heading}.** {markdown_text(text)}" for heading, text in methods_text(view)),
        _table(made, "table_9_cohort"),
        "## Limits",
        "\n".join(f"- {markdown_text(line)}" for line in limits(view)),
        "## More tables" if others else "",
        "\n".join(f"- [{markdown_text(table.title)}]({table.name}.csv)" for table in others),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _table(made: dict[str, Table], name: str) -> str:
    if name not in made:
        return ""
    table = made[name]
    head = f"**Table {table_number(name)}.** {markdown_text(table.title)} ([CSV]({name}.csv))"
    return f"{head}\n\n{table.markdown()}"


def _figure(figures: dict[str, tuple[int, Picture]], name: str, more: str) -> str:
    if name not in figures:
        return ""
    number, one = figures[name]
    text = f"**Figure {number}.** {markdown_text(f'{one.title}. {one.text}')}" + (
        f" {markdown_text(more)}" if more else ""
    )
    return f"![{markdown_text(one.alt)}]({name}.svg)\n\n{text}"
