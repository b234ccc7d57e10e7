"""The score of a lesion whose features stand in a table node, and the model file that gives it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.tables import columnsOf

from .extraction import featureNames, featureOf, labelOf

if TYPE_CHECKING:
    from USRadiomicsLNMLib.model import LnmModel
    from USRadiomicsLNMLib.score import Score

# Rows of a table that was extracted here are named so, see ``lesion_files.Source``.
HARMONIZED = "harmonized"


@dataclass(frozen=True)
class Scored:
    """One row's score.

    Attributes:
        image: how the row calls its image; label: value of the lesion in its mask.
        harmonizer: what the image went through, "" for nothing.
        score: what ``USRadiomicsLNMLib.score`` says.
        model: that said it.
        extractionWarnings: what extraction had to say of the lesion.
    """

    image: str
    label: int
    harmonizer: str
    score: Score
    model: LnmModel
    extractionWarnings: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        """``Original`` or ``Harmonized``."""
        return "Harmonized" if self.harmonizer else "Original"


def loadModel(path: Path | str) -> LnmModel:
    """The LNM model of a file.

    Raises:
        LogicError: none is named, or it is none, of another schema, or edited.
    """
    from USHarmonizationLib.errors import HarmonizationError
    from USRadiomicsLNMLib.model import read_model

    if not str(path).strip():
        raise LogicError("Choose an LNM model: the JSON file that Fit has written.")
    path = Path(path)
    if not path.is_file():
        raise LogicError(f"There is no model file {path}; choose another one, or fit one.")
    try:
        return read_model(path)
    except HarmonizationError as error:
        raise LogicError(str(error)) from None


def scoreTable(model: LnmModel, node: Any) -> list[Scored]:
    """The score of each row of a features table node.

    Raises:
        LogicError: there is no features table, a feature that the model needs is missing, or a cell is no number.
    """
    if node is None or not node.IsA("vtkMRMLTableNode"):
        raise LogicError("Extract features first, or choose a table that holds some.")
    columns = columnsOf(node)
    names = featureNames(columns)
    return [_scoreRow(model, columns, names, row) for row in range(len(columns[names[0]]))]


def _scoreRow(model: LnmModel, columns: Mapping[str, list[Any]], names: tuple[str, ...], row: int) -> Scored:
    from USHarmonizationLib.errors import InputError
    from USRadiomicsLNMLib.extraction.run import WARNINGS
    from USRadiomicsLNMLib.features_table import ENGINE, HARMONIZER, PARAMETERS
    from USRadiomicsLNMLib.score import Case, score

    def text(name: str) -> str:
        value = columns[name][row] if name in columns else ""
        return "" if isinstance(value, float) and math.isnan(value) else str(value)

    case = Case(
        features={name: featureOf(columns, name, row) for name in names},
        scanner=text("scanner"),
        harmonizer=text(HARMONIZER),
        engine=text(ENGINE),
        parameters=text(PARAMETERS),
        patient=text("patient"),
    )
    try:
        found = score(model, case)
    except InputError as error:
        raise LogicError(f"This lesion cannot be scored: {error}.") from None
    warnings = tuple(filter(None, text(WARNINGS).split("; ")))
    return Scored(Path(text("image")).name, labelOf(columns, row), case.harmonizer, found, model, warnings)
