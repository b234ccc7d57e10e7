"""Folds by patient, stratified."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from USRadiomicsLNMLib.folds import fold_count, patient_folds


@given(
    patients=st.lists(st.integers(1, 4), min_size=12, max_size=60),
    count=st.integers(2, 10),
    seed=st.integers(0, 100),
)
def test_patients_stay_together_and_strata_are_spread(patients: list[int], count: int, seed: int) -> None:
    names = np.repeat(np.arange(len(patients)), patients)
    stratum = np.arange(len(patients)) % 3
    folds = patient_folds(stratum[names], names, count, seed)
    of_patient = [set(folds[names == name]) for name in range(len(patients))]
    assert all(len(found) == 1 for found in of_patient)
    single = np.array([found.pop() for found in of_patient])
    every = range(min(count, len(patients)))
    sizes = [int((single == fold).sum()) for fold in every]
    assert max(sizes) - min(sizes) <= 1
    for value in range(3):
        spread = [int((single[stratum == value] == fold).sum()) for fold in every]
        assert max(spread) - min(spread) <= 1
    assert (folds == patient_folds(stratum[names], names, count, seed)).all()


def test_another_seed_deals_otherwise() -> None:
    strata, patients = np.arange(40) % 2, np.arange(40)
    assert (patient_folds(strata, patients, 5, 0) != patient_folds(strata, patients, 5, 1)).any()


def test_no_more_folds_than_patients_of_the_rarer_class() -> None:
    outcome = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    patients = np.array([0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    assert fold_count(outcome, patients, 10) == 3
    assert fold_count(outcome, patients, 2) == 2
