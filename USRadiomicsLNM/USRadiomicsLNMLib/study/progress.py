"""How far a whole study has come: one estimate of the time left over all its stages."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from USHarmonizationLib.progress import LOG_INTERVAL, TERMINAL_INTERVAL, duration
from USHarmonizationLib.training.report import Reporter

TRAINING, HARMONIZING, EXTRACTING, MEASURING, FITTING = "training", "harmonizing", "extracting", "measuring", "fitting"
# What one thing of a stage takes, against the others; only a beginning, until the stage itself has been timed.
SECONDS: Mapping[str, float] = {TRAINING: 1.0, HARMONIZING: 0.5, EXTRACTING: 0.4, MEASURING: 1.0, FITTING: 30.0}

# Seconds of work, and things of a stage, that what was foreseen counts as.
TRUSTED, FORESEEN = 30.0, 3


class StudyProgress(Reporter):
    """Hears of every single thing that is done, a training's steps among them.

    Args:
        expected: how many things each stage has.
        stream: where to write; None writes nothing.
        clock: seconds, as ``time.monotonic``.
    """

    def __init__(
        self,
        expected: Mapping[str, int],
        stream: TextIO | None = sys.stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._left = {stage: count for stage, count in expected.items() if count}
        self._total = dict(self._left)
        self._stream, self._clock = stream, clock
        self._terminal = stream is not None and stream.isatty()
        self._seconds = dict.fromkeys(self._left, 0.0)
        self._worked = dict.fromkeys(self._left, 0)
        self._last = self._written = clock()
        self._steps = 0
        self._line = ""

    def __reduce__(self) -> tuple[type[Reporter], tuple[()]]:
        return Reporter, ()

    def advance(self, stage: str, what: str, reused: bool = False, count: int = 1) -> None:
        """``count`` more of a stage are done; ``what`` they belong to. Reused ones say nothing about time."""
        now = self._clock()
        if not reused:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + now - self._last
            self._worked[stage] = self._worked.get(stage, 0) + count
        self._last = now
        self._left[stage] = max(0, self._left.get(stage, 0) - count)
        done = self._total.get(stage, 0) - self._left[stage]
        self._show(f"{what}: {done} of {self._total.get(stage, 0)}", now)

    def _show(self, text: str, now: float) -> None:
        if self._stream is None or now - self._written < (TERMINAL_INTERVAL if self._terminal else LOG_INTERVAL):
            return
        self._written = now
        line = f"{text}; about {duration(self.seconds_left())} left in all"
        self._stream.write(f"\r{line}\x1b[K" if self._terminal else f"{line}\n")
        self._stream.flush()

    def seconds_left(self) -> float:
        """Until all stages are done, by what their things took so far."""
        expected = sum(SECONDS[stage] * count for stage, count in self._worked.items())
        # The first things of a stage pay for its start; what was foreseen still counts as a few of them.
        pace = (sum(self._seconds.values()) + TRUSTED) / (expected + TRUSTED)
        return sum(
            count
            * (self._seconds.get(stage, 0.0) + FORESEEN * SECONDS[stage] * pace)
            / (self._worked.get(stage, 0) + FORESEEN)
            for stage, count in self._left.items()
        )

    def line(self, text: str) -> None:
        """Something a person should read."""
        if self._stream is not None:
            self._stream.write(f"\r{text}\x1b[K\n" if self._terminal else f"{text}\n")
            self._stream.flush()

    def begin_training(self) -> None:
        """From here on, steps are of another training."""
        self._steps = 0
        self._last = self._clock()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Of a training: of its stages only the steps count."""
        if stage == "steps" and done > self._steps:
            # The first report of a training that goes on tells of steps that an earlier run did.
            self.advance(TRAINING, "training", reused=done - self._steps > 1, count=done - self._steps)
            self._steps = done
        else:
            self._show(f"training: {stage} {done} of {total}", self._clock())
