"""Transform files: SimpleITK reads them and moves points as the transform does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from USHarmonizationLib.landmarks.geometry import Geometry
from USHarmonizationLib.landmarks.itk import from_itk, to_itk, write_transform
from USHarmonizationLib.landmarks.transforms import KINDS, fit

WHERE = Geometry((120, 160), (0.3, 0.25), (-4.0, 7.0), ((0.6, -0.8), (0.8, 0.6)))
GENERATOR = np.random.default_rng(0)
PIXELS = GENERATOR.uniform(10, 110, (6, 2))
FIXED = WHERE.to_mm(PIXELS)
MOVING = FIXED @ np.array([[0.9, 0.2], [-0.3, 1.1]]) + [5, -3] + GENERATOR.normal(0, 0.5, (6, 2))
CORNERS = np.array([[0.0, 0.0], [159.0, 0.0], [159.0, 119.0], [0.0, 119.0]])
INSIDE = WHERE.to_mm(np.vstack([GENERATOR.uniform(0, 119, (30, 2)), CORNERS]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("suffix", [".h5", ".tfm"])
def test_a_file_moves_points_as_the_transform_does(tmp_path: Path, kind: str, dimension: int, suffix: str) -> None:
    transform, path = fit(kind, FIXED, MOVING), tmp_path / f"a{suffix}"
    write_transform(path, to_itk(transform, WHERE, dimension))
    read = SimpleITK.ReadTransform(str(path))
    assert read.GetDimension() == dimension
    rest = (0.0,) * (dimension - 2)
    moved = np.array([read.TransformPoint((*point, *rest)) for point in INSIDE.tolist()])
    # A spline is interpolated between the points of a grid.
    assert moved[:, :2] == pytest.approx(transform(INSIDE), abs=5e-3 if kind == "tps" else 1e-9)
    assert not moved[:, 2:].any()


@pytest.mark.parametrize("kind", ["rigid", "similarity", "affine"])
def test_there_and_back(kind: str) -> None:
    transform = fit(kind, FIXED, MOVING).linear
    back = from_itk(kind, to_itk(transform, WHERE))
    assert back.matrix == pytest.approx(transform.matrix, abs=1e-9)
    assert back.offset == pytest.approx(transform.offset, abs=1e-9)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be written"):
        write_transform(tmp_path / "a.xyz", to_itk(fit("rigid", FIXED, MOVING), WHERE))
    assert not list(tmp_path.iterdir())
