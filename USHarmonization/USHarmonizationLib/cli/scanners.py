"""``usharmonize scanners``: the catalogue."""

from __future__ import annotations

from .options import AsJson, ScannersFile, print_json, use_scanners


def scanners(scanners_file: ScannersFile = None, as_json: AsJson = False) -> None:
    """List the scanners that are known, by the id that other commands take.

    Your own scanners are added by a JSON file of the same form as the catalogue that ships; see --scanners.
    """
    from dataclasses import asdict

    entries = sorted(use_scanners(scanners_file).scanners.values(), key=lambda entry: entry.id)
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    width = max(len(entry.id) for entry in entries)
    for entry in entries:
        print(f"{entry.id:{width}}  {entry.name} ({entry.manufacturer}; in files: {', '.join(entry.models)})")
