"""The scanner catalogue: what ships, what is recognised, what a user may add, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from USHarmonizationLib import scanners
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.image import UltrasoundImage


@pytest.fixture(autouse=True)
def _no_user_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(scanners.VARIABLE, raising=False)


def test_the_scanners_of_the_design_are_there() -> None:
    wanted = (
        "ge-logiq-5 ge-logiq-7 toshiba-aplio-300 u-systems philips-hdi-5000 ge-voluson-e8 esaote-mylab-classc "
        "siemens-s2000 hitachi-preirus"
    )
    assert set(wanted.split()) <= set(scanners.catalogue().scanners)


@pytest.mark.parametrize(
    ("manufacturer", "model", "scanner_id", "confidence"),
    [
        # As they stand in the real DICOM files of pydicom-data, deid-data and pydicom.
        ("G.E. Medical Systems", "LOGIQ 700", "ge-logiq-700", 1.0),
        ("SIEMENS", "S2000", "siemens-s2000", 1.0),
        ("Philips Medical Systems", "EPIQ 5G", "philips-epiq-5", 0.9),
        ("Philips Medical Systems", "EPIQ 7C", "philips-epiq-7", 0.9),
        ("Philips Medical Systems", "Affiniti 70G", "philips-affiniti-70", 0.9),
        ("Philips Medical Systems", "CX50", "philips-cx50", 1.0),
        ("ALOKA CO., LTD.", "SSD-4000", "aloka-ssd-4000", 1.0),
        ("SonoSite, Inc.", "Turbo", "sonosite-m-turbo", 1.0),
        ("Teratech Corp.", "Terason Ultrasound Imaging System", "terason", 0.9),
        # As BUS-BRA's table names them.
        ("", "GE Logiq 7 @10-14MHz", "ge-logiq-7", 0.9),
        ("", "GE Logiq 5 @10-12MHz", "ge-logiq-5", 0.9),
        ("", "Toshiba Aplio 300 @12-14 MHz", "toshiba-aplio-300", 0.9),
        ("", "U-Systems @10-14MHz", "u-systems", 0.9),
        # Spellings, and firms that were bought or renamed.
        ("GE Healthcare", "LOGIQ7", "ge-logiq-7", 1.0),
        ("GE MEDICAL SYSTEMS", "Logiq-5", "ge-logiq-5", 1.0),
        ("GE Healthcare", "LOGIQ E9", "ge-logiq-e9", 1.0),
        ("GE Healthcare Austria GmbH & Co OG", "Voluson E8", "ge-voluson-e8", 1.0),
        ("ATL", "HDI 5000", "philips-hdi-5000", 1.0),
        ("Philips", "ATL HDI5000", "philips-hdi-5000", 1.0),
        ("ACUSON", "ACUSON S2000", "siemens-s2000", 1.0),
        ("FUJIFILM Healthcare", "HI VISION Preirus", "hitachi-preirus", 0.9),
        ("FUJIFILM SonoSite, Inc.", "M-Turbo", "sonosite-m-turbo", 0.9),
        ("CANON_MEC", "TUS-A300", "toshiba-aplio-300", 1.0),
        ("ESAOTE", "MyLabClassC", "esaote-mylab-classc", 1.0),
        # Half of the evidence, or evidence against.
        ("", "LOGIQ 7", "ge-logiq-7", 0.6),
        ("Acme Products", "LOGIQ 7", "ge-logiq-7", 0.6),
        ("Philips", "LOGIQ 7", "ge-logiq-7", 0.3),
        # Neighbours that must not be taken for one another.
        ("GE", "LOGIQ 70", None, 0.0),
        ("GE", "LOGIQ P7", None, 0.0),
        ("GE", "LOGIQ E7", None, 0.0),
        ("GE", "LOGIQ 9", None, 0.0),
        ("Siemens", "S20000", None, 0.0),
        ("Toshiba", "Aplio 3000", None, 0.0),
        ("Acme Products", "", None, 0.0),
        ("", "", None, 0.0),
    ],
)
def test_detection(manufacturer: str, model: str, scanner_id: str | None, confidence: float) -> None:
    found = scanners.catalogue().match(manufacturer, model)
    assert (found.scanner_id, found.confidence) == (scanner_id, confidence), found.why
    assert found.why
    assert "\n" not in found.why


def test_detect_reads_the_image_s_own_names() -> None:
    pixels = np.zeros((1, 2, 2), np.uint8)
    image = UltrasoundImage(pixels=pixels, intensity_range=(0, 255), manufacturer="SIEMENS", model="S2000")
    assert scanners.detect(image).scanner_id == "siemens-s2000"


def test_every_model_name_finds_its_own_entry() -> None:
    catalogue = scanners.catalogue()
    for entry in catalogue.scanners.values():
        for spelling in entry.models:
            found = catalogue.match(entry.manufacturer, spelling)
            assert (found.scanner_id, found.confidence) == (entry.id, 1.0)


def test_unknown_scanner_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown scanner 'ge-logic-7'; known: .*ge-logiq-7"):
        scanners.scanner("ge-logic-7")


def _write(path: Path, **content: object) -> Path:
    path.write_text(json.dumps({"schema_version": 1, **content}), encoding="utf-8")
    return path


def test_a_user_adds_a_scanner_by_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"id": "mindray-resona-7", "name": "Mindray Resona 7", "manufacturer": "Mindray", "models": ["Resona 7"]}
    ours = _write(tmp_path / "ours.json", manufacturers={"GE Healthcare": ["Our reseller"]}, scanners=[entry])
    monkeypatch.setenv(scanners.VARIABLE, str(ours))
    catalogue = scanners.catalogue()
    assert catalogue.match("Shenzhen Mindray Bio-Medical", "Resona 7T").scanner_id == "mindray-resona-7"
    ours_too = catalogue.match("Our Reseller Ltd", "LOGIQ 7")
    assert ours_too == scanners.Detection("ge-logiq-7", 1.0, "Our Reseller Ltd 'LOGIQ 7' is in the catalogue")
    assert catalogue.match("GE", "LOGIQ 7").confidence == 1.0


def test_a_user_replaces_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"id": "ge-logiq-7", "name": "Room 3", "manufacturer": "GE Healthcare", "models": ["L7"]}
    monkeypatch.setenv(scanners.VARIABLE, str(_write(tmp_path / "ours.json", scanners=[entry])))
    assert scanners.scanner("ge-logiq-7").name == "Room 3"
    assert scanners.catalogue().match("GE", "LOGIQ 7").scanner_id is None


def test_two_entries_with_the_same_model_are_no_guess(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"id": "ge-logiq-7-room-3", "name": "Room 3", "manufacturer": "GE Healthcare", "models": ["LOGIQ 7"]}
    monkeypatch.setenv(scanners.VARIABLE, str(_write(tmp_path / "ours.json", scanners=[entry])))
    found = scanners.catalogue().match("GE", "LOGIQ 7")
    assert found.scanner_id is None
    assert "ge-logiq-7, ge-logiq-7-room-3" in found.why


GOOD = {"id": "a-1", "name": "A", "manufacturer": "M", "models": ["A 1"]}


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ("no list", "scanners must be a list"),
        ([7], "entry 1: needed is an object"),
        ([GOOD, GOOD], "entry 2: the id 'a-1' is there twice"),
        ([GOOD | {"id": "A 1"}], "id 'A 1' must be lower-case"),
        ([GOOD | {"name": " "}], "name must be a text"),
        ([GOOD | {"models": []}], r"\(a-1\): models must be a list"),
        ([GOOD | {"models": ["-"]}], r"\(a-1\): models must be a list"),
        ([GOOD | {"modells": []}], "unknown key 'modells'"),
        ([GOOD | {"settings": 3}], "settings must be an object"),
    ],
)
def test_a_wrong_catalogue_is_one_line(tmp_path: Path, entries: object, fault: str) -> None:
    path = _write(tmp_path / "ours.json", scanners=entries)
    with pytest.raises(UsageError, match=fault) as caught:
        scanners.read_catalogue(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "fault"), [("{", "is not JSON"), ("[]", "schema_version 1"), (None, "No such file")])
def test_a_file_that_is_no_catalogue(tmp_path: Path, text: str | None, fault: str) -> None:
    path = tmp_path / "ours.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=fault):
        scanners.read_catalogue(path)
