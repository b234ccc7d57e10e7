"""The LNM model: one JSON file with all that a score needs and all that is known of how good it is.

The radiomics score of an image is ``intercept + sum_k coefficient_k (x_k - centre_k) / scale_k`` over its features x,
after ComBat where the model has it; it is the log odds of the outcome. The file carries a checksum of its content: one
that was edited is refused. Same content, same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib import __version__
from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.cohort import PSEUDONYM
from USHarmonizationLib.errors import InputError, UsageError

SCHEMA_VERSION = 1
RESEARCH_USE = (
    "Research use only: a radiomics score of lymph node metastasis, not validated for patients. "
    "Not a medical device, not for diagnosis or treatment."
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """One feature of the model.

    Attributes:
        name: pyradiomics' name.
        centre, scale: mean and standard deviation in training (after ComBat where the model has it).
        coefficient: change of the log odds by one standard deviation.
        least, most: range of the values as extracted, in training.
    """

    name: str
    centre: float
    scale: float
    coefficient: float
    least: float
    most: float

    def __post_init__(self) -> None:
        numbers = (self.centre, self.scale, self.coefficient, self.least, self.most)
        if not isinstance(self.name, str) or not all(_is_number(value) for value in numbers):
            raise UsageError(f"feature {self.name!r}; needed: a name and finite numbers")
        if self.scale <= 0:
            raise UsageError(f"scale of {self.name} is {self.scale}; needed: above 0")


@dataclass(frozen=True)
class ScannerShift:
    """What ComBat learned of one scanner, for the features of the model, in their order.

    Attributes:
        location: shift; scale: factor. ``x' = (x - alpha - sigma location) / scale + alpha``.
    """

    location: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True)
class CombatShift:
    """ComBat of the model's features: common location ``alpha`` and scale ``sigma``, and each scanner's shift."""

    alpha: tuple[float, ...]
    sigma: tuple[float, ...]
    scanners: Mapping[str, ScannerShift]

    def remove(self, values: Floats, scanner: str) -> Floats:
        """(features,) values without the scanner's shift.

        Raises:
            InputError: the scanner was not in training.
        """
        if scanner not in self.scanners:
            known = ", ".join(sorted(self.scanners))
            raise InputError(
                f"scanner {scanner or 'unknown'} cannot be harmonized by the model's ComBat; known: {known}"
            )
        shift = self.scanners[scanner]
        alpha, sigma = np.array(self.alpha), np.array(self.sigma)
        return np.asarray((values - alpha - sigma * np.array(shift.location)) / np.array(shift.scale) + alpha)


@dataclass(frozen=True)
class Population:
    """The training images in the space of the model's standardized features, to tell what is unlike them.

    Attributes:
        precision: (features, features) inverse of their (shrunken) covariance.
        distances: 101 percentiles, 0 to 100, of their Mahalanobis distances from the centre.
    """

    precision: tuple[tuple[float, ...], ...]
    distances: tuple[float, ...]

    def distance(self, standardized: Floats) -> float:
        """Mahalanobis distance of (features,) from the centre of training."""
        return float(np.sqrt(max(standardized @ np.array(self.precision) @ standardized, 0)))

    def percentile(self, distance: float) -> float:
        """Share of the training images, in percent, that are nearer."""
        return float(np.interp(distance, self.distances, np.arange(len(self.distances))))


@dataclass(frozen=True)
class LnmModel:
    """A fitted model.

    Attributes:
        outcome: the column that was 1 for the event.
        features: what it looks at.
        intercept: log odds at the mean of all features.
        threshold: probability from which an image is called positive; Youden's on training patients.
        population: to tell what is unlike the training images.
        combat: ComBat of its features, None without.
        scanners: images of each scanner in training.
        harmonizers: of each scanner in training, the harmonizers its images went through ("" for none).
        radiomics: ``engine`` and ``parameters`` of the extraction.
        fitted: settings, penalties, notes, counts, software and hash of the table.
        performance: ``nested`` (cross-validated), ``training`` (apparent), and by split what was held out.
        training_patients: pseudonyms.
        intended_use, software_version: text.

    Raises:
        UsageError: a value is missing, of the wrong kind or not allowed.
    """

    outcome: str
    features: tuple[Feature, ...]
    intercept: float
    threshold: float
    population: Population
    combat: CombatShift | None = None
    scanners: Mapping[str, int] = field(default_factory=dict)
    harmonizers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    radiomics: Mapping[str, str] = field(default_factory=dict)
    fitted: Mapping[str, Any] = field(default_factory=dict)
    performance: Mapping[str, Any] = field(default_factory=dict)
    training_patients: tuple[str, ...] = ()
    intended_use: str = RESEARCH_USE
    software_version: str = __version__

    def __post_init__(self) -> None:
        count = len(self.features)
        if not count or len({feature.name for feature in self.features}) != count:
            raise UsageError(f"{count} features; needed: at least one, each once")
        if not _is_number(self.intercept) or not _is_number(self.threshold) or not 0 < self.threshold < 1:
            raise UsageError(
                f"intercept {self.intercept!r}, threshold {self.threshold!r}; needed: a number, a probability"
            )
        if np.shape(self.population.precision) != (count, count) or len(self.population.distances) != 101:
            raise UsageError(f"population does not fit {count} features")
        if not np.isfinite(self.population.precision).all() or not np.isfinite(self.population.distances).all():
            raise UsageError("population holds values that are not finite")
        if self.combat is not None:
            lines = [self.combat.alpha, self.combat.sigma]
            lines += [line for shift in self.combat.scanners.values() for line in (shift.location, shift.scale)]
            if np.shape(lines) != (len(lines), count) or not np.isfinite(lines).all():
                raise UsageError(f"combat does not fit {count} features")
            if any(min(shift.scale) <= 0 for shift in self.combat.scanners.values()):
                raise UsageError("combat has a scale that is not above 0")
        for patient in self.training_patients:
            if not isinstance(patient, str) or not PSEUDONYM.fullmatch(patient):
                raise UsageError("training_patients holds something else than pseudonyms (sha256: and 16 digits)")

    def standardize(self, values: Floats, scanner: str) -> Floats:
        """(features,) values as extracted -> what the coefficients are for.

        Raises:
            InputError: the model has ComBat and the scanner was not in training.
        """
        if self.combat is not None:
            values = self.combat.remove(values, scanner)
        centre = np.array([feature.centre for feature in self.features])
        scale = np.array([feature.scale for feature in self.features])
        return np.asarray((values - centre) / scale)

    @property
    def coefficients(self) -> Floats:
        """(features,)"""
        return np.array([feature.coefficient for feature in self.features])


def read_model(path: Path) -> LnmModel:
    """Read and check a model.

    Raises:
        UsageError: it cannot be read, is of another schema, was changed after it was written, or is broken.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise UsageError(f"model {path} cannot be read ({reason})") from None
    if not isinstance(content, dict) or "schema_version" not in content:
        raise UsageError(f"{path} is no LNM model; needed: a file that uslnm fit has written")
    if content["schema_version"] != SCHEMA_VERSION:
        raise UsageError(f"model {path} has schema version {content['schema_version']!r}; this software reads 1")
    if content.pop("checksum", None) != _checksum(content):
        raise UsageError(f"model {path} was changed after it was written (its checksum does not fit); fit it again")
    del content["schema_version"]
    needed = {item.name for item in fields(LnmModel)}
    if set(content) != needed:
        raise UsageError(f"model {path} has the wrong keys: {', '.join(sorted(set(content) ^ needed))}")
    try:
        content["features"] = tuple(Feature(**feature) for feature in content["features"])
        content["population"] = Population(
            tuple(map(tuple, content["population"]["precision"])), tuple(content["population"]["distances"])
        )
        content["harmonizers"] = {scanner: tuple(names) for scanner, names in content["harmonizers"].items()}
        content["training_patients"] = tuple(content["training_patients"])
        if content["combat"] is not None:
            scanners = {
                name: ScannerShift(tuple(shift["location"]), tuple(shift["scale"]))
                for name, shift in content["combat"]["scanners"].items()
            }
            content["combat"] = CombatShift(
                tuple(content["combat"]["alpha"]), tuple(content["combat"]["sigma"]), scanners
            )
        return LnmModel(**content)
    except UsageError as error:
        raise UsageError(f"model {path}: {error}") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"model {path} is broken ({' '.join(str(error).split())[:200]})") from None


def write_model(path: Path, model: LnmModel) -> None:
    """Write a model that ``read_model`` reads back.

    Raises:
        UsageError: it holds something that JSON does not.
        OSError: the file cannot be written.
    """
    content = {"schema_version": SCHEMA_VERSION, **asdict(model)}
    try:
        # Through JSON once, so that the checksum is that of what is read back (lists for tuples).
        content = json.loads(json.dumps(content, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UsageError(f"the model cannot be written as JSON ({error})") from None
    content["checksum"] = _checksum(content)
    write_text(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _checksum(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(value))
