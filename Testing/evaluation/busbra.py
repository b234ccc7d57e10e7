"""BUS-BRA as a cohort: which image is whose, made by which scanner, and in which split.

BUS-BRA (Gomez-Flores et al., Med Phys 2024, doi 10.1002/mp.16812) is not part of the repository; the split of its
patients is (``busbra_split.csv``), so that the figures of the bundles that ship can be repeated.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.cohort import CohortRow, write_cohort
from USHarmonizationLib.errors import UsageError

SPLIT_FILE = Path(__file__).with_name("busbra_split.csv")
SCANNERS = {
    "GE Logiq 5": "ge-logiq-5",
    "GE Logiq 7": "ge-logiq-7",
    "Toshiba Aplio 300": "toshiba-aplio-300",
    "U-Systems": "u-systems",
}
# The order of the strata, by name, decides who is drawn: these are the names of the split that was made first.
STRATA = {"GE Logiq 7": "L7", "GE Logiq 5": "L5", "Toshiba Aplio 300": "AP", "U-Systems": "US"}


@dataclass(frozen=True)
class Case:
    """One image of BUS-BRA; ``patient`` is the data set's own running number (``Case``), after ``busbra-``."""

    identifier: str
    image: Path
    mask: Path
    patient: str
    scanner: str
    split: str
    malignant: int
    device: str
    birads: str

    def read(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """(rows, columns) brightness as stored, and True in the lesion."""
        from PIL import Image

        with Image.open(self.image) as image, Image.open(self.mask) as mask:
            return np.array(image.convert("L")), np.array(mask.convert("L")) > 0


def read_cases(folder: Path, split_file: Path = SPLIT_FILE) -> list[Case]:
    """The images of BUS-BRA in ``folder`` (``bus_data.csv``, ``Images``, ``Masks``) that the split file names.

    Raises:
        UsageError: the folder is not BUS-BRA, or lacks an image that the split names.
    """
    table = folder / "bus_data.csv"
    if not table.is_file():
        raise UsageError(f"{folder} is not the folder of BUS-BRA; needed: bus_data.csv, Images and Masks in it")
    rows = {row["ID"]: row for row in _read(table)}
    cases = []
    for entry in _read(split_file):
        row = rows.get(entry["ID"])
        if row is None or row["Case"] != entry["Case"]:
            raise UsageError(f"{table} has no {entry['ID']} of case {entry['Case']}, which {split_file.name} names")
        device = row["Device"].partition("@")[0].strip()
        cases.append(
            Case(
                identifier=row["ID"],
                image=folder / "Images" / f"{row['ID']}.png",
                mask=folder / "Masks" / f"{row['ID'].replace('bus_', 'mask_')}.png",
                patient=f"busbra-{row['Case']}",  # a bare number might be somebody else's patient
                scanner=SCANNERS[device],
                split=entry["split"],
                malignant=int(row["Pathology"] == "malignant"),
                device=row["Device"],
                birads=row["BIRADS"],
            )
        )
    return cases


def write_busbra_cohort(cases: list[Case], path: Path) -> None:
    """Write a cohort table for ``usharmonize`` (paths relative to it); ``malignant`` is 0 or 1."""
    rows = [
        CohortRow(
            image=case.image.absolute(),
            mask=case.mask.absolute(),
            label=1,  # the masks have one value, 255, which is taken then
            patient=case.patient,
            scanner=case.scanner,
            split=case.split,
            others={"malignant": str(case.malignant), "device": case.device, "birads": case.birads},
        )
        for case in cases
    ]
    write_cohort(path.absolute(), rows)


def make_split(folder: Path, path: Path) -> None:
    """Write the split anew: patients stratified by scanner and malignancy, 25 % test, 15 % of the rest validation."""
    import pandas
    from sklearn.model_selection import train_test_split

    table = pandas.read_csv(folder / "bus_data.csv")
    table["scanner"] = table["Device"].str.partition("@")[0].str.strip().map(STRATA)
    table["malignant"] = (table["Pathology"] == "malignant").astype(int)
    patients = table.groupby("Case").agg(scanner=("scanner", "first"), malignant=("malignant", "max")).reset_index()
    kind = patients["scanner"] + patients["malignant"].astype(str)
    rest, test = train_test_split(patients, test_size=0.25, random_state=20260101, stratify=kind)
    kind = rest["scanner"] + rest["malignant"].astype(str)
    _, validation = train_test_split(rest, test_size=0.15, random_state=1, stratify=kind)
    split = {**dict.fromkeys(validation["Case"], "validation"), **dict.fromkeys(test["Case"], "test")}
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["ID", "Case", "split"])
        for identifier, case in zip(table["ID"], table["Case"], strict=True):
            writer.writerow([identifier, case, split.get(case, "train")])


def _read(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
