"""All that a study found: every number that its report shows, in files that programs can read.

``study.json`` holds what was asked, the methods and the notes; each table is a CSV with one column an attribute of its
rows. An empty cell is a figure that does not exist. Names of methods, scanners and sets mean the same in all tables.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.errors import UsageError

from ..statistics.patients_table import TableRow

SCHEMA_VERSION = 1
FOLDER, FILE, EXAMPLES = "results", "study.json", "examples"

# Which features a model was offered.
TEXTURE, SHAPE, ALL_FEATURES = "texture", "shape", "all"
# Which patients figures are of: nested cross-validation and apparent (both of the training patients), and held out.
NESTED, TRAINING, VALIDATION, TEST = "nested", "training", "validation", "test"
# Which images: all of a scanner, or those of patients that neither harmonizer nor model has learned from.
ALL, HELD_OUT = "all", "held out"
# Scanner of figures of all harmonized scanners together.
ALL_SOURCES = "all sources"
# How a method treats the images of a scanner.
AS_IS, FITTED, TRAINED, LOADED = "as is", "fitted to reference images", "trained", "loaded"
# How the models of ``scanners`` were trained.
ON_TARGET, ON_OTHERS = "on the target scanner", "on all other scanners"


@dataclass(frozen=True)
class CohortCount:
    """How much there is of a scanner (of all: "all") in a split (``all``, ``train``, ``validation``, ``test``).

    ``events`` are patients with the outcome.
    """

    scanner: str
    split: str
    images: int
    patients: int
    events: int


@dataclass(frozen=True)
class Harmonized:
    """How a method treats the images of one scanner.

    Attributes:
        source: the scanner.
        how: ``as is``, ``fitted to reference images``, ``trained`` or ``loaded``.
        reason: why as is; else "".
        name, version, sha256: of the harmonizer; SHA-256 of its ``model.json`` where it is a bundle.
        steps, seed: of its training; 0 where there was none.
        training_patients: how many it learned from; of these, ``patients_in_test`` are in the study's test split.
        settings: of the harmonizer or of its training.
        metrics: of its training, on validation patients.
        warned: images that its checks warn of (share).
    """

    source: str
    how: str
    reason: str = ""
    name: str = ""
    version: str = ""
    sha256: str = ""
    steps: int = 0
    seed: int = 0
    training_patients: int = 0
    patients_in_test: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    warned: float = math.nan


@dataclass(frozen=True)
class MethodResult:
    """A method of the study.

    Attributes:
        name: in all tables. title: for people. summary: what it does, one line.
        combat: whether the features go through ComBat, in the folds.
        images: name of the method whose images it takes (its own, or another's with ComBat added).
        scanners: what it does to each scanner but the target.
        features_offered, features_passed: of the texture model: how many there were, and passed Mann-Whitney U.
        features_kept: how many are in the model.
    """

    name: str
    title: str
    summary: str
    combat: bool
    images: str
    scanners: tuple[Harmonized, ...]
    features_offered: int = 0
    features_passed: int = 0
    features_kept: int = 0


@dataclass(frozen=True)
class ImageFigure:
    """A figure of harmonized images (Table 2).

    Attributes:
        scanner: whose images, or ``all sources``. images: ``all`` or ``held out``.
        key: ``fid``, ``kid``, ``mi``, ``ssim``, ``psnr``, ``frd``, ``scanner`` ...; title: for people, with the
            network's name where one measures.
        against: ``target`` (unpaired: compares sets) or ``original`` (the same image before; what was kept of it).
        unit, better: for people; better is ``higher``, ``lower`` or "".
        value, sd: NaN where there is none. n, n_target: images or lesions.
        warnings: what to know before it is quoted.
    """

    method: str
    scanner: str
    images: str
    key: str
    title: str
    against: str
    unit: str
    better: str
    value: float
    sd: float
    n: int
    n_target: int
    warnings: str = ""


@dataclass(frozen=True)
class PerformanceRow:
    """A model on a set of patients (Table 3). ``features``: ``texture``, ``shape`` or ``all``; ``_low`` and ``_high``
    are the ends of 95 % intervals (AUC: DeLong)."""

    method: str
    features: str
    set: str
    patients: int
    events: int
    auc: float
    auc_low: float
    auc_high: float
    auc_bootstrap_low: float
    auc_bootstrap_high: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    sensitivity: float
    sensitivity_low: float
    sensitivity_high: float
    specificity: float
    specificity_low: float
    specificity_high: float
    ppv: float
    ppv_low: float
    ppv_high: float
    npv: float
    npv_low: float
    npv_high: float
    calibration_intercept: float
    calibration_intercept_low: float
    calibration_intercept_high: float
    calibration_slope: float
    calibration_slope_low: float
    calibration_slope_high: float
    brier: float


@dataclass(frozen=True)
class TestRow:
    """AUC of a method against ``original`` on the same patients: DeLong's paired test; ``difference`` is after minus
    before; ``p_holm`` is adjusted for the number of methods (Holm) within features and set; ``patients`` are those that
    both have."""

    __test__ = False

    method: str
    features: str
    set: str
    difference: float
    low: float
    high: float
    bootstrap_low: float
    bootstrap_high: float
    z: float
    p: float
    p_holm: float
    patients: int = 0


@dataclass(frozen=True)
class RocPoint:
    """A point of a ROC curve (Figure 6)."""

    method: str
    features: str
    set: str
    threshold: float
    false_positive_rate: float
    true_positive_rate: float


@dataclass(frozen=True)
class CalibrationRow:
    """A group of patients of similar predicted probability."""

    method: str
    features: str
    set: str
    patients: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class DecisionRow:
    """A point of a decision curve; treating none has net benefit 0."""

    method: str
    features: str
    set: str
    threshold: float
    net_benefit: float
    treat_all: float


@dataclass(frozen=True)
class FeatureRow:
    """A feature that a model kept; ``coefficient`` is the change of the log odds by one standard deviation."""

    method: str
    features: str
    feature: str
    coefficient: float


@dataclass(frozen=True)
class ScannerRow:
    """A model on a scanner that it was not trained on.

    Attributes:
        trained: ``on the target scanner`` or ``on all other scanners``.
        images: ``held out`` or ``all``.
        difference, low, high, p: against ``original``, DeLong's paired test; NaN for ``original`` itself.
        reason: why there are no figures; else "".
    """

    method: str
    features: str
    trained: str
    scanner: str
    images: str
    patients: int
    events: int
    auc: float
    auc_low: float
    auc_high: float
    sensitivity: float
    specificity: float
    difference: float
    difference_low: float
    difference_high: float
    p: float
    reason: str = ""


@dataclass(frozen=True)
class FeatureShift:
    """A texture feature of a scanner's images against the target's, and against itself before harmonization (Figure 4).

    There are no registered pairs in a cohort, so that a correlation with the target's features does not exist.

    Attributes:
        shift: difference of the means, in the target's standard deviations; NaN where the target's do not vary.
        kept: Spearman's rank correlation with the same lesions before harmonization; 1 for ``original``, NaN for a
            feature that does not vary.
    """

    method: str
    scanner: str
    feature: str
    shift: float
    kept: float


@dataclass(frozen=True)
class Prediction:
    """What a model says of a patient: ``score`` is the log odds, ``called`` 1 where they reach the threshold."""

    method: str
    features: str
    set: str
    patient: str
    outcome: int
    score: float
    called: int


@dataclass(frozen=True)
class Example:
    """An example image (Figure 5): the middle lesion by size of a scanner.

    Attributes:
        method: ``original`` or a method; all examples of a scanner show the same part of the same image.
        image: name of the image. file: PNG, relative to the folder of the results.
        lesion: the same with the outline of the lesion, PNG.
        warnings: of the harmonizer's checks.
    """

    method: str
    scanner: str
    image: str
    file: str
    lesion: str = ""
    warnings: str = ""


@dataclass(frozen=True)
class LeftOutRow:
    """An image that a stage (``harmonize``, ``extract``, ``select``) could not use; ``method`` "" means all."""

    image: str
    method: str
    stage: str
    reason: str


Row = TypeVar("Row")


@dataclass(frozen=True)
class StudyResults:
    """All of a study.

    Attributes:
        title: of the cohort, for people.
        target, outcome: scanner id, column.
        settings: what was asked, and what of it was the default.
        methods: in the order of all tables and figures, ``original`` first.
        counts: the cohort. patients_table: Table 1. image_figures: Table 2. performance: Table 3.
        tests, roc, calibration, decisions, features, scanners, shifts, predictions, examples, left_out: see the rows.
        notes: what the stages found that people must know; limits: what the study cannot show. One line each.
        versions: of software. inputs: SHA-256 of what went in, by name.
    """

    title: str
    target: str
    outcome: str
    settings: Mapping[str, Any]
    methods: tuple[MethodResult, ...]
    counts: tuple[CohortCount, ...] = ()
    patients_table: tuple[TableRow, ...] = ()
    image_figures: tuple[ImageFigure, ...] = ()
    performance: tuple[PerformanceRow, ...] = ()
    tests: tuple[TestRow, ...] = ()
    roc: tuple[RocPoint, ...] = ()
    calibration: tuple[CalibrationRow, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    features: tuple[FeatureRow, ...] = ()
    scanners: tuple[ScannerRow, ...] = ()
    shifts: tuple[FeatureShift, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    examples: tuple[Example, ...] = ()
    left_out: tuple[LeftOutRow, ...] = ()
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write ``study.json`` and all tables; the JSON last, so that where it stands, all is there.

        Raises:
            OSError: the folder cannot be written to.
        """
        for name, kind in TABLES.items():
            write_text(folder / f"{name}.csv", _as_csv(kind, getattr(self, name)))
        others = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in TABLES}
        content = {"schema_version": SCHEMA_VERSION, **others, "methods": [asdict(one) for one in self.methods]}
        write_text(folder / FILE, json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n")

    @staticmethod
    def read(folder: Path) -> StudyResults:
        """Read what ``write`` wrote.

        Raises:
            UsageError: it is not there, of another schema, or broken.
        """
        path = folder / FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.pop("schema_version", None) != SCHEMA_VERSION:
                raise UsageError(f"{path} is of another schema version; this software reads {SCHEMA_VERSION}")
            methods = tuple(_method(one) for one in content.pop("methods"))
            for name in ("notes", "limits"):
                content[name] = tuple(content[name])
            tables: dict[str, Any] = {name: _rows(kind, folder / f"{name}.csv") for name, kind in TABLES.items()}
            return StudyResults(methods=methods, **content, **tables)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
            raise UsageError(f"results of a study in {folder} cannot be read ({reason})") from None


# Attribute of the results and name of the file -> its rows.
TABLES: Mapping[str, type[Any]] = {
    "counts": CohortCount,
    "patients_table": TableRow,
    "image_figures": ImageFigure,
    "performance": PerformanceRow,
    "tests": TestRow,
    "roc": RocPoint,
    "calibration": CalibrationRow,
    "decisions": DecisionRow,
    "features": FeatureRow,
    "scanners": ScannerRow,
    "shifts": FeatureShift,
    "predictions": Prediction,
    "examples": Example,
    "left_out": LeftOutRow,
}


def _method(content: dict[str, Any]) -> MethodResult:
    scanners = tuple(
        Harmonized(**{**one, "warned": math.nan if one["warned"] is None else one["warned"]})
        for one in content.pop("scanners")
    )
    return MethodResult(**content, scanners=scanners)


def _as_csv(kind: type[Any], rows: Sequence[Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [item.name for item in fields(kind)]
    writer.writerow(names)
    writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """Numbers as short as they can be read back; "" for what does not exist."""
    return ("" if math.isnan(value) else repr(float(value))) if isinstance(value, float) else value


def _rows(kind: type[Row], path: Path) -> tuple[Row, ...]:
    types = get_type_hints(kind)
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), strict=True)
    return tuple(kind(**{name: _value(types[name], text) for name, text in row.items()}) for row in reader)


def _value(kind: type, text: str) -> Any:
    if kind is float:
        return float(text or "nan")
    return kind(text)


def _plain(value: Any) -> Any:
    """As standard JSON can hold it: null for what does not exist."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
