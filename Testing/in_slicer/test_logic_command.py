"""The command lines as scripts of Slicer: same arguments and exit codes, and Slicer is left in every case."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from slicer_volumes import asymmetric

from USHarmonizationLogic import command
from USHarmonizationLogic.process import pythonCommand

SCRIPTS = Path(command.__file__).parent


def run(script: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [*pythonCommand(), str(SCRIPTS / f"{script}.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        check=False,
    )


def test_done_and_failed(tmp_path):
    from PIL import Image

    study = tmp_path / "study"
    study.mkdir()
    Image.fromarray(asymmetric()[0]).save(study / "a.png")
    arguments = ["apply", "study", "--model", "histogram", "--reference", "study/a.png", "--jobs", "1"]
    done = run("usharmonize", "--", *arguments, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "apply.csv").is_file()
    Image.fromarray(np.zeros((48, 64), np.uint8)).save(study / "blank.png")
    some = run("usharmonize", *arguments, "--out", "out", cwd=tmp_path)
    assert some.returncode == 1
    assert "is blank" in some.stderr


def test_wrong_usage(tmp_path):
    for script, arguments in (
        ("usharmonize", ("apply", "nothing.png", "--model", "fda", "--out", "out")),
        ("uslnm", ()),
    ):
        wrong = run(script, *arguments, cwd=tmp_path)
        assert wrong.returncode == 2
        assert "Traceback" not in wrong.stderr
    assert (
        "nothing.png does not exist"
        in run("usharmonize", *["apply", "nothing.png"], "--model", "fda", "--out", "o").stderr
    )


class Application(SimpleNamespace):
    """What is left of Slicer for these tests: it notes with which code it is left."""


@pytest.fixture
def left(monkeypatch):
    codes: list[int] = []
    application = Application(app=object(), util=SimpleNamespace(exit=codes.append))
    monkeypatch.setattr(command, "_application", lambda: application)
    monkeypatch.setattr(command.multiprocessing, "set_executable", lambda path: None)
    return codes


@pytest.mark.parametrize(
    ("main", "code"),
    [
        (lambda arguments: 0, 0),
        (lambda arguments: 2, 2),
        (lambda arguments: sys.exit(130), 130),
        (lambda arguments: sys.exit("text"), 1),
        (lambda arguments: 1 / 0, 1),
    ],
)
def test_slicer_is_left_in_every_case(monkeypatch, left, main, code):
    monkeypatch.setattr(command.importlib, "import_module", lambda name: SimpleNamespace(main=main))
    monkeypatch.setattr(sys, "path", list(sys.path))
    command.leave("usharmonize", [])
    assert left == [code]


def test_missing_package_is_one_line(monkeypatch, left, capfd):
    def missing(name):
        raise ModuleNotFoundError("No module named 'typer'", name="typer")

    monkeypatch.setattr(command.importlib, "import_module", missing)
    monkeypatch.setattr(sys, "path", list(sys.path))
    command.leave("uslnm", [])
    assert left == [1]
    assert capfd.readouterr().err.strip() == "uslnm: the Python package typer is missing; install what is needed"


def test_arguments(monkeypatch):
    for argv, expected in ((["X", "a", "b"], ["a", "b"]), (["X", "--", "a"], ["a"]), (["X"], [])):
        monkeypatch.setattr(sys, "argv", argv)
        assert command._given() == expected


def test_scripts_are_no_modules_of_slicer():
    """Slicer takes every Python file beside a module for a module of its own."""
    modules = {path.stem for path in SCRIPTS.parent.glob("*.py")}
    assert not modules & {"usharmonize", "uslnm", "command"}
