"""What a classifier reads from texture features: which scanner made the image, and whether the lesion is malignant.

Harmonization has worked when the first cannot be told any more (balanced accuracy 0.5) and the second can be told by a
model of the target scanner. All models are logistic regressions on standardized features; scaling is learned with the
model, inside the folds; folds are by patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

FOLDS = 5

# Strength of the ridge penalty, as scikit-learn's C (inverse): little for the scanner, to find any trace that is left;
# much for malignancy (465 features, some hundred patients), where 0.01 agrees with other people's figures on BUS-BRA.
SCANNER_C = 1.0
OUTCOME_C = 0.01


def scanner_recognition(
    sample: NDArray[np.floating],
    target: NDArray[np.floating],
    sample_patients: NDArray[Any],
    target_patients: NDArray[Any],
    seed: int = 0,
) -> float:
    """Balanced accuracy with which a logistic regression tells two scanners apart, cross-validated.

    Args:
        sample, target: (n, features) of either scanner.
        sample_patients, target_patients: (n,) whose images these are: the same patient is never in two folds.
        seed: of the five folds, which are stratified by scanner.

    Returns:
        0.5 when nothing is left of the scanner, 1 when each image gives it away. Mean of both scanners' shares of
        images that are recognised, over all folds together.

    Raises:
        UsageError: shapes do not match, values are not finite, or a scanner has fewer than 5 patients.
    """
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    features = _stack(sample, target)
    scanner = np.repeat([0, 1], [len(sample), len(target)])
    patients = np.concatenate([np.asarray(sample_patients).astype(str), np.asarray(target_patients).astype(str)])
    if len(patients) != len(features):
        raise UsageError(f"{len(patients)} patients for {len(features)} images; needed: one each")
    for value in (0, 1):
        if (count := len(np.unique(patients[scanner == value]))) < FOLDS:
            raise UsageError(f"{count} patients of one scanner; needed to recognise scanners: at least {FOLDS} of each")
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    model = _pipeline(SCANNER_C, balanced=True)
    predicted = cross_val_predict(model, features, scanner, groups=patients, cv=folds)
    return float(balanced_accuracy_score(scanner, predicted))


@dataclass(frozen=True)
class OutcomeModel:
    """A logistic regression on standardized texture features (see ``fit_outcome``)."""

    pipeline: Any

    def score(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n,) log odds of the outcome for (n, features)."""
        return np.asarray(self.pipeline.decision_function(features), dtype=np.float64)


def fit_outcome(features: NDArray[np.floating], outcome: NDArray[Any]) -> OutcomeModel:
    """A model of a binary outcome (malignancy), as one would make it on the target scanner: standardized features,
    logistic regression with a ridge penalty of ``OUTCOME_C``.

    Args:
        features: (n, features), finite.
        outcome: (n,) 0 or 1, both present.
    """
    outcome = np.asarray(outcome).astype(int)
    if not set(np.unique(outcome)) == {0, 1}:
        raise UsageError(f"outcomes are {np.unique(outcome).tolist()}; needed: 0 and 1, both")
    return OutcomeModel(_pipeline(OUTCOME_C).fit(np.asarray(features, dtype=np.float64), outcome))


def cross_validated_scores(
    features: NDArray[np.floating], outcome: NDArray[Any], patients: NDArray[Any], seed: int = 0
) -> NDArray[np.float64]:
    """(n,) log odds, each by an outcome model that did not see its patient (five folds, stratified by outcome)."""
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    scores = cross_val_predict(
        _pipeline(OUTCOME_C),
        np.asarray(features, dtype=np.float64),
        np.asarray(outcome).astype(int),
        groups=np.asarray(patients),
        cv=folds,
        method="decision_function",
    )
    return np.asarray(scores, dtype=np.float64)


def _pipeline(c: float, balanced: bool = False) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    weight = "balanced" if balanced else None
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, class_weight=weight, max_iter=5000))


def _stack(sample: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    if np.ndim(sample) != 2 or np.ndim(target) != 2 or np.shape(sample)[1] != np.shape(target)[1]:
        raise UsageError(f"features of shapes {np.shape(sample)} and {np.shape(target)}; needed: (n, features) of both")
    features = np.concatenate([sample, target]).astype(np.float64)
    if not np.isfinite(features).all():
        raise UsageError("features that tell scanners apart must be finite")
    return features
