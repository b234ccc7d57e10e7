"""All estimators keep scikit-learn's contract."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from USRadiomicsLNMLib.combat import ComBat
from USRadiomicsLNMLib.distinct_columns import DistinctColumns
from USRadiomicsLNMLib.mann_whitney import MannWhitneyFilter
from USRadiomicsLNMLib.penalized_logistic import LassoSelector, PenalizedLogistic
from USRadiomicsLNMLib.penalty_search import PenaltySearch

ESTIMATORS = [
    ComBat(),
    DistinctColumns(),
    MannWhitneyFilter(),
    LassoSelector(),
    PenalizedLogistic(),
    PenalizedLogistic(penalty=0.05, l1_ratio=0.5),
    PenaltySearch(folds=3, penalties=8),
]


@pytest.mark.filterwarnings("ignore")  # some checks provoke warnings of scikit-learn's own
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_estimator_keeps_the_contract(estimator: Any) -> None:
    for checked, check in estimator_checks_generator(estimator, legacy=True):
        try:
            check(checked)
        except pytest.skip.Exception:
            raise
        except Exception as error:
            if type(error).__name__ != "SkipTest":
                raise AssertionError(f"{check}: {error}") from error
