"""``uslnm score``: the radiomics score of lesions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from USHarmonizationLib.cli.options import print_json

from .options import Pattern

if TYPE_CHECKING:
    from ..features_table import FeatureTable
    from ..model import LnmModel


def score(
    features: Annotated[Path, typer.Argument(metavar="FEATURES.csv", help="Features table; each row is scored.")],
    model: Annotated[Path, typer.Option(metavar="MODEL.json", help="Model that uslnm fit has written.")],
    pattern: Pattern = None,
) -> None:
    """Score lesions, as JSON: probability, radiomics score, class, what each feature adds, and warnings.

    A list, one entry a row. Exit code 1 when a row cannot be scored; its entry says why. Research use only.
    """
    from USHarmonizationLib.errors import UsageError

    from ..features_table import FEATURE, read_features
    from ..model import read_model

    if features.suffix.lower() != ".csv":
        raise UsageError(f"{features} is no features table; needed: a CSV as uslnm extract writes it")
    fitted = read_model(model)
    table = read_features(features, pattern or FEATURE)
    answers = [_answer(fitted, table, row) for row in range(len(table.cases))]
    print_json(answers)
    if any("error" in answer for answer in answers):
        raise typer.Exit(1)


def _answer(model: LnmModel, table: FeatureTable, row: int) -> dict[str, Any]:
    from USHarmonizationLib.errors import InputError

    from ..features_table import HARMONIZER
    from ..score import Case
    from ..score import score as score_case
    from ..statistics.interval import as_json

    case = table.cases[row]
    told = {"image": case.image.name, "label": case.label}
    try:
        found = score_case(
            model,
            Case(
                features=dict(zip(table.names, table.values[row].tolist(), strict=True)),
                scanner=case.scanner or "",
                harmonizer=case.others.get(HARMONIZER, ""),
                engine=table.engine,
                parameters=table.parameters,
                patient=case.patient,
            ),
        )
    except InputError as error:
        return {**told, "error": str(error)}
    return {**told, **as_json(found)}
