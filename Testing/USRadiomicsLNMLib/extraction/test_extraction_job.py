"""One image's lesions: what the result depends on, features without a value, masks that become too small."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from USHarmonizationLib.cohort import CohortRow
from USHarmonizationLib.errors import InputError
from USHarmonizationLib.records import DONE, FAILED
from USHarmonizationLib.scanners import catalogue
from USRadiomicsLNMLib.extraction.engine import Features, Parameters
from USRadiomicsLNMLib.extraction.job import Job, Recipe, extract_job


@dataclass(frozen=True)
class Stub:
    """An engine that counts pixels."""

    name: str = "stub 1"
    infinite: bool = False

    def parameters(self, file: Path) -> Parameters:
        return Parameters(file.name, "{}")

    def extract(self, image: Any, mask: Any, parameters: Any, spacing_mm: Any = (1, 1)) -> Features:
        if mask.sum() < 16:
            raise InputError("too small")
        return Features({"count": float(mask.sum()), "last": np.inf if self.infinite else 1.0}, ("of the engine",))


RECIPE = Recipe(Stub(), Parameters("p.yaml", "{}"), catalogue())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    tissue = np.random.default_rng(0).integers(1, 255, (40, 50), dtype=np.uint8)
    Image.fromarray(tissue).save(tmp_path / "image.png")
    mask = np.zeros(tissue.shape, dtype=np.uint8)
    mask[10:20, 10:20], mask[30:34, 30:34] = 1, 2
    Image.fromarray(mask).save(tmp_path / "mask.png")
    rows = tuple(CohortRow(tmp_path / "image.png", tmp_path / "mask.png", label) for label in (1, 2))
    return Job(tmp_path / "image.png", rows)


def test_a_case_a_row(job: Job) -> None:
    found = extract_job(RECIPE, job)
    assert [(case.row, case.status, case.values["count"]) for case in found] == [(0, DONE, 100), (1, DONE, 16)]
    assert all(case.warnings == ("of the engine",) for case in found)


def test_a_feature_that_is_infinite_has_no_value_and_is_told(job: Job) -> None:
    first, _ = extract_job(replace(RECIPE, engine=Stub(infinite=True)), job)
    assert np.isnan(first.values["last"])
    assert first.warnings == ("1 features have no value (last, ...)", "of the engine")


def test_a_perturbed_mask_that_became_too_small_has_no_features(job: Job) -> None:
    large, small = extract_job(replace(RECIPE, seed=0), job)
    assert [len(values) for values in large.perturbed] == [2] * 8
    assert small.status == DONE
    assert small.perturbed[0] == ()  # eroded
    assert small.perturbed[1] == (32.0, 1.0)  # dilated


def test_an_unreadable_image_fails_all_its_rows(job: Job) -> None:
    job.image.write_bytes(b"no image")
    found = extract_job(RECIPE, job)
    assert [case.status for case in found] == [FAILED] * 2
    assert str(job.image) in found[0].reason


def test_the_state_is_of_all_that_a_result_depends_on(job: Job, tmp_path: Path) -> None:
    states = [RECIPE.state(job)]
    assert RECIPE.state(job) == states[0]
    states += [
        replace(RECIPE, engine=Stub("stub 2")).state(job),
        replace(RECIPE, parameters=Parameters("p.yaml", '{"setting": {}}')).state(job),
        replace(RECIPE, without_graphics=True).state(job),
        replace(RECIPE, seed=0).state(job),
        replace(RECIPE, seed=1).state(job),
        RECIPE.state(replace(job, rows=(replace(job.rows[0], label=2), job.rows[1]))),
    ]
    mask = np.asarray(Image.open(tmp_path / "mask.png")).copy()
    mask[0, 0] = 1
    Image.fromarray(mask).save(tmp_path / "mask.png")
    states.append(RECIPE.state(job))
    Image.fromarray(mask + 1).save(tmp_path / "image.png")
    states.append(RECIPE.state(job))
    assert len(set(states)) == len(states)
