"""What all parts of a report ask of the results: names for people, which patients count, where the events are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.scanners import catalogue

from ..study.results import (
    ALL,
    HELD_OUT,
    NESTED,
    TEST,
    TEXTURE,
    TRAINING,
    VALIDATION,
    MethodResult,
    PerformanceRow,
    StudyResults,
    TestRow,
)

ORIGINAL = "original"
# The outcome that the software is made for; a study may be of another.
LNM = re.compile(r"^(lnm|ln_?meta\w*|lymph_?node_?meta\w*|n_?plus|pn_?plus)$", re.IGNORECASE)

SETS = {
    TEST: "Test split",
    VALIDATION: "Validation split",
    NESTED: "Training patients, nested cross-validation",
    TRAINING: "Training patients, apparent",
}
# In a sentence.
SETS_IN_TEXT = {
    TEST: "the test split",
    VALIDATION: "the validation split",
    NESTED: "the training patients by nested cross-validation",
    TRAINING: "the training patients themselves",
}


@dataclass(frozen=True)
class View:
    """Results with names for people."""

    results: StudyResults

    @cached_property
    def titles(self) -> dict[str, str]:
        """Of methods, by name."""
        return {method.name: method.title for method in self.results.methods}

    def method(self, name: str) -> str:
        """Title of a method."""
        return self.titles.get(name, name)

    def scanner(self, name: str) -> str:
        """Name of a scanner; as it is where the catalogue does not know it."""
        try:
            return catalogue().scanners[name].name
        except (KeyError, UsageError):
            return name

    @cached_property
    def target(self) -> str:
        """Name of the target scanner."""
        return self.scanner(self.results.target)

    @cached_property
    def is_lnm(self) -> bool:
        """Whether the outcome is lymph node metastasis, by the name of its column."""
        return bool(LNM.match(self.results.outcome))

    @property
    def event(self) -> str:
        """The outcome as it is written after "with"."""
        return f"{self.results.outcome} = 1"

    @cached_property
    def sets(self) -> list[str]:
        """Sets of patients with figures, the most trustworthy first, the training patients themselves last."""
        there = {row.set for row in self.results.performance}
        return [name for name in SETS if name in there] + sorted(there - set(SETS))

    @cached_property
    def primary(self) -> str:
        """The set whose figures are quoted: held out where there is one; "" where there are none."""
        return self.sets[0] if self.sets else ""

    @cached_property
    def features(self) -> str:
        """The kind of features whose models are compared."""
        kinds = [row.features for row in self.results.performance]
        return TEXTURE if TEXTURE in kinds or not kinds else kinds[0]

    @cached_property
    def images(self) -> str:
        """Which images figures of images are quoted of: those of unseen patients where there are any."""
        return HELD_OUT if any(row.images == HELD_OUT for row in self.results.image_figures) else ALL

    @cached_property
    def transfer_images(self) -> str:
        """The same for models on other scanners."""
        return HELD_OUT if any(row.images == HELD_OUT and not row.reason for row in self.results.scanners) else ALL

    def performance(self, method: str, name: str, features: str = "") -> PerformanceRow | None:
        """Figures of a model on a set, or None."""
        wanted = (method, features or self.features, name)
        rows = self.results.performance
        return next((row for row in rows if (row.method, row.features, row.set) == wanted), None)

    def test(self, method: str, name: str) -> TestRow | None:
        """Comparison of a method's texture model with the original's, or None."""
        wanted = (method, self.features, name)
        return next((row for row in self.results.tests if (row.method, row.features, row.set) == wanted), None)

    @cached_property
    def harmonizing(self) -> list[MethodResult]:
        """All methods but ``original``."""
        return [method for method in self.results.methods if method.name != ORIGINAL]

    def of_method(self, name: str) -> MethodResult | None:
        """A method by name, or None."""
        return next((method for method in self.results.methods if method.name == name), None)
