"""Pair two images by landmarks: all that ``usharmonize pair`` does, and the files it leaves."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..atomic import write_text
from ..errors import InputError, UsageError
from ..files import read_image, write_image
from ..files.medical import MedicalSource
from ..image import UltrasoundImage
from ..preparation import prepare_frame
from ..records import Ledger, sha256
from ..sector import find_sector
from . import pictures
from .files import read_landmarks, write_markups
from .geometry import Geometry, Points, geometry
from .itk import to_itk, write_transform
from .refinement import KINDS as REFINED
from .refinement import Refinement, refine
from .registration import Registration, check_inside, register
from .resampling import folds, overlap, resample
from .transforms import KINDS, fit

REPORT = "pair.json"
RESULTS = (
    "fixed.nrrd",
    "moving.nrrd",
    "overlap.nrrd",
    "transform.h5",
    "transform_2d.h5",
    "landmarks.mrk.json",
    "residuals.csv",
    "checkerboard.png",
    "flicker.gif",
    "landmarks.png",
)
# Images of one thing in mm differ in scale by little: the speed of sound, a calibration.
SCALES = (0.9, 1.1)
# A wider field of view in mm is that of no scanner: the file has some number in place of the size of its pixels.
WIDEST_MM = 400.0
# A connected piece of graphics that covers more of the image than this is no echo.
LARGEST_ECHO = 0.01
# A smaller share of the fixed image's tissue in common is a warning.
LEAST_OVERLAP = 0.1


@dataclass(frozen=True)
class Source:
    """One of the two images, as it is named.

    Attributes:
        image, landmarks: files.
        frame: which one of a cine or a volume, from 0.
        spacing_mm: height and width of a pixel, where the file does not say or is wrong.
    """

    image: Path
    landmarks: Path
    frame: int = 0
    spacing_mm: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class _Frame:
    """One frame, where it lies, and its landmarks in mm."""

    image: UltrasoundImage
    luma: NDArray[np.float32]
    valid: NDArray[np.bool_]
    where: Geometry
    labels: tuple[str, ...]
    points: Points


def pair(fixed: Source, moving: Source, kind: str, out: Path, *, refined: bool = False) -> dict[str, Any]:
    """Register ``moving`` to ``fixed`` by landmarks and write all results to a folder.

    ``pair.json`` is written last, and removed before anything else is: where it stands the others are whole. A second
    call with the same inputs finds it and does nothing.

    Args:
        fixed, moving: the images and their landmarks.
        kind: ``rigid``, ``similarity``, ``affine`` or ``tps``.
        out: folder for the results.
        refined: also refine the transform by the images' brightness, see ``refinement``.

    Returns:
        The content of ``pair.json``: software and versions, inputs with hashes, settings, registration, warnings.

    Raises:
        UsageError: unknown transform, no such frame, a spline to be refined; the folder cannot be written to, or
            another run is writing to it.
        InputError: a file cannot be used, the landmarks cannot, or the images show nothing in common.
        OSError: the disk is full.
    """
    if kind not in KINDS:
        raise UsageError(f"unknown transform {kind!r}; known: {', '.join(KINDS)}")
    if refined and kind not in REFINED:
        raise UsageError(f"a {kind} transform cannot be refined; refined are {', '.join(REFINED)}")
    report = _head(fixed, moving, kind, refined)
    if (before := _done_before(out, report)) is not None:
        return before
    first, second = _read(fixed), _read(moving)
    registration = register(kind, first.points, second.points, first.labels, second.labels)
    refinement = None
    if refined:
        places = (first.where, second.where)
        refinement = refine(registration, first.luma, second.luma, (first.valid, second.valid), places)
        if refinement.kept:
            registration = _with(registration, refinement)
    transform = registration.transform
    common = overlap(first.valid, second.valid, second.where, first.where, transform)
    if not common.any():
        raise InputError(f"{moving.image}: shows nothing of what {fixed.image} shows, by these landmarks")
    with Ledger(out).locked():
        (out / REPORT).unlink(missing_ok=True)
        _write_images(out, first, second, registration, common)
        write_transform(out / "transform.h5", to_itk(transform, first.where, 3))
        write_transform(out / "transform_2d.h5", to_itk(transform, first.where, 2))
        write_markups(out / "landmarks.mrk.json", [one.label for one in registration.landmarks], first.points)
        write_text(out / "residuals.csv", _table(registration))
        share = float(common.sum() / first.valid.sum())
        report |= {
            "registration": _figures(registration),
            "refinement": _refinement(refinement),
            "overlap_of_fixed_tissue": share,
            "warnings": _warnings(first, second, registration, share, refinement),
            "results": list(RESULTS),
        }
        write_text(out / REPORT, json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return report


def _head(fixed: Source, moving: Source, kind: str, refined: bool) -> dict[str, Any]:
    """What the result depends on."""
    versions = {
        "USHarmonization": __version__,
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "SimpleITK": version("SimpleITK"),
        "pillow": version("pillow"),
    }
    inputs = {}
    for name, source in (("fixed", fixed), ("moving", moving)):
        for path in (source.image, source.landmarks):
            if not path.is_file():
                raise InputError(f"{path}: " + ("is a folder; needed: a file" if path.is_dir() else "no such file"))
        inputs[name] = {
            "image": source.image.name,
            "image_sha256": sha256(source.image),
            "landmarks": source.landmarks.name,
            "landmarks_sha256": sha256(source.landmarks),
            "frame": source.frame,
            "spacing_mm": None if source.spacing_mm is None else list(source.spacing_mm),
        }
    return {"versions": versions, "inputs": inputs, "settings": {"transform": kind, "refine": refined}}


def _done_before(out: Path, head: dict[str, Any]) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        found = json.loads((out / REPORT).read_text(encoding="utf-8"))
        same = isinstance(found, dict) and all(found.get(name) == value for name, value in head.items())
        if same and all((out / name).is_file() for name in RESULTS):
            return dict(found)
    return None


def _read(source: Source) -> _Frame:
    image = read_image(source.image)
    if not 0 <= source.frame < image.frames:
        raise UsageError(f"{source.image}: no frame {source.frame}; it has {image.frames}, counted from 0")
    found = read_landmarks(source.landmarks)
    # The file's own coordinates lead to pixels, these by the right size of a pixel to mm.
    where = geometry(image, source.spacing_mm)
    points = where.to_mm(found.in_pixels(geometry(image), source.frame))
    check_inside(points, found.labels, where, str(source.landmarks))
    sector = find_sector(image)
    prepared = prepare_frame(image, source.frame, sector)
    echoes = _at(where.to_pixels(points), sector & ~prepared.valid & ~prepared.coloured)
    if not prepared.valid.any():
        raise InputError(f"{source.image}: frame {source.frame} shows no grey tissue")
    return _Frame(image, prepared.original, prepared.valid | echoes, where, found.labels, points)


def _at(pixels: Points, graphics: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those graphics on which a landmark lies.

    A wire in water is a small bright spot on black, as letters are; and what a person marks is an echo.
    """
    from scipy.ndimage import label

    parts, _ = label(graphics, np.ones((3, 3)))
    columns, rows = np.rint(pixels).astype(int).T
    marked = np.setdiff1d(parts[rows, columns], [0])
    small = [part for part in marked if np.count_nonzero(parts == part) < LARGEST_ECHO * graphics.size]
    return np.asarray(np.isin(parts, small))


def _with(registration: Registration, refinement: Refinement) -> Registration:
    """The registration with the refined transform; errors of landmarks left out were those of the landmarks' own."""
    mapped = refinement.transform(np.array([one.fixed for one in registration.landmarks])).tolist()
    landmarks = tuple(
        replace(one, mapped=(x, y), left_out=(x, y)) for one, (x, y) in zip(registration.landmarks, mapped, strict=True)
    )
    return replace(registration, transform=refinement.transform, landmarks=landmarks)


def _write_images(
    out: Path, first: _Frame, second: _Frame, registration: Registration, common: NDArray[np.bool_]
) -> None:
    transform = registration.transform
    moved = resample(second.luma, second.where, first.where, transform)
    deep = any(np.dtype(one.image.pixels.dtype).itemsize > 1 for one in (first, second))
    for name, frame in (("fixed", first.luma), ("moving", moved)):
        _write_frame(out / f"{name}.nrrd", frame if deep else np.rint(frame * 255).astype(np.uint8), first.where)
    _write_frame(out / "overlap.nrrd", common.astype(np.uint8), first.where)
    shown = np.where(first.valid, first.luma, np.float32(0))
    moving_shown = np.where(second.valid, second.luma, np.float32(0))
    moved_shown = resample(moving_shown, second.where, first.where, transform)
    pictures.checkerboard(shown, moved_shown, out / "checkerboard.png")
    pictures.flicker(shown, moved_shown, out / "flicker.gif")
    pictures.landmarks(shown, moving_shown, (first.where, second.where), registration, out / "landmarks.png")


def _write_frame(path: Path, pixels: NDArray[Any], where: Geometry) -> None:
    direction = tuple(float(value) for row in where.direction for value in row)
    source = MedicalSource(where.size, where.spacing, where.origin, direction, compressed=True)
    limits = (0.0, 1.0) if pixels.dtype.kind == "f" else (0.0, 255.0)
    write_image(UltrasoundImage(pixels[None], limits, where.spacing[::-1], container=source), path)


def _table(registration: Registration) -> str:
    names = "label moving_label fixed_x_mm fixed_y_mm moving_x_mm moving_y_mm mapped_x_mm mapped_y_mm residual_mm"
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*names.split(), "left_out_mm"])
    for one in registration.landmarks:
        places = [*one.fixed, *one.moving, *one.mapped, one.residual]
        error = "" if one.target_error is None else f"{one.target_error:.6f}"
        writer.writerow([one.label, one.moving_label or one.label, *(f"{value:.6f}" for value in places), error])
    return table.getvalue()


def _figures(registration: Registration) -> dict[str, Any]:
    transform = registration.transform
    return {
        "landmarks": len(registration.landmarks),
        "matched_by": registration.matched_by,
        "fre_mm": registration.fre,
        "left_out_tre_mm": registration.target_error,
        "direction": "from the fixed to the moving image, LPS, mm",
        "matrix": transform.linear.matrix.tolist(),
        "offset_mm": transform.linear.offset.tolist(),
        "scale": transform.linear.scale,
        "rotation_degrees": transform.linear.rotation_degrees,
    }


def _refinement(refinement: Refinement | None) -> dict[str, Any] | None:
    if refinement is None:
        return None
    return {
        "kept": refinement.kept,
        "why": refinement.why,
        "mutual_information_before": refinement.metric_before,
        "mutual_information_after": refinement.metric_after,
        "landmarks_before_mm": refinement.residual_before,
        "landmarks_after_mm": refinement.residual_after,
        "left_out_tre_before_mm": refinement.target_error_before,
        "matrix": refinement.transform.matrix.tolist(),
        "offset_mm": refinement.transform.offset.tolist(),
    }


def _warnings(
    first: _Frame, second: _Frame, registration: Registration, share: float, refinement: Refinement | None
) -> list[str]:
    warnings = [
        f"the {name} image does not say how large its pixels are; they count as 1 mm, so that no figure is in mm"
        for name, one in (("fixed", first), ("moving", second))
        if not one.where.calibrated
    ]
    for name, one in (("fixed", first), ("moving", second)):
        columns, rows = np.rint(one.where.to_pixels(one.points)).astype(int).T
        if beside := [label for label, seen in zip(one.labels, one.valid[rows, columns], strict=True) if not seen]:
            warnings.append(f"{name} landmarks lie beside what is taken for tissue: {', '.join(beside)}")
        widest = max(np.array(one.where.size[::-1]) * one.where.spacing)
        if one.where.calibrated and widest > WIDEST_MM:
            warnings.append(f"the {name} image would be {widest:.0f} mm wide by the size of its pixels; is that right?")
    moving = np.array([one.moving for one in registration.landmarks])
    scale = fit("similarity", first.points, moving).linear.scale
    if not SCALES[0] <= scale <= SCALES[1]:
        warnings.append(f"the images differ in scale by a factor of {scale:.3f}; check the pixels' size")
    if registration.target_error is None:
        warnings.append("too few landmarks to leave one out: nothing is known about the error between them")
    if folds(first.where, registration.transform):
        warnings.append("the transform folds the image over; check the landmarks, or choose a stiffer transform")
    if share < LEAST_OVERLAP:
        warnings.append(f"the images have only {share:.0%} of the fixed image's tissue in common")
    if refinement is not None and not refinement.kept:
        warnings.append(f"refinement {refinement.why}")
    return warnings
