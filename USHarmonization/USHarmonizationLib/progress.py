"""Progress with time left: one line that renews itself on a terminal, now and then a line elsewhere.

For a program that started this one and set the environment variable ``USHARMONIZATION_PROGRESS`` to ``json``, each
report is a line of standard error with a JSON object: ``what`` is being done, ``done`` (with a fraction where one of
them is under way), ``total``, ``note``, ``seconds_left`` (null while unknown).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

# Seconds between two lines: on a terminal, in a log.
TERMINAL_INTERVAL = 0.1
LOG_INTERVAL = 30.0
PROGRAM_INTERVAL = 0.2
# Set to "json", progress is reported to a program, whatever is asked for people.
VARIABLE = "USHARMONIZATION_PROGRESS"


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h 20 min``: as exact as an estimate deserves."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Progress:
    """Says how far work has come; to be used in a ``with`` statement.

    Args:
        what: what is being done, e.g. ``harmonizing``.
        total: how many things are to be done.
        stream: where to write; None writes nothing. Standard error by default, so that results can be piped.
        clock: seconds, as ``time.monotonic``.
    """

    def __init__(
        self,
        what: str,
        total: int,
        stream: TextIO | None = sys.stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._program = os.environ.get(VARIABLE) == "json"
        if self._program and stream is None:
            stream = sys.stderr
        self._what, self._total, self._stream, self._clock = what, total, stream, clock
        self._terminal = not self._program and stream is not None and stream.isatty()
        self._start = self._written = clock()
        self._done = self._skipped = 0
        self._share = 0.0
        self._note = ""

    def __enter__(self) -> Progress:
        if self._program:
            self._write()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None and self._terminal and self._done:
            self._stream.write("\n")
            self._stream.flush()

    def advance(self, note: str = "", skipped: bool = False) -> None:
        """One more is done. ``note`` follows the figures; ``skipped`` ones cost nothing and say nothing about time."""
        self._done += 1
        self._skipped += skipped
        self._share = 0.0
        self._note = note
        self._report()

    def partly(self, share: float) -> None:
        """The next one is done to this share, from 0 to 1."""
        self._share = share
        self._report()

    def _report(self) -> None:
        interval = PROGRAM_INTERVAL if self._program else TERMINAL_INTERVAL if self._terminal else LOG_INTERVAL
        if self._clock() - self._written >= interval or self._done >= self._total:
            self._write()

    def _write(self) -> None:
        if self._stream is None:
            return
        self._written = self._clock()
        if self._program:
            left = self._seconds_left()
            report = {
                "what": self._what,
                "done": round(self._done + self._share, 4),
                "total": self._total,
                "note": self._note,
                "seconds_left": None if left is None else round(left, 1),
            }
            self._stream.write(json.dumps(report) + "\n")
        else:
            line = self.line()
            self._stream.write(f"\r{line}\x1b[K" if self._terminal else f"{line}\n")
        self._stream.flush()

    def _seconds_left(self) -> float | None:
        """None while nothing has been done, or nothing is left."""
        worked, left = self._done - self._skipped + self._share, self._total - self._done - self._share
        return (self._clock() - self._start) / worked * left if worked and left else None

    def line(self) -> str:
        """``harmonizing 37 of 1000, 2 failed, about 19 min left``"""
        parts = [f"{self._what} {self._done} of {self._total}"]
        if self._share:
            parts.append(f"{self._share:.0%} of the next")
        if self._note:
            parts.append(self._note)
        left = self._seconds_left()
        if left is not None:
            parts.append(f"about {duration(left)} left")
        elif self._done >= self._total:
            parts.append(f"{duration(self._clock() - self._start)}")
        return ", ".join(parts)
