"""Scores as files and for the clipboard. No file says whose image it was."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from USHarmonizationLogic import LogicError

from .meaning import RESEARCH_USE, meaningOf
from .scoring import Scored


def saveScores(scores: Sequence[Scored], path: Path) -> None:
    """Write scores: ``.json`` is what ``uslnm score FEATURES.csv`` writes, ``.csv`` one row a score.

    Raises:
        LogicError: there is no score, or the name ends otherwise.
        OSError: the file cannot be written.
    """
    from USHarmonizationLib.atomic import write_text

    if not scores:
        raise LogicError("There is no score yet; click Score first.")
    writers = {".json": scoresJson, ".csv": scoresCsv}
    if path.suffix.lower() not in writers:
        raise LogicError(f"{path.name}: name a file that ends in .csv or .json.")
    write_text(path, writers[path.suffix.lower()](scores))


def scoresJson(scores: Sequence[Scored]) -> str:
    """What ``uslnm score FEATURES.csv`` prints."""
    from USRadiomicsLNMLib.statistics.interval import as_json

    answers = [{"image": one.image, "label": one.label, **as_json(one.score)} for one in scores]
    return json.dumps(answers, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def scoresCsv(scores: Sequence[Scored]) -> str:
    """One row a score, numbers to the last digit, then a column for what each feature adds to the log odds."""
    plain = (
        "outcome",
        "probability",
        "radiomics_score",
        "positive",
        "threshold",
        "intercept",
        "distance",
        "percentile",
    )
    features = list(dict.fromkeys(part.feature for one in scores for part in one.score.contributions))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "image",
            "label",
            "harmonizer",
            *plain,
            "warnings",
            "intended_use",
            *(f"contribution_{name}" for name in features),
        ]
    )
    for one in scores:
        parts = {part.feature: repr(part.contribution) for part in one.score.contributions}
        writer.writerow(
            [one.image, one.label, one.harmonizer]
            + [_cell(getattr(one.score, name)) for name in plain]
            + [" ".join(meaningOf(one).warnings), one.score.intended_use]
            + [parts.get(name, "") for name in features]
        )
    return text.getvalue()


def scoresText(scores: Sequence[Scored]) -> str:
    """The scores in words, for the clipboard."""
    lines = []
    for one in scores:
        meaning = meaningOf(one)
        lines += [f"{one.caption}: {meaning.percent}", meaning.sentence, meaning.verdict]
        lines += [f"Warning: {warning}" for warning in meaning.warnings]
        lines.append("")
    return "\n".join([*lines, RESEARCH_USE])


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return repr(value) if isinstance(value, float) else value
