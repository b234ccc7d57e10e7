"""Progress with time left: one line that renews itself on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

# Seconds between two lines: on a terminal, in a log.
TERMINAL_INTERVAL = 0.1
LOG_INTERVAL = 30.0


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
        self._what, self._total, self._stream, self._clock = what, total, stream, clock
        self._terminal = stream is not None and stream.isatty()
        self._start = self._written = clock()
        self._done = self._skipped = 0
        self._note = ""

    def __enter__(self) -> Progress:
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
        self._note = note
        now = self._clock()
        interval = TERMINAL_INTERVAL if self._terminal else LOG_INTERVAL
        if self._stream is None or (now - self._written < interval and self._done < self._total):
            return
        self._written = now
        line = self.line()
        self._stream.write(f"\r{line}\x1b[K" if self._terminal else f"{line}\n")
        self._stream.flush()

    def line(self) -> str:
        """``harmonizing 37 of 1000, 2 failed, about 19 min left``"""
        parts = [f"{self._what} {self._done} of {self._total}"]
        if self._note:
            parts.append(self._note)
        worked, left = self._done - self._skipped, self._total - self._done
        passed = self._clock() - self._start
        if left and worked:
            parts.append(f"about {duration(passed / worked * left)} left")
        elif not left:
            parts.append(f"{duration(passed)}")
        return ", ".join(parts)
