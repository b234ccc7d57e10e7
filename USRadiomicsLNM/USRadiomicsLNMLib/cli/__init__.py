"""The command line ``uslnm``: one file a command; exit codes and errors as those of ``usharmonize``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from USHarmonizationLib import __version__
from USHarmonizationLib.cli import USAGE, run

from .compare import compare
from .extract import extract
from .fit import fit
from .score import score
from .study import study
from .table import table

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

# A command is the function of its name in the file of its name.
for command in (extract, fit, score, compare, table, study):
    app.command()(command)


@app.callback(invoke_without_command=True)
def _uslnm(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    """Radiomics models of lymph node metastasis: extract, fit, score, compare, with estimates that can be trusted.

    Research use only, not for diagnosis.
    """
    if version:
        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; ``arguments`` are those of the command line unless given. Returns the exit code."""
    return run(app, "uslnm", arguments)
