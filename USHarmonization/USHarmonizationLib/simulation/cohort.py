"""A cohort of several scanners whose outcome is known to depend on the lesion's texture and shape.

Each patient has six latent values, independent standard normal numbers (cut at +-2.2): they set the lesion (median x
exp(log spread x value), ``LATENT``), and lymph-node metastasis is drawn with

    logit P(lnm = 1) = intercept + sum of coefficient x value,

the intercept such that the expected share is ``prevalence``. The scanner is drawn with P(scanner i | lnm) proportional
to exp(confounded x c_i x (lnm - prevalence)), c_i evenly spread from -0.5 (first scanner) to 0.5 (last): ``confounded``
is the log odds ratio of lnm between the last and the first. Clinical columns are those that such a study has (the
paper's Table 1: age, FIGO stage, histology, ...); FIGO 2018 stage follows from the lesion's true size, invasion of
lymph vessels (lvsi) depends on lnm, the others on nothing.

::

    images/SIM-0001-1.dcm, masks/SIM-0001-1.nrrd
    cohort.csv      the cohort
    latent.csv      each patient's true values, not for models
    truth.json      settings, model, who was imaged how
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..atomic import write_text
from ..cohort import CohortRow, write_cohort
from ..errors import UsageError
from ..scanners import Catalogue
from .output import FORMATS, checked_jobs, make_items, opened, relative_files, write_json
from .patient import LESION, USUAL_DEPTH_MM, Lesion, draw_waves, simulate_lesion
from .phantom_files import write_frame, write_labels
from .settings import Imaging, imaging
from .view import View

COHORT, PATIENTS = 3, 4  # in seeds, see phantom
TABLE, LATENT_TABLE, TRUTH = "cohort.csv", "latent.csv", "truth.json"
CUT = 2.2
SPLITS = (("train", 0.6), ("validation", 0.1), ("test", 0.3))
HISTOLOGY = {"squamous": 0.75, "adenocarcinoma": 0.2, "adenosquamous": 0.05}
GRADES = {"well": 0.15, "moderate": 0.5, "poor": 0.35}
LVSI = (0.25, 0.55)  # share without and with metastasis
VAGINA_INVOLVED = 0.2


@dataclass(frozen=True)
class Latent:
    """One property of lesions: its median, the spread of its logarithm, and its coefficient in the model of lnm."""

    median: float
    log_spread: float
    coefficient: float


LATENT: Mapping[str, Latent] = {
    "heterogeneity_db": Latent(2.2, 0.40, 1.0),
    "correlation_mm": Latent(1.0, 0.35, 0.6),
    "density": Latent(0.25, 0.60, -0.7),
    "contrast_db": Latent(6.0, 0.30, 0.0),  # how much darker than the tissue around
    "irregularity": Latent(0.07, 0.40, 0.6),
    "radius_mm": Latent(9.5, 0.20, 0.5),
}


@dataclass(frozen=True)
class CohortPlan:
    """What is to be simulated; see the module.

    Attributes:
        scanners: the scanners, each with its probe.
        patients, frames: numbers of patients, and of images of each.
        confounded: log odds ratio of lnm between the last and the first scanner.
        prevalence: expected share of lnm = 1.
        seed: other seeds give other patients. format: ``dcm``, ``png`` or ``nrrd``.
    """

    scanners: tuple[Imaging, ...]
    patients: int = 100
    frames: int = 1
    confounded: float = 0.0
    prevalence: float = 0.3
    seed: int = 0
    format: str = "dcm"

    def __post_init__(self) -> None:
        names = [one.scanner for one in self.scanners]
        if not names or len(set(names)) < len(names):
            raise UsageError(f"scanners are {', '.join(names) or 'none'}; needed: at least one, each once")
        if not 1 <= self.patients <= 99999 or not 1 <= self.frames <= 99:
            raise UsageError(
                f"{self.patients} patients with {self.frames} frames; needed: 1 to 99999 patients, 1 to 99 frames"
            )
        if not 0.02 <= self.prevalence <= 0.98:
            raise UsageError(f"prevalence is {self.prevalence}; needed: 0.02 to 0.98")
        if not abs(self.confounded) <= 20:
            raise UsageError(f"confounded is {self.confounded}; needed: a log odds ratio from -20 to 20")
        if self.format not in FORMATS:
            raise UsageError(f"unknown format {self.format!r}; known: {', '.join(FORMATS)}")
        if self.seed < 0:
            raise UsageError(f"seed is {self.seed}; needed: 0 or more")


@dataclass(frozen=True)
class Patient:
    """One patient.

    Attributes:
        name: e.g. ``SIM-0001``. scanner: catalogue id. split, lnm: as in the table.
        values: latent values by name, standardized. lesion: what they make.
        clinical: further columns.
    """

    name: str
    scanner: str
    split: str
    lnm: int
    probability: float
    values: Mapping[str, float]
    lesion: Lesion
    clinical: Mapping[str, str]


def intercept(prevalence: float) -> float:
    """The model's intercept that gives this expected share of lnm = 1."""
    draws = np.random.default_rng(0).standard_normal((20000, len(LATENT)))
    linear = np.clip(draws, -CUT, CUT) @ np.array([latent.coefficient for latent in LATENT.values()])
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _sigmoid(middle + linear).mean() < prevalence else (low, middle)
    return round((low + high) / 2, 6)


def draw_patients(plan: CohortPlan) -> tuple[Patient, ...]:
    """The plan's patients, without images."""
    random = np.random.default_rng([plan.seed, COHORT])
    base = intercept(plan.prevalence)
    places = np.linspace(-0.5, 0.5, len(plan.scanners)) if len(plan.scanners) > 1 else np.zeros(1)
    found = []
    for number in range(plan.patients):
        values = _draw_values(random)
        linear = base + sum(latent.coefficient * values[name] for name, latent in LATENT.items())
        probability = float(_sigmoid(np.array(linear)))
        lnm = int(random.random() < probability)
        weights = np.exp(plan.confounded * places * (lnm - plan.prevalence))
        how = plan.scanners[int(random.choice(len(places), p=weights / weights.sum()))]
        lesion = make_lesion(values, how, random)
        found.append(
            (f"SIM-{number + 1:04}", how.scanner, lnm, probability, values, lesion, _clinical(lesion, lnm, random))
        )
    splits = _splits([lnm for _, _, lnm, *_ in found], random)
    return tuple(
        Patient(name, scanner, split, lnm, probability, values, lesion, clinical)
        for (name, scanner, lnm, probability, values, lesion, clinical), split in zip(found, splits, strict=True)
    )


def write_simulated_cohort(
    plan: CohortPlan, out: Path, jobs: int = 1, report: Callable[[bool], None] = lambda reused: None
) -> Path:
    """Simulate a cohort into a folder, what is there already excepted; gives the path of its table.

    Raises:
        UsageError: the folder holds something else.
        HarmonizationError: it cannot be written to, or the disk is full.
    """
    checked_jobs(jobs)
    settings = {"kind": "cohort", **asdict(plan)}
    with opened(out, settings):
        patients = draw_patients(plan)
        records = make_items(out, plan.patients, partial(_write_patient, plan, patients), jobs, report)
        rows = [
            CohortRow(
                out / image, out / mask, LESION, one.name, one.scanner, one.split, {"lnm": str(one.lnm), **one.clinical}
            )
            for one, record in zip(patients, records, strict=True)
            for image, mask in zip(record["images"], record["masks"], strict=True)
        ]
        write_text(out / LATENT_TABLE, _latent_table(patients))
        model = {
            "intercept": intercept(plan.prevalence),
            "latent": {name: asdict(latent) for name, latent in LATENT.items()},
            "cut": CUT,
            "lvsi_given_lnm": list(LVSI),
        }
        write_json(out / TRUTH, {**settings, "model": model, "patients": [_told(one) for one in records]})
        write_cohort(out / TABLE, rows)
    return out / TABLE


def _write_patient(plan: CohortPlan, patients: tuple[Patient, ...], out: Path, number: int) -> dict[str, Any]:
    patient = patients[number]
    how = next(one for one in plan.scanners if one.scanner == patient.scanner)
    images, masks, views = [], [], []
    for frame in range(plan.frames):
        random = np.random.default_rng([plan.seed, COHORT, number, frame])
        view = simulate_lesion(patient.lesion, how, random)
        name = f"{patient.name}-{frame + 1}"
        images.append(out / "images" / f"{name}.{plan.format}")
        masks.append(out / "masks" / f"{name}.{'nrrd' if plan.format == 'dcm' else plan.format}")
        write_frame(view, images[-1], patient.name)
        write_labels(view.labels, view.pixel_mm, masks[-1])
        views.append({"pixel_mm": view.pixel_mm, "pose": asdict(view.pose), "knobs": asdict(view.knobs)})
    return {
        "patient": patient.name,
        "scanner": patient.scanner,
        "files": relative_files(out, images + masks),
        "images": relative_files(out, images),
        "masks": relative_files(out, masks),
        "views": views,
        "lesion": asdict(patient.lesion),
    }


def _told(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "files"}


def simulate_patient_frames(
    scanner_id: str,
    count: int,
    seed: int,
    *,
    lesions: bool = True,
    probe: str = "endocavity",
    size: int | None = None,
    start: int = 0,
    scanners: Catalogue | None = None,
) -> Iterator[View]:
    """Frames of one scanner, each of a patient of its own; ``labels`` are 1 in the lesion.

    Args:
        scanner_id: the scanner. count: number of frames. seed: other seeds give other patients.
        lesions: False for tissue without any.
        probe, size, start, scanners: as in ``phantom.simulate_frames``.
    """
    how = imaging(scanner_id, probe, scanners)
    how = how if size is None else how.with_matrix(size, size)

    def frame(index: int) -> View:
        random = np.random.default_rng([seed, PATIENTS, index, *scanner_id.encode()])
        lesion = make_lesion(_draw_values(random), how, random)
        return simulate_lesion(lesion if lesions else None, how, random)

    return (frame(index) for index in range(start, start + count))


def make_lesion(values: Mapping[str, float], how: Imaging, random: np.random.Generator) -> Lesion:
    """The lesion of these latent values, somewhere in the scanner's field of view; sizes fitted to its depth."""
    true = {name: latent.median * math.exp(latent.log_spread * values[name]) for name, latent in LATENT.items()}
    probe = how.probe
    scale = probe.depth_mm / USUAL_DEPTH_MM
    half = probe.width_mm / 2 if probe.kind == "linear" else probe.depth_mm / 2
    radius = min(true["radius_mm"] * scale, 0.75 * half)
    aside = max(0.5 * (half - radius), 0.0)
    return Lesion(
        x_mm=float(random.uniform(-aside, aside)),
        z_mm=float(random.uniform(0.25, 0.4) * probe.depth_mm + 0.6 * radius),
        radius_mm=radius,
        irregularity=true["irregularity"],
        waves=draw_waves(random),
        contrast_db=-true["contrast_db"],
        heterogeneity_db=true["heterogeneity_db"],
        correlation_mm=true["correlation_mm"] * scale,
        density=min(true["density"], 1.0),
        attenuation=float(random.normal(0.05, 0.1)),
    )


def _clinical(lesion: Lesion, lnm: int, random: np.random.Generator) -> dict[str, str]:
    """Columns as clinical tables have them; FIGO 2018 for cervical cancer by size (Bhatla et al., IJGO 2019)."""
    diameter = round(2 * lesion.radius_mm, 1)
    if random.random() < VAGINA_INVOLVED:
        figo = "IIA1" if diameter < 40 else "IIA2"
    else:
        figo = "IB1" if diameter < 20 else "IB2" if diameter < 40 else "IB3"
    return {
        "age": str(round(float(np.clip(random.normal(51, 10), 22, 82)))),
        "figo": figo,
        "histology": str(random.choice(list(HISTOLOGY), p=list(HISTOLOGY.values()))),
        "grade": str(random.choice(list(GRADES), p=list(GRADES.values()))),
        "lvsi": str(int(random.random() < LVSI[lnm])),
        "diameter_mm": f"{diameter:.1f}",
    }


def _splits(outcomes: list[int], random: np.random.Generator) -> list[str]:
    """A split for each patient, with the same share of each outcome."""
    found = [""] * len(outcomes)
    for outcome in (0, 1):
        members = random.permutation([at for at, value in enumerate(outcomes) if value == outcome])
        edges = np.rint(np.cumsum([share for _, share in SPLITS]) * len(members)).astype(int)
        for place, member in enumerate(members):
            found[int(member)] = SPLITS[int(np.searchsorted(edges, place, side="right"))][0]
    return found


def _latent_table(patients: tuple[Patient, ...]) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["patient", "lnm", "probability", *(f"z_{name}" for name in LATENT), *LATENT])
    for one in patients:
        true = [f"{getattr(one.lesion, name):.6g}" for name in LATENT]
        writer.writerow(
            [one.name, one.lnm, f"{one.probability:.6f}", *(f"{one.values[name]:.6f}" for name in LATENT), *true]
        )
    return table.getvalue()


def _draw_values(random: np.random.Generator) -> dict[str, float]:
    return {name: float(np.clip(random.standard_normal(), -CUT, CUT)) for name in LATENT}


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-values)))
