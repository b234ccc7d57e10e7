"""The features of one image's lesions: what is done in this process, in others, or on a cluster."""

from __future__ import annotations

import hashlib
import os
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib import __version__
from USHarmonizationLib.cohort import CohortRow
from USHarmonizationLib.errors import DEBUG_VARIABLE, HarmonizationError, InputError
from USHarmonizationLib.files import read_image
from USHarmonizationLib.image import UltrasoundImage
from USHarmonizationLib.records import DONE, FAILED, sha256
from USHarmonizationLib.scanners import Catalogue

from ..features_table import FRAME
from .brightness import brightness
from .engine import Engine, Features, Parameters
from .graphics import Graphics
from .lesions import Masks
from .perturbations import NAMES, perturbed

# Of a lesion's pixels: with more of them coloured it is Doppler, not tissue; fewer than the second are not told.
MOST_COLOURED, FEW_COLOURED = 0.1, 0.001


@dataclass(frozen=True)
class Recipe:
    """What is done to every image of a run. Can be pickled.

    Attributes:
        engine, parameters: what computes which features.
        scanners: the catalogue that tells the scanner where the cohort does not.
        without_graphics: whether burned-in graphics and coloured pixels are left out of the lesions.
        seed: of the masks' perturbations; None when these are not asked for.
    """

    engine: Engine
    parameters: Parameters
    scanners: Catalogue
    without_graphics: bool = False
    seed: int | None = None

    @property
    def parameters_column(self) -> str:
        """What the table says of the parameters: only features of the same text can be compared."""
        return self.parameters.digest + (" without graphics" if self.without_graphics else "")

    def state(self, job: Job) -> str:
        """Hash of all that the result of ``job`` depends on."""
        files = [job.image, *(row.mask for row in job.rows), job.original if self.without_graphics else None]
        hashes = [sha256(file) if file is not None and file.is_file() else "" for file in files]
        rows = [(row.label, row.scanner, row.others.get(FRAME)) for row in job.rows]
        made_with = (self.engine.name, self.parameters_column, self.seed, __version__, self.scanners)
        return hashlib.sha256(repr((hashes, rows, made_with)).encode()).hexdigest()


@dataclass(frozen=True)
class Job:
    """One image and its lesions.

    Attributes:
        image: where it lies, from the root.
        rows: the cohort's rows of it; paths from the root.
        original: where the image lies that a harmonizer made it of, None when it is none of a harmonizer's.
    """

    image: Path
    rows: tuple[CohortRow, ...]
    original: Path | None = None


@dataclass(frozen=True)
class Case:
    """What became of one lesion in one frame.

    Attributes:
        row: number of the row among those of its job.
        status: ``done`` or ``failed``; reason: why it failed, one line.
        frame: number from 1 in a cine, 0 in a still image.
        scanner: id, "" when unknown.
        pixels: of the lesion that were used.
        graphics: share of the lesion's pixels that were left out as graphics or colour.
        spacing_mm: height and width of a pixel; empty when the file does not say, then shapes are in pixels.
        warnings: what to know before the features are used, one line each.
        values: features by name, NaN where one has no value.
        perturbed: the same for each perturbed mask, values only; empty for one that became too small.
    """

    row: int
    status: str
    reason: str = ""
    frame: int = 0
    scanner: str = ""
    pixels: int = 0
    graphics: float = 0.0
    spacing_mm: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    perturbed: tuple[tuple[float, ...], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> Case:
        values = {one.name: content[one.name] for one in fields(Case)}
        for name in ("spacing_mm", "warnings", "perturbed"):
            values[name] = tuple(tuple(one) if isinstance(one, list) else one for one in values[name])
        return Case(**values)


def extract_job(recipe: Recipe, job: Job) -> list[Case]:
    """The cases of one image; a lesion that cannot be used gives one that says why, and the others are done."""
    try:
        image = read_image(job.image)
    except HarmonizationError as error:
        return [Case(number, FAILED, str(error)) for number in range(len(job.rows))]
    lesions = _Lesions(recipe, job, image)
    found: list[Case] = []
    for number in range(len(job.rows)):
        try:
            found += lesions.of(number)
        except HarmonizationError as error:
            found.append(Case(number, FAILED, str(error)))
        except Exception as error:
            if os.environ.get(DEBUG_VARIABLE):
                traceback.print_exc()
            why = f"{job.image}: {type(error).__name__}: {' '.join(str(error).split())}"
            found.append(Case(number, FAILED, why))
    return found


class _Lesions:
    """The lesions of one image, which is read and searched for graphics once."""

    def __init__(self, recipe: Recipe, job: Job, image: UltrasoundImage) -> None:
        self.recipe, self.job, self.image = recipe, job, image
        self.masks, self.graphics = Masks(image), Graphics(image, job.original)

    def of(self, number: int) -> Iterator[Case]:
        """The cases of one row of the cohort: one, or in a cine one a frame."""
        row = self.job.rows[number]
        for frame, mask in self.masks.lesions(row):
            try:
                yield self._case(number, row, frame, mask)
            except InputError as error:
                where = f"{row.mask}, label {row.label}" + (f", frame {frame + 1}" if self.image.frames > 1 else "")
                yield Case(number, FAILED, f"{where}: {error}", frame=self._number(frame))

    def _number(self, frame: int) -> int:
        return frame + 1 if self.image.frames > 1 else 0

    def _case(self, number: int, row: CohortRow, frame: int, mask: NDArray[np.bool_]) -> Case:
        coloured = float(self.image.coloured(frame)[mask].mean()) if mask.any() else 0.0
        hidden = self.graphics.of(frame) if self.recipe.without_graphics else np.zeros_like(mask)
        used = mask & ~hidden
        warnings = []
        if not self.recipe.without_graphics:
            if coloured > MOST_COLOURED:
                raise InputError(
                    f"{coloured:.0%} of the lesion is coloured (Doppler, graphics); needed: grey tissue, or leave "
                    "colour out with --without-graphics"
                )
            if coloured > FEW_COLOURED:
                warnings.append(f"{coloured:.1%} of the lesion is coloured")
        extract = partial(
            self.recipe.engine.extract,
            brightness(self.image, frame),
            parameters=self.recipe.parameters,
            spacing_mm=self.image.spacing_mm or (1.0, 1.0),
        )
        features: Features = extract(mask=used)
        values = {name: value if np.isfinite(value) else np.nan for name, value in features.values.items()}
        if undefined := [name for name, value in values.items() if np.isnan(value)]:
            warnings.append(f"{len(undefined)} features have no value ({undefined[0]}, ...)")
        others: list[tuple[float, ...]] = []
        if self.recipe.seed is not None:
            case = f"{row.image.stem} {row.label} {frame}"
            for other in perturbed(mask, self.recipe.seed, case)[1:]:
                try:
                    others.append(tuple(extract(mask=other & ~hidden).values.values()))
                except InputError:  # a small lesion that was eroded to nothing
                    others.append(())
            assert len(others) == len(NAMES) - 1
        scanner = row.scanner or self.recipe.scanners.detect(self.image).scanner_id or ""
        return Case(
            row=number,
            status=DONE,
            frame=self._number(frame),
            scanner=scanner,
            pixels=int(used.sum()),
            graphics=1 - float(used.sum() / mask.sum()),
            spacing_mm=self.image.spacing_mm or (),
            warnings=(*warnings, *features.warnings),
            values=values,
            perturbed=tuple(others),
        )
