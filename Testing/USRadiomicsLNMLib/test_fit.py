"""The whole fit: the model scores as what was fitted, splits are obeyed, and what is wrong is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_features import SCANNERS, simulated_table

from USHarmonizationLib.bundle import write_bundle
from USHarmonizationLib.cohort import pseudonym
from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.design import design_of
from USRadiomicsLNMLib.features_table import FeatureTable
from USRadiomicsLNMLib.fit import fit_model
from USRadiomicsLNMLib.model import read_model, write_model
from USRadiomicsLNMLib.score import Case, score
from USRadiomicsLNMLib.settings import FitSettings

QUICK = FitSettings("lnm", folds=3, penalties=8)
COMBAT = replace(QUICK, combat="scanner")


def case(table: FeatureTable, row: int) -> Case:
    values = dict(zip(table.names, table.values[row].tolist(), strict=True))
    return Case(values, table.cases[row].scanner or "", "", table.engine, table.parameters)


@pytest.mark.parametrize("settings", [QUICK, COMBAT], ids=["plain", "combat"])
def test_the_model_from_the_file_scores_as_the_estimator_that_was_fitted(settings: FitSettings, tmp_path: Path) -> None:
    table = simulated_table(splits=True, scanner_shift=1.0)
    found = fit_model(table, settings)
    write_model(tmp_path / "model.json", found.model)
    model = read_model(tmp_path / "model.json")
    wanted = found.search.decision_function(design_of(table, settings).values)
    ours = [score(model, case(table, row)) for row in range(len(table.cases))]
    np.testing.assert_allclose([one.radiomics_score for one in ours], wanted, atol=1e-9)
    train = table.splits == "train"
    share = np.mean([any("extrapolation" in w for w in one.warnings) for one in np.array(ours, dtype=object)[train]])
    assert share == 0
    distances = np.array([one.percentile for one in ours])[train]
    assert np.median(distances) == pytest.approx(50, abs=2)
    assert (model.combat is not None) == (settings.combat is not None)
    assert found.performance["test"].auc.value > 0.6


def test_splits_are_obeyed() -> None:
    table = simulated_table(splits=True)
    found = fit_model(table, QUICK)
    train = table.splits == "train"
    assert set(found.performance) == {"nested", "training", "test"}
    assert found.performance["nested"].patients == found.performance["training"].patients == train.sum()
    assert found.performance["test"].patients == (~train).sum()
    assert set(found.model.training_patients) == set(table.patients[train])
    # What is held out changes nothing in the model.
    values = table.values.copy()
    values[~train] = 77
    other = fit_model(replace(table, values=values), QUICK)
    assert other.model.features == found.model.features
    assert other.model.threshold == found.model.threshold
    assert other.performance["nested"] == found.performance["nested"]


def test_without_splits_the_nested_estimate_stands_alone_and_that_is_told() -> None:
    found = fit_model(simulated_table(), QUICK)
    assert set(found.performance) == {"nested", "training"}
    assert any("no split was held out" in note for note in found.notes)
    assert found.model.fitted["notes"] == list(found.notes)
    assert found.model.fitted["settings"]["seed"] == 0
    assert found.model.scanners == {name: int((simulated_table().scanners == name).sum()) for name in SCANNERS}


def test_same_seed_same_model() -> None:
    table = simulated_table(patients=45, features=8)
    assert fit_model(table, QUICK).model == fit_model(table, QUICK).model
    assert fit_model(table, QUICK).model != fit_model(table, replace(QUICK, seed=5)).model


def test_a_test_patient_of_the_harmonizers_training_is_refused(tmp_path: Path) -> None:
    table = simulated_table(splits=True)
    cases = tuple(replace(one, others={**one.others, "harmonizer": "a-to-b"}) for one in table.cases)
    table = replace(table, cases=cases)
    networks = {"generator": ({"name": "fda", "beta": 0.01}, {"amplitude": np.ones((4, 4), dtype=np.float32)})}
    for patient, fine in ((0, True), (6, False)):  # 0 is in split train, 6 in test
        folder = tmp_path / str(patient) / "a-to-b"
        seen = (pseudonym(f"patient {patient}"),)
        write_bundle(folder, source="a", target="b", variant="fda", networks=networks, training_patients=seen)
        if fine:
            notes = fit_model(table, QUICK, [folder]).notes
            assert any("1 of 81 training patients were in the training of harmonizer a-to-b" in note for note in notes)
        else:
            with pytest.raises(
                UsageError, match="1 of 39 patients of split test were in training of harmonizer a-to-b"
            ):
                fit_model(table, QUICK, [folder])
    assert any("a-to-b is not installed" in note for note in fit_model(table, QUICK).notes)


def test_a_held_out_split_of_one_class_is_told_and_not_judged() -> None:
    table = simulated_table(splits=True)
    kept = (table.splits == "train") | (table.outcome("lnm") == 0)
    found = fit_model(table.take(kept), QUICK)
    assert "test" not in found.performance
    assert any(note.startswith("test cannot be judged") for note in found.notes)


def test_splits_without_train_and_unseen_scanners_are_refused() -> None:
    table = simulated_table(splits=True)
    with pytest.raises(UsageError, match="no row is of split train; splits: test"):
        fit_model(table.take(table.splits == "test"), QUICK)
    unseen = table.take((table.splits == "test") | (table.scanners != SCANNERS[1]))
    with pytest.raises(UsageError, match=r"scanner ge-logiq-7 of split test is not in split train"):
        fit_model(unseen, COMBAT)


def test_many_features_on_few_events_are_told() -> None:
    found = fit_model(simulated_table(patients=45, signal=1.5), QUICK)
    assert len(found.model.features) > 1
    assert any("fewer than 10 for each feature" in note for note in found.notes)
