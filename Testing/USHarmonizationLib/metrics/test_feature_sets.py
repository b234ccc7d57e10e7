"""Two sets of features are checked once, for every figure that compares them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.feature_sets import feature_sets
from USHarmonizationLib.metrics.fid import network_frechet_distance
from USHarmonizationLib.metrics.frechet import frechet_distance
from USHarmonizationLib.metrics.kid import kernel_distance

GOOD = np.arange(15.0).reshape(5, 3)


def test_good_sets_come_back_as_doubles() -> None:
    first, second = feature_sets(GOOD.astype(np.float32), GOOD[:4], 4, "figure")
    assert first.dtype == second.dtype == np.float64
    assert np.array_equal(first, GOOD)


@pytest.mark.parametrize("figure", [frechet_distance, network_frechet_distance, kernel_distance])
@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (GOOD[:, :2], r"features of shapes \(5, 2\) and \(5, 3\)"),
        (GOOD[0], r"features of shapes \(3,\) and"),
        (GOOD[:1], "1 and 5 samples; needed for a .* distance: at least [24] of each"),
        (np.where(GOOD == 4, np.nan, GOOD), "distance must be finite"),
    ],
)
def test_others_are_refused_by_every_figure(figure: Callable[..., Any], sample: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        figure(sample, GOOD)
