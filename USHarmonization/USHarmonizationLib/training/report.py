"""How a training tells what it does, and that it was stopped."""

from __future__ import annotations


class Reporter:
    """Hears how a training goes; this one keeps it to itself. With several processes it has to be picklable."""

    def line(self, text: str) -> None:
        """Something a person should read."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """``done`` of ``total`` of a stage: ``images``, ``steps`` or ``validation``."""


class TrainingStopped(Exception):  # noqa: N818 - not an error: the state is saved
    """Ctrl-C or SIGTERM came; the state is saved and the training can be resumed.

    Attributes:
        signal: the signal's number; by custom a program then exits with 128 more.
    """

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.signal = signal

    def __reduce__(self) -> tuple[type[TrainingStopped], tuple[str, int]]:
        return TrainingStopped, (str(self), self.signal)
