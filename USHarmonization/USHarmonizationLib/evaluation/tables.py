"""The tables of an evaluation: one row an image, a region, a feature; and all of it as JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..atomic import write_text
from ..metrics.definitions import FEATURES, IMAGE, SETS
from .measure import Measured
from .settings import ORIGINAL, TARGET
from .summary import FeatureFigures, Figure, Summary

DONE, FAILED = "done", "failed"


def write_images(path: Path, methods: Sequence[str], measured: Sequence[Measured], left_out: Mapping[str, str]) -> None:
    """``evaluate.csv``: one row an image: status, reason, figures ``<figure>_<method>_vs_<against>``, hashes."""
    pairs = [(TARGET, method) for method in methods] + [(ORIGINAL, method) for method in methods[1:]]
    done = [one for one in measured if not one.failure]
    pairs = [(against, method) for against, method in pairs if any(against in one.figures for one in done)]
    roles = list(dict.fromkeys(role for one in done for role in one.hashes))
    columns = [f"{key}_{method}_vs_{against}" for against, method in pairs for key in IMAGE]
    header = ["image", "status", "reason", "overlap_pixels", "ms_ssim_scales", "regions", *columns]
    rows: list[list[object]] = []
    for one in measured:
        found = [one.figures.get(against, {}).get(method) for against, method in pairs]
        first = next(filter(None, found), None)
        rows.append(
            [
                one.name,
                FAILED if one.failure else DONE,
                one.failure or "; ".join(one.notes),
                first.pixels if first else "",
                first.scales if first else "",
                " ".join(map(str, one.regions)),
                *(getattr(figures, key) if figures else "" for figures in found for key in IMAGE),
                *(one.hashes.get(role, "") for role in roles),
            ]
        )
    blank: list[object] = [""] * (len(header) + len(roles) - 3)
    rows += [[name, FAILED, reason, *blank] for name, reason in left_out.items()]
    _write(path, [*header, *(f"{role}_sha256" for role in roles)], rows)


def write_features(path: Path, measured: Iterable[Measured]) -> None:
    """``features.csv``: one row an image, region and method: texture features by their pyradiomics names."""
    rows: list[list[object]] = []
    names: tuple[str, ...] = ()
    for one in measured:
        names = names or one.names
        for role, regions in one.features.items():
            for label, features in zip(one.regions, regions, strict=True):
                rows.append([one.name, label, role, *features.tolist()])
    _write(path, ["image", "label", "method", *names], rows)


def write_agreement(path: Path, features: Mapping[str, FeatureFigures]) -> None:
    """``agreement.csv``: one row a feature and method: how it agrees with the target's."""
    records = [{"method": method, **record} for method, found in features.items() for record in feature_records(found)]
    rows: list[list[object]] = [["" if value is None else value for value in record.values()] for record in records]
    _write(path, list(records[0]) if records else ["method"], rows)


def feature_records(found: FeatureFigures) -> list[dict[str, Any]]:
    """One dictionary a feature; None for what is not defined."""
    columns: dict[str, Any] = {"feature": found.names}
    if found.agreement is not None:
        agreement = found.agreement
        columns.update(
            pearson=agreement.pearson,
            pearson_low=agreement.pearson_low,
            pearson_high=agreement.pearson_high,
            icc=agreement.icc,
            icc_low=agreement.icc_low,
            icc_high=agreement.icc_high,
            concordance=agreement.concordance,
        )
    columns.update(shift=found.shift, shift_sd=found.shift_sd)
    return [dict(zip(columns, map(_plain, row), strict=True)) for row in zip(*columns.values(), strict=True)]


def summary_json(summary: Summary) -> dict[str, Any]:
    """Definitions, figures and features as standard JSON can hold them: None for what is not defined."""
    used = {figure.key for figure in summary.figures}
    definitions = {key: asdict(one) for key, one in {**IMAGE, **SETS}.items() if key in used}
    if summary.features:
        paired = any(found.agreement is not None for found in summary.features.values())
        definitions |= {key: asdict(one) for key, one in FEATURES.items() if paired or key == "shift"}
    return {
        "definitions": definitions,
        "figures": [_figure(figure) for figure in summary.figures],
        "features": {method: _features(found) for method, found in summary.features.items()},
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(figure).items()}


def _features(found: FeatureFigures) -> dict[str, Any]:
    content: dict[str, Any] = {"regions": found.n, "regions_target": found.n_target, "warnings": list(found.warnings)}
    if (agreement := found.agreement) is not None:
        content |= {
            "mean_pearson": _plain(agreement.mean_pearson),
            "mean_pearson_low": _plain(found.interval[0]),
            "mean_pearson_high": _plain(found.interval[1]),
            "reproducible": _plain(agreement.reproducible),
        }
    return {**content, "table": feature_records(found)}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return list(value) if isinstance(value, tuple) else value


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_text(value) for value in row])
    write_text(path, table.getvalue())


def _text(value: object) -> object:
    """Floats as short as they can be read back; "" for NaN, inf for infinity."""
    return ("" if math.isnan(value) else repr(float(value))) if isinstance(value, float) else value
