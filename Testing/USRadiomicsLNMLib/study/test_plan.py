"""From a cohort to what is done with each scanner, and all that can be wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from study_cohort import FEW, QUICK, SOURCE, TARGET, write_study_cohort

from USHarmonizationLib.bundle import write_bundle
from USHarmonizationLib.cohort import pseudonym
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.harmonizers.histogram import BINS, HistogramHarmonizer
from USRadiomicsLNMLib.study import plan as module
from USRadiomicsLNMLib.study.plan import make_plan
from USRadiomicsLNMLib.study.settings import Study

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    write_study_cohort(folder)
    return folder


def study(**values: object) -> Study:
    return Study(
        **{"target": TARGET, "outcome": "lnm", "variants": ("texture",), "assignments": ("minimum_images=4",), **values}
    )  # type: ignore[arg-type]


def changed(folder: Path, change: Callable[[Rows], Rows | None]) -> Path:
    with open(folder / "cohort.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    rows = change(rows) or rows
    with open(folder / "changed.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / "changed.csv"


def put(column: str, value: str, when: Callable[[dict[str, str]], bool] = lambda row: True) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        for row in rows:
            if when(row):
                row[column] = value

    return change


def test_scanners_with_too_few_images_stay_as_they_are(folder: Path) -> None:
    plan = make_plan(study(), folder / "cohort.csv")
    assert plan.sources == (FEW, SOURCE)
    assert plan.harmonized == (SOURCE,)
    assert plan.as_is == {FEW: f"3 images of {FEW} in split train; needed to train texture: at least 4"}
    assert {row.scanner for row in plan.of(SOURCE)} == {SOURCE}
    assert {row.split for row in plan.of(SOURCE, "train")} == {"train"}


def test_scanners_stay_as_they_are_on_request(folder: Path) -> None:
    with pytest.raises(
        UsageError, match=rf"no scanner can be harmonized \({FEW}: 3 images .*; {SOURCE}: left as is on"
    ):
        make_plan(study(leave_as_is=(SOURCE,)), folder / "cohort.csv")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("lnm", "1"), "lnm is 1 in all rows; needed: 0 and 1"),
        (put("lnm", "yes"), "lnm of p0.png is 'yes'; needed: 0 or 1"),
        (put("lnm", "0", lambda row: row["age"] > "56"), "patients with lnm 1 .*; needed: at least 10"),
        (put("scanner", TARGET), f"all images are of one scanner \\({TARGET}\\)"),
        (put("scanner", SOURCE), f"the cohort has no image of scanner {TARGET}; it has: {SOURCE}"),
        (put("mask", ""), "names no mask"),
        (put("split", "", lambda row: row["image"] == "p4.png"), "the column split is empty in some rows"),
        (put("split", "test"), "no row is of split train"),
        (put("patient", "patient 0", lambda row: row["image"] in ("p0.png", "p38.png")), "one patient into two splits"),
        (lambda rows: [{**row, "harmonizer": "fda"} for row in rows], "p0.png is harmonized already"),
        (lambda rows: [{k: v for k, v in row.items() if k != "lnm"} for row in rows], "no outcome column 'lnm'"),
    ],
)  # fmt: skip
def test_what_a_cohort_lacks_is_said_before_any_work(
    folder: Path, change: Callable[[Rows], Rows | None], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make_plan(study(), changed(folder, change))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"target": "hitachi"}, "unknown scanner 'hitachi'; known: "),
        ({"target": "philips-hdi-5000"}, "the cohort has no image of scanner philips-hdi-5000"),
        ({"leave_as_is": ("philips-hdi-5000",)}, "--leave-as-is philips-hdi-5000: the cohort has no such scanner"),
    ],
)
def test_scanners_that_are_not_there_are_named(folder: Path, values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_plan(study(**values), folder / "cohort.csv")


def test_rows_without_mask_are_left_out_and_said(folder: Path) -> None:
    plan = make_plan(study(), changed(folder, put("mask", "", lambda row: row["image"] == "p2.png")))
    assert [(row.image, row.stage, row.reason) for row in plan.left_out] == [("p2.png", "select", "no mask")]
    assert len(plan.rows) == 62


def test_content_counts_and_not_where_it_lies(folder: Path, tmp_path: Path) -> None:
    plan = make_plan(study(), folder / "cohort.csv")
    write_study_cohort(tmp_path)
    moved = make_plan(study(), tmp_path / "cohort.csv")
    assert plan.digest(plan.rows, "lnm") == moved.digest(moved.rows, "lnm")
    (tmp_path / "p1.png").write_bytes((tmp_path / "p3.png").read_bytes())
    other = make_plan(study(), tmp_path / "cohort.csv")
    assert plan.digest(plan.rows) != other.digest(other.rows)
    assert plan.digest(plan.of(TARGET)) == other.digest(other.of(TARGET))
    assert plan.digest(plan.rows) != plan.digest(plan.rows, "lnm")


class TestBundles:
    @staticmethod
    def bundle(folder: Path, patients: tuple[str, ...] = (), variant: str = "texture", source: str = SOURCE) -> Path:
        shares = HistogramHarmonizer(BINS * [1.0]).stored()  # type: ignore[arg-type]
        made = tuple(sorted(map(pseudonym, patients)))
        write_bundle(
            folder,
            source=source,
            target=TARGET,
            variant=variant,
            networks={"generator": shares},
            training_patients=made,
        )
        return folder

    def test_a_bundle_is_taken_for_its_variant_and_scanner(self, folder: Path, tmp_path: Path) -> None:
        mine = self.bundle(tmp_path / "mine", ("patient 0",), source=FEW)
        plan = make_plan(study(bundles=(mine,)), folder / "cohort.csv")
        assert plan.bundles["texture", FEW].folder == mine
        assert plan.as_is == {}

    def test_one_that_learned_from_test_patients_is_refused(self, folder: Path, tmp_path: Path) -> None:
        mine = self.bundle(tmp_path / "mine", ("patient 0", "patient 32"))
        with pytest.raises(UsageError, match=r"1 of .* patients of split test were in training of harmonizer"):
            make_plan(study(bundles=(mine,)), folder / "cohort.csv")

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"variant": "cyclegan"}, "is of variant cyclegan; the study has: texture"),
            ({"source": "ge-logiq-5"}, "goes from ge-logiq-5 to hitachi-preirus; needed: from one of"),
        ],
    )
    def test_one_that_does_not_fit_is_refused(
        self, folder: Path, tmp_path: Path, values: dict[str, str], message: str
    ) -> None:
        mine = self.bundle(tmp_path / "mine", **values)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match=message):
            make_plan(study(bundles=(mine,)), folder / "cohort.csv")

    def test_two_for_one_purpose_are_refused(self, folder: Path, tmp_path: Path) -> None:
        both = (self.bundle(tmp_path / "one"), self.bundle(tmp_path / "two"))
        with pytest.raises(UsageError, match=f"two bundles of texture from {SOURCE}"):
            make_plan(study(bundles=both), folder / "cohort.csv")

    def test_an_installed_one_is_taken_for_the_default_unless_it_saw_test_patients(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from USHarmonizationLib.bundle import read_bundle

        fits = read_bundle(self.bundle(tmp_path / "fits"))
        monkeypatch.setattr(module, "installed_bundles", lambda: [fits])
        assert make_plan(study(), folder / "cohort.csv").bundles == {("texture", SOURCE): fits}
        assert not make_plan(study(train_default=True), folder / "cohort.csv").bundles
        leaks = read_bundle(self.bundle(tmp_path / "leaks", ("patient 32",)))
        monkeypatch.setattr(module, "installed_bundles", lambda: [leaks])
        plan = make_plan(study(), folder / "cohort.csv")
        assert not plan.bundles
        assert "is not taken, but one is trained: 1 of" in plan.notes[0]


def test_the_quick_settings_of_the_tests_reach_all_variants() -> None:
    study(variants=("texture", "cyclegan"), assignments=QUICK)
