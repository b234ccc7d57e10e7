"""``uslnm`` where pyradiomics cannot be imported: the project's own engine stands in, and all that follows says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_frames import synthetic

from USRadiomicsLNMLib.cli import main
from USRadiomicsLNMLib.extraction import engine
from USRadiomicsLNMLib.features_table import read_features

OURS = "usharmonization-numpy 1"

pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")


def cohort(folder: Path, count: int) -> Path:
    rows = ["image,mask,patient,lnm"]
    for seed in range(count):
        one = synthetic(seed, "ab"[seed % 2])
        Image.fromarray(np.round(one.frame * 255).astype(np.uint8)).save(folder / f"{seed}.png")
        Image.fromarray(one.lesion.astype(np.uint8)).save(folder / f"mask-{seed}.png")
        rows.append(f"{seed}.png,mask-{seed}.png,p{seed},{seed % 2}")
    file = folder / "cohort.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


@pytest.fixture
def without_pyradiomics(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "radiomics", None)  # importing it is an ImportError
    engine._has_pyradiomics.cache_clear()
    yield
    engine._has_pyradiomics.cache_clear()


def test_a_process_that_cannot_import_it(tmp_path: Path, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken" / "radiomics"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('built for another Python')\n")
    places = [broken.parent, repository / "USHarmonization", repository / "USRadiomicsLNM"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
    file, out = cohort(tmp_path, 1), tmp_path / "features.csv"

    def uslnm(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "USRadiomicsLNMLib", "extract", str(file), "--out", str(out), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    refused = uslnm("--engine", "pyradiomics")
    assert refused.returncode == 2
    assert "this needs pyradiomics, which is not installed" in refused.stderr
    assert not out.exists()
    done = uslnm("--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        f"note: pyradiomics cannot be imported here; features are computed by {OURS}",
    ]
    assert json.loads(done.stdout)["engine"] == OURS
    found = read_features(out)
    assert found.engine == OURS

    pytest.importorskip("radiomics")
    theirs = tmp_path / "theirs.csv"
    assert main(["extract", str(file), "--out", str(theirs), "--engine", "pyradiomics"]) == 0
    assert capsys.readouterr().err.count("note") == 0
    expected = read_features(theirs)
    assert expected.engine == "pyradiomics 3.0.1"
    assert (expected.parameters, expected.names) == (found.parameters, found.names)
    assert found.values == pytest.approx(expected.values, rel=1e-9)


@pytest.mark.usefixtures("without_pyradiomics")
def test_a_model_of_the_other_engine_warns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    features, model = tmp_path / "features.csv", tmp_path / "model.json"
    assert main(["extract", str(cohort(tmp_path, 24)), "--out", str(features), "--params", "ibsi"]) == 0

    def score() -> tuple[list[str], str]:
        fit = ["fit", str(features), "--outcome", "lnm", "--folds", "3", "--jobs", "1", "--out", str(model)]
        assert main(fit) == 0
        capsys.readouterr()
        image, mask = str(tmp_path / "3.png"), str(tmp_path / "mask-3.png")
        assert main(["score", image, "--mask", mask, "--model", str(model)]) == 0
        said = capsys.readouterr()
        return [one for one in json.loads(said.out)[0]["warnings"] if "engine" in one], said.err

    assert score() == ([], "")
    model.unlink()
    features.write_text(features.read_text().replace(OURS, "pyradiomics 3.0.1"))
    warnings, said = score()
    assert warnings == [f"other radiomics engine: {OURS}, the model was fitted with pyradiomics 3.0.1"]
    assert said == f"note: pyradiomics cannot be imported here; features are computed by {OURS}\n"


@pytest.mark.usefixtures("without_pyradiomics")
def test_a_study_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It measures texture by pyradiomics also where it extracts no features."""
    out = tmp_path / "study"
    study = ["study", str(cohort(tmp_path, 1)), "--target", "ge-logiq-7", "--outcome", "lnm", "--out", str(out)]
    assert main(study) == 2
    assert "this needs pyradiomics, which is not installed" in capsys.readouterr().err
    assert not out.exists()


def test_a_model_of_ours_is_scored_with_ours_also_where_pyradiomics_is() -> None:
    pytest.importorskip("radiomics")
    from types import SimpleNamespace

    from USRadiomicsLNMLib.cli.score import _recipe
    from USRadiomicsLNMLib.extraction.engine import find_engine, parameter_file

    digest = find_engine("numpy").parameters(parameter_file("ibsi")).digest
    for name in (OURS, "pyradiomics 3.0.1"):
        model = SimpleNamespace(radiomics={"engine": name, "parameters": digest})
        assert _recipe(model, None).engine.name == name
