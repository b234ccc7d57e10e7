"""Every figure is defined."""

from __future__ import annotations

from dataclasses import fields

import pytest

from USHarmonizationLib.metrics.definitions import FEATURES, IMAGE, SETS, Definition
from USHarmonizationLib.metrics.image_figures import ImageFigures


@pytest.mark.parametrize("one", [*IMAGE.values(), *SETS.values(), *FEATURES.values()], ids=lambda one: one.title)
def test_says_what_it_is_and_what_is_better(one: Definition) -> None:
    assert one.title
    assert one.definition
    assert one.values
    assert one.better in ("higher", "lower", "")


def test_figures_of_a_pair_are_all_defined() -> None:
    assert set(IMAGE) == {field.name for field in fields(ImageFigures)} - {"scales", "pixels"}
