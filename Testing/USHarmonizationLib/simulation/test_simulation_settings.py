"""Settings of scanners are data of the catalogue, and checked."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.resources import resource_path
from USHarmonizationLib.scanners import Catalogue, Scanner, catalogue, read_catalogue
from USHarmonizationLib.simulation.settings import imaging, probes, simulated

PAPER = ("esaote-mylab-classc", "ge-voluson-e8", "hitachi-preirus", "philips-hdi-5000", "siemens-s2000")


def test_the_scanners_of_the_paper_can_be_simulated_with_each_probe() -> None:
    assert simulated() == PAPER
    for name in PAPER:
        assert probes(catalogue().scanner(name)) == ("linear", "convex", "endocavity")
        for probe in probes(catalogue().scanner(name)):
            assert imaging(name, probe).probe_name == probe


def test_the_entries_say_that_they_are_not_measured() -> None:
    entries = json.loads(resource_path("scanners.json").read_text())["scanners"]
    comments = [entry["settings"]["simulation"]["comment"] for entry in entries if "settings" in entry]
    assert len(comments) == len(PAPER)
    assert all("not measured" in comment for comment in comments)


def test_a_user_adds_a_scanner_by_an_entry(tmp_path: Path) -> None:
    entry = changed()
    file = tmp_path / "mine.json"
    mine = {"id": "mine", "name": "Mine", "manufacturer": "Me", "models": ["M1"], "settings": {"simulation": entry}}
    file.write_text(json.dumps({"schema_version": 1, "scanners": [mine]}))
    made = imaging("mine", None, read_catalogue(file))
    assert made.scanner == "mine"
    assert made.probe == imaging("hitachi-preirus", "linear").probe


def changed(**changes: Any) -> dict[str, Any]:
    entry = copy.deepcopy(dict(catalogue().scanner("hitachi-preirus").settings["simulation"]))
    for key, value in changes.items():
        into = entry["probes"]["linear"] if key in entry["probes"]["linear"] or key == "extra" else entry
        into[key] = value
    return entry


def catalogue_with(settings: Any) -> Catalogue:
    return Catalogue({"x": Scanner("x", "X", "X", ("X",), {"simulation": settings})}, {})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([], "probes"),
        ({"probes": {}}, "probes"),
        (changed(bandwidth=0), "bandwidth is 0; needed: a number from 0.1"),
        (changed(bandwidth="wide"), "bandwidth is 'wide'"),
        (changed(centre_mhz=float("nan")), "centre_mhz is nan"),
        (changed(lines=100.5), "lines is 100.5; needed: a whole number"),
        (changed(kind="phased"), "kind is 'phased'; known: linear, convex"),
        (changed(extra=1), "unknown key 'extra'"),
        (changed(matrix=[512]), "matrix is [512]"),
        (changed(matrix=512), "matrix must be a list"),
        (changed(grey_map=[[0, 0], [0.5, 0.7], [1, 0.6]]), "grey_map"),
        (changed(grey_map=[0, 1]), "grey_map must be a list of pairs"),
        (changed(looks=True), "looks is True"),
        ({**changed(), "probes": {"linear": {"kind": "linear"}}}, "centre_mhz is missing"),
        ({**changed(), "white_db": None}, "white_db is None"),
    ],
)
def test_wrong_settings_are_named(settings: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        imaging("x", None, catalogue_with(settings))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "x" in str(caught.value)


def test_unknown_scanner_or_probe() -> None:
    with pytest.raises(UsageError, match=r"does not say how ge-logiq-7 images .*hitachi-preirus"):
        imaging("ge-logiq-7")
    with pytest.raises(UsageError, match="unknown scanner 'nope'"):
        imaging("nope")
    with pytest.raises(UsageError, match="no probe 'sector'; it has: linear, convex, endocavity"):
        imaging("siemens-s2000", "sector")
    linear_with_radius = changed()
    linear_with_radius["probes"]["linear"]["radius_mm"] = 10
    with pytest.raises(UsageError, match="radius_mm means nothing for a linear probe"):
        imaging("x", None, catalogue_with(linear_with_radius))
