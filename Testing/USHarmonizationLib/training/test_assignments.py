"""Settings for trainings of several variants."""

from __future__ import annotations

import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.training.assignments import assigned_settings, check_all_used


def test_a_setting_reaches_the_variants_that_have_it() -> None:
    assignments = ["batch=2", "pool=7", "cyclegan*:width=16"]
    assert assigned_settings("cyclegan-sn", assignments) == {"batch": 2, "pool": 7, "width": 16}
    assert assigned_settings("texture", assignments) == {"batch": 2}


def test_later_ones_count_and_given_ones_win() -> None:
    made = assigned_settings("cyclegan", ["batch=2", "batch=3", "seed=9"], {"batch": 1, "crop": 64}, seed=4, steps=None)
    assert made == {"batch": 3, "crop": 64, "seed": 4}


@pytest.mark.parametrize(
    ("assignments", "message"),
    [(["cycle:pool=3"], "no variant here is 'cycle'"), (["widht=3"], "no variant here has a setting widht")],
)
def test_an_assignment_that_reaches_nothing_is_named(assignments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_all_used(assignments, ["cyclegan", "texture"])
    check_all_used(["pool=3", "text*:blocks=2"], ["cyclegan", "texture"])


def test_a_bad_value_is_refused() -> None:
    with pytest.raises(UsageError, match="batch"):
        assigned_settings("texture", ["batch=0"])
