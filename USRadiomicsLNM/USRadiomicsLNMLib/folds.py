"""Folds of a cross-validation: by patient, stratified."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Folds = NDArray[np.intp]


def patient_folds(strata: NDArray[Any], patients: NDArray[Any], count: int, seed: int) -> Folds:
    """(n,) number of the fold, 0 to count - 1, in which each row is held out.

    All rows of a patient are in one fold. The patients of each stratum (class, or class and scanner) are dealt out in
    turn, the next stratum going on where the last one stopped, so that folds differ by at most one patient, and so do
    the patients of one stratum in them: no fold is without a scanner or class that has ``count`` patients.

    Args:
        strata: (n,) what to spread evenly; a patient with several belongs to the largest of them.
        patients: (n,) whose rows these are.
        count: number of folds, at least 2; lowered to the number of patients.
        seed: of the order in which patients are dealt out.
    """
    names, place = np.unique(patients, return_inverse=True)
    code = np.unique(strata, return_inverse=True)[1]
    stratum = np.zeros(len(names), dtype=np.intp)
    np.maximum.at(stratum, place, code)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(stratum[order], kind="stable")]
    fold = np.empty(len(names), dtype=np.intp)
    fold[order] = np.arange(len(names)) % max(2, min(count, len(names)))
    return np.asarray(fold[place], dtype=np.intp)


def fold_count(outcome: NDArray[Any], patients: NDArray[Any], wanted: int) -> int:
    """``wanted``, or as many as the rarer class has patients, but at least 2."""
    fewest = min(len(np.unique(patients[outcome == value])) for value in np.unique(outcome))
    return max(2, min(wanted, fewest))
