"""What a score means, in words: the same in the panel and on the report.

A probability is called a share of patients only where the model's own figures allow it: its calibration was judged on
patients that it had not learned from, and this lesion is like those. Else it is called what it is, the model's number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .scoring import Scored

if TYPE_CHECKING:
    from USRadiomicsLNMLib.model import LnmModel

RESEARCH_USE = "Research use only – not for diagnosis or treatment."

# Sets of patients that a model did not learn from, the most convincing first.
JUDGED = {"test": "on the test patients", "validation": "on the validation patients", "nested": "by cross-validation"}
AUC_OF = {"test": "test patients", "validation": "validation patients", "nested": "cross-validated"}
# Weak calibration (Van Calster et al., BMC Medicine 2019): the intervals of intercept and slope hold 0 and 1. Few
# patients have wide intervals that hold anything, so that the figures themselves must be near, and events not few.
LEAST_EVENTS = 20
NEAR_INTERCEPT = 0.5
NEAR_SLOPE = (0.7, 1.4)


@dataclass(frozen=True)
class Meaning:
    """A score in words.

    Attributes:
        percent: ``34 %``.
        sentence: what the probability means.
        verdict: on which side of the threshold it is.
        warnings: why not to trust it, a sentence each.
        isShare: whether it may be read as a share of patients.
    """

    percent: str
    sentence: str
    verdict: str
    warnings: tuple[str, ...]
    isShare: bool


def meaningOf(scored: Scored) -> Meaning:
    """Put a score into words."""
    score, model = scored.score, scored.model
    warnings = warningSentences(scored)
    judged = calibrated(model)
    isShare = bool(judged) and not score.warnings
    if isShare:
        patients = model.fitted.get("patients", "")
        where = f"in the training population ({patients} patients)" if patients else "in the training population"
        hundred = round(100 * score.probability)
        sentence = (
            f"Of 100 patients like this, about {hundred} had {outcomeText(score.outcome)} {where}; "
            f"the model's probabilities were found right {JUDGED[judged]}."
        )
    elif judged:
        sentence = (
            f"The model's probability of {outcomeText(score.outcome)} is {percent(score.probability)}; because of "
            "the warnings, do not read it as a share of patients."
        )
    else:
        sentence = (
            f"The model's probability of {outcomeText(score.outcome)} is {percent(score.probability)}. How well its "
            "probabilities fit real shares of patients is not established."
        )
    side = "At or above" if score.positive else "Below"
    verdict = f"{side} the model's threshold of {percent(score.threshold)}."
    return Meaning(percent(score.probability), sentence, verdict, warnings, isShare)


def calibrated(model: LnmModel) -> str:
    """The set of patients on which the model's probabilities were found right, "" where none shows it.

    The first of ``JUDGED`` that the model has figures of decides; one that shows miscalibration is not passed over.
    """
    for name in JUDGED:
        figures = model.performance.get(name)
        if figures is None:
            continue
        return name if _isCalibrated(figures) else ""
    return ""


def _isCalibrated(figures: Mapping[str, Any]) -> bool:
    found = figures.get("calibration") or {}
    events = figures.get("events", 0)
    ends = [(found.get(name) or {}).get(end) for name in ("intercept", "slope") for end in ("low", "value", "high")]
    if any(end is None for end in ends) or min(events, figures.get("patients", 0) - events) < LEAST_EVENTS:
        return False
    low, intercept, high, least, slope, most = ends
    near = abs(intercept) <= NEAR_INTERCEPT and NEAR_SLOPE[0] <= slope <= NEAR_SLOPE[1]
    return bool(near and low <= 0 <= high and least <= 1 <= most)


def outcomeText(column: str) -> str:
    """``lymph node metastases`` for the column ``lnm``; another column by its name."""
    return "lymph node metastases" if column.lower() == "lnm" else f"“{column}”"


def modelText(model: LnmModel) -> str:
    """What a model is, in a line."""
    outcome = outcomeText(model.outcome)
    count = len(model.features)
    parts = [f"{count} feature{'s' * (count != 1)}"]
    if patients := model.fitted.get("patients"):
        parts.append(f"{patients} patients")
    if found := bestAuc(model):
        name, auc = found
        parts.append(f"AUC {auc['value']:.2f} ({auc['low']:.2f} to {auc['high']:.2f}, {AUC_OF[name]})")
    if needed := sorted({name for names in model.harmonizers.values() for name in names if name}):
        parts.append(f"for images harmonized by {', '.join(needed)}")
    return f"{outcome[:1].upper()}{outcome[1:]}: {', '.join(parts)}."


def bestAuc(model: LnmModel) -> tuple[str, Mapping[str, Any]] | None:
    """Name of the most convincing set of patients, and the AUC there; None where there is none."""
    for name in AUC_OF:
        auc = (model.performance.get(name) or {}).get("auc") or {}
        if None not in (auc.get("value"), auc.get("low"), auc.get("high")):
            return name, auc
    return None


def percent(probability: float) -> str:
    """``34 %``; near 0 and 1 ``0.4 %``, ``under 0.1 %``."""
    value = 100 * probability
    if value < 0.1:
        return "under 0.1 %"
    if value > 99.9:
        return "over 99.9 %"
    return f"{value:.1f} %" if value < 1 or value > 99 else f"{value:.0f} %"


def featureText(name: str) -> str:
    """``Contrast (GLCM, wavelet LH)`` for ``wavelet-LH_glcm_Contrast``; other names as they are."""
    parts = name.split("_")
    if len(parts) < 3:
        return name
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", parts[-1])
    group = {"firstorder": "first order", "shape2D": "shape", "shape": "shape"}.get(parts[-2], parts[-2].upper())
    image = "_".join(parts[:-2])
    kind = "" if image == "original" else ", " + image.replace("wavelet-", "wavelet ")
    return f"{words} ({group}{kind})"


def warningSentences(scored: Scored) -> tuple[str, ...]:
    """The warnings of scoring and extraction as sentences, those of one kind as one."""
    sentences = []
    outside = []
    for line in scored.score.warnings:
        if line.startswith("extrapolation: "):
            outside.append(featureText(line.removeprefix("extrapolation: ").split(" is ")[0]))
        elif line.startswith("other radiomics parameters"):
            sentences.append(
                "The features were extracted with other parameters than those of the model; choose the model's "
                "parameter file and extract again."
            )
        elif line.startswith("scanner "):
            sentences.append(_scannerSentence(line, scored.model))
        elif line.startswith("wrong harmonizer: "):
            sentences.append(_harmonizerSentence(line.removeprefix("wrong harmonizer: "), scored.harmonizer))
        else:
            sentences.append(_sentence(line))
    if outside:
        many = len(scored.score.contributions)
        names = ", ".join(outside[:3]) + (", …" if len(outside) > 3 else "")
        sentences.append(f"{len(outside)} of {many} features lie outside what the model saw in training: {names}.")
    return (*sentences, *(_sentence(line) for line in scored.extractionWarnings))


def _scannerSentence(line: str, model: LnmModel) -> str:
    from USHarmonizationLib.scanners import catalogue

    names = {key: scanner.name for key, scanner in catalogue().scanners.items()}
    known = ", ".join(sorted(names.get(one, one) for one in model.scanners if one))
    trained = f"the model was trained on {known}" if known else "the model does not say on which it was trained"
    made = line.removeprefix("scanner ").partition(" was not in")[0]
    if made == "unknown":
        return f"The scanner of this image is unknown; {trained}. Choose the scanner and score again."
    return f"The image is of {names.get(made, made)}; {trained}."


def _harmonizerSentence(line: str, harmonizer: str) -> str:
    needed = line.rpartition("the model expects ")[2]
    if needed == "no harmonizer":
        return f"The image was harmonized by {harmonizer}; the model was made for images as the scanner gives them."
    if not harmonizer:
        return (
            f"The image is not harmonized, but the model expects it to be, by {needed}; harmonize it first (module "
            "USHarmonization)."
        )
    return f"The image was harmonized by {harmonizer}; the model expects {needed}."


def _sentence(line: str) -> str:
    text = " ".join(line.split())
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
