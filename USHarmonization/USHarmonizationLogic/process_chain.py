"""Several command lines, one after the other, watched as if they were one ``ChildProcess``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from .process import CANCELLED, DONE, FAILED, READY, RUNNING, ChildProcess, JobProgress

# A step is a process that is ready, or makes one when all before it are done.
Step = ChildProcess | Callable[[], ChildProcess]


class ProcessChain:
    """Runs steps until one of them fails; has the attributes and methods of ``ChildProcess``.

    Args:
        what: what is being done, for the progress.
        steps: processes that are not started yet, or functions that make one; they are called when it is their turn.

    Attributes:
        state, exitCode, message, answer: of the step that runs, or ran last.
        progress: done steps of all.
        job: whatever the caller needs to finish the work.

    Example:
        >>> chain = ProcessChain("measuring", [ChildProcess(["models"]), ChildProcess(["scanners"])])
        >>> chain.start().wait()
        'done'
    """

    def __init__(self, what: str, steps: Sequence[Step]) -> None:
        self._what = what
        self._steps = list(steps)
        self._next = 0
        self._current: ChildProcess | None = None
        self._begun = time.monotonic()
        self._failure = ""
        self.state = READY
        self.job: Any = None

    @property
    def isRunning(self) -> bool:
        return self.state == RUNNING

    @property
    def exitCode(self) -> int | None:
        return self._current.exitCode if self._current else None

    @property
    def message(self) -> str:
        return self._failure or (self._current.message if self._current else "")

    @property
    def answer(self) -> Any:
        return self._current.answer if self._current else None

    @property
    def lines(self) -> Sequence[str]:
        return self._current.lines if self._current else ()

    @property
    def progress(self) -> JobProgress | None:
        done = self._next - (self.state == RUNNING)
        passed = time.monotonic() - self._begun
        left = passed / done * (len(self._steps) - done) if done > 0 else None
        return JobProgress(self._what, max(done, 0), len(self._steps), "", left) if self._next else None

    def start(self) -> ProcessChain:
        """Start the first step."""
        if self.state == READY:
            self._begun = time.monotonic()
            self._advance()
        return self

    def poll(self) -> bool:
        """Take in what came, start the next step when one is done; whether all has ended. Returns at once."""
        if self.state != RUNNING:
            return self.state != READY
        assert self._current is not None
        if not self._current.poll():
            return False
        if self._current.state == DONE and self._next < len(self._steps):
            self._advance()
        else:
            self.state = self._current.state
        return self.state != RUNNING

    def wait(self, timeout: float | None = None) -> str:
        """Wait until it has ended, ``timeout`` seconds at most; the state it is in. For scripts, not for a panel."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.poll():
            if self.state == READY or (end is not None and time.monotonic() >= end):
                break
            time.sleep(0.02)
        return self.state

    def cancel(self) -> None:
        """Stop the step that runs; no further one starts."""
        if self._current is not None and self.state == RUNNING:
            self._steps = self._steps[: self._next]
            self._current.cancel()
        elif self.state == READY:
            self.state = CANCELLED

    def kill(self) -> None:
        """Kill the step that runs now; for a program that ends."""
        if self._current is not None and self.state == RUNNING:
            self._current.kill()
            self.state = CANCELLED

    def release(self) -> None:
        """Remove the folder of the step that ran last."""
        if self._current is not None:
            self._current.release()

    def _advance(self) -> None:
        step = self._steps[self._next]
        try:
            self._current = step if isinstance(step, ChildProcess) else step()
        except (ValueError, OSError) as error:
            self._failure = str(error)
            self.state = FAILED
            return
        self._next += 1
        if self._current.state == READY:
            self._current.start()
        self.state = RUNNING if self._current.state == RUNNING else self._current.state
