"""Watching a child process from the main thread: a timer looks ten times a second, nothing ever waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

INTERVAL_MS = 100

# Those that poll: they do so to the end, whether or not the section that made them is still there.
_active: set[Poller] = set()


class Poller:
    """Polls a ``ChildProcess`` until it has ended.

    ``onProgress(process)`` is called after each look while the process runs, ``onFinished(process)`` once, when it has
    ended in whatever way (see ``process.state``). After ``cancel`` neither is called any more; the process is polled
    until its whole tree is gone.
    """

    def __init__(
        self,
        process: Any,
        onProgress: Callable[[Any], None] | None = None,
        onFinished: Callable[[Any], None] | None = None,
        intervalMs: int = INTERVAL_MS,
    ) -> None:
        self.process = process
        self._onProgress, self._onFinished = onProgress, onFinished
        self._timer = qt.QTimer()
        self._timer.setInterval(intervalMs)
        self._timer.connect("timeout()", self.poll)
        self._timer.start()
        _active.add(self)

    @property
    def running(self) -> bool:
        """Whether the process is still polled."""
        return self._timer is not None

    def poll(self) -> None:
        """Look at the process once. The timer calls this; tests may."""
        if not self.running:
            return
        try:
            self.process.poll()
        except Exception:
            self._stop()  # an error that the timer repeats ten times a second helps nobody
            raise
        if self.process.state == "running":
            if self._onProgress:
                self._onProgress(self.process)
            return
        self._stop()
        if self._onFinished:
            self._onFinished(self.process)

    def cancel(self) -> None:
        """End the process with all that it started; nobody is told."""
        self._onProgress = self._onFinished = None
        self.process.cancel()
        self.poll()

    def _stop(self) -> None:
        timer, self._timer = self._timer, None
        _active.discard(self)
        timer.stop()
        timer.disconnect("timeout()", self.poll)
