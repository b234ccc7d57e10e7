"""Work spread over this process, local processes and a real Dask cluster, with workers that die on the way."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from dask_cluster import Cluster, dask_cluster

from USHarmonizationLib import jobs
from USHarmonizationLib.errors import UsageError

# What the workers run: a module of its own, for workers import it by name.
WORK = '''
import os, signal, time
from pathlib import Path

def square(x):
    return x * x

def threads(x):
    return os.environ["OMP_NUM_THREADS"]

def die_once_at(victim, folder, x):
    """Killed while it works on ``victim``, the first time."""
    mark = Path(folder) / "died"
    if x == victim and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x

def die_at(victim, x):
    if x == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x

class Unpicklable(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")

def fail_at(victim, x):
    if x == victim:
        raise Unpicklable("this", "that")
    return x * x

def slow(folder, x):
    """Leaves its process id, then takes a while."""
    (Path(folder) / f"pid-{os.getpid()}").touch()
    time.sleep(0.15)
    return x * x
'''


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    (tmp_path / "jobs_work.py").write_text(WORK, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import jobs_work  # type: ignore[import-not-found]

    yield jobs_work
    del sys.modules["jobs_work"]


def _squares(count: int) -> dict[int, object]:
    return {x: x * x for x in range(count)}


def test_here(work: object) -> None:
    assert list(jobs.map_jobs(work.square, range(4))) == [(0, 0), (1, 1), (2, 4), (3, 9)]


def test_in_processes_each_with_its_share_of_the_cores(work: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "usable_cores", lambda: 6)
    assert dict(jobs.map_jobs(work.threads, range(4), jobs=2)) == dict.fromkeys(range(4), "3")


def test_no_more_items_are_drawn_than_workers_take(work: object) -> None:
    drawn = []
    results = jobs.map_jobs(work.square, (drawn.append(x) or x for x in range(100)), jobs=2)
    next(results)
    assert len(drawn) <= 4
    results.close()


def test_an_input_whose_worker_died_is_tried_again(work: object, tmp_path: Path) -> None:
    function = partial(work.die_once_at, 3, str(tmp_path))
    assert dict(jobs.map_jobs(function, range(6), jobs=2)) == _squares(6)


def test_an_input_that_kills_every_worker_is_given_up_and_the_others_are_done(work: object) -> None:
    results = dict(jobs.map_jobs(partial(work.die_at, 2), range(5), jobs=2))
    lost = results.pop(2)
    assert isinstance(lost, jobs.Lost)
    assert "SIGKILL" in lost.reason
    assert results == {x: x * x for x in (0, 1, 3, 4)}


def test_an_error_stops_everything_and_says_what_it_was(work: object) -> None:
    with pytest.raises(RuntimeError, match="Unpicklable: this and that"):
        list(jobs.map_jobs(partial(work.fail_at, 0), range(50), jobs=2))


def test_a_caller_that_stops_leaves_no_process(work: object, tmp_path: Path) -> None:
    results = jobs.map_jobs(partial(work.slow, str(tmp_path)), range(50), jobs=2)
    next(results)
    results.close()
    for mark in tmp_path.glob("pid-*"):
        assert not Path(f"/proc/{mark.name[4:]}").exists()


@pytest.mark.parametrize("count", [0, -1])
def test_jobs_must_be_at_least_one(count: int) -> None:
    with pytest.raises(UsageError, match=f"jobs is {count}; needed: at least 1"):
        list(jobs.map_jobs(abs, [1], jobs=count))


# ---------------------------------------------------------------- Dask


@pytest.fixture
def cluster(tmp_path: Path, work: object) -> Iterator[Cluster]:
    with dask_cluster(tmp_path) as found:
        yield found


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_dask_does_everything_though_a_worker_is_killed(cluster: Cluster, work: object, tmp_path: Path) -> None:
    address, workers = cluster
    results = {}
    killed = False
    for position, result in jobs.map_jobs(partial(work.slow, str(tmp_path)), range(20), scheduler=address):
        results[position] = result
        pids = [int(mark.name[4:]) for mark in tmp_path.glob("pid-*")]
        if len(pids) == 2 and not killed:
            os.kill(pids[0], signal.SIGKILL)
            killed = True
    assert killed, "both workers were to have worked"
    assert sorted(worker.poll() is None for worker in workers) == [False, True]
    assert results == _squares(20)


def test_no_scheduler_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="needs the package distributed")
    monkeypatch.setattr(jobs, "CONNECT_TIMEOUT", 0.5)
    with pytest.raises(UsageError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:1'"):
        list(jobs.map_jobs(abs, [1], scheduler="tcp://127.0.0.1:1"))


# ---------------------------------------------------------------- read ahead


def test_read_ahead_keeps_order_and_works_beforehand() -> None:
    made = []
    items = jobs.read_ahead((made.append(x) or x for x in range(6)), depth=2)
    assert next(items) == 0
    deadline = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert made == [0, 1, 2, 3]  # one handed over, two waiting, one in hand
    assert list(items) == [1, 2, 3, 4, 5]


def test_read_ahead_raises_the_source_s_error_in_its_place() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise OSError(28, "No space left on device")

    items = jobs.read_ahead(source())
    assert next(items) == 1
    with pytest.raises(OSError, match="No space left"):
        next(items)


def test_read_ahead_ends_its_thread_and_its_source_with_its_caller() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    items = jobs.read_ahead(jobs.read_ahead(source()))
    next(items)
    items.close()
    assert closed.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name == "read-ahead"]
