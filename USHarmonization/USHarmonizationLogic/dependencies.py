"""The Python packages that the work in a child process needs: which are missing, and how they are installed.

Looking imports none of them and takes milliseconds. Installing happens when the work is asked for, never before; a
person is asked once. PyTorch comes from the extension PyTorch, all else from ``Resources/requirements.txt`` by pip.
Without a network, a folder with wheels serves them all. pyradiomics is taken where the extension SlicerRadiomics has
put it; where it has not, the project's own engine stands in.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from .errors import LogicError
from .process import ChildProcess, pythonCommand

HARMONIZE, TRAIN, RADIOMICS, EVALUATE = "harmonize", "train", "radiomics", "evaluate"
PURPOSES = (HARMONIZE, TRAIN, RADIOMICS, EVALUATE)
ONLY_FOR = {"lightning-fabric": TRAIN, "matplotlib": EVALUATE}
TORCH = "torch>=2.6,<3"

# Where the name to import is not that of the distribution.
IMPORT_NAMES = {
    "pillow": "PIL",
    "python-gdcm": "gdcm",
    "PyWavelets": "pywt",
    "PyYAML": "yaml",
    "scikit-learn": "sklearn",
    "lightning-fabric": "lightning_fabric",
}

# What pip and compilers say, and what it means; the first that occurs counts.
REASONS = (
    (("no space left", "errno 28"), "the disk is full"),
    (("gcc", "microsoft visual c++", "clang", "failed building wheel"), "no ready-made wheel, and no compiler for it"),
    (("name resolution", "newconnectionerror", "proxyerror", "timed out", "network is unreachable"), "no network"),
    (("certificate verify failed", "sslerror"), "the network's certificate is not accepted"),
    (("permission denied", "errno 13"), "Slicer's folder may not be written to"),
    (("no matching distribution", "could not find a version"), "no fitting version was found"),
)


class MissingPackages(LogicError):
    """Packages are missing that the work needs.

    Attributes:
        purpose: what they are for, as ``install`` takes it.
    """

    def __init__(self, message: str, purpose: str) -> None:
        super().__init__(message)
        self.purpose = purpose


@dataclass(frozen=True)
class Requirement:
    """One package.

    Attributes:
        name: of the distribution, e.g. ``scikit-learn``.
        line: with its versions, as pip takes it.
        installed: the version that is there, "" when there is none.
    """

    name: str
    line: str
    installed: str = ""


def requirementsFile() -> Path:
    """Where ``requirements.txt`` lies."""
    from USHarmonizationLib.resources import resource_path

    return resource_path("requirements.txt")


def requirements(for_: str = HARMONIZE) -> list[Requirement]:
    """What is needed for a purpose: ``harmonize``, ``train``, ``radiomics`` or ``evaluate``.

    Raises:
        LogicError: there is no such purpose, or the extension is damaged.

    Example:
        >>> [one.name for one in requirements("harmonize")][:3]
        ['torch', 'filelock', 'numpy']
    """
    if for_ not in PURPOSES:
        raise LogicError(f"unknown purpose {for_!r}; there are {', '.join(PURPOSES)}")
    try:
        lines = requirementsFile().read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LogicError(f"{error.filename} is missing; install the extension USHarmonization again.") from None
    wanted = [] if for_ == RADIOMICS else [TORCH]
    wanted += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    found = [_requirement(line) for line in wanted]
    return [one for one in found if ONLY_FOR.get(one.name, for_) == for_]


def missing(for_: str = HARMONIZE) -> list[Requirement]:
    """What of ``requirements`` is not installed, or in another version.

    Example:
        >>> missing("harmonize")
        []
    """
    importlib.invalidate_caches()
    return [one for one in requirements(for_) if not _fits(one)]


def sentence(packages: Sequence[Requirement]) -> str:
    """What is missing, for a person; "" when nothing is.

    Example:
        >>> sentence(missing("train"))
        'Missing Python packages: torch, lightning-fabric.'
    """
    return f"Missing Python packages: {', '.join(one.name for one in packages)}." if packages else ""


def check(for_: str = HARMONIZE) -> None:
    """Refuse work for which packages are missing.

    Raises:
        MissingPackages: a sentence that names them.

    Example:
        >>> check("harmonize")
    """
    packages = missing(for_)
    if packages:
        raise MissingPackages(f"{sentence(packages)} Install them first.", for_)


def install(
    for_: str = HARMONIZE, confirm: Callable[[str], bool] | None = None, wheelFolder: Path | str | None = None
) -> None:
    """Install what is missing; nothing happens when nothing is.

    Args:
        for_: the purpose.
        confirm: asked once, with a text, whether to install; None does not ask.
        wheelFolder: a folder with wheels to install from in place of the network.

    Raises:
        LogicError: a sentence: declined, an extension is missing, the folder does not exist, pip failed and why.

    Example:
        >>> install("harmonize", confirm=lambda text: slicer.util.confirmOkCancelDisplay(text))
    """
    packages = missing(for_)
    if not packages:
        return
    if wheelFolder is not None and not Path(wheelFolder).is_dir():
        raise LogicError(f"{wheelFolder} is not a folder; choose the folder that holds the wheels.")
    if wheelFolder is None:
        _checkExtensions(packages)
    where = f"from the folder {wheelFolder}" if wheelFolder is not None else "from the internet"
    names = ", ".join(one.name for one in packages)
    if confirm is not None and not confirm(f"These Python packages are needed and will be installed {where}: {names}."):
        raise LogicError(f"{sentence(packages)} They were not installed, since you declined.")
    try:
        _install(packages, wheelFolder)
    except (CalledProcessError, RuntimeError, OSError) as error:
        raise LogicError(_failure(packages, error, wheelFolder)) from None
    left = missing(for_)
    if left:
        raise LogicError(f"{sentence(left)} They could not be installed here; restart Slicer and try again.")


def _install(packages: Sequence[Requirement], wheelFolder: Path | str | None) -> None:
    """PyTorch first, so that nothing else brings another build of it."""
    ordered = sorted(packages, key=lambda one: one.name != "torch")
    if wheelFolder is not None:
        _pip(["--no-index", "--find-links", str(wheelFolder), *(one.line for one in ordered)])
        return
    if ordered[0].name == "torch" and (utils := _torchUtils()) is not None:
        if utils.PyTorchUtilsLogic().installTorch(torchVersionRequirement=TORCH.removeprefix("torch")) is None:
            raise RuntimeError("PyTorch was not installed")
        ordered = ordered[1:]
    if ordered:
        packaging = _slicerPackaging()
        if packaging is None:
            _pip([one.line for one in ordered])
        else:
            packaging.pip_ensure([one.line for one in ordered], prompt_install=False, requester="USHarmonization")


def _pip(arguments: Sequence[str]) -> None:
    packaging = _slicerPackaging()
    if packaging is not None:
        packaging.pip_install(list(arguments), requester="USHarmonization")
        return
    command = [*pythonCommand(), "-m", "pip", "install", "--disable-pip-version-check"]
    process = ChildProcess(arguments, command=command).start()
    if process.wait() != "done":
        raise CalledProcessError(process.exitCode or 1, command, stderr="\n".join([*process.lines, process.message]))


def _checkExtensions(packages: Sequence[Requirement]) -> None:
    """Inside Slicer, PyTorch comes from its extension, built for that Slicer."""
    if _slicerPackaging() is None:
        return
    if "torch" in {one.name for one in packages} and _torchUtils() is None:
        raise LogicError(
            "PyTorch is missing: install the extension PyTorch in the Extensions Manager and restart Slicer, or choose "
            "a folder with wheels."
        )


def _torchUtils() -> Any:
    """The module of the extension PyTorch, None where it is not installed."""
    try:
        return importlib.import_module("PyTorchUtils")
    except ImportError:
        return None


def _slicerPackaging() -> Any:
    """``slicer.packaging`` of a running application, None elsewhere."""
    if getattr(sys.modules.get("slicer"), "app", None) is None:
        return None
    try:
        return importlib.import_module("slicer.packaging")
    except ImportError:
        return None


def _requirement(line: str) -> Requirement:
    name = line
    for mark in "<>=!~[; ":
        name = name.split(mark)[0]
    for metadata in (name, name.replace("-", "_")):
        try:
            return Requirement(name, line, importlib.metadata.version(metadata))
        except importlib.metadata.PackageNotFoundError:
            continue
    return Requirement(name, line)


def _fits(one: Requirement) -> bool:
    found = importlib.util.find_spec(IMPORT_NAMES.get(one.name, one.name)) is not None
    if not found or not one.installed:
        return found  # an application may hold a package without its metadata
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(one.line.removeprefix(one.name)).contains(one.installed, prereleases=True)


def _failure(packages: Sequence[Requirement], error: Exception, wheelFolder: Path | str | None) -> str:
    said = " ".join(str(getattr(error, name, "") or "") for name in ("output", "stderr")) + str(error)
    reason = next((meaning for signs, meaning in REASONS if any(sign in said.lower() for sign in signs)), "")
    because = f" ({reason})" if reason else ""
    if wheelFolder is not None:
        return (
            f"{sentence(packages)} They could not be installed from {wheelFolder}{because}; it needs a wheel of each, "
            f"and of what they need, for Python {sys.version_info.major}.{sys.version_info.minor} and this system."
        )
    return (
        f"{sentence(packages)} They could not be installed{because}. Without a network: on another computer, "
        "'pip download' them into a folder, then choose that folder."
    )
