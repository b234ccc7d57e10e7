"""Net benefit by hand."""

from __future__ import annotations

import numpy as np
import pytest

from USRadiomicsLNMLib.statistics.decision_curve import decision_curve


def test_net_benefit_by_hand() -> None:
    outcome = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    probability = np.array([0.9, 0.6, 0.2, 0.7, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1])
    curve = decision_curve(outcome, probability, np.array([0.2, 0.5, 0.8]))
    # True positives / 10 - false positives / 10 * odds of the threshold (1/4, 1, 4).
    np.testing.assert_allclose(curve.model, [0.3 - 0.2 / 4, 0.2 - 0.1, 0.1])
    np.testing.assert_allclose(curve.treat_all, [0.3 - 0.7 / 4, 0.3 - 0.7, 0.3 - 0.7 * 4])


def test_a_perfect_model_gives_the_share_with_the_event_everywhere() -> None:
    outcome = np.array([1, 0, 0, 0])
    assert decision_curve(outcome, outcome.astype(float)).model == pytest.approx(0.25)
