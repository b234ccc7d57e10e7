"""``uslnm score``: the radiomics score of lesions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from USHarmonizationLib.cli.options import print_json

from .options import Pattern

if TYPE_CHECKING:
    from USHarmonizationLib.cohort import CohortRow

    from ..extraction.job import Recipe
    from ..model import LnmModel
    from ..score import Case


def score(
    what: Annotated[
        Path, typer.Argument(metavar="IMAGE|FEATURES.csv", help="An image with --mask, or a features table.")
    ],
    model: Annotated[Path, typer.Option(metavar="MODEL.json", help="Model that uslnm fit has written.")],
    mask: Annotated[Path | None, typer.Option(metavar="MASK", help="Of the lesion, for an image.")] = None,
    label: Annotated[int, typer.Option(metavar="N", help="Value of the lesion in the mask.")] = 1,
    scanner: Annotated[
        str | None, typer.Option(metavar="ID", help="Of the image; by default what its file says.")
    ] = None,
    harmonizer: Annotated[
        str, typer.Option(metavar="NAME", help="What the image went through; by default nothing.")
    ] = "",
    params: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.yaml|NAME",
            help="Parameters of the extraction; by default the shipped ones that the model was made with.",
        ),
    ] = None,
    pattern: Pattern = None,
) -> None:
    """Score lesions, as JSON: probability, radiomics score, class, what each feature adds, and warnings.

    Of an image, the lesion in --mask is scored; in a cine, each frame that the mask marks. Of a features table, each
    row. A list, one entry a lesion. Exit code 1 when one cannot be scored; its entry says why. Research use only.
    """
    from USHarmonizationLib.cohort import CohortRow
    from USHarmonizationLib.errors import UsageError

    from ..model import read_model

    fitted = read_model(model)
    if what.suffix.lower() == ".csv":
        if mask is not None:
            raise UsageError(f"--mask goes with an image, not with the table {what}")
        answers = _of_table(fitted, what, pattern)
    else:
        if mask is None:
            raise UsageError(f"{what} is no features table (CSV); of an image, give the lesion's --mask as well")
        answers = _of_image(fitted, CohortRow(what, mask, label, scanner=scanner), harmonizer, params)
    print_json(answers)
    if any("error" in answer for answer in answers):
        raise typer.Exit(1)


def _of_table(model: LnmModel, path: Path, pattern: str | None) -> list[dict[str, Any]]:
    from ..features_table import FEATURE, HARMONIZER, read_features
    from ..score import Case

    table = read_features(path, pattern or FEATURE)
    return [
        _answer(
            model,
            {"image": case.image.name, "label": case.label},
            Case(
                features=dict(zip(table.names, table.values[row].tolist(), strict=True)),
                scanner=case.scanner or "",
                harmonizer=case.others.get(HARMONIZER, ""),
                engine=table.engine,
                parameters=table.parameters,
                patient=case.patient,
            ),
        )
        for row, case in enumerate(table.cases)
    ]


def _of_image(model: LnmModel, row: CohortRow, harmonizer: str, params: str | None) -> list[dict[str, Any]]:
    from USHarmonizationLib.records import FAILED
    from USHarmonizationLib.scanners import catalogue

    from ..extraction.job import Job, extract_job
    from ..score import Case

    if row.scanner is not None:
        catalogue().scanner(row.scanner)
    recipe = _recipe(model, params)
    answers = []
    for found in extract_job(recipe, Job(row.image, (row,))):
        told: dict[str, Any] = {"image": row.image.name, "label": row.label}
        told |= {"frame": found.frame} if found.frame else {}
        if found.status == FAILED:
            answers.append({**told, "error": found.reason})
            continue
        case = Case(
            features=found.values,
            scanner=found.scanner,
            harmonizer=harmonizer,
            engine=recipe.engine.name,
            parameters=recipe.parameters_column,
        )
        answers.append({**_answer(model, told, case), "extraction_warnings": list(found.warnings)})
    return answers


def _recipe(model: LnmModel, params: str | None) -> Recipe:
    """The extraction that the model was made with, as far as it can be had here; scoring warns of another engine.

    Raises:
        UsageError: none of the shipped parameters is that of the model, and no others are given.
    """
    from USHarmonizationLib.errors import UsageError
    from USHarmonizationLib.scanners import catalogue

    from ..extraction.engine import NUMPY, NUMPY_ENGINE, parameter_file, shipped_parameters
    from ..extraction.job import Recipe
    from .options import use_engine

    engine = use_engine(NUMPY if model.radiomics.get("engine", "").startswith(NUMPY_ENGINE) else None)
    wanted = model.radiomics.get("parameters", "")
    for name in (params,) if params is not None else shipped_parameters():
        for without_graphics in (False, True):
            recipe = Recipe(engine, engine.parameters(parameter_file(name)), catalogue(), without_graphics)
            if recipe.parameters_column == wanted:
                return recipe
    if params is not None:
        return Recipe(engine, engine.parameters(parameter_file(params)), catalogue())  # scoring warns of the difference
    raise UsageError(f"the model was made with parameters that do not ship ({wanted}); give their file with --params")


def _answer(model: LnmModel, told: dict[str, Any], case: Case) -> dict[str, Any]:
    from USHarmonizationLib.errors import InputError

    from ..score import score as score_case
    from ..statistics.interval import as_json

    try:
        return {**told, **as_json(score_case(model, case))}
    except InputError as error:
        return {**told, "error": str(error)}
