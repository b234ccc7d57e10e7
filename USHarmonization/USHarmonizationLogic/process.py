"""One command line in a child process: start it, ask now and then how it goes, stop it with all that it has started.

A child process, since torch must neither block nor bloat the application: it can be stopped at any time, and memory (a
GPU's too) is given back when it ends. Nothing here blocks. A daemon thread for each of its outputs moves lines into a
queue and touches nothing else; all else happens in ``poll``, which the caller calls from the main thread.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import LogicError

HARMONIZATION, RADIOMICS = "USHarmonizationLib", "USRadiomicsLNMLib"

READY, RUNNING, DONE, FAILED, CANCELLED = "ready", "running", "done", "failed", "cancelled"

# Seconds between asking a tree of processes to stop and killing it, and those in which what is killed must vanish.
GRACE = 5.0
VANISHING = 1.0
# Lines of output that are kept for a log.
LINES = 200

_running: weakref.WeakSet[ChildProcess] = weakref.WeakSet()


@dataclass(frozen=True)
class JobProgress:
    """How far a command has come.

    Attributes:
        what: what is being done, e.g. ``harmonizing``.
        done, total: ``done`` of ``total``; ``done`` may have a fraction (frames of a cine).
        note: a remark, e.g. ``2 failed``; may be "".
        secondsLeft: None while nothing is known.
    """

    what: str
    done: float
    total: float
    note: str = ""
    secondsLeft: float | None = None

    @property
    def share(self) -> float:
        """0 to 1."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total else 0.0

    @property
    def timeLeft(self) -> str:
        """``about 40 s left``, "" while nothing is known."""
        from USHarmonizationLib.progress import duration

        return f"about {duration(self.secondsLeft)} left" if self.secondsLeft else ""


class ChildProcess:
    """``python -m <module> <arguments>`` in a child process of its own group.

    Args:
        arguments: of the command line, e.g. ``["apply", "image.nrrd", "--model", "fda", "--out", "results"]``.
        module: the package whose command line it is, ``USHarmonizationLib`` or ``USRadiomicsLNMLib``.
        command: to run this in place of Python and the module, for tests.
        environment: variables to set besides.
        folder: a folder that belongs to this process alone; removed by ``release``, or with this object.
        grace: seconds that the tree has to stop in order before it is killed.

    Attributes:
        state: ``ready``, ``running``, ``done`` (exit code 0), ``failed`` or ``cancelled``.
        exitCode: None until it has ended; negative: ended by that signal.
        progress: the last ``JobProgress``, None before the first.
        message: the last clear line it wrote; when it failed without one, a sentence that says so.
        answer: what it wrote to standard output as JSON (``--json``), None when it was none.
        lines: the last lines that it wrote to standard error, progress aside.
        job: whatever the caller needs to finish the work.

    Example:
        >>> process = ChildProcess(["models", "--json"])
        >>> process.start().wait()
        'done'
        >>> [card["name"] for card in process.answer]
        ['ge-logiq-5-to-ge-logiq-7', 'toshiba-aplio-300-to-ge-logiq-7']
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        module: str = HARMONIZATION,
        *,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        grace: float = GRACE,
    ) -> None:
        start = [*pythonCommand(), "-m", module] if command is None else list(command)
        self.command = [*start, *map(str, arguments)]
        self.state = READY
        self.exitCode: int | None = None
        self.progress: JobProgress | None = None
        self.message = ""
        self.answer: Any = None
        self.lines: deque[str] = deque(maxlen=LINES)
        self.folder = folder
        if folder is not None:
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.job: Any = None
        self._environment = {**childEnvironment(), **(environment or {})}
        self._grace = grace
        self._process: subprocess.Popen[str] | None = None
        self._queue: queue.Queue[tuple[str, str]] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._output: list[str] = []
        self._cancelled = False
        self._killAt: float | None = None
        self._goneAt: float | None = None

    @property
    def isRunning(self) -> bool:
        return self.state == RUNNING

    def start(self) -> ChildProcess:
        """Start it; a program that cannot be started makes it ``failed``, with the reason in ``message``.

        Raises:
            LogicError: it was started before.
        """
        if self.state != READY:
            raise LogicError("this process was started before; make a new one")
        try:
            self._process = subprocess.Popen(
                self.command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                **_ownGroup(),
            )
        except OSError as error:
            self.message = f"{self.command[0]} cannot be started ({error.strerror or error})"
            self.state = FAILED
            return self
        self.state = RUNNING
        _running.add(self)
        for name, stream in (("out", self._process.stdout), ("err", self._process.stderr)):
            thread = threading.Thread(target=_read, args=(name, stream, self._queue), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def poll(self) -> bool:
        """Take in what it has written since the last call; whether it has ended. Returns at once."""
        if self.state != RUNNING:
            return self.state != READY
        self._drain()
        assert self._process is not None
        code = self._process.poll()
        now = time.monotonic()
        if code is None:
            if self._killAt is not None and now >= self._killAt:
                _signal(self._process.pid, kill=True)
            return False
        if self._leftovers(now) or self._stillReading(now):
            return False
        self._drain()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None and not any(thread.is_alive() for thread in self._threads):
                stream.close()
        self._end(code)
        return True

    def wait(self, timeout: float | None = None) -> str:
        """Wait until it has ended, ``timeout`` seconds at most; the state it is in. For scripts, not for a panel."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.poll():
            if self.state == READY or (end is not None and time.monotonic() >= end):
                break
            time.sleep(0.02)
        return self.state

    def cancel(self) -> None:
        """Stop it and all that it has started: asked to first, killed by a later ``poll`` when that takes too long."""
        if self.state == READY:
            self.state = CANCELLED
            self.release()
        if self.state != RUNNING or self._cancelled:
            return
        assert self._process is not None
        self._cancelled = True
        self._killAt = time.monotonic() + self._grace
        _signal(self._process.pid, kill=False)

    def kill(self) -> None:
        """Kill the whole tree now; for a program that ends."""
        if self.state == RUNNING:
            assert self._process is not None
            self._cancelled = True
            _signal(self._process.pid, kill=True)
            self.wait(VANISHING)

    def release(self) -> None:
        """Remove ``folder``."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def _leftovers(self, now: float) -> bool:
        """Whether processes of the tree are still there after the first one's end; they are stopped as well."""
        assert self._process is not None
        if not _groupExists(self._process.pid) or (self._goneAt is not None and now >= self._goneAt):
            return False
        if self._goneAt is not None:
            return True
        if self._killAt is None:  # it ended by itself: helpers may take a moment to notice
            self._killAt = now + VANISHING
        elif now >= self._killAt:
            _signal(self._process.pid, kill=True)
            self._goneAt = now + VANISHING
        return True

    def _stillReading(self, now: float) -> bool:
        """Whether output may still come; not waited for long, since what has left the group may hold it open."""
        if not any(thread.is_alive() for thread in self._threads):
            return False
        if self._goneAt is None:
            self._goneAt = now + VANISHING
        return now < self._goneAt

    def _drain(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                name, line = self._queue.get_nowait()
                if name == "out":
                    self._output.append(line)
                elif (progress := _progress(line)) is not None:
                    self.progress = progress
                elif text := line.strip():
                    self.lines.append(text)
                    self.message = _clear(text)

    def _end(self, code: int) -> None:
        self.exitCode = code
        _running.discard(self)
        with contextlib.suppress(ValueError):
            self.answer = json.loads("".join(self._output))
        if self._cancelled:
            self.state, self.message = CANCELLED, "Cancelled."
            self.release()
            return
        self.state = DONE if code == 0 else FAILED
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            self.message = f"The process was ended from outside ({name}); perhaps memory ran out."
        elif code and not self.message:
            self.message = f"The process ended with code {code} and no reason."


def pythonCommand() -> list[str]:
    """What starts Python: ``PythonSlicer`` inside Slicer, this interpreter elsewhere.

    Raises:
        LogicError: Slicer's Python is not where it should be.
    """
    slicer = sys.modules.get("slicer")
    if getattr(slicer, "app", None) is not None and (found := shutil.which("PythonSlicer")):
        return [found]
    if "python" not in Path(sys.executable or "").name.lower():
        raise LogicError("PythonSlicer was not found; reinstall Slicer")
    return [sys.executable]


def childEnvironment() -> dict[str, str]:
    """The environment of a child: this one's, where our packages lie, and reports of progress as JSON."""
    folders = [*packageFolders(), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(folders),
        "PYTHONUTF8": "1",
        "USHARMONIZATION_PROGRESS": "json",
        "MPLBACKEND": "Agg",
    }


def packageFolders() -> list[str]:
    """The folders that hold ``USHarmonizationLib`` and ``USRadiomicsLNMLib``: one when installed, two in a checkout."""
    here = Path(__file__).resolve().parent.parent
    places = (here, here.parent / "USRadiomicsLNM", here.parents[1] / "USRadiomicsLNM")
    found = [next((place for place in places if (place / name).is_dir()), None) for name in (HARMONIZATION, RADIOMICS)]
    return list(dict.fromkeys(str(place) for place in found if place is not None))


def temporaryFolder() -> Path:
    """A new folder for what a child reads and writes; give it to ``ChildProcess(folder=...)``.

    Raises:
        LogicError: there is no room, or no folder for temporary files that can be written to.
    """
    try:
        return Path(tempfile.mkdtemp(prefix="ush-"))
    except OSError as error:
        place = tempfile.gettempdir()
        raise LogicError(f"No temporary folder can be made in {place} ({error.strerror}); make room there.") from None


def _ownGroup() -> dict[str, Any]:
    if os.name == "nt":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW  # type: ignore[attr-defined]
        return {"creationflags": flags}
    return {"start_new_session": True}


def _signal(pid: int, kill: bool) -> None:
    """Ask the tree of ``pid`` to stop, or kill it; Windows has no way to ask."""
    if os.name == "nt":
        subprocess.Popen(
            ["taskkill", "/T", "/F", "/PID", str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL if kill else signal.SIGTERM)


def _groupExists(pid: int) -> bool:
    if os.name == "nt":
        return False
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group of which only zombies are left
        return False
    return True


def _read(name: str, stream: IO[str], lines: queue.Queue[tuple[str, str]]) -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in stream:
            lines.put((name, line))


def _progress(line: str) -> JobProgress | None:
    if not line.startswith("{"):
        return None
    try:
        values = json.loads(line)
        left = values["seconds_left"]
        return JobProgress(values["what"], values["done"], values["total"], values.get("note", ""), left)
    except (ValueError, KeyError, TypeError):
        return None


def _clear(line: str) -> str:
    """A line as a person should read it, without the program's name; a missing package is named as such."""
    for program in ("usharmonize: ", "uslnm: "):
        line = line.removeprefix(program)
    if "ModuleNotFoundError: No module named " in line:
        package = line.split("No module named ")[1].split("'")[1].split(".")[0]
        return f"The Python package {package} is missing; install what the module needs."
    return line


@atexit.register
def _killAll() -> None:
    """Ask all to stop, so that a training saves its state; what then takes too long is killed."""
    processes, end = list(_running), time.monotonic() + GRACE
    for process in processes:
        process.cancel()
    for process in processes:
        process.wait(max(0.0, end - time.monotonic()))
        process.kill()
        process.release()
