"""A small handmade study, for tests of what reads results: three methods, two scanners to be harmonized, few rows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from USRadiomicsLNMLib.statistics.patients_table import TableRow
from USRadiomicsLNMLib.study.results import (
    ALL,
    AS_IS,
    EXAMPLES,
    FITTED,
    HELD_OUT,
    LOADED,
    NESTED,
    ON_OTHERS,
    ON_TARGET,
    SHAPE,
    TEST,
    TEXTURE,
    TRAINED,
    TRAINING,
    CalibrationRow,
    CohortCount,
    DecisionRow,
    Example,
    FeatureRow,
    FeatureShift,
    Harmonized,
    ImageFigure,
    LeftOutRow,
    MethodResult,
    PerformanceRow,
    Prediction,
    RocPoint,
    ScannerRow,
    StudyResults,
    TestRow,
)

METHODS = ("original", "fda", "texture", "combat")
SOURCES, TARGET = ("ge-voluson-e8", "siemens-s2000"), "hitachi-preirus"
FEATURES = ("original_glcm_Contrast", "wavelet-LH_firstorder_Mean", "original_ngtdm_Busyness")
AUCS = {"original": 0.71, "fda": 0.69, "texture": 0.78, "combat": 0.73}


def example_results(folder: Path | None = None) -> StudyResults:
    """A study with every kind of row; with a folder, its example images are drawn there too."""
    return StudyResults(
        title="A made-up cohort",
        target=TARGET,
        outcome="lnm",
        settings={"variants": ["texture"], "steps": None, "folds": 10, "seed": 0, "bundles": [], "device": "cpu"},
        methods=tuple(_method(name) for name in METHODS),
        counts=tuple(
            CohortCount(scanner, split, 3 * patients, patients, patients // 3)
            for scanner in ("all", TARGET, *SOURCES)
            for split, patients in (("all", 60), ("train", 42), ("test", 18))
        ),
        patients_table=(
            TableRow("all", "patients", "", "40", "20"),
            TableRow("all", "age", "", "51.2 ± 9.1", "49.8 ± 8.7", "Student's t test", 0.57, 1),
            TableRow("all", "figo", "IB", "30 (75.0 %)", "9 (45.0 %)", "Pearson's chi-square test", 0.021, 0),
            TableRow("all", "figo", "IIA", "10 (25.0 %)", "11 (55.0 %)"),
        ),
        image_figures=tuple(
            ImageFigure(method, scanner, images, key, title, against, unit, better, value, sd, 54, n_target, warning)
            for place, method in enumerate(METHODS[:3])
            for scanner in SOURCES
            for images in (ALL, HELD_OUT)
            for key, title, against, unit, better, value, sd, n_target, warning in (
                (
                    "fid",
                    "FID (efficientnet-lite0)",
                    "target",
                    "",
                    "lower",
                    90.5 - 20 * place,
                    math.nan,
                    60,
                    "few images",
                ),
                ("frd", "FRD", "target", "", "lower", 142.0 - 30 * place, math.nan, 60, ""),
                ("scanner", "Scanner recognised", "target", "", "lower", 0.99 - 0.1 * place, math.nan, 60, ""),
                *(() if not place else (("mi", "MI", "original", "bits", "higher", 2.5 - place / 2, 0.2, 0, ""),)),
            )
        ),
        performance=tuple(
            _performance(method, features, name)
            for features in (TEXTURE, SHAPE)
            for method in (METHODS if features == TEXTURE else METHODS[:1])
            for name in (NESTED, TRAINING, TEST)
        ),
        tests=tuple(
            TestRow(method, TEXTURE, name, *_around(AUCS[method] - AUCS["original"]), -0.05, 0.2, 1.3, 0.19, 0.38)
            for method in METHODS[1:]
            for name in (NESTED, TRAINING, TEST)
        ),
        roc=tuple(
            RocPoint(method, TEXTURE, name, threshold, false, false ** (1 / AUCS[method] - 1))
            for method in METHODS
            for name in (NESTED, TEST)
            for threshold, false in ((math.inf, 0.0), (1.5, 0.2), (0.5, 0.5), (-1.0, 1.0))
        ),
        calibration=tuple(
            CalibrationRow(method, TEXTURE, TEST, 6, predicted, observed, max(0.0, observed - 0.2), observed + 0.2)
            for method in METHODS
            for predicted, observed in ((0.1, 0.2), (0.4, 0.35), (0.7, 0.6))
        ),
        decisions=tuple(
            DecisionRow(method, TEXTURE, TEST, at, 0.3 - at / 2, (0.33 - at) / (1 - at))
            for method in METHODS
            for at in (0.1, 0.3, 0.5)
        ),
        features=tuple(
            FeatureRow(method, TEXTURE, feature, (-0.5) ** place)
            for method in METHODS
            for place, feature in enumerate(FEATURES)
        ),
        scanners=tuple(
            row for trained in (ON_TARGET, ON_OTHERS) for method in METHODS for row in _scanner(method, trained)
        ),
        shifts=tuple(
            FeatureShift(method, scanner, feature, (-1) ** at * (1.5 - place), 1 - 0.1 * place * (at + 1))
            for place, method in enumerate(METHODS[:3])
            for scanner in SOURCES
            for at, feature in enumerate(FEATURES)
        ),
        predictions=tuple(
            Prediction(method, TEXTURE, TEST, f"sha256:{number:016x}", number % 2, number / 3 - 1, int(number > 3))
            for method in METHODS
            for number in range(6)
        ),
        examples=_examples(folder),
        left_out=(LeftOutRow("p007.png", "fda", "harmonize", "p007.png: no grey tissue to harmonize"),),
        notes=("18 patients in the test split: all intervals are wide",),
        limits=("Simulated images; research use only.",),
        versions={"usharmonization": "0.1.0", "numpy": "2.4.0", "python": "3.11.8"},
        inputs={"cohort.csv": "0" * 64, "images": "1" * 64, "masks": "2" * 64},
    )


def _method(name: str) -> MethodResult:
    how = {
        "original": Harmonized(SOURCES[0], AS_IS, "the method changes no image"),
        "fda": Harmonized(SOURCES[0], FITTED, name="fda", version="abcdef012345", settings={"beta": 0.01}, warned=0.1),
        "texture": Harmonized(
            SOURCES[0],
            TRAINED,
            name="ge-voluson-e8-to-hitachi-preirus",
            version="0123456789ab",
            sha256="a" * 64,
            steps=400,
            training_patients=30,
            settings={"crop": 96},
            metrics={"content_agreement": 0.91},
            warned=0.02,
        ),
    }
    first = how.get(name, how["original"])
    second = Harmonized(SOURCES[1], AS_IS, "5 training images; needed: at least 8")
    if name == "texture":
        second = Harmonized(SOURCES[1], LOADED, name="mine", version="ba9876543210", sha256="b" * 64, steps=900)
    return MethodResult(
        name=name,
        title={"fda": "FDA", "texture": "Texture (ours)", "combat": "ComBat"}.get(name, name),
        summary=f"what {name} does",
        combat=name == "combat",
        images="original" if name == "combat" else name,
        scanners=(first, second),
        features_offered=462,
        features_passed=90,
        features_kept=3,
    )


def _around(value: float) -> tuple[float, float, float]:
    return value, value - 0.1, value + 0.1


def _performance(method: str, features: str, name: str) -> PerformanceRow:
    auc = AUCS[method] + (0.1 if features == SHAPE else 0) + (0.05 if name == TRAINING else 0)
    rates = [end for value in (0.7, 0.65, 0.75, 0.6, 0.8) for end in _around(value)]
    shape = _around(math.nan if name == TEST and method == "combat" else 0.9)
    return PerformanceRow(
        method, features, name, 42, 14, *_around(auc), auc - 0.12, auc + 0.11, *rates, *_around(0.05), *shape, 0.19
    )


def _scanner(method: str, trained: str) -> list[ScannerRow]:
    first = method == METHODS[0]
    change = (math.nan,) * 4 if first else (*_around(AUCS[method] - AUCS["original"]), 0.21)
    if method == "combat":
        none = (math.nan,) * 9
        reason = "ComBat cannot treat a scanner that it has not seen"
        return [ScannerRow(method, TEXTURE, trained, SOURCES[0], ALL, 0, 0, *none, reason)]
    return [
        ScannerRow(method, TEXTURE, trained, scanner, images, 18, 6, *_around(AUCS[method]), 0.7, 0.6, *change)
        for scanner in SOURCES
        for images in (ALL, HELD_OUT)
    ]


def _examples(folder: Path | None) -> tuple[Example, ...]:
    found = []
    for scanner in SOURCES:
        for place, method in enumerate(METHODS[:3]):
            files = [f"{EXAMPLES}/{scanner}-{method}{end}.png" for end in ("", "-lesion")]
            found.append(Example(method, scanner, "p012.png", *files, warnings="little changed" if place == 1 else ""))
            if folder is not None:
                _draw(folder, files, 60 + 40 * place)
    return tuple(found)


def _draw(folder: Path, files: list[str], brightness: int) -> None:
    from PIL import Image

    (folder / EXAMPLES).mkdir(parents=True, exist_ok=True)
    for file in files:
        pixels = np.full((48, 64), brightness, dtype=np.uint8)
        pixels[16:32, 20:40] = 20
        Image.fromarray(pixels).save(folder / file)
