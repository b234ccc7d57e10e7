"""The scanner catalogue: which scanners are known, and which one made an image.

The catalogue is data. What ships is ``Resources/scanners.json``; a user adds scanners, or replaces entries that ship,
with a file of the same form named by the environment variable ``USHARMONIZATION_SCANNERS`` (or ``--scanners FILE``)::

    {"schema_version": 1,
     "manufacturers": {"Mindray": ["Mindray", "Shenzhen Mindray"]},
     "scanners": [{"id": "mindray-resona-7", "name": "Mindray Resona 7", "manufacturer": "Mindray",
                   "models": ["Resona 7"]}]}

``manufacturers`` lists the names under which a manufacturer appears in files (firms get bought and renamed); its own
name always counts. ``models`` lists spellings of ManufacturerModelName; capitals, blanks and hyphens do not matter,
numbers match whole ("LOGIQ 7" is not "LOGIQ 700"). ``settings`` (optional, any object) is kept for acquisition
settings.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import UsageError
from .image import UltrasoundImage
from .resources import resource_path

SCHEMA_VERSION = 1
VARIABLE = "USHARMONIZATION_SCANNERS"

# How far a detection can be trusted. The order is what matters; below DOUBTFUL a result made with it carries a warning.
EXACT, WITH_EXTRAS, MODEL_ONLY, CONTRADICTED = 1.0, 0.9, 0.6, 0.3
DOUBTFUL = 0.5


@dataclass(frozen=True)
class Scanner:
    """One kind of scanner.

    Attributes:
        id: what users write, e.g. ``ge-logiq-7``: lower-case letters, digits, hyphens.
        name: what users read, e.g. ``GE LOGIQ 7``.
        manufacturer: today's name of the manufacturer, e.g. ``GE Healthcare``.
        models: spellings of the model's name, at least one.
        settings: whatever else the catalogue says about it.
    """

    id: str
    name: str
    manufacturer: str
    models: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Detection:
    """Which scanner made an image, so far as its file tells.

    Attributes:
        scanner_id: None when the file does not say, or names a scanner that is not in the catalogue.
        confidence: 0 (nothing known) to 1 (manufacturer and model are in the catalogue as they stand in the file).
        why: one line for a person.
    """

    scanner_id: str | None
    confidence: float
    why: str


@dataclass(frozen=True)
class Catalogue:
    """Known scanners by id, and the names under which their manufacturers appear."""

    scanners: Mapping[str, Scanner]
    manufacturers: Mapping[str, tuple[str, ...]]

    def scanner(self, scanner_id: str) -> Scanner:
        """The entry of ``scanner_id``.

        Raises:
            UsageError: there is none; the line names those there are.
        """
        try:
            return self.scanners[scanner_id]
        except KeyError:
            known = ", ".join(sorted(self.scanners))
            raise UsageError(f"unknown scanner {scanner_id!r}; known: {known}") from None

    def detect(self, image: UltrasoundImage) -> Detection:
        """Which scanner made ``image``, by its Manufacturer and ManufacturerModelName."""
        return self.match(image.manufacturer, image.model)

    def match(self, manufacturer: str, model: str) -> Detection:
        """Which scanner has these names (DICOM PS3.3 C.7.5.1: Manufacturer, Manufacturer's Model Name).

        The longest model spelling that occurs in ``model`` wins. Confidence is 1 when manufacturer and model agree and
        ``model`` says nothing else, 0.9 when it says more ("LOGIQ 7 PRO"), 0.6 when the manufacturer is missing or not
        in the catalogue, 0.3 when it is another one's.
        """
        manufacturer, model = manufacturer.strip(), model.strip()
        if not model:
            return Detection(None, 0.0, "the file names no scanner model")
        makers = self._makers(manufacturer) or self._makers(model)
        found = [
            (entry.manufacturer in makers, len(_compact(spelling)), entry)
            for entry in self.scanners.values()
            for spelling in entry.models
            if _occurs(spelling, model)
        ]
        named = f"{manufacturer} {model!r}".strip()
        if not found:
            return Detection(None, 0.0, f"{named} is not in the catalogue")
        best = max(found, key=lambda item: item[:2])
        rivals = sorted({item[2].id for item in found if item[:2] == best[:2]})
        if len(rivals) > 1:
            return Detection(None, 0.0, f"{named} fits several catalogue entries: {', '.join(rivals)}")
        agrees, _, entry = best
        if not makers:
            return Detection(entry.id, MODEL_ONLY, f"model {model!r} fits; manufacturer {manufacturer!r} is unknown")
        if not agrees:
            why = f"model {model!r} fits, but manufacturer {manufacturer!r} is not {entry.manufacturer}"
            return Detection(entry.id, CONTRADICTED, why)
        rest = _without(_words(model), [name for maker in makers for name in self._names(maker)])
        if {_compact(model), _compact(" ".join(rest))} & {_compact(spelling) for spelling in entry.models}:
            return Detection(entry.id, EXACT, f"{named} is in the catalogue")
        return Detection(entry.id, WITH_EXTRAS, f"{named} contains the name of {entry.name}")

    def _names(self, maker: str) -> tuple[str, ...]:
        return (maker, *self.manufacturers.get(maker, ()))

    def _makers(self, text: str) -> set[str]:
        words = _words(text)
        makers = {entry.manufacturer for entry in self.scanners.values()} | set(self.manufacturers)
        return {maker for maker in makers for name in self._names(maker) if _without(words, [name]) != words}

    def merged(self, other: Catalogue) -> Catalogue:
        """This catalogue with the entries of ``other`` added; an entry with the same id is replaced."""
        names = {
            maker: tuple(dict.fromkeys((*self.manufacturers.get(maker, ()), *other.manufacturers.get(maker, ()))))
            for maker in {**self.manufacturers, **other.manufacturers}
        }
        return Catalogue({**self.scanners, **other.scanners}, names)


def read_catalogue(path: Path) -> Catalogue:
    """Read and check one catalogue file.

    Raises:
        UsageError: the file is missing, not JSON, or an entry is wrong; one line names file, entry and fault.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"scanner catalogue {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"scanner catalogue {path} is not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(f"scanner catalogue {path}: needed is an object with schema_version {SCHEMA_VERSION}")
    makers, entries = content.get("manufacturers", {}), content.get("scanners")
    if not isinstance(makers, dict) or not all(_is_names(names) for names in makers.values()):
        raise UsageError(f"scanner catalogue {path}: manufacturers must map each name to a list of names")
    if not isinstance(entries, list):
        raise UsageError(f"scanner catalogue {path}: scanners must be a list of entries")
    scanners: dict[str, Scanner] = {}
    for number, entry in enumerate(entries, start=1):
        scanner = _checked(entry, f"scanner catalogue {path}, entry {number}")
        if scanner.id in scanners:
            raise UsageError(f"scanner catalogue {path}, entry {number}: the id {scanner.id!r} is there twice")
        scanners[scanner.id] = scanner
    return Catalogue(scanners, {maker: tuple(names) for maker, names in makers.items()})


def _checked(entry: object, where: str) -> Scanner:
    if not isinstance(entry, dict):
        raise UsageError(f"{where}: needed is an object with id, name, manufacturer and models")
    unknown = sorted(set(entry) - {"id", "name", "manufacturer", "models", "settings"})
    if unknown:
        raise UsageError(f"{where}: unknown key {unknown[0]!r}; known: id, name, manufacturer, models, settings")
    for key in ("id", "name", "manufacturer"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise UsageError(f"{where}: {key} must be a text that is not empty")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry["id"]):
        raise UsageError(f"{where}: id {entry['id']!r} must be lower-case letters, digits and single hyphens")
    models = entry.get("models")
    if not _is_names(models) or not models or not all(_compact(spelling) for spelling in models):
        raise UsageError(f"{where} ({entry['id']}): models must be a list of at least one model name")
    settings = entry.get("settings", {})
    if not isinstance(settings, dict):
        raise UsageError(f"{where} ({entry['id']}): settings must be an object")
    return Scanner(entry["id"], entry["name"], entry["manufacturer"], tuple(models), settings)


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _words(text: str) -> list[str]:
    """Lower-case words of letters and digits; ``G.E. Medical`` -> g, e, medical."""
    return re.findall(r"[a-z0-9]+", text.lower())


def _compact(text: str) -> str:
    """``text`` in lower case, without blanks and hyphens but between numbers: ``LOGIQ 7 @10MHz`` -> logiq7.10mhz."""
    return re.sub(r"(?<=[0-9]) (?=[0-9])", ".", " ".join(_words(text))).replace(" ", "")


def _occurs(spelling: str, model: str) -> bool:
    """Whether ``spelling`` stands in ``model``, blanks and hyphens aside, without cutting a number in two."""
    wanted = _compact(spelling)
    before = "(?<![0-9])" if wanted[0].isdigit() else ""
    after = "(?![0-9])" if wanted[-1].isdigit() else ""
    return re.search(before + re.escape(wanted) + after, _compact(model)) is not None


def _without(words: list[str], names: Iterable[str]) -> list[str]:
    """``words`` less every run of words that spells one of ``names``."""
    for name in sorted((_words(name) for name in names), key=len, reverse=True):
        start = 0
        while name and start <= len(words) - len(name):
            if words[start : start + len(name)] == name:
                words = words[:start] + words[start + len(name) :]
            else:
                start += 1
    return words


@lru_cache(maxsize=8)
def _catalogue(user_file: str) -> Catalogue:
    shipped = read_catalogue(resource_path("scanners.json"))
    return shipped.merged(read_catalogue(Path(user_file))) if user_file else shipped


def catalogue() -> Catalogue:
    """The catalogue that ships, with the user's own entries where ``USHARMONIZATION_SCANNERS`` names a file.

    Raises:
        UsageError: the user's file is missing or wrong.
    """
    return _catalogue(os.environ.get(VARIABLE, ""))


def scanner(scanner_id: str) -> Scanner:
    """The entry of ``scanner_id`` in ``catalogue()``; UsageError when there is none."""
    return catalogue().scanner(scanner_id)


def detect(image: UltrasoundImage) -> Detection:
    """Which scanner made ``image``, by ``catalogue()``."""
    return catalogue().detect(image)
