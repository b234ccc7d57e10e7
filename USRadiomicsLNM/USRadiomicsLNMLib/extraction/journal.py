"""What a run has done, so that it can be started again: one line an image, beside the table that is to come of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.errors import UsageError

from .job import Case

# Beside the table.
FOLDER = ".uslnm"


class Journal:
    """Images that are done, in ``.uslnm/TABLE.jsonl`` beside the table.

    Args:
        table: where the features are to be written.
    """

    def __init__(self, table: Path) -> None:
        self._table = table
        self._path = table.parent / FOLDER / f"{table.name}.jsonl"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else makes the same table meanwhile.

        Raises:
            UsageError: another run is making it, or the folder cannot be written to.
        """
        from filelock import FileLock, Timeout

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._path.with_suffix(".lock"), timeout=0)
            lock.acquire()
        except Timeout as error:
            raise UsageError(f"another run is making {self._table}; wait for it or name another table") from error
        except OSError as error:
            raise UsageError(f"cannot write to {self._table.parent}: {error.strerror or error}") from error
        try:
            yield
        finally:
            lock.release()

    def keep(self, states: Mapping[str, str]) -> dict[str, list[Case]]:
        """Cases of the images that are done and still what they were; all others are struck out.

        Args:
            states: what identifies each image's inputs and recipe (``Recipe.state``), by its path.
        """
        known: dict[str, list[Case]] = {}
        kept: dict[str, str] = {}
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                entry = json.loads(line)
                if states.get(entry["image"]) == entry["state"]:
                    known[entry["image"]] = [Case.from_json(case) for case in entry["cases"]]
                    kept[entry["image"]] = line
            except (ValueError, KeyError, TypeError):  # the last line of a run that was killed
                continue
        write_text(self._path, "".join(f"{line}\n" for line in kept.values()))
        return known

    def write(self, image: str, state: str, cases: Sequence[Case]) -> None:
        """Remember the cases of an image that is done."""
        line = json.dumps({"image": image, "state": state, "cases": [case.as_json() for case in cases]})
        with open(self._path, "a", encoding="utf-8", newline="\n") as stream:
            stream.write(line + "\n")
