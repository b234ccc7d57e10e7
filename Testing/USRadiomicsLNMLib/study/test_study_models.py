"""The models of a study: what they see, the folds, other scanners, and that they are fitted once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_features import SCANNERS, simulated_table

from USRadiomicsLNMLib.design import design_of, estimator
from USRadiomicsLNMLib.features_table import FeatureTable, write_features
from USRadiomicsLNMLib.fit import fit_model
from USRadiomicsLNMLib.settings import FitSettings
from USRadiomicsLNMLib.statistics.performance import by_patient
from USRadiomicsLNMLib.statistics.roc import auc
from USRadiomicsLNMLib.study.models import Task, fit_all, tasks_of, with_features
from USRadiomicsLNMLib.study.results import ALL, ALL_FEATURES, HELD_OUT, ON_OTHERS, ON_TARGET, SHAPE, TEXTURE

TARGET = SCANNERS[1]
QUICK = FitSettings("lnm", folds=2, penalties=4, missing="impute")


def table(features: int = 12) -> FeatureTable:
    made = simulated_table(patients=150, features=features, signal=1.2, splits=True)
    names = (*made.names[:-2], "original_shape2D_Sphericity", "original_shape2D_Elongation")
    return replace(made, names=names)


def task(
    folder: Path, features: str = TEXTURE, settings: FitSettings = QUICK, made: FeatureTable | None = None
) -> Task:
    path = folder / "original.csv"
    write_features(path, made or table())
    return Task("original", features, path, settings, (), TARGET, folder / "models")


def fit(one: Task) -> tuple[object, bool]:
    told: list[bool] = []
    found = fit_all([one], 1, lambda _, reused: told.append(reused))
    return found["original", one.features], told[0]


def test_features_are_split_by_what_a_harmonizer_may_change() -> None:
    made = table()
    texture, shape = with_features(made, TEXTURE), with_features(made, SHAPE)
    assert shape.names == ("original_shape2D_Sphericity", "original_shape2D_Elongation")
    assert set(texture.names) | set(shape.names) == set(made.names)
    assert with_features(made, ALL_FEATURES) is made
    np.testing.assert_array_equal(shape.values, made.values[:, -2:])


def test_a_model_is_the_one_of_uslnm_fit(tmp_path: Path) -> None:
    found, _ = fit(task(tmp_path))
    same = fit_model(with_features(table(), TEXTURE), QUICK)
    assert found.kept == tuple(  # type: ignore[attr-defined]
        (one.name, one.coefficient) for one in sorted(same.model.features, key=lambda one: -abs(one.coefficient))
    )
    for name in ("nested", "training", "test"):
        np.testing.assert_allclose(found.patients[name].log_odds, same.patients[name].log_odds)  # type: ignore[attr-defined]
        np.testing.assert_array_equal(found.patients[name].names, same.patients[name].names)  # type: ignore[attr-defined]


def test_a_model_is_fitted_once_for_the_same_table_and_settings(tmp_path: Path) -> None:
    made = table()
    changed = replace(made, values=made.values + 0.1 * (np.arange(made.values.size) == 0).reshape(made.values.shape))
    one = task(tmp_path)
    assert not fit(one)[1]
    assert fit(one)[1]
    # Each differs from the one before in one thing only: the last one is remembered.
    for other in (
        lambda: replace(one, settings=replace(QUICK, seed=1)),
        lambda: replace(task(tmp_path, made=changed), settings=replace(QUICK, seed=1)),
        lambda: replace(one, settings=replace(QUICK, seed=1), target=SCANNERS[0]),
    ):
        following = other()
        assert not fit(following)[1]
        assert fit(following)[1]


def test_a_model_of_the_target_alone_is_tested_on_the_others(tmp_path: Path) -> None:
    found, _ = fit(task(tmp_path))
    texture = with_features(table(), TEXTURE)
    design = design_of(texture, QUICK)
    train = (texture.splits == "train") & (texture.scanners == TARGET)
    part = design.take(train)
    search = estimator(QUICK).fit(part.values, part.outcome, groups=part.patients, strata=part.strata)
    for images in (ALL, HELD_OUT):
        rows = (texture.scanners == SCANNERS[0]) & ((images == ALL) | (texture.splits == "test"))
        members = by_patient(
            design.outcome[rows], search.decision_function(design.values[rows]), 0.0, texture.patients[rows]
        )
        (one,) = (
            one
            for one in found.elsewhere  # type: ignore[attr-defined]
            if (one.trained, one.scanner, one.images) == (ON_TARGET, SCANNERS[0], images)
        )
        assert auc(one.patients.outcome, one.patients.log_odds) == auc(members.outcome, members.log_odds)
    assert {one.scanner for one in found.elsewhere if one.trained == ON_TARGET} == set(SCANNERS) - {TARGET}  # type: ignore[attr-defined]
    assert {one.scanner for one in found.elsewhere if one.trained == ON_OTHERS} == set(SCANNERS)  # type: ignore[attr-defined]


def test_combat_leaves_small_scanners_out_and_treats_no_new_one(tmp_path: Path) -> None:
    made = table()
    few = np.flatnonzero(made.scanners == SCANNERS[2])[:8]
    cases = tuple(
        replace(case, scanner="u-systems" if place in few else case.scanner) for place, case in enumerate(made.cases)
    )
    found, _ = fit(task(tmp_path, settings=replace(QUICK, combat="scanner"), made=replace(made, cases=cases)))
    assert found.notes[0].startswith("ComBat: u-systems is left out")  # type: ignore[attr-defined]
    names = {name for members in found.patients.values() for name in members.names}  # type: ignore[attr-defined]
    assert not names & set(made.patients[few])
    assert {one.reason for one in found.elsewhere} == {"ComBat cannot treat a scanner that it has not seen"}  # type: ignore[attr-defined]


def test_folds_are_the_same_with_and_without_combat(tmp_path: Path) -> None:
    plain, _ = fit(task(tmp_path))
    combat, _ = fit(task(tmp_path, settings=replace(QUICK, combat="scanner")))
    folds = [
        dict(zip(one.patients["nested"].names, one.patients["nested"].models, strict=True)) for one in (plain, combat)
    ]  # type: ignore[attr-defined]
    assert folds[0] == folds[1]


def test_each_method_is_fitted_with_texture_and_all_features_and_shape_once(tmp_path: Path) -> None:
    methods = [("original", "original", False), ("texture", "texture", False), ("texture+combat", "texture", True)]
    made = tasks_of(
        methods,
        tmp_path,
        lambda combat: replace(QUICK, combat="scanner" if combat else None),
        {"texture": [tmp_path / "bundle"]},
        TARGET,
        tmp_path,
    )
    assert [(one.method, one.features) for one in made].count(("original", SHAPE)) == 1
    assert len(made) == 7
    assert {one.table.name for one in made if one.method == "texture+combat"} == {"texture.csv"}
    assert {one.settings.combat for one in made if one.method == "texture+combat"} == {"scanner"}
    assert {one.bundles for one in made if one.method != "original"} == {(tmp_path / "bundle",)}


@pytest.mark.parametrize("wrong", ["models", "rows"])
def test_a_task_without_scanners_to_test_on_says_why(tmp_path: Path, wrong: str) -> None:
    made = table()
    if wrong == "models":  # too few patients of the target to train on
        keep = (made.scanners != TARGET) | (np.arange(len(made.cases)) < 20)
        made, expected = made.take(keep), "to train on; needed: at least 10"
    else:
        keep = (made.scanners != SCANNERS[0]) | (made.splits == "train")
        made, expected = made.take(keep), "it has no held out images"
    found, _ = fit(task(tmp_path, made=made))
    reasons = [one.reason for one in found.elsewhere if one.scanner == SCANNERS[0] and one.trained == ON_TARGET]  # type: ignore[attr-defined]
    assert any(expected in reason for reason in reasons)
