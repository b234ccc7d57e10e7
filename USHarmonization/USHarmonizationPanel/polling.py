"""Watching a child process from the main thread: a timer looks ten times a second, nothing ever waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

INTERVAL_MS = 100


class Poller:
    """Polls a ``ChildProcess`` until it has ended.

    ``onProgress(process)`` is called after each look while the process runs, ``onFinished(process)`` once, when it has
    ended in whatever way (see ``process.state``). After ``stop`` or ``cancel`` neither is called any more.
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

    @property
    def running(self) -> bool:
        """Whether the process is still watched."""
        return self._timer is not None

    def poll(self) -> None:
        """Look at the process once. The timer calls this; tests may."""
        if not self.running:
            return
        try:
            self.process.poll()
        except Exception:
            # An error that the timer repeats ten times a second helps nobody.
            self.cancel()
            raise
        if self.process.state == "running":
            if self._onProgress:
                self._onProgress(self.process)
            return
        self.stop()
        if self._onFinished:
            self._onFinished(self.process)

    def stop(self) -> None:
        """Watch no longer; the process goes on."""
        if self._timer is None:
            return
        timer, self._timer = self._timer, None
        timer.stop()
        timer.disconnect("timeout()", self.poll)

    def cancel(self) -> None:
        """End the process with all its children, without a call of ``onFinished``."""
        self.stop()
        if self.process.state == "running":
            self.process.cancel()
