"""What became of features: shifts, and how well they tell scanners apart, ComBat's among them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from simulated_features import SCANNERS, simulated_table

from USHarmonizationLib.metrics.frechet import frechet_distance
from USRadiomicsLNMLib.features_table import FeatureTable
from USRadiomicsLNMLib.study.image_figures import combat_values, feature_rows
from USRadiomicsLNMLib.study.results import ALL, ALL_SOURCES, HELD_OUT, FeatureShift, ImageFigure
from USRadiomicsLNMLib.study.settings import Study

TARGET, SOURCES = SCANNERS[1], (SCANNERS[0], SCANNERS[2])


def shifted(table: FeatureTable, by: float) -> FeatureTable:
    values = table.values.copy()
    values[table.scanners == SOURCES[0]] += by
    return replace(table, values=values)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[ImageFigure], list[FeatureShift], FeatureTable]:
    base = simulated_table(patients=240, features=8, splits=True)
    tables = {
        "original": shifted(base, 3.0),
        "histogram": shifted(base, 1.0),
        "fda": shifted(base, 3.0),
        "texture": base,
    }
    work: Any = SimpleNamespace(
        study=Study(TARGET, "lnm", ("texture",)),
        plan=SimpleNamespace(harmonized=SOURCES),
        out=tmp_path_factory.mktemp("study"),
    )
    figures, shifts = feature_rows(work, tables)
    # Remembered; by text, as NaN is not equal to itself.
    assert repr((figures, shifts)) == repr(feature_rows(work, tables))
    assert len(list(Path(work.out / "evaluation").iterdir())) == 6
    return figures, shifts, tables["original"]


def value(rows: list[ImageFigure], method: str, key: str, scanner: str = SOURCES[0], images: str = ALL) -> float:
    (row,) = (row for row in rows if (row.method, row.key, row.scanner, row.images) == (method, key, scanner, images))
    return row.value


def test_shifts_are_in_the_targets_standard_deviations(
    found: tuple[list[ImageFigure], list[FeatureShift], FeatureTable],
) -> None:
    _, shifts, original = found
    name, source, target = original.names[5], original.scanners == SOURCES[0], original.scanners == TARGET
    (row,) = (row for row in shifts if (row.method, row.scanner, row.feature) == ("original", SOURCES[0], name))
    values = original.values[:, 5]
    assert row.shift == pytest.approx((values[source].mean() - values[target].mean()) / values[target].std(ddof=1))
    assert row.kept == 1
    (row,) = (row for row in shifts if (row.method, row.scanner, row.feature) == ("texture", SOURCES[0], name))
    assert abs(row.shift) < 0.5
    assert row.kept == pytest.approx(1)  # a shift changes no rank


def test_a_scanner_that_is_shifted_is_recognised(
    found: tuple[list[ImageFigure], list[FeatureShift], FeatureTable],
) -> None:
    figures, _, original = found
    assert value(figures, "original", "scanner_features") > 0.95
    assert value(figures, "texture", "scanner_features") < 0.65
    source, target = (original.values[original.scanners == name] for name in (SOURCES[0], TARGET))
    assert value(figures, "original", "frd_features") == pytest.approx(frechet_distance(source, target))
    assert value(figures, "histogram", "frd_features") < value(figures, "original", "frd_features")
    for images in (ALL, HELD_OUT):
        assert not math.isnan(value(figures, "original", "scanner_features", ALL_SOURCES, images))


def test_combat_is_measured_too_and_learns_from_training_rows_only(
    found: tuple[list[ImageFigure], list[FeatureShift], FeatureTable],
) -> None:
    figures, _, original = found
    assert value(figures, "combat", "frd_features") < 0.2 * value(figures, "original", "frd_features")
    held_out = original.splits == "test"
    counts = [int((held_out & (original.scanners == name)).sum()) for name in (SOURCES[0], TARGET)]
    rows = [row for row in figures if (row.method, row.scanner, row.images) == ("combat", SOURCES[0], HELD_OUT)]
    assert {(row.n, row.n_target) for row in rows} == {tuple(counts)}
    before = combat_values(original)
    values = original.values.copy()
    values[held_out] += np.random.default_rng(0).normal(size=values[held_out].shape)
    after = combat_values(replace(original, values=values))
    np.testing.assert_array_equal(before[~held_out], after[~held_out])
