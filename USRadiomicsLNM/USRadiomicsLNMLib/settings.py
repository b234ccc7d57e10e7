"""How a model is fitted: everything that its result depends on besides the table."""

from __future__ import annotations

from dataclasses import dataclass

from USHarmonizationLib.errors import UsageError

MISSING = ("refuse", "impute")
COMBAT = ("scanner",)


@dataclass(frozen=True)
class FitSettings:
    """Settings of a fit.

    Attributes:
        outcome: column with 0 and 1.
        combat: ``scanner`` to harmonize the features by ComBat, in the folds; None for none.
        level: largest p value of the Mann-Whitney U filter.
        fdr: adjust those p values for their number (Benjamini and Hochberg).
        l1_ratios: of the final regression, each is tried: 0 is ridge, values up to 1 elastic net.
        folds: of both cross-validations; fewer where a class has fewer patients.
        penalties: how many penalties of each kind are tried.
        missing: ``refuse`` a table with missing values, or ``impute`` the median of the training folds.
        seed: of folds and bootstrap.

    Raises:
        UsageError: a value is not allowed.
    """

    outcome: str
    combat: str | None = None
    level: float = 0.05
    fdr: bool = False
    l1_ratios: tuple[float, ...] = (0.0,)
    folds: int = 10
    penalties: int = 50
    missing: str = "refuse"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.combat is not None and self.combat not in COMBAT:
            raise UsageError(f"combat is {self.combat!r}; needed: {' or '.join(COMBAT)}")
        if self.missing not in MISSING:
            raise UsageError(f"missing is {self.missing!r}; needed: {' or '.join(MISSING)}")
        if not 0 < self.level <= 1:
            raise UsageError(f"level of the Mann-Whitney U filter is {self.level}; needed: above 0, at most 1")
        if not self.l1_ratios or not all(0 <= ratio <= 1 for ratio in self.l1_ratios):
            raise UsageError(f"l1_ratios are {self.l1_ratios}; needed: at least one, each 0 (ridge) to 1 (lasso)")
        if self.folds < 2 or self.penalties < 2:
            raise UsageError(f"folds {self.folds} and penalties {self.penalties}; needed: at least 2 of both")
