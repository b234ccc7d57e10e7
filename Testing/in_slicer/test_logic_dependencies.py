"""Which packages are missing, and their installation: asked once, with an offline way and a reason when it fails."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import time
import tomllib
from pathlib import Path
from subprocess import CalledProcessError
from types import SimpleNamespace

import pytest

from USHarmonizationLogic import LogicError, USHarmonizationLogic, dependencies
from USHarmonizationLogic.dependencies import MissingPackages, Requirement, install, missing, requirements, sentence

WANTED = "a-package-that-nobody-has"


@pytest.fixture
def one_missing(monkeypatch, tmp_path):
    """A requirements file with a package that is there, and one that is not."""
    file = tmp_path / "requirements.txt"
    file.write_text(f"# comment\nnumpy>=1\n\n{WANTED}>=2\n")
    monkeypatch.setattr(dependencies, "requirementsFile", lambda: file)
    monkeypatch.setattr(dependencies, "TORCH", "numpy>=1")


@pytest.fixture
def packaging(monkeypatch):
    """``slicer.packaging`` that writes down what it is asked, and fails with ``error`` where there is one."""
    asked = SimpleNamespace(calls=[], error=None)

    def called(name):
        def call(what, **others):
            asked.calls.append((name, what, others))
            if asked.error:
                raise asked.error

        return call

    module = SimpleNamespace(pip_ensure=called("ensure"), pip_install=called("install"))
    monkeypatch.setattr(dependencies, "_slicerPackaging", lambda: module)
    return asked


def test_the_same_as_in_pyproject():
    repository = Path(__file__).resolve().parents[2]
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    expected = {line for line in project["dependencies"] if not line.startswith("torch")}
    assert dependencies.TORCH in project["dependencies"]
    for extra, name in (("train", "lightning-fabric"), ("evaluate", "matplotlib")):
        expected |= {line for line in optional[extra] if line.startswith(name)}
    lines = (repository / "USHarmonization" / "Resources" / "requirements.txt").read_text().splitlines()
    assert {line for line in lines if line and not line.startswith("#")} == expected


def test_what_is_for_what():
    names = {purpose: {one.name for one in requirements(purpose)} for purpose in dependencies.PURPOSES}
    assert {"torch", "numpy", "typer"} <= names["harmonize"]
    assert not {"lightning-fabric", "matplotlib", "pyradiomics"} & names["harmonize"]
    assert names["train"] - names["harmonize"] == {"lightning-fabric"}
    assert not {"pyradiomics", "torch"} & names["radiomics"]
    assert names["evaluate"] - names["harmonize"] == {"matplotlib"}
    with pytest.raises(LogicError, match="unknown purpose 'dance'"):
        requirements("dance")


def test_looking_imports_nothing_and_is_fast(monkeypatch):
    monkeypatch.setattr("builtins.__import__", guard := Guard(__import__))
    missing("harmonize")
    begun = time.process_time()
    missing("harmonize")
    assert time.process_time() - begun < 0.1
    assert not guard.seen & {"torch", "scipy", "sklearn", "SimpleITK"}


class Guard:
    def __init__(self, real):
        self.real, self.seen = real, set()

    def __call__(self, name, *others, **named):
        self.seen.add(name.split(".")[0])
        return self.real(name, *others, **named)


def test_missing(one_missing):
    assert [one.name for one in missing()] == [WANTED]
    assert sentence(missing()) == f"Missing Python packages: {WANTED}."
    assert sentence([]) == ""
    with pytest.raises(MissingPackages, match=f"Missing Python packages: {WANTED}. Install them first") as raised:
        USHarmonizationLogic().checkDependencies("harmonize")
    assert raised.value.purpose == "harmonize"


def test_another_version_counts_as_missing(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0")
    found = {one.name: one for one in missing()}
    assert found["numpy"] == Requirement("numpy", "numpy>=2.0,<3", "1.0")


def test_a_package_without_metadata_counts_as_there(monkeypatch):
    def unknown(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", unknown)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert missing() == []


def test_nothing_missing_nothing_asked(monkeypatch):
    monkeypatch.setattr(dependencies, "missing", lambda for_: [])
    install("harmonize", confirm=lambda text: pytest.fail("asked"))


def test_asked_once_and_declined(one_missing, packaging):
    asked = []
    with pytest.raises(LogicError, match="They were not installed, since you declined"):
        install(confirm=lambda text: asked.append(text))
    assert asked == [f"These Python packages are needed and will be installed from the internet: {WANTED}."]
    assert packaging.calls == []


def test_installed_by_slicer(one_missing, packaging, monkeypatch):
    def appears(what, **others):
        packaging.calls.append((what, others))
        monkeypatch.setattr(dependencies, "requirements", lambda for_: [])

    monkeypatch.setattr(dependencies._slicerPackaging(), "pip_ensure", appears)
    install(confirm=lambda text: True)
    assert packaging.calls == [([f"{WANTED}>=2"], {"prompt_install": False, "requester": "USHarmonization"})]


def test_torch_comes_first_and_from_its_extension(packaging, monkeypatch):
    wanted = [Requirement("numpy", "numpy>=2"), Requirement("torch", "torch>=2.6,<3")]
    done = []

    class TorchLogic:
        def installTorch(self, askConfirmation=False, forceComputationBackend=None, torchVersionRequirement=None):
            done.append(torchVersionRequirement)
            return object()

    monkeypatch.setattr(dependencies, "missing", lambda for_: [] if packaging.calls else wanted)
    monkeypatch.setattr(dependencies, "_torchUtils", lambda: SimpleNamespace(PyTorchUtilsLogic=TorchLogic))
    install()
    assert done == [">=2.6,<3"]
    assert [call[1] for call in packaging.calls] == [["numpy>=2"]]


def test_an_extension_that_is_missing(packaging, monkeypatch):
    monkeypatch.setattr(dependencies, "missing", lambda for_: [Requirement("torch", "torch")])
    monkeypatch.setattr(dependencies, "_torchUtils", lambda: None)
    with pytest.raises(LogicError, match="PyTorch in the Extensions Manager"):
        install(confirm=lambda text: pytest.fail("asked"))


def test_wheel_folder(one_missing, packaging, tmp_path):
    with pytest.raises(LogicError, match="is not a folder; choose the folder that holds the wheels"):
        install(wheelFolder=tmp_path / "nothing")
    with pytest.raises(LogicError, match="restart Slicer"):  # it did not appear
        install(wheelFolder=tmp_path)
    assert packaging.calls[0][:2] == (
        "install",
        ["--no-index", "--find-links", str(tmp_path), f"{WANTED}>=2"],
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "no network"),
        ("error: command 'gcc' failed: No such file", "no ready-made wheel, and no compiler for it"),
        ("ERROR: No matching distribution found for x", "no fitting version was found"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
    ],
)
def test_why_it_failed(one_missing, packaging, said, reason):
    packaging.error = CalledProcessError(1, "pip", stderr=said)
    with pytest.raises(
        LogicError, match=rf"could not be installed \({reason}\). Without a network: on another computer"
    ):
        install()


def test_pip_itself_without_slicer(one_missing, monkeypatch, tmp_path):
    monkeypatch.setattr(dependencies, "_slicerPackaging", lambda: None)
    with pytest.raises(LogicError, match=r"could not be installed from .* \(no fitting version was found\)"):
        install(wheelFolder=tmp_path)
