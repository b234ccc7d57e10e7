"""Features tables with a known truth, and the reference figures that other software gave."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.cohort import CohortRow, pseudonym
from USRadiomicsLNMLib.features_table import FeatureTable

REFERENCE = Path(__file__).resolve().parent / "data" / "reference"
SCANNERS = ("ge-logiq-5", "ge-logiq-7", "toshiba-aplio-300")


def simulated_table(
    patients: int = 120,
    features: int = 30,
    signal: float = 1.0,
    images: int = 1,
    scanner_shift: float = 0.0,
    splits: bool = False,
    seed: int = 0,
) -> FeatureTable:
    """Features of which the first three say something about ``lnm`` (``signal`` standard deviations apart)."""
    rng = np.random.default_rng(seed)
    event = np.arange(patients) % 3 == 0
    scanner = rng.integers(0, 3, patients)
    of_patient = rng.normal(size=(patients, features))
    of_patient[:, :3] += signal * event[:, None]
    of_patient += scanner_shift * (scanner[:, None] - 1) * rng.normal(size=features)
    values, cases = [], []
    for patient in range(patients):
        for image in range(images):
            values.append(of_patient[patient] + 0.2 * rng.normal(size=features) * (images > 1))
            cases.append(
                CohortRow(
                    image=Path("images") / f"p{patient:03d}-{image}.png",
                    mask=Path("masks") / f"p{patient:03d}-{image}.png",
                    patient=pseudonym(f"patient {patient}"),
                    scanner=SCANNERS[scanner[patient]],
                    split=("test" if patient // 3 % 3 == 2 else "train") if splits else None,
                    others={"lnm": str(int(event[patient])), "age": str(40 + patient % 30), "harmonizer": ""},
                )
            )
    names = tuple(f"original_glcm_Feature{place}" for place in range(features))
    return FeatureTable(tuple(cases), names, np.array(values), "pyradiomics 3.0.1", "0123456789ab")


def numbers(name: str) -> tuple[list[str], NDArray[np.float64]]:
    """Header and (rows, columns) of a reference file of numbers."""
    with open(REFERENCE / name, newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    return header, np.array(rows, dtype=np.float64)


def named_numbers(name: str) -> dict[str, float]:
    """Name -> value of a reference file with these two columns."""
    with open(REFERENCE / name, newline="", encoding="utf-8") as stream:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(stream)}


def records(name: str) -> list[dict[str, str]]:
    """Rows of a reference file, as text."""
    with open(REFERENCE / name, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
