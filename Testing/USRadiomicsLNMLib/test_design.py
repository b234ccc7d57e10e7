"""From table to numbers, what is refused and what is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_features import SCANNERS, simulated_table

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.design import check_trainable, design_of, estimator, notes_on
from USRadiomicsLNMLib.features_table import FeatureTable
from USRadiomicsLNMLib.settings import FitSettings

PLAIN, COMBAT = FitSettings("lnm"), FitSettings("lnm", combat="scanner")


def with_values(table: FeatureTable, values: np.ndarray) -> FeatureTable:
    return replace(table, values=values)


def test_with_combat_the_scanner_is_the_first_column_and_a_stratum() -> None:
    table = simulated_table()
    plain, combat = design_of(table, PLAIN), design_of(table, COMBAT)
    np.testing.assert_array_equal(combat.values[:, 1:], plain.values)
    assert combat.scanners == SCANNERS
    assert [combat.scanners[int(code)] for code in combat.values[:, 0]] == table.scanners.tolist()
    assert len(set(plain.strata)) == 2
    assert len(set(combat.strata)) == 6
    steps = [name for name, _ in estimator(COMBAT).preparation.steps]
    assert steps == ["combat", "distinct", "scale", "mann_whitney"]


def test_missing_values_are_refused_or_imputed_and_told() -> None:
    table = simulated_table()
    values = table.values.copy()
    values[4, 2] = np.nan
    table = with_values(table, values)
    with pytest.raises(UsageError, match=r"original_glcm_Feature2 of p004-0\.png is missing"):
        design_of(table, PLAIN)
    impute = FitSettings("lnm", missing="impute", folds=3, penalties=5)
    design = design_of(table, impute)
    search = estimator(impute).fit(design.values, design.outcome)
    assert np.isfinite(search.decision_function(design.values)).all()
    assert "1 missing values of 1 features are imputed by medians of the training folds" in notes_on(table, impute)


@pytest.mark.parametrize("patients", [24, 29])
def test_fewer_than_ten_events_are_refused(patients: int) -> None:
    design = design_of(simulated_table(patients=patients), PLAIN)
    with pytest.raises(UsageError, match=r"patients with lnm 1 and .* with lnm 0 to train on; needed: at least 10"):
        check_trainable(design.take(np.arange(patients) < 27), "lnm")
    check_trainable(design_of(simulated_table(patients=30), PLAIN), "lnm")


def test_one_class_is_refused() -> None:
    design = design_of(simulated_table(), PLAIN)
    with pytest.raises(UsageError, match="40 patients with lnm 1 and 0 with lnm 0"):
        check_trainable(design.take(design.outcome == 1), "lnm")


def test_combat_refuses_small_and_unknown_scanners() -> None:
    table = simulated_table()
    few = np.flatnonzero(table.scanners == SCANNERS[2])[7:]
    rest = table.take(np.setdiff1d(np.arange(120), few))
    with pytest.raises(UsageError, match=r"7 patients of scanner toshiba-aplio-300 .* at least 10 of each"):
        check_trainable(design_of(rest, COMBAT), "lnm")
    unknown = replace(table, cases=(replace(table.cases[0], scanner=None), *table.cases[1:]))
    with pytest.raises(UsageError, match=r"that of p000-0\.png is not given"):
        design_of(unknown, COMBAT)


def test_constant_repeated_unbalanced_and_several_images_are_told() -> None:
    table = simulated_table(images=2)
    values = table.values.copy()
    values[:, 5] = 3
    values[:, 7] = 2 * values[:, 6]
    kept = np.array([case.others["lnm"] == "0" or place < 90 for place, case in enumerate(table.cases)])
    notes = " | ".join(notes_on(with_values(table, values).take(kept), PLAIN))
    assert "1 constant features left out: original_glcm_Feature5" in notes
    assert "original_glcm_Feature7 (as original_glcm_Feature6)" in notes
    assert "classes are unbalanced: lnm is 1 in 30 of 190 rows" in notes
    assert "190 rows of 95 patients" in notes


def test_outcome_that_hangs_on_the_scanner_is_told() -> None:
    table = simulated_table()
    cases = tuple(
        replace(case, scanner=SCANNERS[1] if case.others["lnm"] == "1" or place % 4 == 0 else SCANNERS[0])
        for place, case in enumerate(table.cases)
    )
    notes = " | ".join(notes_on(replace(table, cases=cases), COMBAT))
    assert "lnm and scanner hang together" in notes
    assert "ComBat removes part of the outcome" in notes
    assert not any("hang together" in note for note in notes_on(table, PLAIN))
    one = replace(table, cases=tuple(replace(case, scanner=SCANNERS[0]) for case in table.cases))
    assert "ComBat has nothing to do: all images are of ge-logiq-5" in notes_on(one, COMBAT)


def test_only_constant_features_are_refused() -> None:
    table = simulated_table()
    with pytest.raises(UsageError, match="all features are constant"):
        notes_on(with_values(table, np.ones_like(table.values)), PLAIN)


def test_outliers_that_combat_would_scale_by_are_told() -> None:
    table = simulated_table()
    values = table.values.copy()
    values[3, 4] = 1e4
    notes = notes_on(with_values(table, values), COMBAT)
    assert any("ComBat scales 1 features by a single outlying image" in n and "Feature4" in n for n in notes)
    assert not any(
        "outlying" in note for note in [*notes_on(table, COMBAT), *notes_on(with_values(table, values), PLAIN)]
    )
