"""What a cohort table holds for a training, looked at without opening an image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import LogicError

# As the settings of a training: fewer images of a scanner are refused.
LEAST_TRAINING, LEAST_VALIDATION = 8, 2
SHOWN = 3


@dataclass(frozen=True)
class CohortSummary:
    """A cohort table at a glance.

    Attributes:
        images: rows of the table.
        scanners: id -> number of images, most first; those that the table names.
        undetected: images of which the table does not name the scanner.
        missing: names of images that are not there, of all.
        splits: (scanner, ``train``/``validation``/``test``/"") -> number of images.
    """

    images: int
    scanners: Mapping[str, int]
    undetected: int
    missing: tuple[str, ...]
    splits: Mapping[tuple[str, str], int]

    @property
    def hasSplit(self) -> bool:
        return any(split for _, split in self.splits)

    def sentence(self, names: Mapping[str, str]) -> str:
        """What is there, for a person; ``names`` has the scanners' names by id."""
        parts = [f"{count} of {names.get(scanner, scanner)}" for scanner, count in self.scanners.items()]
        if self.undetected:
            parts.append(f"{self.undetected} whose scanner is recognised from the files when training starts")
        text = f"{self.images} image{'' if self.images == 1 else 's'}: {', '.join(parts)}."
        if not self.hasSplit:
            text += " The table has no split: one patient in five is kept for validation."
        return text

    def problem(self, source: str = "", target: str = "", names: Mapping[str, str] | None = None) -> str:
        """Why a training with these scanners cannot start, as far as the table tells; "" where it may."""
        names = names or {}
        if self.missing:
            more = f" and {len(self.missing) - SHOWN} more" if len(self.missing) > SHOWN else ""
            return f"Images that are not there: {', '.join(self.missing[:SHOWN])}{more}. Check the paths in the table."
        if len(self.scanners) + bool(self.undetected) < 2 and not self.undetected:
            only = names.get(next(iter(self.scanners), ""), next(iter(self.scanners), ""))
            return f"All images are of one scanner ({only}); needed: images of two."
        if self.undetected:
            return ""  # only reading them tells
        for scanner in filter(None, (source, target)):
            for split, least in (("train", LEAST_TRAINING), ("validation", LEAST_VALIDATION)):
                count = self.splits.get((scanner, split), 0)
                if self.hasSplit and count < least:
                    name = names.get(scanner, scanner)
                    return f"{name} has {count} images for {SPLIT_NAMES[split]}; needed: at least {least}."
        return ""


SPLIT_NAMES = {"train": "training (split train)", "validation": "validation (split validation)"}


def cohortSummary(path: Path | str) -> CohortSummary:
    """Read a cohort table; images are looked for, not opened.

    Raises:
        LogicError: there is no such file.
        UsageError: the table cannot be used; one line that names the fault.

    Example:
        >>> cohortSummary("cohort.csv").scanners
        {'ge-logiq-5': 120, 'ge-logiq-7': 118}
    """
    from USHarmonizationLib.cohort import read_cohort

    path = Path(path)
    if not path.is_file():
        raise LogicError(f"The cohort table {path} does not exist.")
    rows = read_cohort(path)
    found = Counter(row.scanner for row in rows if row.scanner)
    return CohortSummary(
        images=len(rows),
        scanners=dict(found.most_common()),
        undetected=sum(not row.scanner for row in rows),
        missing=tuple(row.image.name for row in rows if not row.image.is_file()),
        splits=Counter((row.scanner or "", row.split or "") for row in rows),
    )
