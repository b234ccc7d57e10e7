"""Many inputs, one function: in this process, in local worker processes, or on a Dask cluster.

A worker that dies (killed, out of memory, crashed in native code) costs only the input it was working on: that one is
tried once more and otherwise reported as ``Lost``; the others are done all the same.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from queue import Empty, Full, Queue
from typing import Any, TypeVar

from .errors import HarmonizationError, UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")

# An input whose worker died is given to another worker this many times before it is given up.
RETRIES = 1

# Variables by which libraries are told how many threads to start.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")

# Seconds: until a scheduler must have answered, until it must have a worker, until all workers being gone is an error.
CONNECT_TIMEOUT = 5.0
WORKER_TIMEOUT = 60.0


@dataclass(frozen=True)
class Lost:
    """What stands in place of a result when the worker died each time."""

    reason: str


def usable_cores() -> int:
    """Cores that this process may use (less than the machine's in a container or under taskset)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_jobs(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[tuple[int, Result | Lost]]:
    """``(position, function(item))`` for every item, as they get done.

    Items are drawn when a worker is free, so that neither they nor the results pile up. With worker processes,
    ``function`` and items are pickled: use functions of a module, or ``functools.partial`` of them; a script that calls
    this needs ``if __name__ == "__main__"`` (processes are spawned). Each process gets its share of the cores.

    Args:
        function: what to do with one item; should keep what is costly (a model) from call to call.
        items: anything that can be iterated.
        jobs: worker processes; with 1 the work is done here.
        scheduler: address of a Dask scheduler (``tcp://host:8786``), whose workers are used instead. They must have
            this package, and see the same files under the same paths.

    Raises:
        UsageError: jobs is less than 1, no scheduler answers, it has no workers, or they lack this package.
        Exception: whatever ``function`` raises; the workers are stopped. The same on Ctrl-C, and when the caller stops
            iterating.
    """
    if jobs < 1:
        raise UsageError(f"jobs is {jobs}; needed: at least 1")
    if scheduler is not None:
        yield from _on_cluster(function, items, scheduler)
    elif jobs == 1:
        for position, item in enumerate(items):
            yield position, function(item)
    else:
        yield from _in_processes(function, items, jobs)


# ---------------------------------------------------------------- local processes


class _Worker:
    """One local process and what it is working on."""

    def __init__(self, payload: bytes, threads: int) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(theirs, payload, threads), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.task: tuple[int, Any] | None = None

    def send(self, task: tuple[int, Any]) -> None:
        self.task = task
        with suppress(OSError):  # it died meanwhile: found when its result is awaited
            self.connection.send(task)

    def stop(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join()

    def why_dead(self) -> str:
        self.process.join()
        code = self.process.exitcode or 0
        if code == -signal.SIGTERM or code >= 0:
            return f"exit code {code}"
        killed = ", probably for lack of memory" if code == -9 else ""
        return f"{signal.Signals(-code).name}{killed}"


def _work(connection: Connection, payload: bytes, threads: int) -> None:
    """A worker process: one item in, one result out, until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    for name in THREADS:
        os.environ[name] = str(threads)  # read when numpy, torch, ITK get loaded, which is not before the next line
    try:
        function = pickle.loads(payload)
        connection.send(None)
        while True:
            position, item = connection.recv()
            connection.send((position, function(item), None))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except BaseException as error:
        error.add_note(traceback.format_exc())
        with suppress(OSError):
            connection.send((-1, None, _portable(error)))


def _portable(error: BaseException) -> BaseException:
    """``error``, or where it cannot be pickled, one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _in_processes(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Iterator[tuple[int, Result | Lost]]:
    payload = pickle.dumps(function)
    threads = max(1, usable_cores() // jobs)
    queue = enumerate(items)
    again: list[tuple[int, Item]] = []
    failures: dict[int, int] = {}
    workers: list[_Worker] = []

    def next_task() -> tuple[int, Item] | None:
        return again.pop() if again else next(queue, None)

    try:
        while True:
            while len(workers) < jobs and (task := next_task()) is not None:
                workers.append(_Worker(payload, threads))
                workers[-1].send(task)
            if not workers:
                return
            ready = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                try:
                    message = worker.connection.recv()
                except (EOFError, OSError):
                    workers.remove(worker)
                    reason = worker.why_dead()
                    if not worker.ready or worker.task is None:
                        raise HarmonizationError(f"a worker process could not start ({reason})") from None
                    position, item = worker.task
                    failures[position] = failures.get(position, 0) + 1
                    if failures[position] > RETRIES:
                        yield position, Lost(f"its worker process died each time ({reason})")
                    else:
                        again.append((position, item))
                    continue
                if message is None:
                    worker.ready = True
                    continue
                position, result, failure = message
                if failure is not None:
                    raise failure
                task = next_task()
                if task is None:
                    workers.remove(worker)
                    worker.stop()
                else:
                    worker.send(task)
                yield position, result
    finally:
        for worker in workers:
            worker.stop()


# ---------------------------------------------------------------- a Dask cluster


def _on_cluster(
    function: Callable[[Item], Result], items: Iterable[Item], address: str
) -> Iterator[tuple[int, Result | Lost]]:
    try:
        dask: Any = import_module("distributed")
    except ModuleNotFoundError as error:
        raise UsageError("a scheduler needs the package distributed: pip install usharmonization[dask]") from error
    try:
        client = dask.Client(address, timeout=CONNECT_TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        wanted = "needed: an address like tcp://host:8786"
        raise UsageError(f"no Dask scheduler answers at {address!r}; {wanted}") from error
    running: dict[Any, tuple[int, Item]] = {}
    tries: dict[int, int] = {}
    queue = enumerate(items)
    try:
        _check_workers(client, address, function)
        while True:
            while len(running) <= 2 * sum(client.nthreads().values()) and (task := next(queue, None)) is not None:
                running[client.submit(function, task[1], pure=False)] = task
            if not running:
                return
            for future in _completed(dask, client, running, address):
                position, item = running.pop(future)
                if future.status == "finished":
                    yield position, future.result()
                elif future.status == "error" and not isinstance(future.exception(), dask.KilledWorker):
                    raise future.exception()
                elif tries.get(position, 0) < RETRIES:
                    tries[position] = tries.get(position, 0) + 1
                    running[client.submit(function, item, pure=False)] = (position, item)
                else:
                    yield position, Lost("the workers that had it died each time")
                future.release()
    except (dask.comm.CommClosedError, dask.CancelledError) as error:
        raise HarmonizationError(f"lost the Dask scheduler at {address}") from error
    finally:
        with suppress(Exception):  # the scheduler may be what is gone
            client.cancel(list(running))
        client.close(timeout=CONNECT_TIMEOUT)


def _completed(dask: Any, client: Any, running: Iterable[Any], address: str) -> list[Any]:
    """Futures that are done; waits for the first."""
    while True:
        try:
            with client.as_current():
                return list(dask.wait(list(running), timeout=WORKER_TIMEOUT, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            if not client.nthreads():
                raise HarmonizationError(f"the Dask scheduler at {address} has lost all its workers") from None


def _check_workers(client: Any, address: str, function: Callable[..., Any]) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKER_TIMEOUT)
    except TimeoutError as error:
        raise UsageError(f"the Dask scheduler at {address} has no workers; start: dask worker {address}") from error
    try:
        client.run(pickle.loads, pickle.dumps(function))
    except ImportError as error:
        raise UsageError(f"the Dask workers of {address} lack a package: {error}; install the same there") from error


# ---------------------------------------------------------------- in this process: read ahead, write behind


class _End:
    """Ends a queue, with the error that ended it."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead(source: Iterable[Item], depth: int = 2) -> Iterator[Item]:
    """The items of ``source``, in order, up to ``depth`` of them made beforehand by a thread of their own.

    An error of ``source`` is raised where its item would have come. When the caller stops, so does the thread.
    """
    queue: Queue[Item | _End] = Queue(maxsize=depth)
    stop = threading.Event()

    def put(item: Item | _End) -> bool:
        while not stop.is_set():
            with suppress(Full):
                queue.put(item, timeout=0.1)
                return True
        return False

    def produce() -> None:
        error: BaseException | None = None
        try:
            for item in source:
                if not put(item):
                    break
        except BaseException as caught:
            error = caught
        finally:
            if isinstance(source, Generator):
                source.close()  # it may itself hold a thread
        put(_End(error))

    thread = threading.Thread(target=produce, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item = queue.get(timeout=0.5)  # a wait without end would not see Ctrl-C on Windows
            except Empty:
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        thread.join()
