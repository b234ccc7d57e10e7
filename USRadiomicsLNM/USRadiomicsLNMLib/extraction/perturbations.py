"""Masks as another reader might have drawn them: a pixel smaller, larger, aside, or with a shaky outline.

After the perturbations of Zwanenburg et al. (Scientific Reports 2019, doi 10.1038/s41598-018-36938-4): volume change,
translation and contour randomization; here by pixels, since one is about what two readers differ by at a clear border.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

NAMES = ("as given", "eroded", "dilated", "up", "down", "left", "right", "noise 1", "noise 2")

# Of the outline's noise, in pixels: standard deviation, and length along the outline over which it is much the same.
NOISE, SMOOTH = 1.0, 3.0

# Around the lesion's box, so that nothing is lost by what is done to it.
MARGIN = 8


def perturbed(mask: Mask, seed: int, case: str) -> list[Mask]:
    """The mask itself and eight others, in the order of ``NAMES``; each (rows, columns), inside the frame.

    Args:
        mask: (rows, columns), at least one pixel.
        seed: same seed and case, same masks.
        case: what makes the noise of this lesion another than that of the next.
    """
    from scipy import ndimage

    spans = []
    for axis, length in enumerate(mask.shape):
        inside = np.flatnonzero(mask.any(axis=1 - axis))
        spans.append((max(0, int(inside[0]) - MARGIN), min(length, int(inside[-1]) + 1 + MARGIN)))
    window = np.s_[spans[0][0] : spans[0][1], spans[1][0] : spans[1][1]]
    lesion = mask[window]
    inner, outer = ndimage.distance_transform_edt(lesion), ndimage.distance_transform_edt(~lesion)
    depth = np.where(lesion, inner - 0.5, 0.5 - outer)  # pixels inside the outline, negative outside
    digest = hashlib.sha256(case.encode()).digest()
    random = np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
    shapes = [lesion, ndimage.binary_erosion(lesion), ndimage.binary_dilation(lesion)]
    shapes += [_shifted(lesion, step) for step in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    for _ in range(2):
        field = ndimage.gaussian_filter(random.normal(size=lesion.shape), SMOOTH)
        shapes.append(depth + NOISE * field / field.std() > 0)
    masks = []
    for shape in shapes:
        whole = np.zeros_like(mask)
        whole[window] = shape
        masks.append(whole)
    return masks


def _shifted(mask: Mask, step: tuple[int, int]) -> Mask:
    """What leaves the frame is lost."""
    moved = np.pad(mask, 1)[1 - step[0] :, 1 - step[1] :]
    return moved[: mask.shape[0], : mask.shape[1]]
