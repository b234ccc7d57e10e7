"""The demo does what README says it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

from USHarmonizationLib.files import read_image

FILES = ("US1_J2KI", "US1_J2KR", "US1_UNCI", "US1_UNCR")


def test_the_demo_writes_dicom_and_png_and_shows_what_the_checks_notice(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, repository / "examples" / "demo.py", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "made by ge-logiq-700, but ge-logiq-5-to-ge-logiq-7 is for ge-logiq-5" in run.stdout
    for name in FILES:
        with Image.open(tmp_path / "generated" / f"{name}.png") as picture:
            assert picture.size == (640, 480)
        assert read_image(tmp_path / "generated" / f"{name}.dcm").size == (480, 640)
        assert (tmp_path / "generated" / "pictures" / f"{name}.dcm.png").is_file()


def test_the_demo_ends_with_the_exit_code_of_the_command(repository: Path, tmp_path: Path) -> None:
    # Histogram matching lacks its reference here.
    command = [sys.executable, repository / "examples" / "demo.py", tmp_path, "histogram"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2, run.stdout
    assert "Traceback" not in run.stderr
