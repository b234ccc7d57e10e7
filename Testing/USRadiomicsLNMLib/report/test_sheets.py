"""Reporting sheets: numbers as published, filled by facts alone, blank otherwise."""

from __future__ import annotations

import json

import pytest
from study_results import example_results

from USRadiomicsLNMLib.report.facts import NAMES, facts
from USRadiomicsLNMLib.report.sheets import SHEETS, sheets
from USRadiomicsLNMLib.report.view import View
from USRadiomicsLNMLib.resources import resource_path
from USRadiomicsLNMLib.study.results import StudyResults

RESULTS = example_results()
# Of TRIPOD+AI, the items with parts.
PARTS = {"3": "abc", "5": "ab", "6": "abc", "8": "abc", "9": "abc", "12": "abcdefg", "18": "abcdef", "20": "abc",
         "23": "ab", "27": "abc"}  # fmt: skip


def numbers(key: str) -> list[str]:
    return [one["number"] for one in json.loads(resource_path("Reporting", f"{key}.json").read_text("utf-8"))["items"]]


def test_items_are_numbered_as_published() -> None:
    assert numbers("clear") == [str(number) for number in range(1, 59)]
    assert numbers("metrics") == [str(number) for number in range(1, 31)]
    wanted = [f"{n}{part}" for n in range(1, 28) for part in PARTS.get(str(n), [""])]
    assert numbers("tripod-ai") == wanted
    assert len(wanted) == 52


@pytest.mark.parametrize("key", SHEETS)
def test_sheets_name_known_facts_only(key: str) -> None:
    content = json.loads(resource_path("Reporting", f"{key}.json").read_text("utf-8"))
    assert {fact for one in content["items"] for fact in one["facts"]} <= NAMES
    assert all(one["topic"] and one["section"] for one in content["items"])
    assert content["doi"].startswith("10.")


def test_facts_have_known_names_and_each_is_used() -> None:
    found = facts(View(RESULTS))
    assert set(found) <= NAMES
    used = {
        fact
        for key in SHEETS
        for one in json.loads(resource_path("Reporting", f"{key}.json").read_text("utf-8"))["items"]
        for fact in one["facts"]
    }
    assert used == NAMES


def test_what_people_have_to_say_stays_blank() -> None:
    filled = {sheet.key: {item.number: item.known for item in sheet.items} for sheet in sheets(facts(View(RESULTS)))}
    for number in ("1", "2", "4", "9", "11", "19", "20", "31", "42", "49", "53", "57"):
        assert filled["clear"][number] == ""
    for number in ("3a", "14", "17", "18a", "18b", "18c", "18d", "19", "25", "27c"):
        assert filled["tripod-ai"][number] == ""
    assert filled["metrics"]["27"] == ""
    assert "60 patients" in filled["tripod-ai"]["20a"]
    assert "Table 1" in filled["clear"]["44"]
    every = [known for items in filled.values() for known in items.values()]
    assert not any(word in known.lower() for known in every for word in ("fulfilled", "adheres", "complies"))


def test_without_results_the_sheets_are_all_but_blank() -> None:
    bare = facts(View(StudyResults("t", "ge-logiq-7", "lnm", {}, ())))
    assert set(bare) == {"steps", "pseudonyms", "outcome", "limits"}


def test_the_column_for_people_is_empty() -> None:
    for sheet in sheets(facts(View(RESULTS))):
        assert len(sheet.table.lines) == len(sheet.items)
        assert all(line.cells[-1] == "" for line in sheet.table.lines)
