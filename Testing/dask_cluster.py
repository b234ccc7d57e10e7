"""A real Dask scheduler and two real worker processes on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# Address of the scheduler, and the workers.
Cluster = tuple[str, list[subprocess.Popen[bytes]]]


@contextmanager
def dask_cluster(folder: Path) -> Iterator[Cluster]:
    """Workers run in ``folder``, and import what this process does and what lies there."""
    pytest.importorskip("distributed", reason="needs the package distributed")
    file = folder / "scheduler.json"
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    processes = [_start("dask_scheduler", *local, "--port", "0", "--scheduler-file", str(file), folder=folder)]
    workers = [
        _start("dask_worker", *local, "--scheduler-file", str(file), "--no-nanny", "--nthreads", "1", folder=folder)
        for _ in range(2)
    ]
    try:
        deadline = time.monotonic() + 30
        while not file.exists() or not file.stat().st_size:
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.05)
        yield json.loads(file.read_text(encoding="utf-8"))["address"], workers
    finally:
        for process in [*workers, *processes]:
            process.kill()
            process.wait()


def _start(module: str, *arguments: str, folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
