"""Example images (Figure 5): of each scanner one image, before and after each method.

Only tissue is shown: what a scanner writes around it, or into it, may name the patient. Graphics are filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.atomic import atomic_path
from USHarmonizationLib.cohort import CohortRow, absolute
from USHarmonizationLib.errors import InputError
from USHarmonizationLib.files import read_image
from USHarmonizationLib.fill import fill
from USHarmonizationLib.image import UltrasoundImage
from USHarmonizationLib.preparation import prepare_frame, read_lesions
from USHarmonizationLib.records import Applied
from USHarmonizationLib.sector import find_sector

from ..fit import HELD_OUT
from .harmonizing import Work, image_methods
from .methods import ORIGINAL
from .results import EXAMPLES, Example

OUTLINE = (255, 208, 64)


def draw_examples(
    work: Work, generated: Mapping[tuple[str, str], Sequence[Applied]], results: Path
) -> tuple[Example, ...]:
    """The image with the middle lesion by size (of held-out patients, where there are any) of each scanner.

    Args:
        work: what to do, and where.
        generated: method, scanner -> what became of each image.
        results: folder whose ``examples`` the pictures are written to.
    """
    found: list[Example] = []
    for scanner in (work.study.target, *work.plan.harmonized):
        made = {
            method: {absolute(work.out / "generated" / method / scanner / row.input): row
                     for row in generated[method, scanner] if row.output}
            for method in image_methods(work.study) if (method, scanner) in generated
        }  # fmt: skip
        row = _middle([row for row in work.plan.of(scanner) if all(row.image in files for files in made.values())])
        if row is None:
            continue
        image = read_image(row.image)
        sector = find_sector(image)
        frame, lesion = _lesion(row, image)
        tissue = prepare_frame(image, frame, sector).valid
        found.append(_draw(results, ORIGINAL, row, image, frame, sector, tissue, lesion, ""))
        for method, files in made.items():
            applied = files[row.image]
            other = read_image(absolute(work.out / "generated" / method / scanner / applied.output))
            found.append(_draw(results, method, row, other, frame, sector, tissue, lesion, "; ".join(applied.warnings)))
    return tuple(found)


def _middle(rows: Sequence[CohortRow]) -> CohortRow | None:
    held_out = [row for row in rows if row.split in HELD_OUT]
    sizes = []
    for row in held_out or rows:
        try:
            sizes.append((int(_lesion(row, read_image(row.image))[1].sum()), row.image.name, row))
        except InputError:
            continue
    ordered = sorted(sizes, key=lambda one: one[:2])
    return ordered[len(ordered) // 2][2] if ordered else None


def _lesion(row: CohortRow, image: UltrasoundImage) -> tuple[int, NDArray[np.bool_]]:
    """The frame in which the lesion is largest, and the lesion."""
    assert row.mask is not None
    lesions = read_lesions(row.mask, row.label, (image.frames, *image.size))
    frame = int(np.argmax(lesions.sum(axis=(1, 2))))
    return (frame if len(lesions) > 1 else image.frames // 2), lesions[frame]


def _draw(
    results: Path,
    method: str,
    row: CohortRow,
    image: UltrasoundImage,
    frame: int,
    sector: NDArray[np.bool_],
    tissue: NDArray[np.bool_],
    lesion: NDArray[np.bool_],
    warnings: str,
) -> Example:
    from PIL import Image
    from scipy.ndimage import binary_erosion

    name = f"{EXAMPLES}/{row.scanner}-{method}"
    brightness = image.luma(frame)
    filled = fill(brightness, ~tissue) if tissue.any() else np.zeros_like(brightness)
    shown = np.rint(np.where(sector, filled, 0).clip(0, 1) * 255).astype(np.uint8)
    lines, columns = np.flatnonzero(sector.any(axis=1)), np.flatnonzero(sector.any(axis=0))
    window = np.s_[lines[0] : lines[-1] + 1, columns[0] : columns[-1] + 1]
    outlined = np.repeat(shown[..., None], 3, axis=2)
    outlined[lesion & ~binary_erosion(lesion, iterations=2)] = OUTLINE
    for end, pixels in (("", shown[window]), ("-lesion", outlined[window])):
        with atomic_path(results / f"{name}{end}.png") as temporary:
            Image.fromarray(pixels).save(temporary)
    return Example(method, row.scanner or "", row.image.name, f"{name}.png", f"{name}-lesion.png", warnings)
