"""Fitted transforms: known ones are found again, VTK, ITK and SciPy agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from USHarmonizationLib.landmarks.transforms import fit

Points = NDArray[np.float64]
CASES = json.loads((Path(__file__).parents[2] / "data" / "landmark_transforms_vtk.json").read_text())["cases"]
LINEAR = ("rigid", "similarity", "affine")


def rotation(angle: float) -> Points:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@pytest.fixture(params=CASES, ids=[f"{len(case['fixed'])} landmarks" for case in CASES])
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {name: np.array(value) for name, value in request.param.items()}


@pytest.mark.parametrize("kind", LINEAR)
def test_vtk_agrees(case: dict[str, Any], kind: str) -> None:
    fitted = fit(kind, case["fixed"], case["moving"]).linear
    assert np.column_stack([fitted.matrix, fitted.offset]) == pytest.approx(case[kind], abs=1e-8)


def test_vtk_and_scipy_agree_on_the_spline(case: dict[str, Any]) -> None:
    fixed, moving, queries = case["fixed"], case["moving"], case["queries"]
    moved = fit("tps", fixed, moving)(queries)
    assert moved == pytest.approx(case["tps"], abs=1e-8)
    scipy = RBFInterpolator(fixed, moving, kernel="thin_plate_spline", degree=1)
    assert moved == pytest.approx(scipy(queries), abs=1e-8)


@pytest.mark.parametrize("kind", LINEAR)
def test_itk_agrees(case: dict[str, Any], kind: str) -> None:
    # Of two dimensions ITK knows no similarity: it leaves the scale at 1. So it gets flat landmarks in three.
    start = {"rigid": SimpleITK.VersorRigid3DTransform(), "similarity": SimpleITK.Similarity3DTransform()}
    depth = 0 if kind == "affine" else 1
    fixed, moving, queries = (np.pad(case[name], ((0, 0), (0, depth))) for name in ("fixed", "moving", "queries"))
    fitted = SimpleITK.LandmarkBasedTransformInitializer(
        start.get(kind, SimpleITK.AffineTransform(2)), fixed.ravel().tolist(), moving.ravel().tolist()
    )
    expected = np.array([fitted.TransformPoint(point) for point in queries.tolist()])[:, :2]
    assert fit(kind, case["fixed"], case["moving"])(case["queries"]) == pytest.approx(expected, abs=1e-8)


@given(st.floats(-3.1, 3.1), st.floats(0.5, 2), st.floats(-100, 100), st.integers(0, 2**32 - 1))
def test_known_transforms_are_found_again(angle: float, scale: float, shift: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    fixed = generator.uniform(0, 80, (6, 2))
    shear = np.array([[1.0, 0.3], [-0.1, 0.8]])
    known = {"rigid": rotation(angle), "similarity": scale * rotation(angle), "affine": scale * rotation(angle) @ shear}
    for kind, matrix in known.items():
        fitted = fit(kind, fixed, fixed @ matrix.T + [shift, 2.0]).linear
        assert fitted.matrix == pytest.approx(matrix, abs=1e-9)
        assert fitted.offset == pytest.approx([shift, 2.0], abs=1e-7)
        if kind != "affine":
            assert fitted.scale == pytest.approx(np.sqrt(np.linalg.det(matrix)))
            turned = np.exp(1j * (np.radians(fitted.rotation_degrees) - angle))
            assert turned == pytest.approx(1.0)


@given(st.integers(0, 2**32 - 1))
def test_a_mirror_image_is_never_made(seed: int) -> None:
    generator = np.random.default_rng(seed)
    fixed = generator.uniform(0, 80, (5, 2))
    for kind in ("rigid", "similarity"):
        assert np.linalg.det(fit(kind, fixed, fixed * [-1.0, 1.0]).linear.matrix) > 0


def test_the_inverse_of_a_similarity_is_that_of_the_exchanged_images() -> None:
    generator = np.random.default_rng(3)
    fixed, moving = generator.uniform(0, 50, (2, 7, 2))
    there, back = fit("similarity", fixed, moving).linear, fit("similarity", moving, fixed).linear
    assert there.matrix @ back.matrix == pytest.approx(np.eye(2), abs=1e-12)


def test_rigid_and_affine_are_least_squares() -> None:
    """No small change of the fitted transform brings the landmarks nearer."""
    generator = np.random.default_rng(4)
    fixed = generator.uniform(0, 50, (6, 2))
    moving = fixed @ rotation(0.3).T + generator.normal(0, 1, (6, 2))

    def missed(matrix: Points, offset: Points) -> float:
        return float(((fixed @ matrix.T + offset - moving) ** 2).sum())

    rigid, affine = fit("rigid", fixed, moving).linear, fit("affine", fixed, moving).linear
    for step in generator.normal(0, 1e-3, (50, 2, 3)):
        assert missed(affine.matrix + step[:, :2], affine.offset + step[:, 2]) > missed(affine.matrix, affine.offset)
        turned = rotation(step[0, 0]) @ rigid.matrix
        assert missed(turned, rigid.offset + step[:, 2]) > missed(rigid.matrix, rigid.offset)


def test_a_spline_meets_all_landmarks_and_does_not_depend_on_the_unit() -> None:
    generator = np.random.default_rng(5)
    fixed, moving, queries = generator.uniform(0, 50, (3, 8, 2))
    spline = fit("tps", fixed, moving)
    assert spline(fixed) == pytest.approx(moving, abs=1e-9)
    assert fit("tps", fixed * 1000, moving * 1000)(queries * 1000) == pytest.approx(spline(queries) * 1000, abs=1e-6)
    straight = fit("tps", fixed, fixed @ rotation(0.2).T + 3)
    assert straight(queries) == pytest.approx(queries @ rotation(0.2).T + 3, abs=1e-9)
