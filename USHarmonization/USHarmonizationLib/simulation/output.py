"""A folder of simulated data that can be gone on with: what it holds, and what of it is done.

``.usharmonize/simulation.json`` says what the folder is; ``.usharmonize/<item>.json`` is written when an item's files
all are. A run with the same settings does what is missing; other settings are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from .. import __version__
from ..atomic import write_text
from ..errors import HarmonizationError, UsageError
from ..jobs import Lost, map_jobs
from ..records import FOLDER, Ledger

MANIFEST = "simulation.json"
FORMATS = ("dcm", "png", "nrrd")

# Makes an item's files in a folder and gives its record: what was written under "files", and the truth.
Maker = Callable[[Path, int], dict[str, Any]]


@contextmanager
def opened(out: Path, settings: Mapping[str, Any]) -> Iterator[None]:
    """The folder, locked, and sure to hold nothing but what these settings make.

    Raises:
        UsageError: it holds something else, or cannot be written to.
        HarmonizationError: the disk is full, or writing failed for another reason; what is done stays done.
    """
    manifest = out / FOLDER / MANIFEST
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is not a folder")
    if not manifest.is_file() and out.is_dir() and any(not path.name.startswith(".") for path in out.iterdir()):
        raise UsageError(f"{out} is not empty and holds no simulation; name an empty or new folder")
    with Ledger(out).locked():
        made = {"software_version": __version__, **settings}
        if manifest.is_file():
            _check_same(out, read_json(manifest), json.loads(json.dumps(made)))
        else:
            write_json(manifest, made)
        try:
            yield
        except OSError as error:
            raise HarmonizationError(f"cannot write to {out}: {error.strerror or error}") from error


def make_items(
    out: Path, count: int, maker: Maker, jobs: int = 1, report: Callable[[bool], None] = lambda reused: None
) -> list[dict[str, Any]]:
    """Make the items 0 to ``count`` - 1 that are not done yet; the records of all.

    Args:
        out: the folder, ``opened``.
        maker: of one item; with several jobs it must be a function of a module, or a ``functools.partial`` of one.
        jobs: processes, see ``checked_jobs``.
        report: is told of each item that is done, and whether it was before.
    """
    records = {number: found for number in range(count) if (found := _done(out, number)) is not None}
    for _ in records:
        report(True)
    missing = [number for number in range(count) if number not in records]
    for position, record in map_jobs(
        partial(_make, maker, out), missing, max(1, min(checked_jobs(jobs), len(missing)))
    ):
        if isinstance(record, Lost):
            raise HarmonizationError(f"item {missing[position] + 1} was not made: {record.reason}")
        records[missing[position]] = record
        report(False)
    return [records[number] for number in range(count)]


def checked_jobs(jobs: int) -> int:
    """``jobs``; UsageError when it is less than 1."""
    if jobs < 1:
        raise UsageError(f"jobs is {jobs}; needed: at least 1")
    return jobs


def write_json(path: Path, content: object) -> None:
    """Write standard JSON, whole or not at all."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Content of a file that ``write_json`` wrote.

    Raises:
        UsageError: it is not JSON any more.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}); remove it to make its data again") from error


def relative_files(out: Path, paths: Iterable[Path]) -> list[str]:
    """Paths as seen from ``out``, with forward slashes."""
    return [path.relative_to(out).as_posix() for path in paths]


def _record(out: Path, number: int) -> Path:
    return out / FOLDER / f"item-{number + 1:05}.json"


def _make(maker: Maker, out: Path, number: int) -> dict[str, Any]:
    record = maker(out, number)
    write_json(_record(out, number), record)
    return record


def _done(out: Path, number: int) -> dict[str, Any] | None:
    path = _record(out, number)
    if not path.is_file():
        return None
    record: dict[str, Any] = read_json(path)
    return record if all((out / name).is_file() for name in record["files"]) else None


def _check_same(out: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            was, wanted = (_brief(values.get(key)) for values in (before, now))
            raise UsageError(f"{out} holds a simulation with {key} {was}, not {wanted}; name another folder")


def _brief(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
