"""Perturbed masks."""

from __future__ import annotations

import numpy as np

from USRadiomicsLNMLib.extraction.perturbations import NAMES, perturbed


def _square() -> np.ndarray:
    mask = np.zeros((60, 70), dtype=bool)
    mask[20:40, 25:50] = True
    return mask


def test_what_each_perturbation_does() -> None:
    mask = _square()
    found = dict(zip(NAMES, perturbed(mask, 0, "case"), strict=True))
    np.testing.assert_array_equal(found["as given"], mask)
    assert found["eroded"].sum() == 18 * 23
    assert found["dilated"].sum() == 20 * 25 + 2 * (20 + 25)
    for name, axis, step in (("up", 0, -1), ("down", 0, 1), ("left", 1, -1), ("right", 1, 1)):
        np.testing.assert_array_equal(found[name], np.roll(mask, step, axis=axis))


def test_noise_moves_the_outline_by_about_a_pixel() -> None:
    mask = _square()
    for noisy in perturbed(mask, 0, "case")[-2:]:
        changed = noisy ^ mask
        assert 10 < changed.sum() < 250
        assert not changed[24:36, 29:46].any()
        assert not changed[:15].any()


def test_same_seed_and_case_same_masks() -> None:
    def noise(seed: int, case: str) -> np.ndarray:
        return perturbed(_square(), seed, case)[-1]

    np.testing.assert_array_equal(noise(0, "a"), noise(0, "a"))
    assert (noise(0, "a") != noise(1, "a")).any()
    assert (noise(0, "a") != noise(0, "b")).any()


def test_what_leaves_the_frame_is_lost() -> None:
    mask = np.zeros((30, 30), dtype=bool)
    mask[:10, :10] = True
    found = dict(zip(NAMES, perturbed(mask, 0, "case"), strict=True))
    assert found["up"].sum() == found["left"].sum() == 90
    assert found["down"].sum() == 100
