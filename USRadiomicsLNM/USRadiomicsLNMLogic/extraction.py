"""Features of a lesion: its files in a folder, ``uslnm extract`` in a child process, the answer in a table node."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.process import DONE, RADIOMICS, ChildProcess, temporaryFolder
from USHarmonizationLogic.tables import columnsOf, readColumns, tableFromColumns

from .lesion_files import CASES, FEATURES, Source, writeSources

TABLE_NAME = "Radiomics features"


@dataclass(frozen=True)
class Extraction:
    """What an extraction was asked for: ``process.job``.

    Attributes:
        sources: the images, in the order of the table's rows.
        features: the table that the command writes; cases: what became of each image.
    """

    sources: tuple[Source, ...]
    features: Path
    cases: Path

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of the lesions as they were drawn, each once."""
        return tuple(dict.fromkeys(note for source in self.sources for note in source.lesion.notes))


def extractionProcess(
    sources: Sequence[Source], parameters: str = "", withoutGraphics: bool = False, original: Any = None
) -> ChildProcess:
    """``uslnm extract`` of one or two images, not yet started; its ``job`` is an ``Extraction``."""
    if parameters and Path(parameters).suffix.lower() in (".yaml", ".yml") and not Path(parameters).is_file():
        raise LogicError(f"There is no parameter file {parameters}; choose another one.")
    folder = temporaryFolder()
    cohort = writeSources(folder, sources, original)
    job = Extraction(tuple(sources), folder / FEATURES, folder / CASES)
    arguments = ["extract", cohort, "--out", job.features, "--jobs", "1", "--json"]
    arguments += ["--params", parameters] if parameters else []
    arguments += ["--without-graphics"] if withoutGraphics else []
    process = ChildProcess(arguments, RADIOMICS, folder=folder)
    process.job = job
    return process


def extractedColumns(process: ChildProcess) -> dict[str, list[Any]]:
    """The features table of a process that has ended: name of a column -> its values.

    Raises:
        LogicError: it did not end well; the sentence says why.
    """
    if process.state == DONE:
        return readColumns(process.job.features)
    raise LogicError(_failure(process))


def featuresNode(scene: Any, process: ChildProcess, node: Any = None) -> Any:
    """A table node with the features of a process that has ended."""
    return tableFromColumns(scene, extractedColumns(process), TABLE_NAME, node)


def saveFeatures(node: Any, path: Path) -> None:
    """Write a features table node as the CSV that ``uslnm extract`` writes."""
    import numpy as np

    from USHarmonizationLib.cohort import COLUMNS, CohortRow
    from USRadiomicsLNMLib.features_table import ENGINE, PARAMETERS, FeatureTable, write_features

    columns = columnsOf(node)
    names = featureNames(columns)
    rows = range(len(next(iter(columns.values()))))
    others = [name for name in columns if name not in {*names, *COLUMNS, ENGINE, PARAMETERS}]

    def text(name: str, row: int) -> str:
        value = columns.get(name, [""] * len(rows))[row]
        return "" if isinstance(value, float) and math.isnan(value) else str(value)

    cases = tuple(
        CohortRow(
            image=path.parent / text("image", row),
            mask=path.parent / text("mask", row) if text("mask", row) else None,
            label=labelOf(columns, row),
            patient=text("patient", row),
            scanner=text("scanner", row) or None,
            split=text("split", row) or None,
            others={name: text(name, row) for name in others},
        )
        for row in rows
    )
    values = np.array([[featureOf(columns, name, row) for name in names] for row in rows])
    write_features(path, FeatureTable(cases, names, values, text(ENGINE, 0), text(PARAMETERS, 0)))


def featureNames(columns: Any) -> tuple[str, ...]:
    """Those of the columns that are features, by pyradiomics' names.

    Raises:
        LogicError: there are none.
    """
    import re

    from USRadiomicsLNMLib.features_table import FEATURE

    names = tuple(name for name in columns if re.fullmatch(FEATURE, name))
    if not names or not columns[names[0]]:
        raise LogicError("The table holds no features; extract some first.")
    return names


def featureOf(columns: Mapping[str, Sequence[Any]], name: str, row: int) -> float:
    """A feature of a row; NaN where the cell is blank. A table that was loaded from a file may hold text.

    Raises:
        LogicError: it is no number.
    """
    cell = columns[name][row]
    if isinstance(cell, str) and not cell.strip():
        return math.nan
    try:
        return float(cell)
    except ValueError:
        raise LogicError(f"{name} is “{cell}” in row {row + 1} of the table; needed: a number, with a point.") from None


def labelOf(columns: Mapping[str, Sequence[Any]], row: int) -> int:
    """The label of a row's lesion in its mask, 1 where the table does not say.

    Raises:
        LogicError: it is no whole number.
    """
    cell = columns["label"][row] if "label" in columns else ""
    if not str(cell).strip():
        return 1
    try:
        number = float(cell)
        if number == int(number):
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise LogicError(f"label is “{cell}” in row {row + 1} of the table; needed: a whole number.")


def _failure(process: ChildProcess) -> str:
    """Why an extraction failed, without the names of files that the person never saw."""
    answer = process.answer if isinstance(process.answer, dict) else {}
    reason = next(iter(answer.get("failures", [])), "") or process.message or "The extraction ended with no reason."
    if process.folder is not None:
        reason = reason.replace(f"{process.folder}/", "").replace(f"{process.folder}\\", "")
    for written, called in (
        ("original-mask.nrrd, label 1", "the segment"),
        ("harmonized-mask.nrrd, label 1", "the segment on the harmonized image"),
        ("original-mask.nrrd", "the segment"),
        ("harmonized-mask.nrrd", "the segment on the harmonized image"),
        ("original.nrrd", "the image"),
        ("harmonized.nrrd", "the harmonized image"),
    ):
        reason = reason.replace(written, called)
    return f"No features: {reason}" + ("" if reason.endswith(".") else ".")
