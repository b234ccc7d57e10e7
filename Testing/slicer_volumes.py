"""Volume nodes as Slicer makes them of ultrasound, and segmentations on them. No two sides of an image are alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def asymmetric(rows: int = 48, columns: int = 64, frames: int = 1, seed: int = 0) -> np.ndarray:
    """(frames, rows, columns) uint8 speckle, brighter to the right and downwards; frames differ."""
    rng = np.random.default_rng(seed)
    field = rng.normal(size=(frames, rows, columns))
    field = (field + np.roll(field, 1, 1) + np.roll(field, 1, 2)) / 3
    slope = np.linspace(0, 60, columns) + np.linspace(0, 30, rows)[:, None]
    return (70 + 35 * field + slope).clip(1, 254).astype(np.uint8)


def place(node: Any, spacing: tuple[float, float] = (0.2, 0.3)) -> Any:
    """Where Slicer puts ultrasound: turned by 180 degrees, spacing as (column to column, row to row) in mm."""
    node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    node.SetSpacing(*spacing, 1.0)
    return node


def addVolume(scene: Any, pixels: np.ndarray, name: str = "US 1", spacing: tuple[float, float] = (0.2, 0.3)) -> Any:
    """A scalar volume of (slices, rows, columns) pixels, or a vector volume of those with 3 or 4 channels."""
    import slicer
    import slicer.util

    kind = "vtkMRMLVectorVolumeNode" if pixels.ndim == 4 else "vtkMRMLScalarVolumeNode"
    node = scene.AddNewNodeByClass(kind, name)
    slicer.util.updateVolumeFromArray(node, pixels)
    node.CreateDefaultDisplayNodes()
    return place(node, spacing)


def addCine(scene: Any, pixels: np.ndarray, name: str = "Cine 1") -> Any:
    """The proxy volume of a sequence with one item for each of (frames, rows, columns) pixels, played by a browser."""
    import slicer
    import slicer.util

    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    for at, frame in enumerate(pixels):
        node = slicer.vtkMRMLVectorVolumeNode() if frame.ndim == 3 else slicer.vtkMRMLScalarVolumeNode()
        slicer.util.updateVolumeFromArray(node, frame[None])
        sequence.SetDataNodeAtValue(place(node), f"{at * 0.04:.3f}")
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{name} browser")
    browser.AddSynchronizedSequenceNode(sequence)
    if browser.GetProxyNode(sequence) is None:
        logic = slicer.vtkSlicerSequencesLogic()
        logic.SetMRMLScene(scene)
        logic.UpdateProxyNodesFromSequences(browser)
        logic.SetMRMLScene(None)
    proxy = browser.GetProxyNode(sequence)
    proxy.SetName(name)
    proxy.CreateDefaultDisplayNodes()
    return proxy


def addDicom(scene: Any, path: Path, name: str = "DICOM") -> Any:
    """One frame of a DICOM file as a volume whose storage node names the file."""
    from USHarmonizationLib.files import read_image

    image = read_image(path)
    node = addVolume(scene, np.ascontiguousarray(image.pixels[:1]), name)
    node.AddDefaultStorageNode()
    node.GetStorageNode().SetFileName(str(path))
    return node


def addSegmentation(scene: Any, volume: Any, *masks: np.ndarray, name: str = "Segmentation") -> Any:
    """A segmentation with a segment (``S1``, ``S2``, ...) for each (slices, rows, columns) mask on a volume's grid."""
    import slicer
    import vtk

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    for number, mask in enumerate(masks, start=1):
        image = slicer.vtkOrientedImageData()
        image.SetDimensions(*reversed(mask.shape))
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        vtk.util.numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())[:] = mask.ravel()
        image.SetGeometryFromImageToWorldMatrix(matrix)
        segment = slicer.vtkSegment()
        segment.SetName(f"S{number}")
        segment.AddRepresentation("Binary labelmap", image)
        node.GetSegmentation().AddSegment(segment, f"S{number}")
    return node


def geometryOf(volume: Any) -> np.ndarray:
    """(4, 4) IJK to RAS."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
