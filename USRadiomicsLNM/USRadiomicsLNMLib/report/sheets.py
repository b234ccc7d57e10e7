"""Reporting sheets: the items of CLEAR, TRIPOD+AI and METRICS with what the software knows; the rest stays blank.

The items stand in ``Resources/Reporting``: numbers as published, topics in our own words, and which facts fill them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..resources import resource_path
from .cells import Line, Table

SHEETS = ("clear", "tripod-ai", "metrics")
BLANK = ""


@dataclass(frozen=True)
class Item:
    """An item: its number and section as published, a hint at its topic, and what is known ("" where nothing is)."""

    number: str
    section: str
    topic: str
    known: str


@dataclass(frozen=True)
class Sheet:
    """A checklist filled in as far as the software can."""

    key: str
    name: str
    title: str
    citation: str
    doi: str
    note: str
    items: tuple[Item, ...]

    @property
    def table(self) -> Table:
        """As a table, with an empty column for people."""
        lines = tuple(Line((item.number, item.topic, item.known, BLANK), item.section) for item in self.items)
        return Table(
            f"sheet_{self.key}",
            f"{self.name}: {self.title}",
            ("item", "topic", "known to the software", "page, or what authors add"),
            lines,
            grouped_by="section",
            notes=(f"{self.citation}, doi {self.doi}. {self.note}",),
        )


def sheets(known: Mapping[str, str]) -> list[Sheet]:
    """All sheets, filled with ``known`` (fact -> text)."""
    return [_sheet(key, known) for key in SHEETS]


def _sheet(key: str, known: Mapping[str, str]) -> Sheet:
    content = json.loads(resource_path("Reporting", f"{key}.json").read_text(encoding="utf-8"))
    items = tuple(
        Item(
            one["number"],
            one["section"],
            one["topic"],
            " ".join(known[fact] for fact in one["facts"] if fact in known),
        )
        for one in content["items"]
    )
    head = {name: content[name] for name in ("name", "title", "citation", "doi", "note")}
    return Sheet(key=key, items=items, **head)
