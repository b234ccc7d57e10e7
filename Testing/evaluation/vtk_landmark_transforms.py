"""Transforms that VTK fits to landmarks, for the tests to compare with; VTK itself is too large for their environment.

    python -m venv vtk && vtk/bin/pip install vtk
    vtk/bin/python Testing/evaluation/vtk_landmark_transforms.py Testing/data/landmark_transforms_vtk.json

Rigid, similarity and affine: vtkLandmarkTransform, as a (2, 3) matrix. Affine has each landmark at two depths, since
VTK needs landmarks that do not lie in a plane. tps: where vtkThinPlateSplineTransform (r^2 log r) takes some points.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

COUNTS = (3, 4, 6, 9, 20, 50)


def main(path: Path) -> None:
    import vtk

    generator = np.random.default_rng(20)
    cases = []
    for count in COUNTS:
        fixed = generator.uniform(0, 60, (count, 2))
        angle = generator.uniform(-np.pi, np.pi)
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        moving = generator.uniform(0.9, 1.1) * fixed @ rotation.T + generator.uniform(-20, 20, 2)
        moving += generator.normal(0, 1, (count, 2))
        queries = generator.uniform(0, 60, (5, 2))
        case = {"fixed": fixed.tolist(), "moving": moving.tolist(), "queries": queries.tolist()}
        case |= {kind: _matrix(vtk, kind, fixed, moving) for kind in ("rigid", "similarity", "affine")}
        cases.append(case | {"tps": _spline(vtk, fixed, moving, queries)})
    path.write_text(json.dumps({"vtk": vtk.vtkVersion().GetVTKVersion(), "cases": cases}, indent=0) + "\n")


def _points(vtk: Any, values: np.ndarray, depths: tuple[float, ...] = (0.0,)) -> Any:
    points = vtk.vtkPoints()
    points.SetDataTypeToDouble()
    for depth in depths:
        for x, y in values:
            points.InsertNextPoint(x, y, depth)
    return points


def _matrix(vtk: Any, kind: str, fixed: np.ndarray, moving: np.ndarray) -> list[list[float]]:
    depths = (-10.0, 10.0) if kind == "affine" else (0.0,)
    fitted = vtk.vtkLandmarkTransform()
    fitted.SetSourceLandmarks(_points(vtk, fixed, depths))
    fitted.SetTargetLandmarks(_points(vtk, moving, depths))
    modes = {"rigid": "RigidBody", "similarity": "Similarity", "affine": "Affine"}
    getattr(fitted, f"SetModeTo{modes[kind]}")()
    fitted.Update()
    return [[fitted.GetMatrix().GetElement(row, column) for column in (0, 1, 3)] for row in (0, 1)]


def _spline(vtk: Any, fixed: np.ndarray, moving: np.ndarray, queries: np.ndarray) -> list[list[float]]:
    fitted = vtk.vtkThinPlateSplineTransform()
    fitted.SetBasisToR2LogR()
    fitted.SetSourceLandmarks(_points(vtk, fixed))
    fitted.SetTargetLandmarks(_points(vtk, moving))
    return [list(fitted.TransformPoint(x, y, 0.0)[:2]) for x, y in queries]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
