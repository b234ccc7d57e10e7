"""``uslnm``: commands, exit codes, and one line for what goes wrong."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_features import simulated_table

from USRadiomicsLNMLib import cli
from USRadiomicsLNMLib.features_table import FeatureTable, write_features

Captured = pytest.CaptureFixture[str]
QUICK = ["--outcome", "lnm", "--folds", "3", "--jobs", "1"]


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """A features table on the disk."""
    return write(tmp_path / "features.csv", simulated_table(patients=60, features=8, splits=True))


def write(path: Path, table: FeatureTable) -> Path:
    cases = tuple(
        replace(case, image=path.parent / case.image, mask=path.parent / (case.mask or "")) for case in table.cases
    )
    write_features(path, replace(table, cases=cases))
    return path


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from USRadiomicsLNMLib.cli import main; main(['--help']); "
        "print([m for m in ('torch', 'numpy', 'sklearn', 'scipy', 'pydicom') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("fit", "score", "compare", "table"):
        assert command in done.stdout
        assert cli.main([command, "--help"]) == 0


def test_without_a_command_it_explains_itself(capsys: Captured) -> None:
    assert cli.main([]) == 2
    assert "Research use only" in capsys.readouterr().err
    assert cli.main(["--version"]) == 0


def test_fit_then_score(features: Path, tmp_path: Path, capsys: Captured) -> None:
    model = tmp_path / "model.json"
    assert cli.main(["fit", str(features), *QUICK, "--out", str(model), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["performance"]) == {"nested", "training", "test"}
    assert cli.main(["score", str(features), "--model", str(model)]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) == 60
    assert answers[0]["intended_use"].startswith("Research use only")
    assert {part["feature"] for part in answers[0]["contributions"]} == set(told["features"])
    positive = [answer["probability"] >= told["threshold"] for answer in answers]
    assert positive == [answer["positive"] for answer in answers]
    assert any("was in the training" in warning for warning in answers[0]["warnings"])
    assert "patient" not in answers[0]


def test_fit_says_what_it_found(features: Path, tmp_path: Path, capsys: Captured) -> None:
    assert cli.main(["fit", str(features), *QUICK, "--out", str(tmp_path / "m.json"), "--combat", "scanner"]) == 0
    out = capsys.readouterr().out
    assert "nested: 42 patients (14 with lnm), AUC 0." in out
    assert "note: " in out


def test_rows_that_cannot_be_scored_say_why_and_the_code_is_1(features: Path, tmp_path: Path, capsys: Captured) -> None:
    model = tmp_path / "model.json"
    cli.main(["fit", str(features), *QUICK, "--out", str(model), "--json"])
    needed = next(iter(json.loads(capsys.readouterr().out)["features"]))
    table = simulated_table(patients=60, features=8)
    values = table.values.copy()
    values[1, table.names.index(needed)] = np.nan
    broken = write(tmp_path / "broken.csv", replace(table, values=values))
    assert cli.main(["score", str(broken), "--model", str(model)]) == 1
    answers = json.loads(capsys.readouterr().out)
    assert answers[1]["error"] == f"the feature {needed} is nan; needed: a number"
    assert "probability" in answers[0]


def test_compare_writes_its_tables(features: Path, tmp_path: Path, capsys: Captured) -> None:
    table = simulated_table(patients=60, features=8, splits=True)
    cases = tuple(replace(case, image=Path("out") / case.image.name) for case in table.cases)
    after = write(tmp_path / "after.csv", replace(table, cases=cases, values=table.values**3))
    out = tmp_path / "comparison"
    assert cli.main(["compare", str(features), str(after), *QUICK, "--out", str(out)]) == 0
    assert "(DeLong, paired)" in capsys.readouterr().out
    assert {path.name for path in out.iterdir()} >= {"table3.csv", "tests.csv", "roc.csv", "before.json", "after.json"}
    assert {path.name for path in out.glob("*.svg")} == {"roc.svg", "calibration.svg", "decision_curve.svg"}


def test_compare_without_matplotlib_writes_its_tables_and_says_so(
    features: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out = tmp_path / "comparison"
    assert cli.main(["compare", str(features), str(features), *QUICK, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "note: no figures written: figures need matplotlib: pip install usharmonization[evaluate]\n" in told
    assert (out / "table3.csv").exists()
    assert not list(out.glob("*.svg"))


def test_table_of_patients(features: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "table1.csv"
    assert cli.main(["table", str(features), "--outcome", "lnm", "--out", str(out)]) == 0
    with open(out, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    age = next(row for row in rows if (row["split"], row["variable"]) == ("all", "age"))
    assert age["test"] in ("Student's t test", "Welch's t test", "Mann-Whitney U test")
    assert 0 <= float(age["p"]) <= 1
    capsys.readouterr()
    assert cli.main(["table", str(features), "--outcome", "lnm", "--variable", "age", "--json"]) == 0
    assert {row["variable"] for row in json.loads(capsys.readouterr().out)["rows"]} == {"patients", "age"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["fit", "none.csv", "--outcome", "lnm", "--out", "m.json"], "none.csv: No such file"),
        (["fit", "FEATURES", "--outcome", "pathology", "--out", "m.json"], "no outcome column 'pathology'"),
        (["fit", "FEATURES", "--outcome", "lnm", "--out", "m.json", "--combat", "hospital"], "needed: scanner"),
        (["fit", "FEATURES", "--outcome", "lnm", "--out", "m.json", "--harmonizer", "none"], "is no harmonizer bundle"),
        (["score", "image.png", "--model", "m.json"], "m.json cannot be read"),
        (["score", "FEATURES", "--model", "none.json"], "none.json cannot be read"),
        (["table", "FEATURES", "--outcome", "pathology"], "no outcome column 'pathology'"),
        (["fit", "FEATURES", "--out", "m.json"], "outcome"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    arguments: list[str], line: str, features: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(features.parent)
    assert cli.main([str(features) if word == "FEATURES" else word for word in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("uslnm: ")
    assert error.count("\n") == 1
    assert line in error
    assert not (features.parent / "m.json").exists()
