"""Bootstrap intervals over patients."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from USRadiomicsLNMLib.statistics.bootstrap import bootstrap_auc, bootstrap_difference
from USRadiomicsLNMLib.statistics.roc import auc


def sample(n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    outcome = (np.arange(n) % 3 == 0).astype(int)
    return outcome, outcome + rng.normal(size=n)


def test_interval_is_near_delongs_where_rows_are_independent() -> None:
    outcome, score = sample()
    found, wanted = bootstrap_auc(outcome, score, np.arange(len(outcome))), auc(outcome, score)
    assert found.value == pytest.approx(roc_auc_score(outcome, score))
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=0.02)


def test_a_patients_rows_are_drawn_together() -> None:
    outcome, score = sample()
    single = bootstrap_auc(outcome, score, np.arange(len(outcome)))
    patients = np.tile(np.arange(len(outcome)), 4)
    copied = bootstrap_auc(np.tile(outcome, 4), np.tile(score, 4), patients)
    assert (copied.low, copied.high) == pytest.approx((single.low, single.high), abs=0.01)
    apart = bootstrap_auc(np.tile(outcome, 4), np.tile(score, 4), np.arange(4 * len(outcome)))
    assert apart.high - apart.low < 0.6 * (single.high - single.low)


def test_the_same_patients_are_drawn_for_both_scores() -> None:
    outcome, score = sample()
    patients = np.arange(len(outcome))
    nothing = bootstrap_difference(outcome, score, 2 * score, patients)
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)
    better = bootstrap_difference(outcome, score, score + outcome, patients)
    assert better.value == pytest.approx(roc_auc_score(outcome, score + outcome) - roc_auc_score(outcome, score))
    assert better.low > 0


def test_the_seed_decides() -> None:
    outcome, score = sample()
    patients = np.arange(len(outcome))
    assert bootstrap_auc(outcome, score, patients, 300) == bootstrap_auc(outcome, score, patients, 300)
    assert bootstrap_auc(outcome, score, patients, 300) != bootstrap_auc(outcome, score, patients, 300, seed=1)


def test_strata_compare_pairs_inside_them_only() -> None:
    outcome, score = sample()
    strata = np.arange(len(outcome)) % 2
    patients = np.arange(len(outcome))
    plain = bootstrap_auc(outcome, score, patients, strata=strata)
    shifted = bootstrap_auc(outcome, score + 100 * strata, patients, strata=strata)
    assert plain == shifted
    assert plain.value == pytest.approx(auc(outcome, score, strata=strata).value)
