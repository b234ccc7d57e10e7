"""From a cohort table to what a study does with it; all that can be wrong with it is found here, before any work."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from USHarmonizationLib.bundle import Bundle, installed_bundles, read_bundle
from USHarmonizationLib.cohort import CohortRow, absolute, read_cohort
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.files import read_image
from USHarmonizationLib.records import sha256
from USHarmonizationLib.scanners import Catalogue, catalogue
from USHarmonizationLib.variants import DEFAULT_VARIANT

from ..design import LEAST_EVENTS
from ..features_table import HARMONIZER, outcome_values
from ..fit import HELD_OUT, TRAIN
from ..harmonizer_patients import refuse_overlap
from .results import LeftOutRow
from .settings import Study

# A validation of fewer images chooses no checkpoint.
LEAST_VALIDATION = 2


@dataclass(frozen=True)
class Plan:
    """A cohort, and what is to be done with each scanner of it.

    Attributes:
        rows: paths from the root, scanners known. hashes: SHA-256 of each image and mask that is there.
        sources: all scanners but the target. as_is: those of them that are not harmonized, and why.
        bundles: variant, source -> the harmonizer to take; all other ones are to be trained.
        left_out: rows that cannot take part. notes: one line each.
    """

    rows: tuple[CohortRow, ...]
    hashes: Mapping[Path, str]
    sources: tuple[str, ...]
    as_is: Mapping[str, str]
    bundles: Mapping[tuple[str, str], Bundle]
    left_out: tuple[LeftOutRow, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def harmonized(self) -> tuple[str, ...]:
        """The sources that are not as is."""
        return tuple(source for source in self.sources if source not in self.as_is)

    def of(self, scanner: str, *splits: str) -> tuple[CohortRow, ...]:
        """Rows of a scanner; of these splits where the cohort has any."""
        rows = tuple(row for row in self.rows if row.scanner == scanner)
        return tuple(row for row in rows if row.split in (None, *splits)) if splits else rows

    def digest(self, rows: Iterable[CohortRow], *columns: str) -> str:
        """Hash of the content of rows: images, masks, patients, splits, these columns; not of where they lie."""
        lines = [
            (
                *(self.hashes.get(path, "") if path else "" for path in (row.image, row.mask)),
                *(row.label, row.patient, row.scanner, row.split),
                *(row.others.get(name, "") for name in columns),
            )
            for row in rows
        ]
        return hashlib.sha256(repr(lines).encode()).hexdigest()


def make_plan(study: Study, cohort: Path, scanners: Catalogue | None = None) -> Plan:
    """Read a cohort and settle what is done with each scanner.

    Raises:
        UsageError: the cohort, a bundle or the settings do not allow the study; one line that says what would.
    """
    known = scanners or catalogue()
    if study.target not in known.scanners:
        raise UsageError(f"unknown scanner {study.target!r}; known: {', '.join(sorted(known.scanners))}")
    read = read_cohort(cohort, known)
    if made := [row for row in read if row.others.get(HARMONIZER)]:
        raise UsageError(f"{made[0].image.name} is harmonized already (column {HARMONIZER}); needed: original images")
    rows, left_out = _usable(read, cohort, known)
    present = sorted({row.scanner or "" for row in rows})
    if study.target not in present:
        raise UsageError(f"the cohort has no image of scanner {study.target}; it has: {', '.join(present)}")
    if len(present) < 2:
        raise UsageError(f"all images are of one scanner ({study.target}); needed to harmonize: another one")
    _check_outcome(study, rows)
    sources = tuple(name for name in present if name != study.target)
    for name in study.leave_as_is:
        if name not in sources:
            raise UsageError(f"--leave-as-is {name}: the cohort has no such scanner; it has: {', '.join(sources)}")
    bundles, notes = _bundles(study, rows, sources)
    as_is = {}
    for source in sources:
        reason = "left as is on request" if source in study.leave_as_is else _why_not(study, rows, source, bundles)
        if reason:
            as_is[source] = reason
    if len(as_is) == len(sources):
        every = "; ".join(f"{name}: {reason}" for name, reason in as_is.items())
        raise UsageError(f"no scanner can be harmonized ({every})")
    hashes = {
        path: sha256(path) for row in rows for path in (row.image, row.mask) if path is not None and path.is_file()
    }
    return Plan(rows, hashes, sources, as_is, bundles, left_out, tuple(notes))


def _usable(
    rows: Sequence[CohortRow], cohort: Path, known: Catalogue
) -> tuple[tuple[CohortRow, ...], tuple[LeftOutRow, ...]]:
    """The rows with mask and scanner, and the others with the reason."""
    if not any(row.mask for row in rows):
        raise UsageError(f"{cohort} names no mask; needed: a column mask with the lesions that features are taken of")
    if len({row.split is None for row in rows}) > 1:
        raise UsageError(f"{cohort}: the column split is empty in some rows; needed: in all or none")
    if rows[0].split and not any(row.split == TRAIN for row in rows):
        raise UsageError(f"{cohort}: no row is of split {TRAIN}")
    usable, left_out = [], []
    for row in rows:
        scanner, reason = row.scanner, ""
        if row.mask is None:
            reason = "no mask"
        elif scanner is None:
            try:
                scanner = known.detect(read_image(row.image)).scanner_id
                reason = "" if scanner else "its scanner is neither named nor recognised; fill the column scanner"
            except InputError as error:
                reason = str(error)
        if reason:
            left_out.append(LeftOutRow(row.image.name, "", "select", reason))
        else:
            mask = None if row.mask is None else absolute(row.mask)
            usable.append(replace(row, image=absolute(row.image), mask=mask, scanner=scanner))
    if not usable:
        raise UsageError(f"{cohort}: no row can be used, e.g. {left_out[0].image}: {left_out[0].reason}")
    return tuple(usable), tuple(left_out)


def _check_outcome(study: Study, rows: Sequence[CohortRow]) -> None:
    outcome = outcome_values(rows, study.outcome)
    if len(set(outcome.tolist())) < 2:
        raise UsageError(f"{study.outcome} is {outcome[0]} in all rows; needed: 0 and 1")
    train = [(row.patient or str(row.image), value) for row, value in zip(rows, outcome, strict=True)
             if row.split in (None, TRAIN)]  # fmt: skip
    counts = [len({patient for patient, event in train if event == value}) for value in (1, 0)]
    if min(counts) < LEAST_EVENTS:
        raise UsageError(
            f"{counts[0]} patients with {study.outcome} 1 and {counts[1]} with {study.outcome} 0 to train on; needed: "
            f"at least {LEAST_EVENTS} of both"
        )


def _bundles(
    study: Study, rows: Sequence[CohortRow], sources: Sequence[str]
) -> tuple[dict[tuple[str, str], Bundle], list[str]]:
    found: dict[tuple[str, str], Bundle] = {}
    for folder in study.bundles:
        bundle = read_bundle(folder)
        if bundle.variant not in study.variants:
            raise UsageError(
                f"bundle {folder} is of variant {bundle.variant}; the study has: {', '.join(study.variants)}"
            )
        if bundle.target != study.target or bundle.source not in sources:
            raise UsageError(
                f"bundle {folder} goes from {bundle.source} to {bundle.target}; needed: from one of "
                f"{', '.join(sources)} to {study.target}"
            )
        key = (bundle.variant, bundle.source)
        if key in found:
            raise UsageError(f"two bundles of {bundle.variant} from {bundle.source}: {found[key].folder} and {folder}")
        _refuse_overlap(bundle, rows)
        found[key] = bundle
    notes = []
    if DEFAULT_VARIANT in study.variants and not study.train_default:
        for bundle in installed_bundles():
            key = (bundle.variant, bundle.source)
            if key in found or bundle.variant != DEFAULT_VARIANT:
                continue
            if bundle.target != study.target or bundle.source not in sources:
                continue
            try:
                _refuse_overlap(bundle, rows)
                found[key] = bundle
            except UsageError as error:
                notes.append(f"the installed {bundle.name} is not taken, but one is trained: {error}")
    return found, notes


def _refuse_overlap(bundle: Bundle, rows: Sequence[CohortRow]) -> None:
    for split in HELD_OUT:
        patients = [row.patient for row in rows if row.split == split and row.patient]
        refuse_overlap(split, patients, {bundle.name: frozenset(bundle.training_patients)})


def _why_not(study: Study, rows: Sequence[CohortRow], source: str, bundles: Mapping[tuple[str, str], Bundle]) -> str:
    """Why a scanner cannot be harmonized by all variants, "" when it can: methods are compared on the same images."""
    from USHarmonizationLib.training.data import DOMAINS, select
    from USHarmonizationLib.training.settings import TrainingSettings

    for variant in study.variants:
        if (variant, source) in bundles:
            continue
        settings = study.training_settings(variant)
        balance = settings.get("balance", "")
        chosen, _ = select(rows, source, study.target, balance, Path())
        least = settings.get("minimum_images", TrainingSettings().minimum_images)
        groups = []
        for domain, scanner in zip(DOMAINS, (source, study.target), strict=True):
            mine = [one for one in chosen if one.domain == domain]
            for split, needed in ((TRAIN, least), ("validation", LEAST_VALIDATION)):
                if (count := len({one.row.image for one in mine if one.split == split})) < needed:
                    return f"{count} images of {scanner} in split {split}; needed to train {variant}: at least {needed}"
            groups.append({one.group for one in mine if one.split == TRAIN})
        if groups[0] != groups[1]:
            return f"{balance} has other values in the training images of {source} than in those of {study.target}"
    return ""


def patients_in(rows: Iterable[CohortRow]) -> set[str]:
    """Whose rows these are; an image without patient is its own."""
    return {row.patient or str(row.image) for row in rows}


def events_in(rows: Sequence[CohortRow], outcome: str) -> set[str]:
    """The patients with the outcome."""
    return patients_in(row for row, event in zip(rows, np.asarray(outcome_values(rows, outcome)), strict=True) if event)
