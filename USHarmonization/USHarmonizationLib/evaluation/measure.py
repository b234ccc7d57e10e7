"""What is measured of one image and all that belongs to it; only numbers are kept.

A measurement that is done is remembered in the output folder under a hash of all it depends on, so that an evaluation
that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..atomic import write_text
from ..errors import HarmonizationError, InputError, UsageError
from ..files import read_image, read_mask
from ..fill import fill
from ..metrics.image_figures import ImageFigures, image_figures
from ..preparation import PreparedFrame, prepare_frame
from ..records import FOLDER, sha256
from ..sector import find_sector
from ..texture import LEAST_PIXELS, texture_features
from .folders import Task
from .settings import ORIGINAL, TARGET

if TYPE_CHECKING:
    from ..metrics.extractors import Extractor

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]

# More values than a person draws regions: it is no mask but an image.
MOST_LABELS = 64


@dataclass(frozen=True)
class Recipe:
    """What is measured of each image.

    Attributes:
        extractor, weights: network of FID and KID, None for neither.
        labels: of the regions, () for all; wavelet: see ``texture``.
        memory: folder in which measurements are remembered.
    """

    extractor: str | None
    weights: Path | None
    labels: tuple[int, ...]
    wavelet: bool
    memory: Path


@dataclass(frozen=True, eq=False)
class Measured:
    """Figures of one task.

    Attributes:
        name, patient: of the task.
        failure: why there are none, "" when there are.
        figures: ``against`` (``target`` or ``original``) -> method -> figures of the registered pair.
        regions: labels whose features were measured; names: of these features; features: role -> (regions, features).
        network: role -> (features of the network,).
        hashes: role -> SHA-256 of the file.
        notes: what to know of this image.
    """

    name: str
    patient: str
    failure: str = ""
    figures: Mapping[str, Mapping[str, ImageFigures]] = field(default_factory=dict)
    regions: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    features: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    network: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON can hold it (but for NaN and infinity, which Python's own JSON writes and reads)."""
        figures = {
            against: {method: asdict(one) for method, one in methods.items()}
            for against, methods in self.figures.items()
        }
        others = {one.name: getattr(self, one.name) for one in fields(self)}
        features = {role: values.tolist() for role, values in self.features.items()}
        # Thousands of numbers an image: as bytes, a third of the text.
        network = {role: b64encode(values.astype("<f4").tobytes()).decode() for role, values in self.network.items()}
        return {**others, "figures": figures, "features": features, "network": network}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Measured:
        """The inverse of ``as_json``."""
        figures = {
            against: {method: ImageFigures(**one) for method, one in methods.items()}
            for against, methods in content["figures"].items()
        }
        tuples = {name: tuple(content[name]) for name in ("regions", "names", "notes")}
        features = {role: np.array(rows, dtype=np.float64) for role, rows in content["features"].items()}
        network = {role: np.frombuffer(b64decode(values), dtype="<f4") for role, values in content["network"].items()}
        return cls(**{**content, **tuples, "figures": figures, "features": features, "network": network})


def measure(recipe: Recipe, task: Task) -> Measured:
    """Measure one task; what cannot be measured says why in ``failure``.

    Raises:
        UsageError: a package is missing.
        OSError: the output folder cannot be written to.
    """
    try:
        hashes = {role: sha256(path) for role, path in task.images.items()}
        memory = recipe.memory / FOLDER / "evaluate" / f"{_key(recipe, task, hashes)}.json"
        known = _remembered(memory)
        if known is not None:
            return known
        measured = _measure(recipe, task, hashes)
    except UsageError:
        raise
    except HarmonizationError as error:
        return Measured(task.name, task.patient, failure=str(error))
    except Exception as error:
        why = f"{task.name}: {type(error).__name__}: {' '.join(str(error).split())}"
        return Measured(task.name, task.patient, failure=why)
    write_text(memory, json.dumps(measured.as_json()))
    return measured


def read_middle(path: Path, size: tuple[int, int] | None = None) -> tuple[PreparedFrame, Mask, tuple[str, ...]]:
    """The middle frame of an image, its imaged area, and what to know of it.

    Raises:
        InputError: the image cannot be used, or is not of ``size`` (rows, columns).
    """
    image = read_image(path)
    if size is not None and image.size != size:
        (rows, columns), (high, wide) = image.size, size
        raise InputError(f"{path}: {rows} x {columns} pixels for an original of {high} x {wide}; needed: the same grid")
    sector = find_sector(image)
    notes = (f"{image.frames} frames, of which the middle one was measured",) if image.frames > 1 else ()
    return prepare_frame(image, image.frames // 2, sector), sector, notes


def _measure(recipe: Recipe, task: Task, hashes: Mapping[str, str]) -> Measured:
    first = ORIGINAL if ORIGINAL in task.images else TARGET
    prepared, _, notes = read_middle(task.images[first])
    size = prepared.original.shape
    where = prepared.valid
    frames = {first: prepared.original}
    for role, path in task.images.items():
        if role == TARGET and first != TARGET:
            paired, _, _ = read_middle(path, (size[0], size[1]))
            frames[role] = paired.original
            where = where & paired.valid
        elif role != first:
            frames[role] = _brightness(path, (size[0], size[1]))
    if task.overlap is not None:
        where = _area(task.overlap, size) != 0
    figures: dict[str, dict[str, ImageFigures]] = {}
    methods = [role for role in frames if role != TARGET]
    try:
        if TARGET in frames and methods:
            figures[TARGET] = {role: image_figures(frames[TARGET], frames[role], where) for role in methods}
        if len(methods) > 1:
            figures[ORIGINAL] = {
                role: image_figures(frames[ORIGINAL], frames[role], where) for role in methods if role != ORIGINAL
            }
    except InputError as error:
        raise InputError(f"{task.images[first]}: {error}") from error
    if not where.any():
        raise InputError(f"{task.images[first]}: no grey tissue to measure")
    regions, names, features, small = _features(recipe, task, frames, where)
    return Measured(
        name=task.name,
        patient=task.patient,
        figures=figures,
        regions=regions,
        names=names,
        features=features,
        network=_network(recipe, frames, where),
        hashes=dict(hashes),
        notes=(*notes, *small),
    )


def _brightness(path: Path, size: tuple[int, int]) -> Frame:
    image = read_image(path)
    if image.size != size:
        (rows, columns), (high, wide) = image.size, size
        raise InputError(f"{path}: {rows} x {columns} pixels for an original of {high} x {wide}; needed: the same grid")
    return image.luma(image.frames // 2)


def _area(path: Path, size: tuple[int, ...]) -> NDArray[Any]:
    """(rows, columns) values of a mask, of the middle frame where it has several."""
    values = read_mask(path)
    if values.shape[1:] != tuple(size):
        (rows, columns), (high, wide) = values.shape[1:], size
        raise InputError(f"{path}: mask of {rows} x {columns} pixels for an image of {high} x {wide}")
    return np.asarray(values[len(values) // 2])


def _features(
    recipe: Recipe, task: Task, frames: Mapping[str, Frame], where: Mask
) -> tuple[tuple[int, ...], tuple[str, ...], dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """Labels, names of the features, features of each role, notes."""
    if task.mask is None:
        return (), (), {}, ()
    values = _area(task.mask, where.shape)
    present = [int(value) for value in np.unique(values) if value]
    if absent := [label for label in recipe.labels if label not in present]:
        has = ", ".join(map(str, present[:10])) or "nothing"
        raise InputError(f"{task.mask}: mask without label {absent[0]}; it has: {has}")
    if not present:
        raise InputError(f"{task.mask}: mask without any label")
    if len(present) > MOST_LABELS and not recipe.labels:
        raise InputError(f"{task.mask}: {len(present)} different values; needed: a mask, or name labels")
    regions = {label: (values == label) & where for label in recipe.labels or present}
    usable = {label: region for label, region in regions.items() if region.sum() >= LEAST_PIXELS}
    if not usable:
        raise InputError(
            f"{task.mask}: no region has {LEAST_PIXELS} pixels or more inside the imaged area (the overlap)"
        )
    notes = tuple(
        f"region {label} has fewer than {LEAST_PIXELS} pixels inside the imaged area and was left out"
        for label in regions
        if label not in usable
    )
    names: tuple[str, ...] = ()
    features = {}
    for role, frame in frames.items():
        try:
            found = [texture_features(frame * 255, region, recipe.wavelet) for region in usable.values()]
        except InputError as error:
            raise InputError(f"{task.images[role]}: {error}") from error
        names = tuple(found[0])
        features[role] = np.array([list(row.values()) for row in found])
    return tuple(usable), names, features, notes


def _network(recipe: Recipe, frames: Mapping[str, Frame], where: Mask) -> dict[str, NDArray[np.float32]]:
    """Features of the box around the measured area, all else in it filled from around: text must not count."""
    if recipe.extractor is None:
        return {}
    network = _extractor(recipe)
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return {role: network.features(fill(frame, ~where)[box]) for role, frame in frames.items()}


def _extractor(recipe: Recipe) -> Extractor:
    from ..metrics.extractors import load_extractor

    return load_extractor(recipe.extractor or "", recipe.weights)


def _key(recipe: Recipe, task: Task, hashes: Mapping[str, str]) -> str:
    masks = [sha256(path) if path is not None else "" for path in (task.mask, task.overlap)]
    weights = _extractor(recipe).weights_sha256 if recipe.extractor is not None else ""
    depends = (task.name, task.patient, sorted(hashes.items()), masks, weights)
    how = (recipe.extractor, recipe.labels, recipe.wavelet, __version__)
    return hashlib.sha256(repr((depends, how)).encode()).hexdigest()[:32]


def _remembered(path: Path) -> Measured | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Measured.from_json(json.loads(path.read_text(encoding="utf-8")))
    return None
