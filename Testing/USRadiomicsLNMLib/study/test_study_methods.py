"""The methods of a study."""

from __future__ import annotations

import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.variants import VARIANTS
from USRadiomicsLNMLib.study.methods import METHODS, chosen_methods


def test_all_variants_are_methods_and_the_original_comes_first() -> None:
    names = [method.name for method in chosen_methods(tuple(VARIANTS))]
    assert names == list(METHODS)
    assert names[0] == "original"
    assert set(VARIANTS) < set(names)
    assert [name for name in names if METHODS[name].combat] == ["combat", "texture+combat"]


def test_methods_whose_images_are_not_made_take_no_part() -> None:
    names = [method.name for method in chosen_methods(("cyclegan",))]
    assert names == ["original", "histogram", "fda", "cyclegan", "combat"]


@pytest.mark.parametrize(
    ("variants", "message"),
    [(("cycelgan",), "unknown variant 'cycelgan'; known: cyclegan, "), (("texture", "texture"), "named twice")],
)
def test_bad_variants_are_named(variants: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        chosen_methods(variants)
