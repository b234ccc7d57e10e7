"""The command line ``usharmonize``: one file a command; what goes wrong is one line, its kind the exit code.

Exit codes: 0 all done; 1 something failed (what is done stays done); 2 wrong usage, nothing was started; 130 stopped by
Ctrl-C, 143 by SIGTERM. Commands import what is heavy inside their functions, so that ``--help`` is instant.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer

from .. import __version__
from ..errors import DEBUG_VARIABLE, HarmonizationError, UsageError
from .apply import apply
from .evaluate import evaluate
from .export import export
from .import_weights import import_weights
from .inspect import inspect
from .models import models
from .pair import pair
from .phantom_study import phantom_study
from .scanners import scanners
from .simulate import simulate
from .train import train

FAILED, USAGE, INTERRUPTED, TERMINATED = 1, 2, 130, 143

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

# A command is the function of its name in the file of its name.
for command in (inspect, scanners, models, train, apply, pair, evaluate, phantom_study, import_weights, export):
    app.command()(command)
# Several commands under one name.
app.add_typer(simulate, name="simulate")


@app.callback(invoke_without_command=True)
def _usharmonize(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    """Bring ultrasound images of one scanner to the style of another, with figures that say whether to trust them.

    Research use only, not for diagnosis.
    """
    if version:
        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(USAGE)


class _Terminated(BaseException):
    """SIGTERM arrived; raised so that what is under way ends in order."""


def _terminate(signal_number: int, frame: FrameType | None) -> None:
    raise _Terminated


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; ``arguments`` are those of the command line unless given. Returns the exit code."""
    return run(app, "usharmonize", arguments)


def run(app: typer.Typer, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run one command of a command line called ``name``; what goes wrong becomes one line and the exit code."""
    in_charge = threading.current_thread() is threading.main_thread()  # others must not touch signals
    before = signal.signal(signal.SIGTERM, _terminate) if in_charge else None
    try:
        code = app(args=arguments, prog_name=name, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except UsageError as error:
        return _say(name, str(error), USAGE)
    except HarmonizationError as error:
        return _say(name, str(error), FAILED)
    except KeyboardInterrupt:
        return _say(name, "stopped; run the same command again to go on", INTERRUPTED)
    except _Terminated:
        return _say(name, "terminated; run the same command again to go on", TERMINATED)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        message = getattr(error, "format_message", None)
        if message is not None:  # Typer's own usage errors
            return _say(name, message(), getattr(error, "exit_code", USAGE))
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        hint = f"set {DEBUG_VARIABLE}=1 to see where"
        return _say(name, f"unexpected {type(error).__name__}: {' '.join(str(error).split())} ({hint})", FAILED)
    finally:
        if in_charge:
            signal.signal(signal.SIGTERM, before)


def _say(name: str, message: str, code: int) -> int:
    print(f"{name}: {message}", file=sys.stderr)
    return code
