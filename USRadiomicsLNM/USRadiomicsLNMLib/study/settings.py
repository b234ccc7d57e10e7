"""What a study is asked to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.training.assignments import assigned_settings, check_all_used
from USHarmonizationLib.variants import VARIANTS

from ..settings import FitSettings
from .methods import Method, chosen_methods

# A lesion in which pyradiomics leaves a feature undefined takes the median of the training folds.
MISSING = "impute"
# Fewer images tell nothing of a scanner.
LEAST_MEASURED = 10


@dataclass(frozen=True)
class Study:
    """A study.

    Attributes:
        target: scanner whose style the others are to get. outcome: column with 0 and 1.
        variants: that are trained or loaded; the other methods always take part.
        steps: of each training; None: the variant's default.
        assignments: further settings of trainings, see ``training.assignments``; unless they say otherwise, classes of
            the outcome are drawn equally often from both scanners.
        bundles: folders of trained harmonizers to take instead of training.
        train_default: train the default variant even where an installed bundle fits.
        leave_as_is: scanners whose images stay as they are.
        with_graphics: take burned-in graphics and colour inside lesions for tissue.
        params: of the extraction, see ``extraction.engine.parameter_file``.
        measured: at most so many images of each scanner for the figures of images (Table 2), held-out ones first; None:
            all.
        extractor, weights: network of FID and KID, see ``metrics.extractors``; None for neither.
        folds: of the cross-validations. seed: of everything.
        title: of the cohort, for people; "": the name of its file. anatomy: what its images show, for the report.

    Raises:
        UsageError: a value is not allowed.
    """

    target: str
    outcome: str
    variants: tuple[str, ...] = tuple(VARIANTS)
    steps: int | None = None
    assignments: tuple[str, ...] = ()
    bundles: tuple[Path, ...] = ()
    train_default: bool = False
    leave_as_is: tuple[str, ...] = ()
    with_graphics: bool = False
    params: str | None = None
    measured: int | None = None
    extractor: str | None = "efficientnet-lite0"
    weights: Path | None = None
    folds: int = 10
    seed: int = 0
    title: str = ""
    anatomy: str = ""

    def __post_init__(self) -> None:
        chosen_methods(self.variants)
        if not self.variants:
            raise UsageError(f"no variant; needed: at least one of {', '.join(VARIANTS)}")
        for name in self.variants:
            self.training_settings(name)
        check_all_used(self.assignments, self.variants)
        self.fit_settings()
        if self.measured is not None and self.measured < LEAST_MEASURED:
            raise UsageError(f"{self.measured} images of a scanner to measure; needed: at least {LEAST_MEASURED}")
        if self.target in self.leave_as_is:
            raise UsageError(f"{self.target} is the target, and stays as it is without being named")

    @property
    def methods(self) -> tuple[Method, ...]:
        """In the order of all tables, ``original`` first."""
        return chosen_methods(self.variants)

    def training_settings(self, variant: str) -> dict[str, Any]:
        """Settings of a variant's training.

        Raises:
            UsageError: the variant or a setting is unknown, or a value is not allowed.
        """
        return assigned_settings(
            variant, self.assignments, {"balance": self.outcome, "seed": self.seed}, steps=self.steps
        )

    def fit_settings(self, combat: bool = False) -> FitSettings:
        """Settings of the models."""
        return FitSettings(
            self.outcome, "scanner" if combat else None, folds=self.folds, missing=MISSING, seed=self.seed
        )

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON can hold it; of folders only the names."""
        content = {**asdict(self), "bundles": [folder.name for folder in self.bundles]}
        if self.weights is not None:
            content["weights"] = self.weights.name
        return {name: list(value) if isinstance(value, tuple) else value for name, value in content.items()}
