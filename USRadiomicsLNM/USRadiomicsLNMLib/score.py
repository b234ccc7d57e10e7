"""The radiomics score of one lesion, what makes it up, and whether the model may be trusted with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from USHarmonizationLib.errors import InputError

from .model import LnmModel

# Further from the centre of training than this share of the training images, in percent, is extrapolation.
FAR_PERCENTILE = 99.0


@dataclass(frozen=True)
class Case:
    """Features of one lesion and what they come from.

    Attributes:
        features: name -> value; others than the model's may be among them.
        scanner: id, "" when unknown.
        harmonizer: name of what the image went through, "" for none.
        engine, parameters: of the extraction, as in the features table; "" when unknown.
        patient: pseudonym, "" when unknown.
    """

    features: Mapping[str, float]
    scanner: str = ""
    harmonizer: str = ""
    engine: str = ""
    parameters: str = ""
    patient: str = ""


@dataclass(frozen=True)
class Contribution:
    """What one feature adds to the radiomics score.

    Attributes:
        feature: its name; value: as extracted.
        standardized: distance from the training mean in standard deviations, after ComBat where the model has it.
        contribution: log odds.
    """

    feature: str
    value: float
    standardized: float
    contribution: float


@dataclass(frozen=True)
class Score:
    """The answer of a model.

    Attributes:
        outcome: what it is about.
        probability: of the outcome.
        radiomics_score: log odds; the intercept and all contributions.
        positive: whether the probability reaches the threshold.
        threshold: of the model; intercept: of the model.
        contributions: largest first.
        distance: Mahalanobis distance from the centre of the training images; percentile: share of these, in percent,
            that are nearer.
        warnings: why not to trust it, one line each.
        intended_use: to be shown with it.
    """

    outcome: str
    probability: float
    radiomics_score: float
    positive: bool
    threshold: float
    intercept: float
    contributions: tuple[Contribution, ...]
    distance: float
    percentile: float
    warnings: tuple[str, ...]
    intended_use: str


def score(model: LnmModel, case: Case) -> Score:
    """Score one lesion.

    Raises:
        InputError: a feature of the model is missing or no number, or the model's ComBat does not know the scanner.
    """
    values = np.array([_value(case, feature.name) for feature in model.features])
    standardized = model.standardize(values, case.scanner)
    parts = standardized * model.coefficients
    total = float(model.intercept + parts.sum())
    probability = float(expit(total))
    distance = model.population.distance(standardized)
    percentile = model.population.percentile(distance)
    names = [feature.name for feature in model.features]
    contributions = (
        Contribution(name, float(value), float(z), float(part))
        for name, value, z, part in zip(names, values, standardized, parts, strict=True)
    )
    return Score(
        outcome=model.outcome,
        probability=probability,
        radiomics_score=total,
        positive=probability >= model.threshold,
        threshold=model.threshold,
        intercept=model.intercept,
        contributions=tuple(sorted(contributions, key=lambda part: -abs(part.contribution))),
        distance=distance,
        percentile=percentile,
        warnings=(*_origin(model, case), *_extrapolation(model, values, percentile)),
        intended_use=model.intended_use,
    )


def _value(case: Case, name: str) -> float:
    if name not in case.features:
        raise InputError(f"the feature {name} is missing, which the model needs")
    value = float(case.features[name])
    if not np.isfinite(value):
        raise InputError(f"the feature {name} is {value}; needed: a number")
    return value


def _origin(model: LnmModel, case: Case) -> list[str]:
    """Whether the image came the same way as those of training."""
    warnings = []
    if case.scanner not in model.scanners:
        known = ", ".join(sorted(filter(None, model.scanners))) or "unknown ones"
        warnings.append(
            f"scanner {case.scanner or 'unknown'} was not in the training of the model, which knows {known}"
        )
        expected = {name for names in model.harmonizers.values() for name in names}
    else:
        expected = set(model.harmonizers.get(case.scanner, ("",)))
    if case.harmonizer not in expected:
        needed = " or ".join(sorted(name or "no harmonizer" for name in expected))
        warnings.append(
            f"wrong harmonizer: the image went through {case.harmonizer or 'none'}, the model expects {needed}"
        )
    for what, found in (("engine", case.engine), ("parameters", case.parameters)):
        wanted = model.radiomics.get(what, "")
        if found != wanted:
            warnings.append(
                f"other radiomics {what}: {found or 'unknown'}, the model was fitted with {wanted or 'unknown'}"
            )
    if case.patient and case.patient in model.training_patients:
        warnings.append("this patient was in the training of the model: the score says nothing of how good it is")
    return warnings


def _extrapolation(model: LnmModel, values: np.ndarray, percentile: float) -> list[str]:
    warnings = [
        f"extrapolation: {feature.name} is {value:.4g}, in training it was {feature.least:.4g} to {feature.most:.4g}"
        for feature, value in zip(model.features, values, strict=True)
        if not feature.least <= value <= feature.most
    ]
    if percentile > FAR_PERCENTILE:
        warnings.append(f"unlike the training images: further out than {percentile:.1f} % of them")
    return warnings
