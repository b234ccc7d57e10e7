"""Train a harmonizer in a child process, and follow it: curves, previews, the bundle that it gives."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import LogicError
from .models import Model
from .plots import Series, plotChart
from .process import ChildProcess

LOSSES, VALIDATION = "losses.csv", "validation.csv"
# A training that is told to stop finishes its step and saves its state.
GRACE = 120.0
CHARTS = {LOSSES: "Training losses", VALIDATION: "Training validation"}


@dataclass
class GrowingTable:
    """A CSV that grows: each ``update`` reads what has been added, or all of it after it was written anew.

    Attributes:
        path: the file, which need not exist yet.
        columns: name -> numbers.
    """

    path: Path
    columns: dict[str, list[float]] = field(default_factory=dict)
    _offset: int = 0
    _head: bytes = b""

    def update(self) -> bool:
        """Whether there is something new. A line that is still being written waits for the next time."""
        try:
            with open(self.path, "rb") as stream:
                head = stream.read(len(self._head))
                size = stream.seek(0, 2)
                fresh = size < self._offset or head != self._head
                if fresh:
                    self._offset, self._head, self.columns = 0, b"", {}
                stream.seek(self._offset)
                added = stream.read()
        except OSError:
            return False
        added = added[: added.rfind(b"\n") + 1]
        if not added:
            return False
        rows = list(csv.reader(io.StringIO(added.decode("utf-8", "replace"))))
        if self._offset == 0:
            self._head = added[: added.find(b"\n") + 1]
            self.columns = {name: [] for name in rows.pop(0)}
        self._offset += len(added)
        for row in rows:
            for values, cell in zip(self.columns.values(), row, strict=False):
                values.append(_number(cell))
        return True


@dataclass
class TrainingRun:
    """What a training has written so far, beside the bundle it is to give.

    Attributes:
        bundle: where the bundle appears when it is finished.
        losses, validation: the curves.
    """

    bundle: Path
    losses: GrowingTable = field(init=False)
    validation: GrowingTable = field(init=False)

    def __post_init__(self) -> None:
        self.losses = GrowingTable(self.folder / LOSSES)
        self.validation = GrowingTable(self.folder / VALIDATION)

    @property
    def folder(self) -> Path:
        """``BUNDLE.training``: settings, checkpoints, curves, previews."""
        return self.bundle.with_name(self.bundle.name + ".training")

    @property
    def exists(self) -> bool:
        """Whether a training was begun there, so that it can be resumed."""
        return (self.folder / "run.json").is_file()

    @property
    def isFinished(self) -> bool:
        return (self.bundle / "model.json").is_file()

    @property
    def description(self) -> Mapping[str, Any]:
        """``source``, ``target``, ``variant`` and ``settings`` it was begun with; empty when unknown."""
        try:
            content = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def previews(self) -> list[Path]:
        """Pictures of the same frames after each validation (original, harmonized, a target frame), oldest first."""
        return sorted((self.folder / "previews").glob("step-*.png"))

    @property
    def remarks(self) -> str:
        """Images that were left out, and why; "" when none was."""
        try:
            return (self.folder / "remarks.txt").read_text(encoding="utf-8")
        except OSError:
            return ""

    def update(self) -> bool:
        """Read what is new; whether there was something."""
        return any([self.losses.update(), self.validation.update()])


class TrainingLogic:
    """Methods of ``USHarmonizationLogic`` that train."""

    def variants(self) -> dict[str, str]:
        """Name -> one line about each method that can be trained; the default comes first.

        Example:
            >>> next(iter(logic.variants()))
            'texture'
        """
        from USHarmonizationLib.variants import DEFAULT_VARIANT, VARIANTS

        ordered = sorted(VARIANTS, key=lambda name: name != DEFAULT_VARIANT)
        return {name: VARIANTS[name].summary for name in ordered}

    def startTraining(
        self,
        cohort: Path | str,
        source: str,
        target: str,
        bundle: Path | str,
        *,
        variant: str = "",
        steps: int | None = None,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
        resume: bool = False,
        device: str = "auto",
    ) -> ChildProcess:
        """Begin or go on with a training; ``cancel`` of the process stops it with its state saved.

        Args:
            cohort: the cohort table.
            source, target: scanner ids.
            bundle: the folder of the bundle to make; its training lies beside it.
            variant: a name of ``variants``; the default unless given.
            steps, seed, settings: what differs from the defaults.
            resume: go on with the training that ``bundle`` has begun.
            device: ``auto``, ``cpu`` or ``cuda``.

        Raises:
            LogicError: a sentence that says what does not fit; nothing was started.

        Example:
            >>> process = logic.startTraining("cohort.csv", "ge-logiq-5", "ge-logiq-7", "my-model", steps=2000)
            >>> process.job.update(), process.job.losses.columns["step"]
            (True, [20.0, 40.0])
        """
        run = self.trainingRun(bundle)
        _check(self.variants(), self.scanners(), cohort, source, target, variant, run, resume)
        self.checkDependencies("train")
        arguments: list[str | Path] = ["train", Path(cohort).absolute(), "--source", source, "--target", target]
        arguments += ["--out", run.bundle, "--device", device, "--json"]
        for name, value in (("--variant", variant), ("--steps", steps), ("--seed", seed)):
            arguments += [] if value in (None, "") else [name, str(value)]
        for name, value in (settings or {}).items():
            arguments += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
        arguments += ["--resume"] if resume else []
        process = ChildProcess(arguments, grace=GRACE)
        process.job = run
        return process.start()

    def trainingRun(self, bundle: Path | str) -> TrainingRun:
        """What there is of a training, running or not: curves, previews, whether it can be resumed.

        Raises:
            LogicError: no folder is named.

        Example:
            >>> logic.trainingRun("my-model").exists
            True
        """
        if not str(bundle).strip():
            raise LogicError("Choose a folder for the model first.")
        return TrainingRun(Path(bundle).absolute())

    def plotTraining(self, run: TrainingRun) -> tuple[Any, Any, Any]:
        """Charts of losses, texture distance and content agreement, renewed in place; for each ``run.update()``.

        The distance of the images as they were, and the content agreement below which no checkpoint is kept, are
        drawn as dashed lines to compare with.

        Example:
            >>> losses, distance, content = logic.plotTraining(logic.trainingRun("my-model"))
            >>> losses.GetTitle()
            'Training losses'
        """
        losses = dict(run.losses.columns)
        steps = losses.pop("step", [])
        curves = [
            Series(name, values, steps)
            for name, values in losses.items()
            if name != "seconds" and not name.startswith("rate_")
        ]
        charts = [plotChart(self.scene, CHARTS[LOSSES], curves, xTitle="step", yTitle="loss")]
        figures = run.validation.columns
        steps = figures.get("step", [])
        ends = [steps[0], steps[-1]] if steps else []
        floor = run.description.get("settings", {}).get("content_floor")
        for key, title, known, line in (
            ("distance", "Texture distance to the target (lower is better)", "as they were", None),
            ("content", "Content agreement with the originals (1 is perfect)", "floor", floor),
        ):
            values = figures.get(key, [])
            level = values[0] if line is None and values else line
            series = [Series("harmonized", values, steps)]
            if level is not None and ends:
                series.append(Series(known, [level] * 2, ends, dashed=True, colour=(0.4, 0.4, 0.4)))
            name = f"{CHARTS[VALIDATION]}: {key}"
            charts.append(plotChart(self.scene, name, series, title=title, xTitle="step", yTitle=key))
        return charts[0], charts[1], charts[2]

    def installTraining(self, run: TrainingRun) -> Model:
        """Install the bundle that a finished training has given.

        Raises:
            LogicError: it is not finished, or a model of that name is installed.

        Example:
            >>> logic.installTraining(process.job).name
            'ge-logiq-5-to-ge-logiq-7'
        """
        if not run.isFinished:
            raise LogicError(f"The training of {run.bundle.name} is not finished; resume it first.")
        return self.installModel(run.bundle)


def _check(
    variants: Mapping[str, str],
    scanners: Mapping[str, str],
    cohort: Path | str,
    source: str,
    target: str,
    variant: str,
    run: TrainingRun,
    resume: bool,
) -> None:
    if not str(cohort).strip():
        raise LogicError("Choose a cohort table first.")
    if not Path(cohort).is_file():
        raise LogicError(f"The cohort table {cohort} does not exist.")
    for what, scanner in (("source", source), ("target", target)):
        if scanner not in scanners:
            raise LogicError(f"Choose the {what} scanner first." if not scanner else f"Unknown scanner {scanner!r}.")
    if source == target:
        raise LogicError("Source and target are the same scanner; choose two.")
    if variant and variant not in variants:
        raise LogicError(f"Unknown method {variant!r}; there are {', '.join(variants)}.")
    if resume and not run.exists:
        raise LogicError(f"No training was begun in {run.folder}; start a new one.")
    if not resume and run.exists:
        raise LogicError(f"{run.folder} holds a training; resume it, or choose another folder for the model.")
    if not resume and run.bundle.exists():
        raise LogicError(f"{run.bundle} exists already; choose another folder for the model.")


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
