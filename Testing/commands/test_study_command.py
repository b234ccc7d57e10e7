"""``uslnm study``, whole: a tiny one, gone on with, changed, stopped in the middle, and refused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from study_cohort import FEW, QUICK, SOURCE, TARGET, write_study_cohort

from USRadiomicsLNMLib.cli import main
from USRadiomicsLNMLib.features_table import read_features
from USRadiomicsLNMLib.study import run as module
from USRadiomicsLNMLib.study.progress import StudyProgress
from USRadiomicsLNMLib.study.results import AS_IS, FITTED, TEXTURE, TRAINED, StudyResults

# Few features, so that tests are quick.
PARAMETERS = """
setting: {binWidth: 25, force2D: true, label: 1}
imageType: {Original: {}}
featureClass: {firstorder: [], shape2D: [Sphericity, MajorAxisLength], ngtdm: []}
"""
METHODS = ["original", "histogram", "fda", "cyclegan", "texture", "combat", "texture+combat"]
MADE = ("histogram", "fda", "cyclegan", "texture")


class Made:
    """A cohort, its study, and what a run of it really did (``stage``, ``what``), as its progress heard."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "study"
        self.cohort = write_study_cohort(folder / "cohort", patients=44)
        (folder / "few.yaml").write_text(PARAMETERS, encoding="utf-8")

    def run(self, *more: str) -> tuple[int, Counter[str]]:
        done: Counter[str] = Counter()

        class Heard(StudyProgress):
            def advance(self, stage: str, what: str, reused: bool = False, count: int = 1) -> None:
                if not reused:
                    done[what] += count

        command = ["study", str(self.cohort), "--target", TARGET, "--outcome", "lnm", "--out", str(self.out), *more]
        command += ["--variant", "cyclegan", "--variant", "texture", "--steps", "2", "--jobs", "1", "--device", "cpu"]
        command += ["--extractor", "none", "--params", str(self.folder / "few.yaml")]
        command += [word for one in QUICK for word in ("--set", one)]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(module, "StudyProgress", Heard)
            code = main(command)
        for stage in [stage for stage in done if stage.startswith("measuring")]:
            del done[stage]  # it does not say what it remembered
        return code, done

    @property
    def results(self) -> StudyResults:
        return StudyResults.read(self.out / "results")

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.out / "results").rglob("*.*"))}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = Made(tmp_path_factory.mktemp("study"))
    assert made.run("--folds", "2")[0] == 0
    return made


def test_all_methods_and_tables_are_there(made: Made) -> None:
    results = made.results
    assert [one.name for one in results.methods] == METHODS
    for name in (
        "counts",
        "patients_table",
        "image_figures",
        "performance",
        "tests",
        "roc",
        "calibration",
        "decisions",
    ):
        assert getattr(results, name), name
    assert {row.method for row in results.performance} == set(METHODS)
    assert {row.method for row in results.tests} == set(METHODS[1:])
    assert {row.method for row in results.shifts} == set(METHODS)
    assert {row.scanner for row in results.shifts} == {SOURCE}
    assert not results.left_out
    whole = results.counts[0]
    assert (whole.scanner, whole.images, whole.patients) == ("all", 47, 47)
    keys = {row.key for row in results.image_figures}
    assert {"mi", "ssim", "frd", "scanner", "frd_features", "scanner_features"} <= keys
    assert {row.against for row in results.image_figures if row.key == "mi"} == {"original"}
    assert {row.against for row in results.image_figures if row.key == "frd"} == {"target"}
    assert not list(made.out.rglob(".partial-*"))


def test_the_results_say_what_was_done_to_which_scanner(made: Made) -> None:
    methods = {one.name: {each.source: each for each in one.scanners} for one in made.results.methods}
    for name, treated in methods.items():
        assert set(treated) == {SOURCE, FEW}
        assert treated[FEW].how == AS_IS, name
    assert methods["texture"][FEW].reason.startswith(f"3 images of {FEW} in split train")
    assert {methods[name][SOURCE].how for name in ("fda", "histogram")} == {FITTED}
    assert {methods[name][SOURCE].how for name in ("cyclegan", "texture", "texture+combat")} == {TRAINED}
    assert methods["cyclegan"][SOURCE].steps == 2
    assert methods["cyclegan"][SOURCE].settings["balance"] == "lnm"
    for name in MADE:
        rows = (made.out / "generated" / name / SOURCE / "apply.csv").read_text("utf-8")
        assert "is for unknown" not in rows, name
    assert all(each.patients_in_test == 0 for treated in methods.values() for each in treated.values())


def test_images_that_are_not_harmonized_have_the_same_features_by_all_methods(made: Made) -> None:
    tables = {name: read_features(made.out / "tables" / f"{name}.csv") for name in ("original", *MADE)}
    as_is = tables["original"].scanners != SOURCE
    for name in MADE:
        np.testing.assert_array_equal(tables[name].values[as_is], tables["original"].values[as_is])
        assert not np.array_equal(tables[name].values[~as_is], tables["original"].values[~as_is]), name
        shape = [place for place, feature in enumerate(tables[name].names) if "shape2D" in feature]
        np.testing.assert_array_equal(tables[name].values[:, shape], tables["original"].values[:, shape])


def test_models_are_those_of_uslnm_fit(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for method in ("original", "texture"):
        command = [
            "fit",
            str(made.out / "tables" / f"{method}.csv"),
            "--outcome",
            "lnm",
            "--out",
            str(tmp_path / "m.json"),
        ]
        command += [
            "--folds",
            "2",
            "--missing",
            "impute",
            "--features",
            r"original_(firstorder|ngtdm)_\w+",
            "--jobs",
            "1",
        ]
        bundles = [str(path.parent) for path in (made.out / "bundles").glob(f"{method}*/model.json")]
        assert main([*command, *(word for one in bundles for word in ("--harmonizer", one)), "--json"]) == 0
        alone = json.loads(capsys.readouterr().out)["performance"]
        rows = {row.set: row for row in made.results.performance if (row.method, row.features) == (method, TEXTURE)}
        assert set(rows) == set(alone)
        for name, row in rows.items():
            assert row.auc == pytest.approx(alone[name]["auc"]["value"], abs=1e-12)
            assert row.brier == pytest.approx(alone[name]["calibration"]["brier"], abs=1e-12)


def test_figures_are_those_of_usharmonize_evaluate(made: Made, tmp_path: Path) -> None:
    from shutil import copy

    from USHarmonizationLib.cli import main as usharmonize

    table = read_features(made.out / "tables" / "original.csv")
    for case in table.cases:
        if case.scanner in (SOURCE, TARGET):
            role = "original" if case.scanner == SOURCE else "target"
            for kind, path in ((role, case.image), ("masks", case.mask)):
                (tmp_path / kind).mkdir(exist_ok=True)
                assert path is not None
                copy(path, tmp_path / kind / case.image.name)
    command = ["evaluate", "--original", str(tmp_path / "original"), "--target", str(tmp_path / "target")]
    command += [
        "--generated",
        f"texture={made.out / 'generated' / 'texture' / SOURCE}",
        "--masks",
        str(tmp_path / "masks"),
    ]
    command += ["--extractor", "none", "--out", str(tmp_path / "out"), "--jobs", "1", "--label", "1"]
    assert usharmonize(command) == 0
    report = json.loads((tmp_path / "out" / "evaluate.json").read_text("utf-8"))
    alone = {(one["method"], one["key"], one["against"]): one["value"] for one in report["figures"]}
    rows = {
        (row.method, row.key, row.against): row.value
        for row in made.results.image_figures
        if (row.scanner, row.images) == (SOURCE, "all")
    }
    for key in (("original", "frd", "target"), ("texture", "frd", "target"), ("texture", "mi", "original")):
        assert rows[key] == pytest.approx(alone[key], rel=1e-9), key


def test_examples_are_held_out_images_before_and_after(made: Made) -> None:
    from PIL import Image

    examples = made.results.examples
    assert {one.method for one in examples if one.scanner == SOURCE} == {"original", *MADE}
    assert {one.method for one in examples if one.scanner == TARGET} == {"original"}
    splits = {case.image.name: case.split for case in read_features(made.out / "tables" / "original.csv").cases}
    pixels = {}
    for one in examples:
        assert splits[one.image] in ("validation", "test")
        with Image.open(made.out / "results" / one.file) as image:
            pixels[one.scanner, one.method] = np.asarray(image)
        assert (made.out / "results" / one.lesion).is_file()
    first = pixels[SOURCE, "original"]
    assert all(one.shape == first.shape for (scanner, _), one in pixels.items() if scanner == SOURCE)
    assert not np.array_equal(first, pixels[SOURCE, "histogram"])


@pytest.mark.slow
def test_only_what_depends_on_a_change_is_done_again(made: Made) -> None:
    before = made.files()
    code, done = made.run("--folds", "2")
    assert (code, done) == (0, Counter())
    assert made.files() == before

    # Other settings of the models: only these, of each method with texture and with all features, of shape once.
    code, done = made.run("--folds", "3")
    assert code == 0
    assert {what.split(" ")[0] for what in done} == {"fitting"}
    assert sum(done.values()) == 15

    # One image of the source's test split: that image by each method, and what is fitted to all.
    image = next(
        case.image for case in read_features(made.out / "tables" / "original.csv").cases
        if (case.scanner, case.split) == (SOURCE, "test")
    )  # fmt: skip
    content = image.read_bytes()
    _darken(image)
    code, done = made.run("--folds", "2")
    assert code == 0
    assert done["training"] == 0
    assert {what: count for what, count in done.items() if not what.startswith("fitting")} == {
        **{f"harmonizing ({method}, {SOURCE})": 1 for method in MADE},
        **{f"extracting ({method}--{SOURCE})": 1 for method in MADE},
        "extracting (original)": 1,
    }
    assert made.files() != before
    image.write_bytes(content)

    # One training image of the target: all that learns from it.
    image = next(
        case.image for case in read_features(made.out / "tables" / "original.csv").cases
        if (case.scanner, case.split) == (TARGET, "train")
    )  # fmt: skip
    content = image.read_bytes()
    _darken(image)
    code, done = made.run("--folds", "2")
    assert code == 0
    assert done["training"] == 4
    assert done["extracting (original)"] == 2  # this one, and that which was put back
    assert all(done[f"harmonizing ({method}, {SOURCE})"] == 22 for method in ("histogram", "fda"))
    image.write_bytes(content)


def test_a_study_that_was_stopped_goes_on(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made.run("--folds", "2")
    expected = made.files()

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "fit_all", stop)
        assert made.run("--folds", "2")[0] == 130
    assert not (made.out / "results" / "study.json").exists()
    code, done = made.run("--folds", "2")
    assert (code, done) == (0, Counter())
    assert made.files() == expected


@pytest.mark.slow
def test_an_image_that_cannot_be_read_is_left_out_of_all_methods_and_said(made: Made) -> None:
    image = next(
        case.image for case in read_features(made.out / "tables" / "original.csv").cases if case.scanner == FEW
    )
    content = image.read_bytes()
    image.write_bytes(content[:40])
    try:
        assert made.run("--folds", "2")[0] == 1
        assert {row.image for row in made.results.left_out} == {image.name}
        assert len(read_features(made.out / "tables" / "texture.csv").cases) == 46
    finally:
        image.write_bytes(content)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--target", "hitachi"], "unknown scanner 'hitachi'; known: "),
        (["--outcome", "nodes"], "no outcome column 'nodes'; columns: lnm, age"),
        (["--variant", "gan"], "unknown variant 'gan'; known: cyclegan, "),
        (["--bundle", "nowhere"], "nowhere is no harmonizer bundle"),
        (["--set", "widht=3"], "no variant here has a setting widht"),
        (["--params", "none.yaml"], "no parameter file none.yaml"),
        (["--extractor", "resnet"], "resnet"),
        (["--jobs", "0"], "jobs is 0; needed: at least 1"),
        (["--leave-as-is", SOURCE], "no scanner can be harmonized"),
    ],
)
def test_wrong_usage_is_one_line(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    out = tmp_path / "new"
    command = ["study", str(made.cohort), "--target", TARGET, "--outcome", "lnm", "--out", str(out), "--jobs", "1"]
    assert main([*command, "--variant", "texture", "--set", "minimum_images=4", *more]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert "\n" not in error
    assert not out.exists()


def _darken(path: Path) -> None:
    from PIL import Image

    with Image.open(path) as image:
        pixels = np.asarray(image)
    Image.fromarray((pixels * 0.8).astype(np.uint8)).save(path)
