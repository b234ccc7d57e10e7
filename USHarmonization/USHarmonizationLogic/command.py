"""The command lines inside Slicer, without a window: the same arguments, files and exit codes.

::

    Slicer --no-main-window --python-script <modules>/USHarmonizationLogic/usharmonize.py -- apply study --model fda ...
    Slicer --no-main-window --python-script <modules>/USHarmonizationLogic/uslnm.py -- extract cohort.csv ...

``<modules>`` is the folder of the extension's modules (``qt-scripted-modules``, or ``USHarmonization`` in the sources).
Slicer itself would stay open after the script; here it is left in every case. Any other Python runs the scripts, too.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from .process import packageFolders, pythonCommand

PROGRAMS = {"usharmonize": "USHarmonizationLib.cli", "uslnm": "USRadiomicsLNMLib.cli"}
FAILED = 1


def leave(program: str, arguments: Sequence[str] | None = None) -> None:
    """Run ``usharmonize`` or ``uslnm``, then leave Slicer, or this Python, with its exit code.

    Args:
        program: which of the two.
        arguments: those of the command line, after the script's name, unless given.
    """
    code = FAILED
    try:
        code = run(program, _given() if arguments is None else arguments)
    finally:
        application = _application()
        if application is None:
            sys.exit(code)
        # Output that is still buffered would be lost with the process.
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
        application.util.exit(code)


def run(program: str, arguments: Sequence[str]) -> int:
    """Run one command line in this process; its exit code, whatever happens. What goes wrong is said in one line."""
    try:
        sys.path[:] = list(dict.fromkeys([*packageFolders(), *sys.path]))
        if _application() is not None:  # Slicer itself cannot be a worker process
            multiprocessing.set_executable(pythonCommand()[0])
        with _plainOutput():
            main = importlib.import_module(PROGRAMS[program]).main
            return int(main(list(arguments)))
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else FAILED
    except ModuleNotFoundError as error:
        print(f"{program}: the Python package {error.name} is missing; install what is needed", file=_errors())
    except BaseException as error:
        if os.environ.get("USHARMONIZATION_DEBUG"):
            traceback.print_exc(file=_errors())
        print(f"{program}: unexpected {type(error).__name__}: {' '.join(str(error).split())}", file=_errors())
    return FAILED


def _given() -> list[str]:
    """What stands after the script's name, and after ``--`` where Slicer has left that in."""
    given = sys.argv[1:]
    return given[1:] if given[:1] == ["--"] else given


def _application() -> Any:
    """``slicer`` where an application runs, None elsewhere."""
    slicer = sys.modules.get("slicer")
    return slicer if getattr(slicer, "app", None) is not None else None


@contextlib.contextmanager
def _plainOutput() -> Any:
    """The process's own output streams in place of those of Slicer's Python console, which are no files."""
    with contextlib.ExitStack() as stack:
        if sys.__stdout__ is not None and sys.stdout is not sys.__stdout__:
            stack.enter_context(contextlib.redirect_stdout(sys.__stdout__))
        if sys.__stderr__ is not None and sys.stderr is not sys.__stderr__:
            stack.enter_context(contextlib.redirect_stderr(sys.__stderr__))
        yield


def _errors() -> Any:
    return sys.__stderr__ or sys.stderr
