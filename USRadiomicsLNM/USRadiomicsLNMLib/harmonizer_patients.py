"""Patients that a harmonizer was trained on must not be among those that a model is tested on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from USHarmonizationLib.bundle import find_bundle, read_bundle
from USHarmonizationLib.errors import UsageError

# Plain methods, which learn from no patient.
PLAIN = ("fda", "histogram")


def training_patients(names: Iterable[str], bundles: Sequence[Path] = ()) -> dict[str, frozenset[str] | None]:
    """Pseudonyms of the patients that each harmonizer was trained on; None where that cannot be found out.

    Args:
        names: harmonizers as tables name them; "" is left out.
        bundles: folders of harmonizers, whose patients are taken in any case; the installed ones are known without.

    Raises:
        UsageError: one of the folders is no bundle, or broken.
    """
    known: dict[str, frozenset[str] | None] = {}
    for folder in bundles:
        bundle = read_bundle(folder)
        known[bundle.name] = frozenset(bundle.training_patients)
    for name in sorted(set(names) - {""} - set(known)):
        if name in PLAIN:
            known[name] = frozenset()
            continue
        try:
            known[name] = frozenset(find_bundle(name).training_patients)
        except UsageError:
            known[name] = None
    return known


def refuse_overlap(split: str, patients: Iterable[str], trained: Mapping[str, frozenset[str] | None]) -> None:
    """Refuse a held-out split with patients that a harmonizer has been trained on.

    Raises:
        UsageError: there are some.
    """
    held_out = set(patients)
    for name, seen in trained.items():
        if shared := held_out & (seen or frozenset()):
            raise UsageError(
                f"{len(shared)} of {len(held_out)} patients of split {split} were in training of harmonizer {name}; "
                "needed for a held-out estimate: patients that no step has seen"
            )


def overlap_notes(patients: Iterable[str], trained: Mapping[str, frozenset[str] | None]) -> list[str]:
    """What to say of the training patients of a model, whose cross-validated estimate they enter."""
    everyone = set(patients)
    notes = []
    for name, seen in trained.items():
        if seen is None:
            notes.append(
                f"harmonizer {name} is not installed: whether it was trained on patients of the table is not known"
            )
        elif shared := everyone & seen:
            notes.append(
                f"{len(shared)} of {len(everyone)} training patients were in the training of harmonizer {name}: "
                "the cross-validated estimate may be too high"
            )
    return notes
