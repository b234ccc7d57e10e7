"""Lesions whose shape and texture are what was asked for."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from USHarmonizationLib.simulation.geometry import geometry
from USHarmonizationLib.simulation.patient import FIELD_STEP_MM, Lesion, RandomField, draw_waves, simulate_lesion
from USHarmonizationLib.simulation.settings import imaging

HOW = replace(imaging("hitachi-preirus", "endocavity"), speckle_strength=0.0, edge_amount=0.0)
LESION = Lesion(0, 25, 11, 0.06, draw_waves(np.random.default_rng(1)), -5, 0.5, 1.0, 1.0, 0.0)


def texture(lesion: Lesion) -> np.ndarray:
    """Greys inside the lesion in frames of a few patients."""
    views = [simulate_lesion(lesion, HOW, np.random.default_rng(seed), slightly_moved=False) for seed in range(3)]
    # without what differs from patient to patient
    return np.concatenate([view.luma[view.labels == 1] - view.luma[view.labels == 1].mean() for view in views])


def test_the_mask_has_the_lesions_area_and_place() -> None:
    view = simulate_lesion(LESION, HOW, np.random.default_rng(0), slightly_moved=False)
    pixel = geometry(HOW).pixel_mm
    expected = math.pi * LESION.radius_mm**2 * (1 + LESION.irregularity**2)
    assert view.labels.sum() * pixel**2 == pytest.approx(expected, rel=0.02)
    rows, columns = np.nonzero(view.labels)
    x0, z0 = geometry(HOW).origin_mm
    assert columns.mean() * pixel + x0 == pytest.approx(0, abs=1)
    assert rows.mean() * pixel + z0 == pytest.approx(25, abs=1)


def test_irregularity_is_the_spread_of_the_outline() -> None:
    angle = np.linspace(0, 2 * np.pi, 3600, endpoint=False).astype(np.float32)
    for irregularity in (0.03, 0.15):
        lesion = replace(LESION, irregularity=irregularity)
        far = np.float32(100)
        radius = far - lesion.distance(far * np.cos(angle) + lesion.x_mm, far * np.sin(angle) + np.float32(lesion.z_mm))
        assert radius.mean() == pytest.approx(lesion.radius_mm, rel=1e-3)
        assert radius.std() / radius.mean() == pytest.approx(irregularity, rel=0.01)


def test_random_fields_have_unit_variance_and_their_correlation_length() -> None:
    field = RandomField.drawn((0, 120, 0, 120), (2.0, 4.0), np.random.default_rng(0)).values
    assert field.std() == pytest.approx(1, abs=0.05)
    for axis, length in ((0, 2.0), (1, 4.0)):
        steps = round(length / FIELD_STEP_MM)
        first, second = np.moveaxis(field, axis, 0)[:-steps], np.moveaxis(field, axis, 0)[steps:]
        assert (first * second).mean() / field.var() == pytest.approx(math.exp(-1), abs=0.06)


def test_a_darker_lesion_is_darker() -> None:
    views = [
        simulate_lesion(replace(LESION, contrast_db=contrast), HOW, np.random.default_rng(4)) for contrast in (-3, -9)
    ]
    means = [view.luma[view.labels == 1].mean() for view in views]
    assert means[1] < means[0] - 0.04
    around = [view.luma[view.sector & (view.labels == 0)].mean() for view in views]
    assert around[0] == pytest.approx(around[1], abs=0.01)
    assert means[0] < around[0]


def test_heterogeneity_shows_in_the_coarse_texture() -> None:
    coarse = []
    for heterogeneity in (0.5, 5.0):
        lesion = replace(LESION, heterogeneity_db=heterogeneity, correlation_mm=2.0)
        view = simulate_lesion(lesion, HOW, np.random.default_rng(2))
        coarse.append(uniform_filter(view.luma, 9)[view.labels == 1].std())
    assert coarse[1] > 1.5 * coarse[0]


def test_few_scatterers_show_in_the_fine_texture() -> None:
    dense, sparse = (texture(replace(LESION, density=density)) for density in (1.0, 0.06))
    assert sparse.std() > 1.25 * dense.std()


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again, other = (simulate_lesion(LESION, HOW, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.frame.tobytes() == again.frame.tobytes()
    assert np.array_equal(first.labels, again.labels)
    assert first.frame.tobytes() != other.frame.tobytes()
