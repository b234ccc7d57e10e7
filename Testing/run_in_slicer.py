"""Run the tests of Testing/in_slicer inside Slicer, and leave with pytest's exit code.

    Slicer --no-main-window --python-script Testing/run_in_slicer.py [arguments of pytest]
    Slicer --testing --python-script Testing/run_in_slicer.py -k harmonize --junitxml=result.xml

Without ``--no-main-window`` the tests that need views run, too. Outside Slicer, with plain Python, the same tests run
on the stand-in; ``--no-main-window`` works there as well. The exit code is 0 only where tests ran and none failed.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from pathlib import Path

TESTING = Path(__file__).resolve().parent
MODULES = [TESTING.parent / name / f"{name}.py" for name in ("USHarmonization", "USRadiomicsLNM")]


# Before anything of ours is imported: whether this Python is Slicer's own.
IN_SLICER = hasattr(sys.modules.get("slicer"), "app")


def prepare(arguments: list[str]) -> None:
    """Outside Slicer start the stand-in; load the two modules from this checkout."""
    sys.path[:0] = [str(TESTING), *(str(module.parent) for module in MODULES)]
    import slicer_standin

    if IN_SLICER:
        # Slicer's own sys.stdout goes to its Python console and is no file.
        sys.stdout, sys.stderr = (os.fdopen(os.dup(number), "w", buffering=1, encoding="utf-8") for number in (1, 2))
    else:
        reason = slicer_standin.missing()
        if reason:
            raise SystemExit(f"run_in_slicer: {reason}")
        slicer_standin.start(main_window="--no-main-window" not in arguments)
    import slicer

    for module in MODULES:
        if slicer.app.moduleManager().module(module.stem) is None:
            slicer_standin.load_module(module)


def run(arguments: list[str]) -> int:
    """pytest's exit code; 1 where it could not begin."""
    if importlib.util.find_spec("pytest") is None:
        print("run_in_slicer: no pytest in this Slicer; in its Python console: slicer.util.pip_install('pytest')")
        return 1
    prepare(arguments)
    import pytest

    own = [
        "-c",
        str(TESTING / "in_slicer" / "pytest.ini"),
        "--rootdir",
        str(TESTING / "in_slicer"),
        "-p",
        "no:cacheprovider",
    ]
    chosen = [each for each in arguments if each != "--no-main-window"]
    files = [] if any(_is_test(each) for each in chosen) else [str(TESTING / "in_slicer")]
    code = int(pytest.main([*own, *chosen, *files]))
    print(f"run_in_slicer: exit code {code}" + (" (no test ran)" if code == 5 else ""), flush=True)
    return code


def _is_test(argument: str) -> bool:
    return not argument.startswith("-") and Path(argument.split("::")[0]).exists()


def main() -> None:
    """Run, and leave the application whatever happens."""
    arguments = [each for each in sys.argv[1:] if each != "--"]
    try:
        code = run(arguments)
    except SystemExit as leaving:
        print(leaving, file=sys.stderr)
        code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    if IN_SLICER:
        sys.modules["slicer"].util.exit(code)
    else:
        os._exit(code)  # Qt, VTK and Python take each other down in no fixed order


if __name__ == "__main__":
    main()
