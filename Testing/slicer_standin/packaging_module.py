"""``slicer.packaging``: records what would be installed and never talks to the network.

``recorder.calls`` lists the calls; a test sets ``recorder.outcome`` to "install" (the default), "decline" or "fail".
What counts as installed is what this Python has, plus what was "installed" here.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement


@dataclass
class Recorder:
    """What the module under test asked for, and what the next installation does."""

    outcome: str = "install"
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    installed: set[str] = field(default_factory=set)

    def reset(self) -> None:
        self.outcome = "install"
        self.calls.clear()
        self.installed.clear()


recorder = Recorder()


def _requirements(given: Any) -> list[Requirement]:
    if isinstance(given, Requirement):
        return [given]
    if isinstance(given, str):
        given = [given] if ";" in given else given.split()
    return [each if isinstance(each, Requirement) else Requirement(each) for each in given]


def load_requirements(path: str | Path) -> list[Requirement]:
    """Requirements of a file, without comments and options."""
    lines = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def load_pyproject_dependencies(path: str | Path) -> list[Requirement]:
    """Dependencies of a pyproject.toml."""
    table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    if "project" not in table:
        raise KeyError(f"pyproject.toml has no [project] table: {path}")
    return [Requirement(each) for each in table["project"].get("dependencies", [])]


def _is_there(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    if requirement.name in recorder.installed:
        return True
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def pip_check(req: Any, _seen: Any = None) -> bool:
    """Whether all of it is installed."""
    return all(_is_there(each) for each in _requirements(req))


def _install(requirements: Any) -> None:
    if recorder.outcome == "fail":
        raise subprocess.CalledProcessError(1, "pip install")
    recorder.installed |= {each.name for each in _requirements(requirements)}


def pip_ensure(
    requirements: Any, constraints: Any = None, skip_packages: list[str] | None = None, prompt_install: bool = True,
    prompt_restart: bool = True, requester: str | None = None, skip_in_testing: bool = True, show_progress: bool = True,
) -> list[str] | None:  # fmt: skip
    """Install what is missing, after asking; under ``--testing`` it does nothing unless told otherwise."""
    recorder.calls.append(("pip_ensure", dict(locals())))
    import slicer

    missing = [each for each in _requirements(requirements) if not _is_there(each)]
    if not missing or (skip_in_testing and slicer.app.testingEnabled()):
        return None
    if prompt_install and recorder.outcome == "decline":
        raise RuntimeError("User declined package installation")
    _install(missing)
    return []


def pip_install(
    requirements: Any, constraints: Any = None, no_deps_requirements: Any = None, skip_packages: Any = None,
    blocking: bool = True, show_progress: bool = True, requester: str | None = None, logCallback: Any = None,
    completedCallback: Any = None,
) -> list[str] | None:  # fmt: skip
    """Install at once."""
    recorder.calls.append(("pip_install", dict(locals())))
    if blocking:
        _install(requirements)
    else:
        import qt

        code = int(recorder.outcome == "fail")
        if not code:
            _install(requirements)
        if completedCallback is not None:
            qt.QTimer.singleShot(0, lambda: completedCallback(code))
    return None


def pip_uninstall(
    requirements: Any, blocking: bool = True, logCallback: Any = None, completedCallback: Any = None
) -> None:
    """Uninstall."""
    recorder.calls.append(("pip_uninstall", dict(locals())))
    recorder.installed -= {each.name for each in _requirements(requirements)}


def isPipInstallInProgress() -> bool:
    """Never: installing takes no time here."""
    return False


def make() -> types.ModuleType:
    """The module ``slicer.packaging``."""
    module = types.ModuleType("slicer.packaging", __doc__)
    own = sys.modules[__name__]
    for name in ("load_requirements", "load_pyproject_dependencies", "pip_check", "pip_ensure", "pip_install",
                 "pip_uninstall", "isPipInstallInProgress", "Requirement"):  # fmt: skip
        setattr(module, name, getattr(own, name))
    return module
