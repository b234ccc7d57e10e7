"""Before against after, on the same patients and folds."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_features import simulated_table

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.compare import Comparison, compare, match, write_comparison
from USRadiomicsLNMLib.features_table import FeatureTable
from USRadiomicsLNMLib.model import read_model
from USRadiomicsLNMLib.settings import FitSettings
from USRadiomicsLNMLib.statistics.roc import auc

QUICK = FitSettings("lnm", folds=3, penalties=8)


def moved(table: FeatureTable, values: np.ndarray | None = None) -> FeatureTable:
    """The table as of generated images: other folder, same names and masks."""
    cases = tuple(replace(case, image=Path("generated") / case.image.name) for case in table.cases)
    return replace(table, cases=cases, values=table.values if values is None else values)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """Before: the signal drowned in noise; after: as it is."""
    table = simulated_table(splits=True, signal=2.0)
    noisy = table.values + 3 * np.random.default_rng(1).normal(size=table.values.shape)
    return compare(replace(table, values=noisy), moved(table), QUICK)


def test_the_same_features_give_the_same_figures_and_no_difference() -> None:
    table = simulated_table(patients=60, features=8)
    order = np.random.default_rng(0).permutation(60)
    found = compare(table, moved(table).take(order), QUICK)
    assert found.fits["before"].performance == found.fits["after"].performance
    assert all((test.difference.value, test.p) == (0, 1) for test in found.tests.values())


def test_where_no_patients_are_named_the_folds_are_the_same_all_the_same() -> None:
    table = simulated_table(patients=60, features=8)
    nameless = replace(table, cases=tuple(replace(case, patient="") for case in table.cases))
    found = compare(nameless, moved(nameless), QUICK)
    assert found.fits["before"].performance == found.fits["after"].performance
    assert found.fits["after"].model.training_patients == ()


def test_a_gain_is_found(comparison: Comparison) -> None:
    assert set(comparison.tests) == {"nested", "training", "test"}
    nested = comparison.tests["nested"]
    assert nested.difference.value > 0.1
    assert nested.p < 0.05
    assert comparison.bootstrap["nested"].low > 0
    before, after = (comparison.fits[name].patients["test"] for name in ("before", "after"))
    assert (before.names == after.names).all()
    gain = auc(after.outcome, after.log_odds).value - auc(before.outcome, before.log_odds).value
    assert comparison.tests["test"].difference.value == pytest.approx(gain)


def test_everything_is_written(comparison: Comparison, tmp_path: Path) -> None:
    write_comparison(tmp_path, comparison)

    def rows(name: str) -> list[dict[str, str]]:
        with open(tmp_path / name, newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    table3 = {(row["model"], row["set"]): row for row in rows("table3.csv")}
    assert set(table3) == {(model, name) for model in ("before", "after") for name in ("nested", "training", "test")}
    figures = comparison.fits["after"].performance["test"]
    assert float(table3["after", "test"]["auc"]) == pytest.approx(figures.auc.value, rel=1e-5)
    assert float(table3["after", "test"]["sensitivity_low"]) == pytest.approx(
        figures.rates["sensitivity"].low, rel=1e-5
    )
    assert {row["set"] for row in rows("tests.csv")} == {"nested", "training", "test"}
    for name in ("nested", "test"):
        curve = [row for row in rows("roc.csv") if (row["model"], row["set"]) == ("after", name)]
        area = np.trapezoid(
            [float(row["true_positive_rate"]) for row in curve], [float(row["false_positive_rate"]) for row in curve]
        )
        assert area == pytest.approx(comparison.fits["after"].performance[name].auc.value, abs=1e-4)
    assert {row["scanner"] for row in rows("leave_one_scanner_out.csv")} == {case.scanner for case in CASES}
    kept = [row["feature"] for row in rows("features.csv") if row["model"] == "after"]
    assert set(kept) == {feature.name for feature in read_model(tmp_path / "after.json").features}
    for name in ("calibration.csv", "decision_curve.csv", "predictions.csv"):
        assert len(rows(name)) > 10
    assert "not independent" in (tmp_path / "notes.txt").read_text()


CASES = simulated_table(patients=30).cases


def test_cases_of_one_table_only_are_left_out_and_told() -> None:
    table = simulated_table(patients=60, features=8)
    first, second, notes = match(table, moved(table).take(np.arange(55)[::-1]), "lnm")
    assert [case.image.name for case in first.cases] == [case.image.name for case in second.cases]
    assert notes == ["5 cases of the table before are not in the other and left out"]


def test_tables_that_do_not_belong_together_are_refused() -> None:
    table = simulated_table(patients=30, features=3)
    after = moved(table)
    other = replace(after.cases[0], others={**after.cases[0].others, "lnm": "0"})
    with pytest.raises(UsageError, match=r"lnm of p000-0\.png is 1 before and 0 after"):
        match(table, replace(after, cases=(other, *after.cases[1:])), "lnm")
    elsewhere = replace(after, cases=tuple(replace(case, patient="sha256:x") for case in after.cases))
    with pytest.raises(UsageError, match="no case in common"):
        match(table, elsewhere, "lnm")
    same = replace(table.cases[0], image=Path("other") / table.cases[0].image.name)
    twice = replace(table, cases=(*table.cases[:1], same, *table.cases[2:]))
    with pytest.raises(UsageError, match=r"two cases of the table before are called p000-0\.png"):
        match(twice, after, "lnm")
