"""Shape of a lesion's outline.

Names and formulas: pyradiomics' documentation, Shape Features (2D). The outline is that of marching squares (Lorensen
and Cline 1987, doi 10.1145/37401.37422, in two dimensions): it crosses halfway between a pixel inside and one outside;
where two pixels inside meet only at a corner, it keeps them apart. Not in the reference manual of the IBSI, which knows
volumes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist


def shape2d(mask: NDArray[np.bool_], spacing_mm: tuple[float, float]) -> dict[str, float]:
    """Shape features.

    Args:
        mask: (rows, columns), True in the lesion, an area: neither one pixel nor a straight line.
        spacing_mm: height and width of a pixel.

    Returns:
        9 values.
    """
    height, width = spacing_mm
    inside = np.pad(mask, 1)
    surface, perimeter = _outline(inside, height, width)
    pixels = np.argwhere(inside) * np.array(spacing_mm)
    deviation = pixels - pixels.mean(axis=0)
    minor, major = np.linalg.eigvalsh(deviation.T @ deviation / len(pixels)).clip(min=0)
    return {
        "Elongation": float(np.sqrt(minor / major)),
        "MajorAxisLength": 4 * float(np.sqrt(major)),
        "MaximumDiameter": _diameter(inside, height, width),
        "MeshSurface": surface,
        "MinorAxisLength": 4 * float(np.sqrt(minor)),
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / surface,
        "PixelSurface": len(pixels) * height * width,
        "Sphericity": 2 * float(np.sqrt(np.pi * surface)) / perimeter,
    }


def _outline(inside: NDArray[np.bool_], height: float, width: float) -> tuple[float, float]:
    """Area and length of the outline, from the squares between the centres of four pixels."""
    number = inside.astype(np.uint8)
    # A square's corners as the bits of a number: upper left, upper right, lower left, lower right.
    kind = number[:-1, :-1] + 2 * number[:-1, 1:] + 4 * number[1:, :-1] + 8 * number[1:, 1:]
    squares = np.bincount(kind.ravel(), minlength=16)
    one, three = squares[[1, 2, 4, 8]].sum(), squares[[14, 13, 11, 7]].sum()
    level, upright, saddle = squares[[3, 12]].sum(), squares[[5, 10]].sum(), squares[[6, 9]].sum()
    area = one / 8 + (level + upright) / 2 + saddle / 4 + three * 7 / 8 + squares[15]
    length = (one + three + 2 * saddle) * np.hypot(height, width) / 2 + level * width + upright * height
    return float(area * height * width), float(length)


def _diameter(inside: NDArray[np.bool_], height: float, width: float) -> float:
    """The largest distance of two points where the outline crosses from a pixel to the next."""
    upright, level = np.argwhere(inside[1:] != inside[:-1]), np.argwhere(inside[:, 1:] != inside[:, :-1])
    points = np.concatenate([upright + np.array([0.5, 0]), level + np.array([0, 0.5])]) * (height, width)
    return float(pdist(points[ConvexHull(points).vertices]).max())
