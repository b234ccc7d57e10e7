"""Intraclass correlations over perturbed masks, against Shrout and Fleiss' published example."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.extraction.robustness import one_way, robustness, write_robustness

# Four judges of six targets: Psychological Bulletin 86 (1979), table 2; ICC(1,1) 0.17, ICC(3,1) 0.71 (table 4).
RATINGS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
).T[:, :, None]


def test_the_published_example() -> None:
    assert one_way(RATINGS)[0] == pytest.approx(0.17, abs=0.005)
    found = robustness(["judged"], RATINGS)
    assert found.icc31[0] == pytest.approx(0.71, abs=0.005)
    assert found.icc11[0] == pytest.approx(0.17, abs=0.005)
    assert not found.stable[0]
    assert (found.lesions, found.masks) == (6, 4)


def test_stable_unstable_constant_and_missing_features(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    lesions = random.normal(size=20)
    values = np.stack(
        [
            lesions + 0.1 * random.normal(size=(9, 20)),
            random.normal(size=(9, 20)),
            np.full((9, 20), 3.0),
            lesions + 0.1 * random.normal(size=(9, 20)),
        ],
        axis=-1,
    )
    values[2, :4, 3] = np.nan
    found = robustness(["steady", "noise", "constant", "gaps"], values)
    assert found.stable.tolist() == [True, False, False, True]
    assert np.isnan(found.icc11[2])
    np.testing.assert_allclose(found.icc11[3], one_way(values[:, 4:, 3:])[0])
    write_robustness(tmp_path / "table.csv", found)
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["stable"] for row in rows] == ["yes", "no", "no", "yes"]
    assert rows[2]["icc_1_1"] == ""
    assert float(rows[0]["icc_3_1"]) == pytest.approx(found.icc31[0], abs=1e-4)


def test_too_few_lesions() -> None:
    with pytest.raises(UsageError, match="3 lesions with 9 masks each; needed for robustness: 5"):
        robustness(["a"], np.zeros((9, 3, 1)))
