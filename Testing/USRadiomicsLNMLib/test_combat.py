"""ComBat: the figures of neuroCombat, and what it must refuse."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_features import numbers
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.combat import ComBat


def reference() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    _, given = numbers("combat_input.csv")
    _, wanted = numbers("combat_output.csv")
    return given[:, 0], given[:, 1] == 1, given[:, 2:], wanted[:, 2:]


def test_training_and_new_rows_come_out_as_from_neurocombat() -> None:
    scanner, train, values, wanted = reference()
    combat = ComBat(tolerance=1e-12).fit(values[train], batch=scanner[train])
    for rows in (train, ~train):
        np.testing.assert_allclose(combat.transform(values[rows], batch=scanner[rows]), wanted[rows], atol=1e-8)


def test_only_the_rows_it_was_fitted_on_matter() -> None:
    scanner, train, values, _ = reference()
    combat = ComBat().fit(values[train], batch=scanner[train])
    one = int(np.flatnonzero(~train)[0])
    alone = combat.transform(values[[one]], batch=scanner[[one]])
    together = combat.transform(np.vstack([values[[one]], 1000 + values]), batch=np.append(scanner[one], scanner))
    np.testing.assert_array_equal(alone[0], together[0])
    everything = ComBat().fit(values, batch=scanner).transform(values, batch=scanner)
    assert np.abs(everything[one] - alone[0]).max() > 1e-3


def test_a_column_may_hold_the_scanner() -> None:
    scanner, _, values, _ = reference()
    table = np.column_stack([values[:, :4], scanner, values[:, 4:]])
    combat = ComBat(batch_column=4)
    np.testing.assert_array_equal(combat.fit_transform(table), ComBat().fit_transform(values, batch=scanner))
    assert len(combat.get_feature_names_out()) == values.shape[1]
    assert "x4" not in combat.get_feature_names_out()


def test_scikit_learn_routes_the_scanner_through_a_pipeline() -> None:
    scanner, _, values, _ = reference()
    outcome = np.arange(len(values)) % 2
    with config_context(enable_metadata_routing=True):
        combat = ComBat().set_fit_request(batch=True).set_transform_request(batch=True)
        pipeline = Pipeline([("combat", combat), ("model", LogisticRegression(max_iter=5000))])
        found = pipeline.fit(values, outcome, batch=scanner).predict_proba(values, batch=scanner)
    harmonized = ComBat().fit_transform(values, batch=scanner)
    wanted = LogisticRegression(max_iter=5000).fit(harmonized, outcome).predict_proba(harmonized)
    np.testing.assert_allclose(found, wanted)


def test_an_unseen_scanner_is_refused_by_name() -> None:
    scanner, _, values, _ = reference()
    names = np.array(["logiq-5", "logiq-7", "aplio"])[scanner.astype(int)]
    combat = ComBat().fit(values, batch=names)
    with pytest.raises(UsageError, match="scanner u-systems was not in the data that ComBat was fitted on"):
        combat.transform(values[:1], batch=["u-systems"])


def test_one_scanner_means_nothing_to_do_and_says_so() -> None:
    values = np.random.default_rng(0).normal(size=(10, 3))
    combat = ComBat().fit(values, batch=["logiq-5"] * 10)
    np.testing.assert_array_equal(combat.transform(values, batch=["logiq-5"] * 10), values)
    assert "all rows are of one scanner" in combat.message_


def test_a_scanner_with_a_single_row_is_refused() -> None:
    with pytest.raises(UsageError, match="scanner b has 1 row"):
        ComBat().fit(np.random.default_rng(0).normal(size=(5, 3)), batch=["a", "a", "a", "a", "b"])


def test_shift_and_scale_of_scanners_go_and_constant_features_stay() -> None:
    rng = np.random.default_rng(1)
    scanner = np.repeat([0, 1], 200)
    values = rng.normal(size=(400, 30)) * np.where(scanner, 3, 1)[:, None] + 5 * scanner[:, None]
    values[:, 7] = 2.5
    harmonized = ComBat().fit_transform(values, batch=scanner)
    first, second = harmonized[scanner == 0], harmonized[scanner == 1]
    varying = np.arange(30) != 7
    assert np.abs(first.mean(axis=0) - second.mean(axis=0))[varying].max() < 0.5  # it was 5
    assert np.abs(np.log(first.std(axis=0)[varying] / second.std(axis=0)[varying])).max() < 0.1
    assert (harmonized[:, 7] == 2.5).all()
