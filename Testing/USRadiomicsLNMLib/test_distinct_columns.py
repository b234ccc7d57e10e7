"""Constant and repeated columns."""

from __future__ import annotations

import numpy as np
import pytest

from USRadiomicsLNMLib.distinct_columns import DistinctColumns


def test_constant_columns_and_linear_copies_are_left_out_and_named() -> None:
    first = np.random.default_rng(0).normal(size=50)
    second = first**2
    values = np.column_stack(
        [np.full(50, 0.1), first, 1e9 + 3e4 * first, second, -2 * second + 1, first + 1e-3 * second]
    )
    distinct = DistinctColumns().fit(values)
    assert distinct.copies_.tolist() == [0, -1, 1, -1, 3, -1]
    assert distinct.get_support(indices=True).tolist() == [1, 3, 5]


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_the_unit_does_not_matter(size: float) -> None:
    first = np.random.default_rng(0).normal(size=20)
    assert DistinctColumns().fit(np.column_stack([first, first * size])).copies_.tolist() == [-1, 0]


def test_only_constant_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="all columns are constant"):
        DistinctColumns().fit(np.ones((5, 3)))
