"""``usharmonize models``: the installed bundles."""

from __future__ import annotations

from typing import Any

import typer

from .options import AsJson, print_json


def models(as_json: AsJson = False) -> None:
    """List the harmonizers that are installed, with what their model cards say.

    Those that ship, and your own: in ~/.usharmonization/models, or in the folders of the environment variable
    USHARMONIZATION_MODELS. The methods fda and histogram need no bundle and are always there.
    """
    from ..bundle import bundle_folders, read_bundle
    from ..errors import UsageError

    cards: list[dict[str, Any]] = []
    for folder in bundle_folders():
        try:
            bundle = read_bundle(folder)
        except UsageError as error:
            cards.append({"name": folder.name, "folder": str(folder), "error": str(error)})
            continue
        cards.append(
            {
                "name": folder.name,
                "folder": str(folder),
                "source": bundle.source,
                "target": bundle.target,
                "variant": bundle.variant,
                "version": bundle.version,
                "licence": bundle.licence,
                "intended_use": bundle.intended_use,
                "citation": bundle.citation,
                "training_patients": len(bundle.training_patients),
                "metrics": dict(bundle.metrics),
            }
        )
    if as_json:
        print_json(cards)
    elif not cards:
        print("no bundles are installed")
    else:
        for card in cards:
            print(_line(card))
    if any("error" in card for card in cards):
        raise typer.Exit(1)


def _line(card: dict[str, Any]) -> str:
    if "error" in card:
        return f"{card['name']}: BROKEN: {card['error']}"
    patients = card["training_patients"]
    return (
        f"{card['name']}: {card['source']} to {card['target']}, {card['variant']}, version {card['version']}, "
        f"trained on {patients} patient{'' if patients == 1 else 's'}, licence {card['licence']}"
    )
