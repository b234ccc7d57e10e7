"""Mutual information: scikit-learn's and scikit-image's values, and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import normalized_mutual_information
from sklearn.metrics import mutual_info_score

from USHarmonizationLib.metrics.mutual_information import BINS, mutual_information

WHOLE = np.ones((64, 64), dtype=bool)


def test_other_implementations_say_the_same(rng: np.random.Generator) -> None:
    a = rng.random((64, 64))
    b = np.clip(a + rng.normal(0, 0.1, a.shape), 0, 1)
    a[0, :2] = b[0, :2] = 0, 1  # scikit-image's bins go from the least to the largest value
    found = mutual_information(a, b, WHOLE)
    labels = [np.minimum((image * BINS).astype(int), BINS - 1).ravel() for image in (a, b)]
    assert found.bits == pytest.approx(mutual_info_score(*labels) / np.log(2), abs=1e-9)
    assert found.normalized == pytest.approx(normalized_mutual_information(a, b, bins=BINS), abs=1e-9)


def test_an_image_tells_all_of_itself_and_of_its_negative() -> None:
    ramp = np.tile((np.arange(64) + 0.5) / 64, (64, 1))
    for other in (ramp, 1 - ramp):
        found = mutual_information(ramp, other, WHOLE)
        assert found.bits == pytest.approx(6)
        assert found.normalized == pytest.approx(2)


def test_independent_images_tell_nothing() -> None:
    ramp = np.tile((np.arange(64) + 0.5) / 64, (64, 1))
    found = mutual_information(ramp, ramp.T, WHOLE)
    assert found.bits == pytest.approx(0, abs=1e-9)
    assert found.normalized == pytest.approx(1)


def test_half_of_a_bit() -> None:
    # X: 0 and 1 equally often; Y equals X in the upper half and is 0 below: P(1,1) = 1/4, P(1,0) = 1/4, P(0,0) = 1/2.
    x = np.tile([0.0, 1.0], (64, 32))
    y = x.copy()
    y[32:] = 0
    separate = 1 + (0.25 * 2 + 0.75 * np.log2(4 / 3))
    together = 0.25 * 2 * 2 + 0.5
    found = mutual_information(x, y, WHOLE)
    assert found.bits == pytest.approx(separate - together)
    assert found.normalized == pytest.approx(separate / together)


def test_constant_images_have_nothing_to_tell() -> None:
    found = mutual_information(WHOLE * 0.5, WHOLE * 0.2, WHOLE)
    assert found.bits == 0
    assert np.isnan(found.normalized)


def test_only_the_overlap_counts(rng: np.random.Generator) -> None:
    a, b = rng.random((2, 64, 64))
    overlap = np.zeros_like(WHOLE)
    overlap[:, :32] = True
    changed = np.where(overlap, b, 0)
    assert mutual_information(a, b, overlap) == mutual_information(a, changed, overlap)
