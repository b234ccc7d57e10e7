"""Paired phantom frames as files.

::

    images/<scanner>/pair-0001.dcm      frames of both scanners, under the same names
    landmarks/<scanner>/pair-0001.mrk.json   true landmarks, 3D Slicer markups (LPS, mm), the same labels in both
    labels/<scanner>/pair-0001.nrrd     which target a pixel shows (values: truth.json), on the frame's grid
    transforms/pair-0001.tfm            the true transform, from fixed (target scanner) to moving (source scanner)
    cohort.csv                          all frames, as a cohort to train with
    truth.json                          settings, phantoms, poses, landmarks, transforms
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cohort import CohortRow, write_cohort
from ..errors import UsageError
from ..files import write_image
from ..image import UltrasoundImage
from ..landmarks.files import write_markups
from ..landmarks.geometry import Geometry
from ..landmarks.itk import to_itk, write_transform
from ..scanners import Catalogue, catalogue
from .dicom import write_view
from .output import FORMATS, checked_jobs, make_items, opened, relative_files, write_json
from .phantom import PhantomPair, Target, simulate_pair
from .settings import Imaging, imaging
from .view import View

TRUTH, COHORT = "truth.json", "cohort.csv"


@dataclass(frozen=True)
class PhantomPairs:
    """Pairs of frames that are to be simulated.

    Attributes:
        source, target: scanner and probe of the moving and of the fixed frames.
        seed: other seeds give other phantoms.
        varied: whether layouts vary.
        format: ``dcm``, ``png`` or ``nrrd``.
    """

    source: Imaging
    target: Imaging
    seed: int = 0
    varied: bool = False
    format: str = "dcm"

    def __post_init__(self) -> None:
        if self.source.scanner == self.target.scanner:
            raise UsageError(f"source and target are both {self.source.scanner}; needed: two scanners")
        if self.format not in FORMATS:
            raise UsageError(f"unknown format {self.format!r}; known: {', '.join(FORMATS)}")
        if self.seed < 0:
            raise UsageError(f"seed is {self.seed}; needed: 0 or more")


def phantom_pairs(
    source_id: str,
    target_id: str,
    probe: str = "linear",
    seed: int = 0,
    varied: bool = False,
    image_format: str = "dcm",
    size: int | None = None,
    scanners: Catalogue | None = None,
) -> PhantomPairs:
    """What to simulate of two scanners of the catalogue; see ``PhantomPairs`` and ``phantom.simulate_pairs``."""
    ways = [imaging(name, probe, scanners) for name in (source_id, target_id)]
    source, target = (way if size is None else way.with_matrix(size, size) for way in ways)
    return PhantomPairs(source, target, seed, varied, image_format)


def write_phantom_pairs(
    plan: PhantomPairs,
    count: int,
    out: Path,
    jobs: int = 1,
    report: Callable[[bool], None] = lambda reused: None,
) -> Path:
    """Simulate ``count`` pairs into a folder, what is there already excepted; gives the path of the truth.

    Raises:
        UsageError: the folder holds something else.
        HarmonizationError: it cannot be written to, or the disk is full.
    """
    if count < 1:
        raise UsageError(f"count is {count}; needed: at least 1")
    checked_jobs(jobs)
    settings = {"kind": "phantom", **asdict(plan)}
    with opened(out, settings):
        records = make_items(out, count, partial(_write_pair, plan), jobs, report)
        rows = [
            CohortRow(out / side["image"], patient=record["pair"], scanner=side["scanner"], split=split(number))
            for number, record in enumerate(records)
            for side in (record["fixed"], record["moving"])
        ]
        write_cohort(out / COHORT, rows)
        pairs = [{key: value for key, value in record.items() if key != "files"} for record in records]
        write_json(out / TRUTH, {**settings, "pairs": pairs})
    return out / TRUTH


def split(index: int) -> str:
    """Of each ten pairs seven are for training, one for validation, two for testing."""
    return "train" if index % 10 < 7 else "validation" if index % 10 == 7 else "test"


def _write_pair(plan: PhantomPairs, out: Path, index: int) -> dict[str, Any]:
    pair = simulate_pair(plan.source, plan.target, plan.seed, index, plan.varied)
    name = f"pair-{index + 1:04}"
    sides = {
        side: _write_side(view, out, name, plan.format)
        for side, view in (("fixed", pair.fixed), ("moving", pair.moving))
    }
    transform = out / "transforms" / f"{name}.tfm"
    where = Geometry(pair.fixed.frame.shape, (pair.fixed.pixel_mm,) * 2)
    write_transform(transform, to_itk(pair.transform, where, dimension=3))
    files = [Path(side[key]) for side in sides.values() for key in ("image", "landmarks", "labels")] + [transform]
    return {"pair": name, "files": relative_files(out, files), **_truth(pair, out, sides, transform)}


def _truth(pair: PhantomPair, out: Path, sides: dict[str, dict[str, Any]], transform: Path) -> dict[str, Any]:
    matrix = np.column_stack([pair.transform.matrix, pair.transform.offset])
    return {
        "section": pair.phantom.section,
        "attenuation_db_cm_mhz": pair.phantom.attenuation,
        "targets": [_target(value, target) for value, target in enumerate(pair.phantom.targets, start=1)],
        **{
            side: {**files, **{key: relative_files(out, [files[key]])[0] for key in ("image", "landmarks", "labels")}}
            for side, files in sides.items()
        },
        "transform": relative_files(out, [transform])[0],
        "fixed_to_moving_mm": matrix.tolist(),
    }


def _target(value: int, target: Target) -> dict[str, Any]:
    contrast = None if math.isinf(target.contrast_db) else round(target.contrast_db, 3)
    return {"value": value, **asdict(target), "contrast_db": contrast}


def _write_side(view: View, out: Path, name: str, image_format: str) -> dict[str, Any]:
    scanner = view.imaging.scanner
    image = out / "images" / scanner / f"{name}.{image_format}"
    landmarks = out / "landmarks" / scanner / f"{name}.mrk.json"
    labels = out / "labels" / scanner / f"{name}.nrrd"
    write_frame(view, image, f"PHANTOM-{name}")
    write_labels(view.labels, view.pixel_mm, labels)
    write_markups(landmarks, list(view.landmarks), np.array(list(view.landmarks.values())).reshape(-1, 2), name)
    return {
        "scanner": scanner,
        "image": image,
        "landmarks": landmarks,
        "labels": labels,
        "pixel_mm": view.pixel_mm,
        "pose": asdict(view.pose),
        "knobs": asdict(view.knobs),
        "landmarks_mm": {label: list(place) for label, place in view.landmarks.items()},
    }


def write_frame(view: View, path: Path, subject: str) -> None:
    """A frame in the format of the path's suffix."""
    if path.suffix == ".dcm":
        write_view(view, path, subject, catalogue())
    else:
        write_image(view.image(catalogue()), path)


def write_labels(labels: NDArray[np.uint8], pixel_mm: float, path: Path) -> None:
    """A label map with its frame's spacing (where the format has one)."""
    write_image(UltrasoundImage(labels[None], (0, 255), (pixel_mm, pixel_mm)), path)
