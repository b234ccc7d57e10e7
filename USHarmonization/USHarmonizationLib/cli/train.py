"""``usharmonize train``: train a harmonizer from one scanner to another."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..progress import Progress
from ..training.report import Reporter, TrainingStopped
from ..training.settings import TrainingSettings, describe, parse_assignments, read_settings
from ..variants import DEFAULT_VARIANT, VARIANTS
from ..variants import variant as find_variant


class ConsoleReporter(Reporter):
    """Lines and progress with the time left, on standard error."""

    def __init__(self) -> None:
        self._stage, self._done = "", 0
        self._progress: Progress | None = None

    def __reduce__(self) -> tuple[type[ConsoleReporter], tuple[()]]:
        return ConsoleReporter, ()

    def line(self, text: str) -> None:
        self.close()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def progress(self, stage: str, done: int, total: int) -> None:
        if self._progress is None or stage != self._stage or done < self._done:
            self.close()
            self._stage, self._done = stage, 0
            self._progress = Progress(stage, total)
            for _ in range(done - 1):  # what an earlier run has done says nothing about the time left
                self._progress.advance(skipped=True)
            self._done = max(done - 1, 0)
        while self._done < done:
            self._progress.advance()
            self._done += 1

    def close(self) -> None:
        """End the current line."""
        if self._progress is not None:
            self._progress.__exit__(None, None, None)
            self._progress = None


def train(
    cohort: Annotated[
        Path | None, typer.Argument(metavar="COHORT.csv", help="Cohort table: image, mask, patient, scanner, split ...")
    ] = None,
    source: Annotated[str, typer.Option(metavar="ID", help="Scanner whose images are to be changed.")] = "",
    target: Annotated[str, typer.Option(metavar="ID", help="Scanner whose style they are to get.")] = "",
    variant: Annotated[str, typer.Option(metavar="V", help=f"Method: {' | '.join(VARIANTS)}.")] = DEFAULT_VARIANT,
    out: Annotated[
        Path | None,
        typer.Option(metavar="BUNDLE", help="Bundle to write; checkpoints, logs, previews go to BUNDLE.training."),
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="Optimisation steps, in place of the default.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was stopped or killed.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cpu:2 (two processes), cuda, cuda:0,1 or mps.")] = "auto",
    seed: Annotated[int | None, typer.Option(help="Same seed, same result (on a CPU). Default 0.")] = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", metavar="FILE.json", help="Further settings, as a JSON object.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="One further setting; may be repeated.")
    ] = None,
    list_settings: Annotated[
        bool, typer.Option("--list-settings", help="Show all settings of the variant with their defaults, then stop.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write the result as JSON to standard output.")] = False,
) -> None:
    """Train a harmonizer that brings images of one scanner to the style of another.

    Trains on the cohort's rows of split "train", judges on "validation", never touches "test". The bundle holds the
    checkpoint with the best validation figure.

    Ctrl-C stops cleanly (exit code 130); --resume goes on, as it also does after a crash.
    """
    entry = find_variant(variant)
    if list_settings:
        for title, settings_class in (("training", TrainingSettings), (variant, entry.load().settings_class)):
            typer.echo(f"{title}:")
            for name, default, accepted, meaning in describe(settings_class):
                value = entry.preset.get(name, default)
                typer.echo(f"  {name} = {json.dumps(value)}  ({accepted})  {meaning}")
        return
    for name, value in (("COHORT.csv", cohort), ("--source", source), ("--target", target), ("--out", out)):
        if not value:
            raise UsageError(f"{name} is missing; needed: train COHORT.csv --source ID --target ID --out BUNDLE")
    assert cohort is not None
    assert out is not None
    settings = read_settings(settings_file) if settings_file else {}
    settings |= parse_assignments(assignments or [])
    settings |= {name: value for name, value in (("steps", steps), ("seed", seed)) if value is not None}

    from ..training.trainer import train as run_training

    reporter = ConsoleReporter()
    try:
        result = run_training(cohort, source, target, out, variant, settings, resume, device, reporter)
    except TrainingStopped as stopped:
        reporter.line(str(stopped))
        raise typer.Exit(128 + stopped.signal) from None
    finally:
        reporter.close()
    if as_json:
        typer.echo(json.dumps({**asdict(result), "bundle": str(result.bundle)}))
    else:
        typer.echo(
            f"{result.bundle}: checkpoint of step {result.best_step} of {result.steps}, texture distance "
            f"{result.distance:.2f}, content agreement {result.content:.3f} on validation patients"
        )
