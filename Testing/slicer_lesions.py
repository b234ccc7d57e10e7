"""Lesions in MRML nodes and in files, and a model fitted on some: simulated, and no two sides of them alike."""

from __future__ import annotations

import csv
import sys
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

HARMONIZER = "ge-logiq-5-to-ge-logiq-7"
SCANNER = "ge-logiq-7"
SIZE = (96, 128)
MODEL_FEATURES = (
    "original_glcm_Contrast",
    "original_firstorder_Mean",
    "wavelet-LH_glcm_Contrast",
    "original_firstorder_Skewness",
    "original_glszm_ZonePercentage",
    "original_ngtdm_Coarseness",
    "wavelet-HL_firstorder_Entropy",
    "wavelet-HH_gldm_DependenceEntropy",
)


def speckle(seed: int = 0, severity: float = 0.0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(rows, columns) uint8 of speckle, darker where ``lesion_mask`` is; brighter to the right, so that flips show.

    A lesion of higher ``severity`` is darker and more uneven.
    """
    rng = np.random.default_rng(seed)
    field = rng.normal(size=size)
    field = (field + np.roll(field, 1, 0) + np.roll(field, 1, 1)) / 3
    tissue = 90 + 30 * field + np.linspace(0, 40, size[1])
    lesion = 55 - 8 * severity + (18 + 5 * severity) * field + 10 * rng.normal(size=size)
    return np.where(lesion_mask(size), lesion, tissue).clip(1, 255).astype(np.uint8)


def lesion_mask(size: tuple[int, int] = SIZE) -> np.ndarray:
    """(rows, columns) bool: an ellipse with a bite taken out at its upper left."""
    rows, columns = size
    y, x = np.mgrid[:rows, :columns]
    ellipse = ((y - 0.42 * rows) / (0.22 * rows)) ** 2 + ((x - 0.58 * columns) / (0.2 * columns)) ** 2 < 1
    return ellipse & ~((y < 0.36 * rows) & (x < 0.52 * columns))


def volume_node(
    scene: Any, pixels: np.ndarray, name: str = "US", spacing: tuple[float, float, float] = (0.2, 0.25, 1.0)
) -> Any:
    """A scalar or RGB volume, placed as Slicer places ultrasound; pixels: ([slices, ]rows, columns[, 3]).

    ``spacing`` is of columns, rows and slices.
    """
    import slicer
    import vtk
    from vtk.util import numpy_support

    colour = pixels.shape[-1] == 3
    stack = pixels[None] if pixels.ndim == 2 + colour else pixels
    image = vtk.vtkImageData()
    image.SetDimensions(stack.shape[2], stack.shape[1], stack.shape[0])
    flat = np.ascontiguousarray(stack.reshape(-1, 3) if colour else stack.ravel())
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(flat, deep=1))
    node = (slicer.vtkMRMLVectorVolumeNode if colour else slicer.vtkMRMLScalarVolumeNode)()
    node.SetName(name)
    node.SetSpacing(*spacing)
    node.SetOrigin(11.0, -7.0, 3.0)
    node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    node.SetAndObserveImageData(image)
    scene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    return node


def segmentation_node(scene: Any, volume: Any, mask: np.ndarray, name: str = "lesion") -> tuple[Any, str]:
    """A segmentation with one segment, drawn on the grid of ``volume``; and the segment's id."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Segmentation")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    return node, add_segment(node, volume, mask, name)


def add_segment(segmentation: Any, volume: Any, mask: np.ndarray, name: str = "lesion") -> str:
    """Add a segment on the grid of ``volume``; its id."""
    import slicer
    import vtk
    from vtk.util import numpy_support

    stack = mask[None] if mask.ndim == 2 else mask
    labels = slicer.vtkOrientedImageData()
    labels.SetDimensions(stack.shape[2], stack.shape[1], stack.shape[0])
    labels.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    numpy_support.vtk_to_numpy(labels.GetPointData().GetScalars())[:] = stack.ravel()
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    labels.SetGeometryFromImageToWorldMatrix(matrix)
    return segmentation.AddSegmentFromBinaryLabelmapRepresentation(labels, name)


def write_cohort(folder: Path, lesions: int = 8, harmonizer: str = "", shift: float = 0.0) -> Path:
    """Simulated images and masks as NRRD and ``cohort.csv`` that names them, with ``lnm`` for every third patient."""
    from USRadiomicsLNMLogic.lesion_files import writeFrame

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    rows = []
    for number in range(lesions):
        event = number % 3 == 0
        pixels = speckle(100 + number, (1.2 * event + 0.8 * rng.normal()) + shift)
        writeFrame(folder / f"case{number:02d}.nrrd", pixels, (0.25, 0.2))
        writeFrame(folder / f"mask{number:02d}.nrrd", lesion_mask().astype(np.uint8), (0.25, 0.2))
        names = [f"case{number:02d}.nrrd", f"mask{number:02d}.nrrd", f"patient {number}"]
        rows.append([*names, SCANNER, harmonizer, int(event)])
    with open(folder / "cohort.csv", "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["image", "mask", "patient", "scanner", "harmonizer", "lnm"], *rows])
    return folder / "cohort.csv"


def write_features(
    path: Path, extracted: Path, patients: int = 90, harmonizer: str = "", signal: float = 1.0, seed: int = 3
) -> Path:
    """A features table of many patients, drawn around the values that ``extracted`` holds, for some of its features.

    The first three features say something about ``lnm``.
    """
    with open(extracted, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    values = np.array([[float(row[name]) for name in MODEL_FEATURES] for row in rows])
    rng = np.random.default_rng(seed)
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        columns = ["image", "patient", "scanner", "harmonizer", "lnm", *MODEL_FEATURES, "engine", "parameters"]
        writer.writerow(columns)
        for number in range(patients):
            event = number % 3 == 0
            drawn = rng.normal(size=len(MODEL_FEATURES))
            drawn[:3] += signal * (event - 1 / 3)
            cells = values.mean(0) + np.maximum(values.std(0), 1e-3) * drawn
            case = [f"{number}.png", f"patient {number}", SCANNER, harmonizer, int(event)]
            writer.writerow([*case, *map(repr, cells.tolist()), rows[0]["engine"], rows[0]["parameters"]])
    return path


def uslnm(*arguments: Any) -> int:
    """Run the command line in this process; its exit code."""
    from USRadiomicsLNMLib.cli import main

    return main([str(argument) for argument in arguments])


@cache
def model_folder(base: Path) -> Path:
    """A folder with ``features.csv`` and ``after.csv`` of many patients, ``model.json`` and ``comparison`` of these.

    ``fit.json`` and ``compare.json`` are what the commands answered.
    """
    cohort = write_cohort(base / "cohort")
    assert uslnm("extract", cohort, "--out", base / "extracted.csv", "--jobs", 1, "--json") == 0
    features = write_features(base / "features.csv", base / "extracted.csv")
    write_features(base / "after.csv", base / "extracted.csv", harmonizer=HARMONIZER, signal=1.4)
    fit = ("--outcome", "lnm", "--folds", 3, "--jobs", 1, "--json")
    _answer(base / "fit.json", "fit", features, "--out", base / "model.json", *fit)
    _answer(base / "compare.json", "compare", features, base / "after.csv", "--out", base / "comparison", *fit)
    return base


def _answer(path: Path, *arguments: Any) -> None:
    """Run the command line and write its answer into a file."""
    with redirect_stdout(StringIO()) as answer:
        assert uslnm(*arguments) == 0
    path.write_text(answer.getvalue(), encoding="utf-8")


def answering(path: Path) -> Any:
    """A child process, ready to start, that answers at once what a command has answered into a file."""
    from USHarmonizationLogic.process import ChildProcess

    code = f"print(open({str(path)!r}, encoding='utf-8').read())"
    return ChildProcess(["-c", code], command=[sys.executable])
