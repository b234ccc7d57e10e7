"""Resources are found in a checkout; that they are found in an installed wheel stands in test_project.py."""

from __future__ import annotations

import json

from USHarmonizationLib.resources import resource_path


def test_the_scanner_catalogue_and_the_models_are_there() -> None:
    assert json.loads(resource_path("scanners.json").read_text(encoding="utf-8"))
    assert resource_path("Models").is_dir()
