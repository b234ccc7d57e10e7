"""Fitting and comparing models: tables of files in, child processes at work, tables and charts in the scene out."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.plots import BAR, SCATTER, Series, plotChart
from USHarmonizationLogic.process import DONE, RADIOMICS, ChildProcess, JobProgress
from USHarmonizationLogic.process_chain import ProcessChain
from USHarmonizationLogic.tables import readColumns, tableFromColumns, tableFromCsv

from .meaning import featureText

# Rows that are looked at to tell what a column holds.
LOOKED_AT = 300
RATES = ("accuracy", "sensitivity", "specificity", "ppv", "npv")
MODELS = ("before", "after")
# Sets of patients, the most convincing first.
SETS = ("test", "validation", "nested", "training")
SET_TEXTS = {
    "test": "Test patients",
    "validation": "Validation patients",
    "nested": "Cross-validated",
    "training": "Training patients (too good to be true)",
}


@dataclass(frozen=True)
class TableFile:
    """What a CSV is.

    Attributes:
        path: of the file.
        isFeatures: whether it holds features; else it is a cohort, whose features have to be extracted first.
        outcomes: columns that hold 0 and 1 and nothing else.
        rows: how many were looked at; more when there are more.
        scanners: how many scanners these name.
    """

    path: Path
    isFeatures: bool
    outcomes: tuple[str, ...]
    rows: int
    scanners: int = 0

    @property
    def rowsText(self) -> str:
        """``170``, or ``over 300``."""
        return str(self.rows) if self.rows < LOOKED_AT else f"over {LOOKED_AT}"

    @property
    def featuresPath(self) -> Path:
        """The features table: itself, or the one beside a cohort that its features go into."""
        return self.path if self.isFeatures else self.path.with_name(f"{self.path.stem}-features.csv")


@dataclass(frozen=True)
class Results:
    """What a fit or a comparison left in the scene.

    Attributes:
        summary: the main figures, one sentence each.
        notes: what people must know, one line each.
        tables, charts: nodes.
        files: the model, or the folder with all tables.
    """

    summary: tuple[str, ...]
    notes: tuple[str, ...]
    tables: tuple[Any, ...]
    charts: tuple[Any, ...]
    files: Path
    models: tuple[Path, ...] = field(default=())


def lookAtTable(path: Path | str) -> TableFile:
    """Tell features from cohorts, and find the columns that may be outcomes, from the first rows of a CSV.

    Raises:
        LogicError: the file cannot be read, or is neither.
    """
    from USRadiomicsLNMLib.features_table import FEATURE

    if not str(path).strip():
        raise LogicError("Choose a table: a CSV with features (of uslnm extract), or a cohort.")
    path = Path(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            start = stream.readline()
            separator = max(",;\t", key=start.count)
            stream.seek(0)
            lines = csv.reader(stream, delimiter=separator)
            header = [name.strip() for name in next(lines, [])]
            rows = [row for row, _ in zip(lines, range(LOOKED_AT), strict=False) if len(row) == len(header)]
    except OSError as error:
        raise LogicError(f"The table {path} cannot be read ({error.strerror}).") from None
    except (UnicodeDecodeError, csv.Error):
        raise LogicError(f"{path} is no CSV in UTF-8; save it as CSV UTF-8.") from None
    lower = [name.lower() for name in header]
    if "image" not in lower or not rows:
        raise LogicError(f"{path.name} is no table of images: it needs the column image, and a row for each.")
    columns = {name: {row[place].strip() for row in rows} for place, name in enumerate(header)}
    features = [name for name in header if re.fullmatch(FEATURE, name)]
    outcomes = [
        name
        for name in header
        if name not in features and name.lower() != "label" and columns[name] <= {"0", "1", "0.0", "1.0"}
    ]
    if not features and "mask" not in lower:
        raise LogicError(f"{path.name} has neither features nor the column mask: there is nothing to fit a model on.")
    scanner = next((name for name in header if name.lower() == "scanner"), "")
    found = len(columns[scanner] - {""}) if scanner else 0
    return TableFile(path, bool(features), tuple(outcomes), len(rows), found)


def cohortProcess(cohort: Path, features: Path, parameters: str = "", withoutGraphics: bool = False) -> ChildProcess:
    """``uslnm extract`` of a whole cohort, not yet started; stopped and started again it goes on where it was."""
    arguments = ["extract", cohort, "--out", features, "--json"]
    arguments += ["--params", parameters] if parameters else []
    arguments += ["--without-graphics"] if withoutGraphics else []
    return ChildProcess(arguments, RADIOMICS)


class ModelProcess(ProcessChain):
    """Features of the cohorts among the tables first, then the model; the progress is that of the step that runs."""

    @property
    def progress(self) -> JobProgress | None:
        return self._current.progress if self._current else None


def fitProcess(
    table: Path, outcome: str, model: Path, combat: bool = False, folds: int = 10, seed: int = 0
) -> ModelProcess:
    """``uslnm fit``, not yet started; of a cohort after ``uslnm extract``."""
    _needOutcome(outcome)
    if model.suffix.lower() != ".json":
        raise LogicError(f"{model.name or 'The model'}: name a file for the model that ends in .json.")
    steps, (features,) = _extractions([table])
    arguments = ["fit", features, "--out", model, *_options(outcome, combat, folds, seed)]
    return ModelProcess("fitting", [*steps, ChildProcess(arguments, RADIOMICS)])


def compareProcess(
    before: Path, after: Path, outcome: str, folder: Path, combat: bool = False, folds: int = 10, seed: int = 0
) -> ModelProcess:
    """``uslnm compare``, not yet started; of cohorts after ``uslnm extract``."""
    _needOutcome(outcome)
    if not str(folder).strip() or folder.is_file():
        raise LogicError("Choose a folder for the results of the comparison.")
    steps, features = _extractions([before, after])
    arguments = ["compare", *features, "--out", folder, *_options(outcome, combat, folds, seed)]
    return ModelProcess("comparing", [*steps, ChildProcess(arguments, RADIOMICS)])


def _extractions(tables: Sequence[Path]) -> tuple[list[ChildProcess], list[Path]]:
    """Processes that extract the features of the cohorts among the tables, and the features tables."""
    looked = [lookAtTable(table) for table in tables]
    steps = [cohortProcess(one.path, one.featuresPath) for one in looked if not one.isFeatures]
    return steps, [one.featuresPath for one in looked]


def fitResults(scene: Any, process: ModelProcess) -> Results:
    """Tables and charts of a fit that has ended.

    Raises:
        LogicError: it did not end well; the sentence says why.
    """
    answer = _answer(process, "No model")
    sets = [name for name in SETS if name in answer["performance"]]
    figures = [answer["performance"][name] for name in sets]
    columns: dict[str, list[Any]] = {"set": sets}
    for name in ("patients", "events"):
        columns[name] = [one[name] for one in figures]
    columns |= _interval("auc", [one["auc"] for one in figures])
    for rate in RATES:
        columns |= _interval(rate, [one["rates"][rate] for one in figures])
    columns |= {
        f"calibration_{name}": [one["calibration"][name]["value"] for one in figures] for name in ("intercept", "slope")
    }
    columns["brier"] = [one["calibration"]["brier"] for one in figures]
    coefficients = dict(sorted(answer["features"].items(), key=lambda item: -abs(item[1])))
    tables = (
        tableFromColumns(scene, columns, "LNM model performance", _named(scene, "LNM model performance")),
        tableFromColumns(
            scene,
            {"feature": list(coefficients), "coefficient": list(coefficients.values())},
            "LNM model features",
            _named(scene, "LNM model features"),
        ),
    )
    chart = barChart(scene, "LNM model coefficients", coefficients, "log odds a standard deviation")
    summary = tuple(
        f"{SET_TEXTS[name]}: AUC {_estimate(one['auc'])}, {one['patients']} patients, {one['events']} with the outcome."
        for name, one in zip(sets, figures, strict=True)
    )
    counted = len(coefficients)
    first = f"The model has {counted} feature{'s' * (counted != 1)} and the threshold {answer['threshold']:.3f}."
    path = Path(answer["model"])
    return Results((first, *summary), tuple(answer["notes"]), tables, (chart,), path, (path,))


def compareResults(scene: Any, process: ModelProcess) -> Results:
    """Tables and charts of a comparison that has ended, the charts for the most convincing set of patients.

    Raises:
        LogicError: it did not end well; the sentence says why.
    """
    answer = _answer(process, "No comparison")
    folder = Path(answer["folder"])
    names = {
        "table3.csv": "LNM performance before and after",
        "tests.csv": "LNM tests before and after",
        "features.csv": "LNM features before and after",
        "leave_one_scanner_out.csv": "LNM one scanner left out",
    }
    tables = tuple(tableFromCsv(scene, folder / file, name, _named(scene, name)) for file, name in names.items())
    chosen = next((name for name in SETS if all(name in answer["performance"][model] for model in MODELS)), "")
    charts = compareCharts(scene, folder, chosen) if chosen else ()
    summary = []
    for name, test in answer["tests"].items():
        before, after = (_estimate(answer["performance"][model][name]["auc"]) for model in MODELS)
        p = test.get("p")
        said = f"p = {p:.3g}" if p is not None else "no test possible"
        summary.append(f"{SET_TEXTS.get(name, name)}: AUC {before} before, {after} after ({said}, DeLong, paired).")
    models = tuple(folder / f"{name}.json" for name in MODELS)
    return Results(tuple(summary), tuple(answer["notes"]), tables, charts, folder, models)


def compareCharts(scene: Any, folder: Path, patients: str) -> tuple[Any, ...]:
    """ROC, calibration and decision curves of one set of patients, out of the tables of a comparison.

    Raises:
        LogicError: a table is missing.
    """
    roc, calibration, decision = (
        _rowsOf(readColumns(folder / f"{name}.csv"), patients) for name in ("roc", "calibration", "decision_curve")
    )
    unit = (0.0, 1.0)
    lines = {
        "LNM ROC": (
            [*_curves(roc, "false_positive_rate", "true_positive_rate"), Series("chance", unit, unit, dashed=True)],
            ("1 - specificity", "sensitivity"),
            (unit, unit),
        ),
        "LNM calibration": (
            [
                *_curves(calibration, "predicted", "observed", SCATTER),
                Series("perfect", unit, unit, dashed=True),
            ],
            ("predicted probability", "share of patients with the outcome"),
            (unit, unit),
        ),
        "LNM decision curve": (
            [
                *_curves(decision, "threshold", "net_benefit"),
                *_once(decision, "treat_all", "treat all"),
                Series("treat none", (0.0, 0.0), unit, dashed=True),
            ],
            ("threshold probability", "net benefit"),
            (unit, _benefitRange(decision)),
        ),
    }
    return tuple(
        plotChart(
            scene,
            name,
            series,
            title=f"{name} ({SET_TEXTS[patients].lower()})",
            xTitle=titles[0],
            yTitle=titles[1],
            xRange=ranges[0],
            yRange=ranges[1],
        )
        for name, (series, titles, ranges) in lines.items()
    )


def barChart(scene: Any, name: str, values: Mapping[str, float], yTitle: str) -> Any:
    """A chart node with a bar for each feature."""
    labels = [featureText(feature) for feature in values]
    return plotChart(
        scene, name, [Series(yTitle, list(values.values()), kind=BAR, labels=labels)], yTitle=yTitle, title=name
    )


def _options(outcome: str, combat: bool, folds: int, seed: int) -> list[str]:
    scanner = ["--combat", "scanner"] if combat else []
    return ["--outcome", outcome, *scanner, "--folds", str(folds), "--seed", str(seed), "--json"]


def _needOutcome(outcome: str) -> None:
    if not outcome:
        raise LogicError("Choose the outcome: a column that is 1 for patients with the event, else 0.")


def _answer(process: ModelProcess, what: str) -> Mapping[str, Any]:
    if process.state != DONE or not isinstance(process.answer, dict):
        answer = process.answer if isinstance(process.answer, dict) else {}
        if answer.get("failures"):  # of an extraction
            count, cases, features = answer["failed"], Path(answer["cases"]), Path(answer["features"])
            counted = f"{count} lesion of the cohort has" if count == 1 else f"{count} lesions of the cohort have"
            raise LogicError(
                f"{what}: {counted} no features, the first since "
                f"{answer['failures'][0]}. Correct these rows or remove them ({cases.name} names them), "
                f"or go on with the others: choose the table {features.name or 'of features'}."
            )
        reason = process.message or "it ended with no reason"
        raise LogicError(f"{what}: {reason}" + ("" if reason.endswith(".") else "."))
    return process.answer


def _interval(name: str, estimates: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {
        f"{name}{ending}": [one[end] for one in estimates]
        for end, ending in (("value", ""), ("low", "_low"), ("high", "_high"))
    }


def _estimate(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return "unknown"
    ends = "" if one["low"] is None else f" (95 % CI {one['low']:.2f} to {one['high']:.2f})"
    return f"{one['value']:.2f}{ends}"


def _rowsOf(columns: Mapping[str, list[Any]], patients: str) -> dict[str, dict[str, list[Any]]]:
    """Model -> column -> values of one set of patients."""
    found = {}
    for model in MODELS:
        kept = [
            place
            for place, (one, name) in enumerate(zip(columns["model"], columns["set"], strict=True))
            if (one, name) == (model, patients)
        ]
        found[model] = {name: [values[place] for place in kept] for name, values in columns.items()}
    return found


def _curves(rows: Mapping[str, Mapping[str, list[Any]]], x: str, y: str, kind: str = "line") -> list[Series]:
    return [Series(model, rows[model][y], rows[model][x], kind) for model in MODELS if rows[model][y]]


def _once(rows: Mapping[str, Mapping[str, list[Any]]], column: str, name: str) -> list[Series]:
    first = rows[MODELS[0]]
    return [Series(name, first[column], first["threshold"], dashed=True)] if first[column] else []


def _benefitRange(rows: Mapping[str, Mapping[str, list[Any]]]) -> tuple[float, float]:
    """Treating everybody falls without end; what matters lies above a little less than nothing."""
    highest = max((value for model in MODELS for value in rows[model]["net_benefit"]), default=0.1)
    return -0.2 * max(highest, 0.05), 1.2 * max(highest, 0.05)


def _named(scene: Any, name: str) -> Any:
    """The table node of this name, to be filled anew; None when there is none."""
    node = scene.GetFirstNodeByName(name)
    return node if node is not None and node.IsA("vtkMRMLTableNode") else None
