from __future__ import annotations

import json

import pytest

from USHarmonizationLib.derivation import Derivation


def test_description_names_model_version_software_and_both_scanners() -> None:
    text = Derivation("a-to-b", "3f2a", "0.1.0", "ge-logiq-5", "ge-logiq-7").description()

    assert text == (
        "Generated image: brightness brought from the style of ge-logiq-5 to the style of ge-logiq-7 by a-to-b "
        "(version 3f2a) with USHarmonization 0.1.0."
    )


def test_description_of_a_method_that_knows_no_scanner() -> None:
    assert "to another style by fda (version 1)" in Derivation("fda", "1", "0.1.0").description()


def test_json_holds_everything_and_does_not_depend_on_the_order_of_settings() -> None:
    one = Derivation("fda", "1", "0.1.0", warnings=("far from its domain",), settings={"beta": 0.01, "seed": 0})
    two = Derivation("fda", "1", "0.1.0", warnings=("far from its domain",), settings={"seed": 0, "beta": 0.01})

    assert one.json() == two.json()
    assert json.loads(one.json()) == {
        "model": "fda",
        "model_version": "1",
        "software_version": "0.1.0",
        "source_scanner": "",
        "target_scanner": "",
        "warnings": ["far from its domain"],
        "settings": {"beta": 0.01, "seed": 0},
    }


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (("", "1", "0.1.0"), "model is empty"),
        (("fda", " ", "0.1.0"), "model_version is empty"),
        (("fda", "1", ""), "software_version is empty"),
    ],
)
def test_an_image_cannot_be_derived_by_nothing(values: tuple[str, str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Derivation(*values)


@pytest.mark.parametrize("settings", [{"beta": float("nan")}, {"mask": object()}])
def test_settings_that_json_cannot_hold_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        Derivation("fda", "1", "0.1.0", settings=settings)
