"""``usharmonize train``: wrong requests leave with 2 and one line, settings are listed, signals give their code."""

from __future__ import annotations

from pathlib import Path

import pytest

from USHarmonizationLib.cli import main
from USHarmonizationLib.training import trainer
from USHarmonizationLib.training.report import Reporter, TrainingStopped
from USHarmonizationLib.training.trainer import TrainingResult


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    path = tmp_path / "cohort.csv"
    path.write_text("image,scanner,split\na.png,ge-logiq-5,train\nb.png,ge-logiq-7,train\n", encoding="utf-8")
    return path


def command(cohort: Path, *more: str) -> list[str]:
    out = cohort.with_name("bundle")
    return ["train", str(cohort), "--source", "ge-logiq-5", "--target", "ge-logiq-7", "--out", str(out), *more]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (["--variant", "pix2pix"], "unknown variant 'pix2pix'; known: cyclegan, cyclegan-sn, "),
        (["--source", "acme-1"], "the cohort has no image of scanner acme-1; it has: ge-logiq-5, ge-logiq-7"),
        (["--source", "ge-logiq-7"], "source and target are both ge-logiq-7; needed: two scanners"),
        (["--set", "crop"], "setting 'crop'; needed: name=value, for example crop=128"),
        (["--set", "crop=7"], "setting crop is 7; needed: a whole number from 16 to 4096"),
        (["--settings", "none.json"], "settings file none.json"),
        (["--device", "abacus"], "device 'abacus'; needed: auto, cpu, cpu:2 (two processes), cuda, cuda:0,1 or mps"),
        (["--target", ""], "--target is missing"),
        ([], "none of the cohort's images of these scanners can be used"),
    ],
)
def test_wrong_requests(cohort: Path, more: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(cohort, *more)) == 2
    said = [text for text in capsys.readouterr().err.splitlines() if text.startswith("usharmonize: ")]
    assert len(said) == 1
    assert line in said[0]
    assert not cohort.with_name("bundle").exists()


def test_settings_are_listed_with_what_the_name_presets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--variant", "cyclegan-sn", "--list-settings"]) == 0
    listed = capsys.readouterr().out
    assert "sn = true" in listed
    assert "se = false" in listed
    assert "discriminator_rate = 0.004" in listed
    assert "crop = 256  (a whole number from 16 to 4096)" in listed


def test_options_become_settings_and_the_result_is_told(
    cohort: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    got: list[object] = []

    def fake(*arguments: object) -> TrainingResult:
        got.extend(arguments)
        return TrainingResult(Path("bundle"), 70, 60, 5.5, 0.95, 3.0)

    monkeypatch.setattr(trainer, "train", fake)
    (cohort.parent / "s.json").write_text('{"crop": 64, "batch": 2, "steps": 9}')
    more = ["--settings", str(cohort.parent / "s.json"), "--set", "crop=128", "--steps", "70", "--seed", "3", "--json"]
    assert main(command(cohort, *more, "--variant", "cyclegan")) == 0
    assert got[4:8] == ["cyclegan", {"crop": 128, "batch": 2, "steps": 70, "seed": 3}, False, "auto"]
    assert '"best_step": 60' in capsys.readouterr().out


def test_a_stop_gives_the_exit_code_of_its_signal(cohort: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (2, 15):

        def stopped(*arguments: object, number: int = number) -> TrainingResult:
            reporter = arguments[-1]
            assert isinstance(reporter, Reporter)
            reporter.progress("steps", 5, 9)
            raise TrainingStopped("stopped", number)

        monkeypatch.setattr(trainer, "train", stopped)
        assert main(command(cohort)) == 128 + number
