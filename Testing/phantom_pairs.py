"""A simulated phantom, seen by two scanners, as files and as MRML nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FIXED, MOVING = "hitachi-preirus", "ge-voluson-e8"


def simulate_phantom(folder: Path, size: int = 200, count: int = 1) -> Path:
    """Simulate pairs into a folder; the folder."""
    from USHarmonizationLib.simulation.phantom_files import phantom_pairs, write_phantom_pairs

    write_phantom_pairs(phantom_pairs(MOVING, FIXED, image_format="nrrd", size=size), count, folder)
    return folder


def image(folder: Path, scanner: str) -> Path:
    return folder / "images" / scanner / "pair-0001.nrrd"


def marks(folder: Path, scanner: str) -> Path:
    return folder / "landmarks" / scanner / "pair-0001.mrk.json"


def read_volume(scene: Any, path: Path) -> Any:
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", path.parent.name)
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    node.CreateDefaultDisplayNodes()
    return node


def read_marks(scene: Any, path: Path) -> Any:
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", f"{path.parent.name} landmarks")
    storage = slicer.vtkMRMLMarkupsJsonStorageNode()
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    return node


def read_pair(scene: Any, folder: Path) -> tuple[Any, Any, Any, Any]:
    """Fixed volume, moving volume, fixed landmarks, moving landmarks."""
    volumes = [read_volume(scene, image(folder, scanner)) for scanner in (FIXED, MOVING)]
    lists = [read_marks(scene, marks(folder, scanner)) for scanner in (FIXED, MOVING)]
    return (*volumes, *lists)
