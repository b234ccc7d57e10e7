"""What classifiers read from features: the scanner, and an outcome; patients stay in one fold."""

from __future__ import annotations

import numpy as np
import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.scanner_classifier import cross_validated_scores, fit_outcome, scanner_recognition

CHANCE = np.random.default_rng(0)
PATIENTS = np.repeat(np.arange(60), 2)


def test_scanners_that_differ_are_recognised() -> None:
    sample, target = CHANCE.normal(size=(120, 5)), CHANCE.normal(size=(120, 5))
    sample[:, 2] += 20
    assert scanner_recognition(sample, target, PATIENTS, PATIENTS + 1000) == 1.0


def test_scanners_that_do_not_differ_are_guessed() -> None:
    sample, target = CHANCE.normal(size=(120, 5)), CHANCE.normal(size=(120, 5))
    assert scanner_recognition(sample, target, PATIENTS, PATIENTS + 1000) == pytest.approx(0.5, abs=0.1)


def test_accuracy_is_balanced() -> None:
    # Eleven images in twelve are the target's: who always says target is right in 92 % and has learned nothing.
    sample, target = CHANCE.normal(size=(60, 1)), CHANCE.normal(size=(660, 1))
    assert scanner_recognition(sample, target, np.arange(60), np.arange(100, 760)) == pytest.approx(0.5, abs=0.1)
    # A feature that tells most images apart tells as many of the rare ones as of the others.
    sample += 3
    found = scanner_recognition(sample, target, np.arange(60), np.arange(100, 760))
    assert found == pytest.approx(0.933, abs=0.025)  # normal distribution below 1.5 deviations
    # Half of the target's images look like none of the sample, half just like it: 1 of the sample's, 0.5 of the others.
    sample, target = CHANCE.normal(0, 0.1, (60, 1)), CHANCE.normal(0, 0.1, (660, 1))
    target[::2] += 1
    sample -= 0.5
    target[1::2] -= 0.5
    assert scanner_recognition(sample, target, np.arange(60), np.arange(100, 760)) == pytest.approx(0.75, abs=0.06)


def test_a_patient_is_never_in_two_folds() -> None:
    # Each patient has a place of its own in feature space and a scanner by chance: only who saw the patient can know.
    place = CHANCE.normal(size=(60, 400))
    sample, target = np.repeat(place[:30], 4, axis=0), np.repeat(place[30:], 4, axis=0)
    owners = np.repeat(np.arange(60), 4)
    found = scanner_recognition(sample, target, owners[:120], owners[120:])
    leaking = scanner_recognition(sample, target, np.arange(120), np.arange(120, 240))
    assert leaking > 0.95
    assert found < 0.75


def test_an_outcome_is_learned_and_scored() -> None:
    outcome = CHANCE.integers(0, 2, size=200)
    features = CHANCE.normal(size=(200, 6))
    features[:, 1] += 3 * outcome
    scores = fit_outcome(features, outcome).score(features)
    assert scores.shape == (200,)
    assert scores[outcome == 1].mean() > scores[outcome == 0].mean() + 0.5
    shifted = fit_outcome(features * 7 - 100, outcome).score(features * 7 - 100)
    np.testing.assert_allclose(shifted, scores, atol=1e-3)


def test_cross_validated_scores_do_not_know_their_patients() -> None:
    owners = np.repeat(np.arange(50), 4)
    features = np.repeat(CHANCE.normal(size=(50, 300)), 4, axis=0)
    outcome = np.repeat(CHANCE.integers(0, 2, size=50), 4)
    honest = cross_validated_scores(features, outcome, owners)
    assert abs(np.corrcoef(honest, outcome)[0, 1]) < 0.4
    leaking = cross_validated_scores(features, outcome, np.arange(200))
    assert np.corrcoef(leaking, outcome)[0, 1] > 0.8


def test_unusable_features_are_refused() -> None:
    good = CHANCE.normal(size=(20, 3))
    people = np.arange(20)
    with pytest.raises(UsageError, match="shapes"):
        scanner_recognition(good, good[:, :2], people, people)
    with pytest.raises(UsageError, match="40 patients for 39 images"):
        scanner_recognition(good[:19], good, people, people)
    with pytest.raises(UsageError, match="4 patients of one scanner"):
        scanner_recognition(good, good, people % 4, people + 100)
    with pytest.raises(UsageError, match="finite"):
        scanner_recognition(good * np.inf, good, people, people)
    with pytest.raises(UsageError, match="needed: 0 and 1"):
        fit_outcome(good, np.zeros(20))
