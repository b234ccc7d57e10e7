"""What is told of the images that a study harmonized."""

from __future__ import annotations

import math

from USHarmonizationLib.pipeline import TRAINING_TEXT
from USHarmonizationLib.records import DONE, Applied
from USRadiomicsLNMLib.study.harmonizing import warned_share


def applied(*warnings: str) -> Applied:
    return Applied("in.png", "out.png", DONE, warnings=warnings)


def test_a_patient_of_the_training_is_no_doubt_about_the_image() -> None:
    known = f"{TRAINING_TEXT} a-to-b, so keep the result out of any test of it"
    rows = [applied(), applied(known), applied(known, "structures have changed"), applied("scanner doubtful: why")]
    assert warned_share(rows) == 0.5
    assert math.isnan(warned_share([]))
