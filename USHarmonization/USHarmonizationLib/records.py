"""What a run remembers of each image, so that it can be started again; and the tables it leaves.

Beside the results an output folder holds ``apply.csv`` (one row an input), ``cohort.csv`` (for a cohort: its rows with
the generated images in place of the originals) and ``.usharmonize/`` (one small JSON file an image that is done, and
the lock of the run that is under way). A record counts only while input, result, harmonizer and settings are what they
were.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .atomic import write_text
from .cohort import CohortRow, absolute, relative, write_cohort
from .errors import UsageError

FOLDER = ".usharmonize"
TABLE = "apply.csv"
COHORT = "cohort.csv"

DONE, FAILED, NOT_DONE = "done", "failed", "not done"


@dataclass(frozen=True)
class Applied:
    """What became of one input.

    Attributes:
        input, output, picture: paths as seen from the output folder; "" for what was not written.
        status: ``done``, ``failed``, or ``not done`` (the run was stopped before).
        reason: why it failed, one line.
        frames: number of frames.
        scanner: catalogue id, "" when unknown; confidence: of its detection, 1 when the cohort table names it.
        coloured: share of the imaged area that is coloured and was left as it is.
        harmonizer, harmonizer_version, software_version: what made it.
        figures: quality figures by name, mean over the frames.
        warnings: what to look at before trusting it; notes: what reading had to assume. One line each.
        input_sha256, output_sha256: of the files.
        settings: what else the result depends on.
    """

    input: str
    output: str
    status: str
    reason: str = ""
    frames: int = 0
    scanner: str = ""
    confidence: float = 0.0
    coloured: float = 0.0
    harmonizer: str = ""
    harmonizer_version: str = ""
    software_version: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    picture: str = ""
    input_sha256: str = ""
    output_sha256: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Ledger:
    """The records of one output folder.

    Args:
        out: the output folder.
    """

    def __init__(self, out: Path) -> None:
        self._out = out

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes to the folder meanwhile; what killed runs left half-written is removed before and after.

        Raises:
            UsageError: another run is writing to the folder, or it cannot be written to.
        """
        from filelock import FileLock, Timeout

        try:
            (self._out / FOLDER).mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._out / FOLDER / "lock", timeout=0)
            lock.acquire()
        except Timeout as error:
            raise UsageError(f"another run is writing to {self._out}; wait for it or name another folder") from error
        except OSError as error:
            raise UsageError(f"cannot write to {self._out}: {error.strerror or error}") from error
        try:
            self._remove_partial()
            yield
        finally:
            self._remove_partial()
            lock.release()

    def _remove_partial(self) -> None:
        for partial in self._out.rglob(".partial-*"):
            with suppress(OSError):
                partial.unlink()

    def _path(self, key: str) -> Path:
        return self._out / FOLDER / f"{key}.json"

    def write(self, row: Applied, state: str) -> None:
        """Remember a row that is done; ``state`` identifies all that it depends on besides the input file."""
        content = {"state": state, "row": asdict(row)}
        write_text(self._path(row.output), json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def forget(self, output: str) -> None:
        """Remove what an earlier run made of this input, so that results of two runs never stand side by side."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            row = json.loads(self._path(output).read_text(encoding="utf-8"))["row"]
            if sha256(self._out / row["output"]) == row["output_sha256"]:  # else it is not ours any more
                (self._out / row["output"]).unlink()
            if row["picture"]:
                (self._out / row["picture"]).unlink(missing_ok=True)
        self._path(output).unlink(missing_ok=True)

    def read(self, output: str, source: Path, state: str) -> Applied | None:
        """The row of ``output`` if it is done: same input, same state, and the result is there as it was written."""
        try:
            content = json.loads(self._path(output).read_text(encoding="utf-8"))
            values = content["row"]
            row = Applied(**{one.name: values[one.name] for one in fields(Applied)})
            row = replace(row, warnings=tuple(row.warnings), notes=tuple(row.notes))
            same = (
                content["state"] == state
                and row.input_sha256 == sha256(source)
                and row.output_sha256 == sha256(self._out / row.output)
                and (not row.picture or (self._out / row.picture).is_file())
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return replace(row, input=relative(source, self._out)) if same else None


def write_table(path: Path, rows: Sequence[Applied]) -> None:
    """Write ``apply.csv``: the attributes of ``Applied``, each figure a column ``qa_<name>``."""
    figures = list(dict.fromkeys(name for row in rows for name in row.figures))
    before = [one.name for one in fields(Applied)]
    place = before.index("figures")
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*before[:place], *(f"qa_{name}" for name in figures), *before[place + 1 :]])
    for row in rows:
        measured = [_text(row.figures[name]) if name in row.figures else "" for name in figures]
        cells = [_text(getattr(row, name)) for name in before]
        writer.writerow([*cells[:place], *measured, *cells[place + 1 :]])
    write_text(path, table.getvalue())


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple):
        return "; ".join(value)
    if isinstance(value, Mapping):
        return json.dumps(dict(value), sort_keys=True, ensure_ascii=False) if value else ""
    return str(value)


def write_cohort_of(path: Path, cohort: Sequence[CohortRow], done: Mapping[Path, Applied]) -> None:
    """Write the cohort's rows with the generated image in place of the original; rows whose image failed are left out.

    ``scanner`` stays the one that made the original; the column ``harmonizer`` says what the image went through.

    Args:
        path: the table to write, in the output folder.
        cohort: the rows as they were read.
        done: what became of each image, by its absolute path.
    """
    rows = []
    for row in cohort:
        made = done[absolute(row.image)]
        if made.status == DONE:
            others = {**row.others, "harmonizer": made.harmonizer}
            scanner = row.scanner or made.scanner or None
            rows.append(replace(row, image=path.parent / made.output, scanner=scanner, others=others))
    write_cohort(path, rows)
