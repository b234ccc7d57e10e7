"""Nested cross-validation: honest on noise, and nothing that learns sees what it predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_features import simulated_table

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib import nested
from USRadiomicsLNMLib.design import Design, design_of, estimator
from USRadiomicsLNMLib.nested import cross_validate, leave_one_scanner_out, outer_folds
from USRadiomicsLNMLib.penalty_search import PenaltySearch
from USRadiomicsLNMLib.settings import FitSettings
from USRadiomicsLNMLib.statistics.roc import auc

QUICK = FitSettings("lnm", folds=4, penalties=6)
QUICK_COMBAT = replace(QUICK, combat="scanner")


def test_pure_noise_gives_one_half_over_many_seeds() -> None:
    areas = []
    for seed in range(20):
        design = design_of(simulated_table(patients=60, features=60, signal=0, seed=seed), QUICK)
        settings = replace(QUICK, seed=seed)
        found = cross_validate(design, settings, outer_folds(design, settings))
        areas.append(auc(design.outcome, found.log_odds, strata=found.folds).value)
    # A filter or selection on all rows gives 0.75 and more here.
    assert np.mean(areas) == pytest.approx(0.5, abs=3 * np.std(areas) / np.sqrt(len(areas)))
    assert np.std(areas) < 0.15


def test_a_planted_signal_is_found() -> None:
    design = design_of(simulated_table(signal=1.5), QUICK)
    found = cross_validate(design, QUICK, outer_folds(design, QUICK))
    assert auc(design.outcome, found.log_odds).value > 0.8


def test_shuffled_labels_destroy_it() -> None:
    design = design_of(simulated_table(signal=2.0), QUICK)
    shuffled = np.random.default_rng(0).permutation(design.outcome)
    other = replace(design, outcome=shuffled, strata=shuffled.astype(str))
    found = cross_validate(other, QUICK, outer_folds(other, QUICK))
    assert auc(shuffled, found.log_odds).value < 0.7


@pytest.mark.parametrize("settings", [QUICK, QUICK_COMBAT], ids=["plain", "combat"])
def test_what_is_held_out_cannot_change_the_model_that_predicts_the_others_of_its_fold(settings: FitSettings) -> None:
    """Fails when imputation, ComBat, scaling, filter, selection, penalties or threshold move out of the fold."""
    design = design_of(simulated_table(scanner_shift=1.0), settings)
    folds = outer_folds(design, settings)
    first = cross_validate(design, settings, folds)
    spoiled = int(np.flatnonzero(folds == 0)[0])
    values = design.values.copy()
    values[spoiled, -30:] = 1e3
    outcome = design.outcome.copy()
    outcome[spoiled] = 1 - outcome[spoiled]
    second = cross_validate(replace(design, values=values, outcome=outcome), settings, folds)
    others = (folds == 0) & (np.arange(len(folds)) != spoiled)
    np.testing.assert_array_equal(first.log_odds[others], second.log_odds[others])
    np.testing.assert_array_equal(first.thresholds[folds == 0], second.thresholds[folds == 0])
    assert (first.log_odds[folds != 0] != second.log_odds[folds != 0]).any()


def test_a_patient_is_never_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A patient's number as a feature is learned by heart, and useless for others."""
    seen: list[tuple[set[str], set[str]]] = []
    real = nested._predict

    def spy(design: Design, settings: FitSettings, held_out: np.ndarray) -> tuple[np.ndarray, float]:
        seen.append((set(design.patients[held_out]), set(design.patients[~held_out])))
        return real(design, settings, held_out)

    monkeypatch.setattr(nested, "_predict", spy)
    design = design_of(simulated_table(patients=40, images=3), QUICK)
    cross_validate(design, QUICK, outer_folds(design, QUICK))
    assert len(seen) == 4
    assert not any(test & train for test, train in seen)


def test_the_inner_folds_are_by_patient_and_stratified_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    design = design_of(simulated_table(patients=60, images=2, features=6), QUICK_COMBAT)
    fitted: list[tuple[np.ndarray, np.ndarray]] = []

    def spy(settings: FitSettings) -> PenaltySearch:
        search = estimator(settings)
        fit = search.fit
        search.fit = lambda X, y, groups, strata: (fitted.append((groups, strata)), fit(X, y, groups, strata))[1]  # noqa: N803
        return search

    monkeypatch.setattr(nested, "estimator", spy)
    folds = outer_folds(design, QUICK_COMBAT)
    cross_validate(design, QUICK_COMBAT, folds)
    for fold, (groups, strata) in enumerate(fitted):
        np.testing.assert_array_equal(groups, design.patients[folds != fold])
        np.testing.assert_array_equal(strata, design.strata[folds != fold])


def test_two_processes_give_what_one_gives() -> None:
    design = design_of(simulated_table(patients=45, features=8), QUICK)
    folds = outer_folds(design, QUICK)
    one, two = cross_validate(design, QUICK, folds), cross_validate(design, QUICK, folds, jobs=2)
    np.testing.assert_array_equal(one.log_odds, two.log_odds)
    np.testing.assert_array_equal(one.thresholds, two.thresholds)


def test_each_scanner_is_predicted_by_the_others() -> None:
    table = simulated_table(patients=120)
    found = leave_one_scanner_out(table, QUICK)
    assert [one.scanner for one in found] == sorted(set(table.scanners))
    outcome = table.outcome("lnm")
    for one in found:
        assert not one.reason
        assert auc(outcome[one.rows], one.log_odds).value > 0.6
    few = table.take((table.scanners != "ge-logiq-7") | (outcome == 0))
    reasons = {one.scanner: one.reason for one in leave_one_scanner_out(few, QUICK)}
    assert reasons["ge-logiq-7"].startswith("it has 0 patients with")


def test_leaving_out_is_refused_with_combat_or_one_scanner() -> None:
    table = simulated_table()
    with pytest.raises(UsageError, match="cannot be left out with ComBat"):
        leave_one_scanner_out(table, QUICK_COMBAT)
    with pytest.raises(UsageError, match="all images are of one scanner"):
        leave_one_scanner_out(table.take(table.scanners == "ge-logiq-7"), QUICK)
