"""Which images a command is to work on, and where each one's result goes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .cohort import CohortRow, absolute, read_cohort
from .errors import UsageError
from .files import find_images
from .scanners import Catalogue, catalogue


@dataclass(frozen=True)
class Input:
    """One image to work on.

    Attributes:
        path: where it lies, from the root; need not exist.
        relative: path of its result inside the output folder, with forward slashes.
        scanner: catalogue id as the cohort table gives it, None when it is to be detected.
        patient: pseudonym, "" when unknown.
        lesions: masks and the values that mean lesion in them.
    """

    path: Path
    relative: str
    scanner: str | None = None
    patient: str = ""
    lesions: tuple[tuple[Path, int], ...] = ()


@dataclass(frozen=True)
class Selection:
    """All images of one command, in the order in which they were named, and the cohort's rows if it is one."""

    inputs: tuple[Input, ...]
    cohort: tuple[CohortRow, ...] = ()


def select_inputs(paths: Sequence[Path], out: Path, scanners: Catalogue | None = None) -> Selection:
    """The images that ``paths`` mean: files, folders (with all images below them) or one cohort CSV.

    A file goes to ``out`` under its name, an image of a folder under its path inside that folder, one of a cohort under
    its path as seen from the CSV's folder (from the images' common folder where they do not all lie below it). What
    lies in ``out`` is no input.

    Raises:
        UsageError: a path does not exist, a folder holds no image, two results would have the same name, or a result
            would take the place of an input.
    """
    scanners = scanners or catalogue()
    if len(paths) == 1 and paths[0].suffix.lower() == ".csv":
        rows = read_cohort(paths[0], scanners)
        inputs = _of_cohort(rows, paths[0].parent)
    else:
        rows, inputs = (), [found for path in paths for found in _of_path(path, out)]
    _check(inputs, out)
    return Selection(tuple(inputs), rows)


def _of_path(path: Path, out: Path) -> list[Input]:
    if path.suffix.lower() == ".csv" and path.is_file():
        raise UsageError(f"{path}: a cohort table is given alone, without other inputs")
    if path.is_dir():
        if path.resolve() == out.resolve():
            raise UsageError(f"{path} is both input and output; name another folder for the output")
        inside = [image for image in find_images(path) if not image.resolve().is_relative_to(out.resolve())]
        if not inside:
            raise UsageError(f"{path} holds no images")
        return [Input(absolute(image), image.relative_to(path).as_posix()) for image in inside]
    if not path.exists():
        raise UsageError(f"{path} does not exist; needed: image files, folders or one cohort CSV")
    return [Input(absolute(path), path.name)]


def _of_cohort(rows: Sequence[CohortRow], folder: Path) -> list[Input]:
    """One input an image, though several rows may name it (several lesions)."""
    by_image: dict[Path, list[CohortRow]] = {}
    for row in rows:
        by_image.setdefault(absolute(row.image), []).append(row)
    root = absolute(folder)
    if not all(image.is_relative_to(root) for image in by_image):
        try:
            root = Path(os.path.commonpath([image.parent for image in by_image]))
        except ValueError as error:
            raise UsageError("the cohort's images lie on several drives; bring them below one folder") from error
    return [
        Input(
            path=image,
            relative=image.relative_to(root).as_posix(),
            scanner=next((row.scanner for row in same if row.scanner), None),
            patient=next((row.patient for row in same if row.patient), ""),
            lesions=tuple((row.mask, row.label) for row in same if row.mask is not None),
        )
        for image, same in by_image.items()
    ]


def _check(inputs: Sequence[Input], out: Path) -> None:
    first: dict[str, Input] = {}
    sources = {one.path.resolve(): one for one in inputs}
    for one in inputs:
        other = first.setdefault(os.path.normcase(one.relative), one)
        if other is not one:
            raise UsageError(
                f"{other.path} and {one.path} would both become {out / one.relative}; name the folder that holds both"
            )
        taken = sources.get((out / one.relative).resolve())
        if taken is not None:
            raise UsageError(
                f"the result of {one.path} would replace the input {taken.path}; name another output folder"
            )
