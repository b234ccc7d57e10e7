"""What a phantom study may be asked to do."""

from __future__ import annotations

from typing import Any

import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.phantom_study.settings import Study


def test_settings_reach_the_variants_they_are_meant_for() -> None:
    study = Study(
        variants=("cyclegan", "cyclegan-sn", "texture"),
        steps=7,
        assignments=("batch=2", "pool=5", "cyclegan*:width=4", "texture:blocks=2"),
    )
    assert study.training_settings("cyclegan-sn", 1) == {"batch": 2, "pool": 5, "width": 4, "steps": 7, "seed": 1}
    assert study.training_settings("texture", 0) == {"batch": 2, "blocks": 2, "steps": 7, "seed": 0}


def test_methods_of_a_repeat() -> None:
    methods = Study(variants=("texture",)).methods(2)
    assert methods == (("fda", "fda"), ("histogram", "histogram"), ("texture", "texture-2"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"pairs": 1}, "pairs is 1; needed: at least 2"),
        ({"training_images": 3}, "training images is 3; needed: at least 12"),
        ({"repeats": 0}, "repeats is 0"),
        ({"transform": "bent"}, "unknown transform 'bent'; known: rigid"),
        ({"source": "x", "target": "x"}, "both x; needed: two scanners"),
        ({"variants": ("cyclegun",)}, "unknown variant 'cyclegun'"),
        ({"variants": ("texture", "texture")}, "named twice"),
        ({"variants": ("texture",), "assignments": ("texture:widht=3",)}, "unknown setting widht"),
        ({"variants": ("texture",), "assignments": ("widht=3",)}, "--set widht=3: no variant here has a setting widht"),
        ({"variants": ("texture",), "assignments": ("batch",)}, "setting 'batch'; needed: name=value"),
        (
            {"variants": ("texture",), "assignments": ("cycle*:pool=3",)},
            r"no variant here is 'cycle\*'; there are: texture",
        ),
        ({"variants": ("texture",), "assignments": ("width=-3",)}, "setting width is -3; needed: a whole number"),
    ],
)
def test_what_cannot_be_is_refused_at_once(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Study(**values)
