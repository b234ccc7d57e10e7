"""Does a generator paint lesions when it learned from images of which only the target's have any?

To look like the target's, images without lesions would have to get some. What keeps a generator from it are the losses
on content; what notices it if they fail is the QA.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from USHarmonizationLib import qa
from USHarmonizationLib.cohort import CohortRow, write_cohort
from USHarmonizationLib.harmonizers import load_harmonizer
from USHarmonizationLib.qa import QAResult, check_frame
from USHarmonizationLib.simulation.cohort import simulate_patient_frames
from USHarmonizationLib.training.trainer import train

SOURCE, TARGET = "ge-voluson-e8", "hitachi-preirus"
SIZE = 160
IMAGES = 16
Frame = NDArray[np.float32]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Source images of sound tissue, target images with a lesion each."""
    folder = tmp_path_factory.mktemp("one-sided")
    rows = []
    for scanner in (SOURCE, TARGET):
        views = simulate_patient_frames(scanner, IMAGES, 0, size=SIZE, lesions=scanner == TARGET)
        for number, view in enumerate(views):
            path = folder / f"{scanner}-{number}.png"
            Image.fromarray(view.frame).save(path)
            split = "validation" if number % 4 == 0 else "train"
            rows.append(CohortRow(path, patient=path.stem, scanner=scanner, split=split))
    write_cohort(folder / "cohort.csv", rows)
    return folder / "cohort.csv"


def judged(cohort: Path, bundle: Path, variant: str, steps: int, **settings: Any) -> list[tuple[QAResult, float]]:
    """What QA finds on unseen sound tissue, and how much darker the darkest lesion-sized area has become."""
    from scipy.ndimage import gaussian_filter

    common = {"steps": steps, "validate_every": steps, "crop": 96, "batch": 4, "compile": "off", "content_floor": -1.0}
    train(cohort, SOURCE, TARGET, bundle, variant, {**common, **settings})
    harmonizer = load_harmonizer(bundle, device="cpu", threads=1)
    found = []
    for view in simulate_patient_frames(SOURCE, 4, 999, size=SIZE, lesions=False):
        generated = np.clip(harmonizer.harmonize(view.luma, view.sector), 0, 1)
        left = qa.beyond_brightness(*(gaussian_filter(frame, 3) for frame in (view.luma, generated)), view.sector)
        found.append((check_frame(view.luma, generated, view.sector), float(-gaussian_filter(left, 3).min())))
    return found


def test_the_default_paints_none(cohort: Path, tmp_path: Path) -> None:
    """After a short training; that its losses on content count is tested with the variant."""
    small = {"width": 8, "body_width": 12, "blocks": 2, "critic_width": 8, "calibration": 10, "memory": 8}
    for result, darkened in judged(cohort, tmp_path / "bundle", "texture", 30, **small):
        assert result.warnings == ()
        assert result.figures["darkened"] < 0.1
        assert darkened < 0.05


@pytest.mark.slow
def test_without_losses_on_content_lesions_are_painted_and_noticed(cohort: Path, tmp_path: Path) -> None:
    """CycleGAN with its cycle all but switched off: the pictures show dark blobs; each of them is warned of."""
    free = {"identity_source_weight": 0.0, "identity_target_weight": 0.0}
    free |= {"cycle_source_weight": 0.5, "cycle_target_weight": 0.5}
    small = {"width": 8, "blocks": 3, "discriminator_width": 16}
    found = judged(cohort, tmp_path / "bundle", "cyclegan", 250, **small, **free)
    assert all(qa.STRUCTURE_TEXT in result.warnings for result, _ in found)
    assert np.mean([darkened for _, darkened in found]) > 0.03
