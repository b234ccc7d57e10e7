"""``uslnm table``: the patients' table (Table 1)."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from USHarmonizationLib.cli.options import AsJson, ScannersFile, print_json, use_scanners

from .options import Outcome


def table(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT.csv", help="Cohort table, or features table.")],
    outcome: Outcome,
    out: Annotated[Path | None, typer.Option(metavar="TABLE.csv", help="Table to write.")] = None,
    variables: Annotated[
        list[str] | None,
        typer.Option("--variable", metavar="COLUMN", help="Column to show; may be repeated. By default all that fit."),
    ] = None,
    scanners_file: ScannersFile = None,
    as_json: AsJson = False,
) -> None:
    """Show clinical variables by split and outcome, each with the test that suits the data, by name, and its p value.

    Student's or Welch's t test, or Mann-Whitney U; chi-square or Fisher's exact test.
    """
    from USHarmonizationLib.atomic import write_text
    from USHarmonizationLib.cohort import read_cohort

    from ..statistics.interval import as_json as plain
    from ..statistics.patients_table import patients_table

    rows, notes = patients_table(read_cohort(cohort, use_scanners(scanners_file)), outcome, variables or ())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["split", "variable", "category", f"{outcome} 0", f"{outcome} 1", "test", "p", "missing"])
    for row in rows:
        p = "" if row.p != row.p else f"{row.p:.3g}"
        writer.writerow(
            [row.split, row.variable, row.category, row.without, row.with_outcome, row.test, p, row.missing]
        )
    if out is not None:
        write_text(out, text.getvalue())
    if as_json:
        print_json({"rows": plain(rows), "notes": notes})
        return
    print(text.getvalue(), end="")
    for note in notes:
        print(f"note: {note}")
