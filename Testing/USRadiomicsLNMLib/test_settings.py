"""Settings of a fit."""

from __future__ import annotations

from typing import Any

import pytest

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.settings import FitSettings


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"combat": "hospital"}, "combat is 'hospital'; needed: scanner"),
        ({"missing": "drop"}, "missing is 'drop'; needed: refuse or impute"),
        ({"level": 0.0}, "level of the Mann-Whitney U filter is 0.0"),
        ({"l1_ratios": ()}, "l1_ratios are"),
        ({"l1_ratios": (1.5,)}, "l1_ratios are"),
        ({"folds": 1}, "folds 1"),
    ],
)
def test_wrong_settings_are_one_line(wrong: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        FitSettings("lnm", **wrong)
