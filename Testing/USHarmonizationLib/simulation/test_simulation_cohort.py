"""Cohorts whose outcome depends on what it is said to depend on."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from USHarmonizationLib.cohort import read_cohort
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.files import read_image, read_mask
from USHarmonizationLib.simulation.cohort import (
    LATENT,
    LVSI,
    CohortPlan,
    Patient,
    draw_patients,
    intercept,
    simulate_patient_frames,
    write_simulated_cohort,
)
from USHarmonizationLib.simulation.settings import imaging, simulated

SCANNERS = tuple(imaging(name, "endocavity").with_matrix(96, 96) for name in simulated())


@pytest.fixture(scope="module")
def many() -> tuple[Patient, ...]:
    return draw_patients(CohortPlan(SCANNERS, patients=8000, confounded=2.0, prevalence=0.3, seed=1))


def test_the_outcome_follows_the_model(many: tuple[Patient, ...]) -> None:
    outcome = [one.lnm for one in many]
    assert np.mean(outcome) == pytest.approx(0.3, abs=0.02)
    model = LogisticRegression(C=np.inf).fit([list(one.values.values()) for one in many], outcome)
    assert model.coef_[0] == pytest.approx([one.coefficient for one in LATENT.values()], abs=0.13)
    assert model.intercept_[0] == pytest.approx(intercept(0.3), abs=0.13)


def test_lesions_are_what_the_values_say(many: tuple[Patient, ...]) -> None:
    for one in many[:50]:
        for name in ("heterogeneity_db", "density", "irregularity", "correlation_mm"):
            expected = LATENT[name].median * np.exp(LATENT[name].log_spread * one.values[name])
            assert getattr(one.lesion, name) == pytest.approx(expected)
        assert 0 < one.lesion.density <= 1


@pytest.mark.parametrize("confounded", [0.0, 2.0])
def test_scanner_and_outcome_hang_together_as_asked(many: tuple[Patient, ...], confounded: float) -> None:
    patients = many if confounded else draw_patients(CohortPlan(SCANNERS, patients=8000, seed=2))
    count = Counter((one.scanner, one.lnm) for one in patients)
    first, last = SCANNERS[0].scanner, SCANNERS[-1].scanner
    odds = np.log(count[last, 1] / count[last, 0]) - np.log(count[first, 1] / count[first, 0])
    assert odds == pytest.approx(confounded, abs=0.3)
    assert all(count[one.scanner, 0] > 300 for one in SCANNERS)


def test_clinical_columns(many: tuple[Patient, ...]) -> None:
    for one in many[:300]:
        size = float(one.clinical["diameter_mm"])
        assert one.clinical["figo"] in (("IIA1" if size < 40 else "IIA2"), "IB1" if size < 20 else "IB2")
        assert 22 <= int(one.clinical["age"]) <= 82
    for lnm in (0, 1):
        share = np.mean([int(one.clinical["lvsi"]) for one in many if one.lnm == lnm])
        assert share == pytest.approx(LVSI[lnm], abs=0.04)


def test_splits_are_by_patient_and_stratified(many: tuple[Patient, ...]) -> None:
    for split, share in (("train", 0.6), ("validation", 0.1), ("test", 0.3)):
        members = [one.lnm for one in many if one.split == split]
        assert len(members) / len(many) == pytest.approx(share, abs=0.001)
        assert np.mean(members) == pytest.approx(np.mean([one.lnm for one in many]), abs=0.005)


def test_a_written_cohort_is_read_back(tmp_path: Path) -> None:
    plan = CohortPlan(SCANNERS, patients=4, frames=2, seed=3)
    table = write_simulated_cohort(plan, tmp_path / "out")
    rows = read_cohort(table)
    assert len(rows) == 8
    patients = draw_patients(plan)
    for number, row in enumerate(rows):
        image, mask = read_image(row.image), read_mask(row.mask or Path())
        assert image.size == mask.shape[1:] == (96, 96)
        assert (mask == row.label).sum() > 20
        assert image.spacing_mm == pytest.approx((geometry_pixel(row.scanner),) * 2, rel=1e-6)
        assert row.scanner == patients[number // 2].scanner
        assert row.others["lnm"] == str(patients[number // 2].lnm)
        assert list(row.others) == ["lnm", "age", "figo", "histology", "grade", "lvsi", "diameter_mm"]
    assert len({row.patient for row in rows}) == 4
    with open(tmp_path / "out" / "latent.csv", newline="") as stream:
        latent = list(csv.DictReader(stream))
    assert [float(one["z_density"]) for one in latent] == pytest.approx(
        [one.values["density"] for one in patients], abs=1e-6
    )
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    assert truth["model"]["latent"]["density"]["coefficient"] == LATENT["density"].coefficient
    assert len(truth["patients"]) == 4


def test_frames_of_patients_with_and_without_lesions() -> None:
    ill = list(simulate_patient_frames("hitachi-preirus", 2, 1, size=128))
    well = next(simulate_patient_frames("hitachi-preirus", 1, 1, size=128, lesions=False))
    assert all(view.labels.sum() > 50 for view in ill)
    assert not well.labels.any()
    assert ill[0].frame.tobytes() != ill[1].frame.tobytes()
    assert next(simulate_patient_frames("hitachi-preirus", 1, 1, size=128, start=1)).frame.tobytes() == (
        ill[1].frame.tobytes()
    )
    inside = ill[0].labels > 0
    assert well.luma[inside].mean() > ill[0].luma[inside].mean()


def geometry_pixel(scanner: str | None) -> float:
    from USHarmonizationLib.simulation.geometry import geometry

    return next(geometry(one).pixel_mm for one in SCANNERS if one.scanner == scanner)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scanners": ()}, "scanners are none"),
        ({"scanners": SCANNERS[:1] * 2}, "each once"),
        ({"patients": 0}, "0 patients"),
        ({"prevalence": 1.0}, "prevalence is 1.0; needed: 0.02 to 0.98"),
        ({"confounded": float("nan")}, "confounded is nan"),
        ({"format": "gif"}, "unknown format 'gif'; known: dcm, png, nrrd"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_wrong_plans(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        replace(CohortPlan(SCANNERS), **changes)
