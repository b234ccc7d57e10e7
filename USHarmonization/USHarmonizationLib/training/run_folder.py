"""The folder of one training: settings, prepared frames, checkpoints, logs, previews."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..atomic import write_text
from ..errors import UsageError

# Settings that may change when a training is resumed: they alter neither networks nor batches.
FREE_ON_RESUME = ("steps", "validate_every", "checkpoint_every", "keep_every", "log_every", "compile", "precision")


@dataclass(frozen=True)
class RunFolder:
    """``BUNDLE.training`` beside the bundle that is being trained.

    ``run.json`` (variant, scanners, settings), ``frames/`` (prepared images), ``last.safetensors``,
    ``best.safetensors``, ``step-NNNNNN.safetensors`` (where kept), ``candidate/`` (the bundle validated last),
    ``losses.csv``, ``validation.csv``, ``previews/``, ``tensorboard/``, ``remarks.txt`` (images left out, and why).
    """

    path: Path

    @classmethod
    def of(cls, bundle: Path) -> RunFolder:
        return cls(bundle.with_name(bundle.name + ".training"))

    @property
    def last(self) -> Path:
        return self.path / "last.safetensors"

    @property
    def best(self) -> Path:
        return self.path / "best.safetensors"

    @property
    def frames(self) -> Path:
        return self.path / "frames"

    @property
    def previews(self) -> Path:
        return self.path / "previews"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from training in this folder, and remove what a killed one left half-written.

        Raises:
            UsageError: another process is at it, or the folder cannot be made.
        """
        lock = FileLock(self.path / "lock")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise UsageError(f"{self.path}: a training is running there; wait for it or name another --out") from None
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written to ({error.strerror})") from None
        try:
            for left in list(self.path.rglob(".partial-*")):
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
            yield
        finally:
            lock.release()

    @property
    def remarks(self) -> Path:
        return self.path / "remarks.txt"

    @property
    def candidate(self) -> Path:
        """A bundle of the generator that is being validated."""
        return self.path / "candidate"

    def kept(self, step: int) -> Path:
        return self.path / f"step-{step:06d}.safetensors"

    @property
    def exists(self) -> bool:
        return self._description.is_file()

    @property
    def _description(self) -> Path:
        return self.path / "run.json"

    def read(self) -> dict[str, Any]:
        """What ``write`` wrote.

        Raises:
            UsageError: the file is damaged.
        """
        try:
            content = json.loads(self._description.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"training {self._description}: cannot be read ({error})") from None
        if not isinstance(content, dict):
            raise UsageError(f"training {self._description}: not a JSON object")
        return content

    def write(self, description: Mapping[str, Any]) -> None:
        write_text(self._description, json.dumps(description, indent=2) + "\n")


class Table:
    """A CSV that grows by a row at a time; a resumed training first forgets the rows after step ``resumed_at``."""

    def __init__(self, path: Path, resumed_at: int) -> None:
        self.path = path
        if path.is_file():
            rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
            kept = rows[:1] + [row for row in rows[1:] if len(row) == len(rows[0]) and int(row[0]) <= resumed_at]
            write_text(path, _csv_text(kept))

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """One row: the step, then the values in their order; the same names each time."""
        rows: list[Sequence[str]] = [] if self.path.is_file() else [["step", *values]]
        rows.append([str(step), *(f"{value:.6g}" for value in values.values())])
        with open(self.path, "a", encoding="utf-8", newline="") as stream:
            stream.write(_csv_text(rows))


def _csv_text(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def check_same_run(stored: Mapping[str, Any], wanted: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """See to it that a resumed training is the one that was begun.

    Args:
        stored: what ``RunFolder.read`` gave.
        wanted: ``variant``, ``source`` and ``target`` as asked for now.
        settings: the settings named explicitly now.

    Raises:
        UsageError: something differs that cannot change in the middle of a training.
    """
    for name, value in wanted.items():
        if stored.get(name) != value:
            raise UsageError(f"the training to resume has {name} {stored.get(name)}, not {value}; name another --out")
    for name, value in settings.items():
        before = stored["settings"].get(name)
        if name not in FREE_ON_RESUME and before != value:
            raise UsageError(f"the training to resume has {name} {before!r}, not {value!r}; name another --out")
