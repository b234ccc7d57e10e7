"""What a row of ``apply.csv`` means: one sentence that a clinician understands, and a colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

GOOD, DOUBTFUL, BAD = "good", "doubtful", "bad"


@dataclass(frozen=True)
class Verdict:
    """Whether to trust a harmonized image.

    Attributes:
        sentence: for a person.
        colour: ``good``, ``doubtful`` or ``bad``.
        warnings: all that the checks found, one sentence each.
        figures: name -> value of the quality figures.
    """

    sentence: str
    colour: str
    warnings: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


def verdictOf(row: Mapping[str, str], target: str = "") -> Verdict:
    """The verdict on one row of ``apply.csv`` whose status is ``done``.

    Args:
        row: column -> text.
        target: name of the scanner whose style was wanted.

    Example:
        >>> verdictOf({"warnings": "", "qa_structure": "0.99"}, "GE LOGIQ 7").colour
        'good'
    """
    warnings = warningsOf(row.get("warnings", ""))
    figures = {name.removeprefix("qa_"): float(row[name]) for name in row if name.startswith("qa_") and row[name]}
    return Verdict(*_said(warnings, figures, target), warnings, figures)


def warningsOf(text: str) -> tuple[str, ...]:
    """The warnings that ``apply.csv`` has joined."""
    return tuple(part.strip() for part in text.split("; ") if part.strip())


def _said(warnings: Sequence[str], figures: Mapping[str, float], target: str) -> tuple[str, str]:
    severe = [_withSubject(warning) for warning in warnings if _isSevere(warning)]
    more = len(warnings) - 1
    rest = f" ({more} more remark{'' if more == 1 else 's'})" if more else ""
    if severe:
        return f"Do not use this result: {severe[0]}{rest}.", BAD
    if warnings:
        return f"Use with care: {_withSubject(warnings[0])}{rest}.", DOUBTFUL
    if "structure" not in figures:
        return "Use with care: too little tissue to check the result.", DOUBTFUL
    kept = "structures or lesion" if "lesion_change" in figures else "structures"
    like = f", and the result looks like images of {target}" if target and "target_distance_after" in figures else ""
    return f"Checks passed: no change of {kept} was found but in brightness and texture{like}.", GOOD


def _withSubject(warning: str) -> str:
    return f"the image {warning}" if warning.startswith(("does ", "already ")) else warning


def _isSevere(warning: str) -> bool:
    """Whether a warning says that what is seen may be wrong, rather than that something is not as usual."""
    from USHarmonizationLib import qa

    severe = (
        qa.FOREIGN_TEXT,
        qa.STRUCTURE_TEXT,
        qa.DARKENED_TEXT,
        qa.BRIGHTENED_TEXT,
        qa.OUTLINE_TEXT,
        qa.LESION_TEXT,
    )
    return warning.startswith(severe)
