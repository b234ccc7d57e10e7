"""The runner inside Slicer, here on the stand-in: its exit code is right whatever happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import slicer_standin

RUNNER = Path(__file__).resolve().parent.parent / "run_in_slicer.py"

pytestmark = [
    pytest.mark.refusals,  # a Slicer starts no second one here
    pytest.mark.skipif(slicer_standin.missing() is not None, reason=f"{slicer_standin.missing()}"),
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Start the runner as a program."""
    command = [sys.executable, str(RUNNER), "--no-main-window", "-p", "no:xdist", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


TESTS = """
def test_passes():
    import slicer
    assert slicer.util.mainWindow() is None
    assert slicer.app.layoutManager() is None
    assert slicer.modules.usharmonization.title and slicer.modules.usradiomicslnm.title

def test_fails():
    assert False

def test_leaves():
    raise SystemExit(0)
"""


@pytest.fixture(scope="module")
def tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tests") / "test_sample.py"
    path.write_text(TESTS, encoding="utf-8")
    return path


def test_all_passed_is_0_and_a_junit_file_tells(tests: Path, tmp_path: Path) -> None:
    result = run("--", str(tests), "-k", "passes", f"--junitxml={tmp_path / 'result.xml'}")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout
    assert 'tests="1"' in (tmp_path / "result.xml").read_text(encoding="utf-8")


def test_a_failure_is_1(tests: Path) -> None:
    result = run(str(tests), "-k", "fails or leaves")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "2 failed" in result.stdout


def test_nothing_ran_is_not_0(tests: Path) -> None:
    result = run(str(tests), "-k", "nothing_is_called_so")
    assert result.returncode == 5, result.stdout + result.stderr
    assert "no test ran" in result.stdout
