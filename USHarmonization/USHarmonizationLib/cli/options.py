"""What several commands have in common: options, and JSON for programs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..scanners import Catalogue

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output, for programs.")]

ScannersFile = Annotated[
    Path | None,
    typer.Option(
        "--scanners",
        metavar="FILE",
        help="JSON file with scanners of your own, added to the catalogue "
        "(the same as the environment variable USHARMONIZATION_SCANNERS).",
    ),
]

Device = Annotated[
    str,
    typer.Option(metavar="auto|cpu|cuda", help="Where the network runs; auto takes a GPU where there is one."),
]

Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", help="Local processes; by default as many as the work and the cores are worth."),
]

Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Dask scheduler (tcp://host:8786) whose workers do the work; they must see the same files, under the same "
        "paths.",
    ),
]


def use_scanners(file: Path | None) -> Catalogue:
    """The catalogue, with the user's file where one is named; from then on it is this process's and its children's."""
    from ..scanners import VARIABLE, catalogue

    if file is not None:
        os.environ[VARIABLE] = str(file.absolute())
    return catalogue()


def print_json(content: Any) -> None:
    """``content`` on standard output, indented, as standard JSON."""
    print(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))
