"""The command line itself: one line for what goes wrong, its kind the exit code; inspect, scanners and models."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from real_dicom import GREY_IMAGE, real_dicom

from USHarmonizationLib import cli, scanners
from USHarmonizationLib.errors import DEBUG_VARIABLE, InputError, UsageError

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _no_user_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (scanners.VARIABLE, DEBUG_VARIABLE, "USHARMONIZATION_MODELS"):
        monkeypatch.setenv(name, "")  # so that what a command sets is undone
        monkeypatch.delenv(name)


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from USHarmonizationLib.cli import main; main(['--help']); "
        "print([m for m in ('torch', 'numpy', 'pandas', 'scipy', 'pydicom') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("inspect", "scanners", "models", "train", "apply", "import-weights", "export"):
        assert command in done.stdout


def test_every_command_explains_itself(capsys: Captured) -> None:
    for command in ("inspect", "scanners", "models", "train", "apply", "import-weights", "export"):
        assert cli.main([command, "--help"]) == 0
        assert "Usage: usharmonize " + command in capsys.readouterr().out


def test_the_version(capsys: Captured) -> None:
    from USHarmonizationLib import __version__

    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["aply"], "usharmonize: No such command 'aply'. Did you mean 'apply'?"),
        (["scanners", "--jason"], "usharmonize: No such option: --jason"),
        (["inspect"], "usharmonize: Missing argument 'PATH'."),
        (["inspect", "/none/such"], "usharmonize: /none/such does not exist; needed: an image file or a folder"),
        (
            ["scanners", "--scanners", "/none.json"],
            "usharmonize: scanner catalogue /none.json: No such file",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(capsys: Captured, arguments: list[str], line: str) -> None:
    assert cli.main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith(line)
    assert len(said.err.splitlines()) == 1
    assert not said.out


def test_without_a_command_the_help_is_shown(capsys: Captured) -> None:
    assert cli.main([]) == 2
    assert "Usage: usharmonize" in capsys.readouterr().err


def _raise(error: BaseException) -> Callable[..., None]:
    def app(**arguments: object) -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("wrong"), 2, "usharmonize: wrong"),
        (InputError("broken"), 1, "usharmonize: broken"),
        (KeyboardInterrupt(), 130, "usharmonize: stopped"),
        (
            ZeroDivisionError("division\nby zero"),
            1,
            "usharmonize: unexpected ZeroDivisionError: division by zero (set ",
        ),
    ],
)
def test_errors_are_one_line(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    monkeypatch.setattr(cli, "app", _raise(error))
    assert cli.main([]) == code
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert len(said.splitlines()) == 1


def test_a_traceback_is_there_for_the_asking(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "app", _raise(ZeroDivisionError("division by zero")))
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    assert cli.main([]) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    pipe = f"'{sys.executable}' -m USHarmonizationLib scanners --json | head -c 1"
    done = subprocess.run(["sh", "-c", pipe], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "["
    assert not done.stderr


# ---------------------------------------------------------------- scanners


def test_scanners_lists_the_catalogue_and_the_user_s_own(capsys: Captured, tmp_path: Path) -> None:
    ours = tmp_path / "ours.json"
    entry = {"id": "our-lab-1", "name": "Our one", "manufacturer": "Ours", "models": ["One"]}
    ours.write_text(json.dumps({"schema_version": 1, "scanners": [entry]}), encoding="utf-8")
    assert cli.main(["scanners", "--scanners", str(ours), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"our-lab-1", "ge-logiq-7"} <= {one["id"] for one in listed}
    assert cli.main(["scanners"]) == 0
    assert "our-lab-1  " in capsys.readouterr().out  # stays for this process and its workers


# ---------------------------------------------------------------- models


def _bundle(folder: Path) -> Path:
    from USHarmonizationLib.bundle import write_bundle
    from USHarmonizationLib.harmonizers.histogram import BINS, HistogramHarmonizer

    stored = HistogramHarmonizer(np.ones(BINS)).stored()
    write_bundle(folder, source="a", target="b", variant="histogram", networks={"generator": stored})
    return folder


def test_models_lists_good_and_broken_bundles(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _bundle(tmp_path / "a-to-b")
    broken = _bundle(tmp_path / "c-to-d")
    (broken / "generator.safetensors").write_bytes(b"changed")
    monkeypatch.setenv("USHARMONIZATION_MODELS", str(tmp_path))
    assert cli.main(["models", "--json"]) == 1
    cards = {card["name"]: card for card in json.loads(capsys.readouterr().out)}
    assert (cards["a-to-b"]["source"], cards["a-to-b"]["target"]) == ("a", "b")
    assert "has been changed" in cards["c-to-d"]["error"]
    assert cli.main(["models"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("a-to-b: a to b, histogram, version ") for line in lines)
    assert any(line.startswith("c-to-d: BROKEN: ") for line in lines)


# ---------------------------------------------------------------- inspect


def test_inspect_of_a_real_dicom_file(capsys: Captured) -> None:
    path = real_dicom(GREY_IMAGE)
    assert cli.main(["inspect", str(path)]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert (seen["frames"], seen["size"]) == (1, [768, 1024])
    assert seen["spacing_mm"] == pytest.approx([0.0649, 0.0649], abs=1e-4)
    assert (seen["scanner"], seen["confidence"]) == ("philips-epiq-5", 0.9)
    assert seen["regions"][0]["kind"] == "b-mode"
    assert 0.4 < seen["sector"] < 0.8
    assert 0 <= seen["overlay"] < 0.1
    assert seen["coloured"] == 0


def test_inspect_shows_nothing_about_the_patient(capsys: Captured, tmp_path: Path) -> None:
    from pydicom import dcmread

    dataset = dcmread(real_dicom(GREY_IMAGE))
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "MUSTER^ANNA", "ID-4711", "19700102"
    path = tmp_path / "image.dcm"
    dataset.save_as(path)
    assert cli.main(["inspect", str(path)]) == 0
    said = capsys.readouterr()
    for secret in ("MUSTER", "4711", "19700102"):
        assert secret not in said.out + said.err


def test_inspect_of_a_folder_names_what_cannot_be_used(capsys: Captured, tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(30, 220, (64, 64), dtype=np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert cli.main(["inspect", str(tmp_path)]) == 1
    good, bad = json.loads(capsys.readouterr().out)
    assert (good["size"], good["scanner"]) == ([64, 64], None)
    assert "scanner unknown: the file names no scanner model" in good["warnings"]
    assert "b.png" in bad["error"]
