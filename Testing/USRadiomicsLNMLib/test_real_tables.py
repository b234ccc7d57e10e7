"""LNM models on real tables (CT radiomics), and ComBat on features of real scanners.

What a cross-validation of some ninety patients gives is uncertain by a tenth; the limits here only say that signal is
found where others found it, and that nothing claims more than an AUC of one half on shuffled outcomes.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from USHarmonizationLib.cohort import CohortRow, pseudonym
from USRadiomicsLNMLib.combat import ComBat
from USRadiomicsLNMLib.design import design_of
from USRadiomicsLNMLib.features_table import FeatureTable, read_features, write_features
from USRadiomicsLNMLib.fit import fit_model
from USRadiomicsLNMLib.logistic_path import Floats
from USRadiomicsLNMLib.nested import cross_validate, outer_folds
from USRadiomicsLNMLib.settings import FitSettings
from USRadiomicsLNMLib.statistics.roc import auc

QUICK = FitSettings("lnm", folds=5, penalties=20)


def lnm_table(folder: Path, name: str) -> FeatureTable:
    with gzip.open(folder / f"{name}.csv.gz", "rt", newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    target, identity = header.index("Target"), header.index("ID")
    places = [place for place in range(len(header)) if place not in (target, identity)]
    cases = tuple(
        CohortRow(Path(f"{place}.nrrd"), patient=pseudonym(row[identity]), others={"lnm": row[target]})
        for place, row in enumerate(rows)
    )
    values = np.array([[float(row[place]) for place in places] for row in rows])
    return FeatureTable(cases, tuple(header[place] for place in places), values)


@pytest.mark.parametrize(("name", "least"), [("HNSCC", 0.65), ("Head-Neck-PET-CT", 0.6)])
def test_lymph_node_metastasis_is_predicted_on_real_tables(
    shared_data: Path, tmp_path: Path, name: str, least: float
) -> None:
    write_features(tmp_path / "features.csv", lnm_table(shared_data / "radiomics_tables", name))
    table = read_features(tmp_path / "features.csv")  # all names are recognised
    found = fit_model(table, QUICK)
    nested = found.performance["nested"].auc
    assert least < nested.value < 0.95
    assert found.performance["training"].auc.value > nested.value
    assert any("TotalEnergy" in note for note in found.notes)  # a copy of energy, since these were resampled


def test_shuffled_outcomes_of_a_real_table_cannot_be_predicted(shared_data: Path) -> None:
    """Real features correlate as simulated ones do not."""
    design = design_of(lnm_table(shared_data / "radiomics_tables", "HNSCC"), QUICK)
    areas = []
    for seed in range(6):
        shuffled = np.random.default_rng(seed).permutation(design.outcome)
        other = type(design)(design.values, shuffled, design.patients, shuffled.astype(str))
        found = cross_validate(other, QUICK, outer_folds(other, QUICK))
        areas.append(auc(shuffled, found.log_odds, strata=found.folds).value)
    assert 0.35 < np.mean(areas) < 0.62


def nsclc(shared_data: Path) -> tuple[Floats, np.ndarray]:
    """CaPTk features of 206 patients, and the manufacturer of the scanner."""
    folder = shared_data / "nsclc_combat"
    with open(folder / "Sandy-Captk.csv", newline="", encoding="utf-8-sig") as stream:
        header, *rows = csv.reader(stream)
    makers = manufacturers(folder / "Sandy-CT-parameters.xlsx")
    kept = [row for row in rows if row[0] in makers]
    values = np.full((len(kept), len(header) - 1), np.nan)
    for place, row in enumerate(kept):
        for column, cell in enumerate(row[1:]):
            try:
                values[place, column] = float(cell)
            except ValueError:
                continue
    return values[:, np.isfinite(values).all(axis=0)], np.array([makers[row[0]] for row in kept])


def manufacturers(path: Path) -> dict[str, str]:
    """Patient -> manufacturer, from the first sheet of a spreadsheet, which is a zip of XML."""
    import zipfile
    from xml.etree import ElementTree

    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as archive:
        shared = [
            "".join(text.text or "" for text in item.iter(f"{space}t"))
            for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        ]
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in sheet.iter(f"{space}row"):
        cells = {}
        for cell in row:
            value = cell.find(f"{space}v")
            if value is not None and value.text is not None:
                letters = "".join(filter(str.isalpha, cell.get("r", "")))
                cells[letters] = shared[int(value.text)] if cell.get("t") == "s" else value.text
        rows.append(cells)
    head = {name.strip().lower(): letters for letters, name in rows[0].items()}
    maker = next(letters for name, letters in head.items() if "manufacturer" in name)
    return {row["A"]: row[maker].strip().lower().split()[0] for row in rows[1:] if "A" in row and maker in row}


def test_combat_takes_the_scanner_out_of_real_features(shared_data: Path) -> None:
    values, maker = nsclc(shared_data)
    names, counts = np.unique(maker, return_counts=True)
    kept = np.isin(maker, names[counts >= 10])
    values, maker = values[kept], maker[kept]
    assert len(values) > 150
    assert len(np.unique(maker)) >= 2
    order = np.random.default_rng(0).permutation(len(values))
    train, test = order[: len(order) // 2], order[len(order) // 2 :]
    combat = ComBat().fit(values[train], batch=maker[train])

    def spread(rows: Floats, labels: np.ndarray) -> float:
        """Median over the features of the share of variance that lies between scanners (eta squared)."""
        means = np.array([rows[labels == name].mean(axis=0) for name in np.unique(labels)])
        sizes = np.array([(labels == name).sum() for name in np.unique(labels)])
        between = (sizes[:, None] * (means - rows.mean(axis=0)) ** 2).sum(axis=0)
        return float(np.median(between / np.maximum(((rows - rows.mean(axis=0)) ** 2).sum(axis=0), 1e-300)))

    before, after = (
        spread(values[test], maker[test]),
        spread(combat.transform(values[test], batch=maker[test]), maker[test]),
    )
    inside = spread(combat.transform(values[train], batch=maker[train]), maker[train])
    # By the median; of features with outliers ComBat sets the scanners further apart, which a fit with it tells.
    assert inside < 0.3 * spread(values[train], maker[train])
    assert after < before
