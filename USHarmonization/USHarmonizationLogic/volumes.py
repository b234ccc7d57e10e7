"""Between volume nodes and what the command line reads: pixels in the node's own order, spacing, place in space.

Arrays are (slices, rows, columns) or (slices, rows, columns, 3), as MRML keeps them (k, j, i), never flipped: what
Slicer shows rotated by its IJK-to-RAS matrix goes into the file and comes back in the same order. Of a cine, a sequence
of volumes that a browser plays through one proxy volume, all frames are taken, the first frame's slices first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import LogicError

SCALAR, VECTOR, LABELMAP = "vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode", "vtkMRMLLabelMapVolumeNode"

# Modalities in the subject hierarchy that do not speak against ultrasound: ultrasound, screen captures, and unsaid.
ULTRASOUND = ("US", "IVUS", "OT", "SC", "")
# Integers below this, or a stack of slices that needs more than 8 bits, is no ultrasound but CT or MR.
LOWEST = -200
EIGHT_BITS = 255


@dataclass(frozen=True)
class Cine:
    """A volume's frames in time: the browser that plays them and the sequence that holds them."""

    browser: Any
    sequence: Any

    @property
    def frames(self) -> int:
        return int(self.sequence.GetNumberOfDataNodes())


def cineOf(volume: Any) -> Cine | None:
    """The cine whose current frame ``volume`` shows (its proxy), None when it is a volume of its own.

    Example:
        >>> cine = cineOf(volume)
        >>> cine.frames if cine else 1
        27
    """
    scene = None if volume is None else volume.GetScene()
    for at in range(scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode") if scene else 0):
        browser = scene.GetNthNodeByClass(at, "vtkMRMLSequenceBrowserNode")
        sequence = browser.GetSequenceNode(volume)
        if sequence is not None and sequence.GetNumberOfDataNodes() > 0:
            return Cine(browser, sequence)
    return None


def checkVolume(volume: Any) -> None:
    """Refuse what cannot be an ultrasound image that the library reads: no volume, a label map, a CT, an empty node.

    Raises:
        LogicError: a sentence that says what it is and what is needed.

    Example:
        >>> checkVolume(ct)
        Traceback (most recent call last):
        LogicError: CTChest is a CT (its DICOM modality); needed: ultrasound.
    """
    if volume is None or volume.GetScene() is None:
        raise LogicError("Choose an ultrasound volume first.")
    name, kind = volume.GetName(), volume.GetClassName()
    if kind == LABELMAP:
        raise LogicError(f"{name} is a label map, not an image; choose the ultrasound volume that it was drawn on.")
    if kind not in (SCALAR, VECTOR):
        raise LogicError(f"{name} is a {volume.GetNodeTagName()}; needed: a grey or RGB volume.")
    modality = dicomModality(volume)
    if modality not in ULTRASOUND:
        raise LogicError(f"{name} is a {modality} (its DICOM modality); needed: ultrasound.")
    frames = list(_frameNodes(volume))
    for node in frames:
        _checkImage(node, name)
    if len({(node.GetImageData().GetDimensions(), componentsOf(node), _type(node)) for node in frames}) > 1:
        raise LogicError(f"The frames of {name} differ in size or pixel type; needed: frames that are all alike.")
    _checkRange(volume, frames[0])


def framesOf(volume: Any) -> Any:
    """All pixels of a volume or cine, a copy: (frames, rows, columns), or (frames, rows, columns, 3) for RGB and RGBA.

    Raises:
        LogicError: as ``checkVolume``.

    Example:
        >>> framesOf(volume).shape
        (1, 480, 640, 3)
    """
    checkVolume(volume)
    frames = [pixelsOf(node) for node in _frameNodes(volume)]
    pixels = frames[0].copy() if len(frames) == 1 else np.concatenate(frames)
    return pixels[..., :3] if pixels.ndim == 4 else pixels


def writeVolume(volume: Any, path: Path | str) -> Path:
    """Write a volume or cine as NRRD for the command line: its pixels, its spacing and place in space, nothing else.

    Args:
        volume: a volume that ``checkVolume`` accepts.
        path: ends in ``.nrrd``; replaced where it exists.

    Raises:
        LogicError: as ``checkVolume``, or the file cannot be written.

    Example:
        >>> writeVolume(volume, folder / "image.nrrd")
    """
    return _write(framesOf(volume), volume, Path(path))


def writeMask(mask: Any, volume: Any, path: Path | str) -> Path:
    """Write an array of (slices, rows, columns) of labels as NRRD with the place in space of ``volume``.

    Raises:
        LogicError: the file cannot be written.

    Example:
        >>> writeMask(segmentMask(segmentation, "Segment_1", volume), volume, folder / "mask.nrrd")
    """
    return _write(np.asarray(mask, dtype=np.uint8), volume, Path(path))


def writePixels(pixels: Any, ijkToRas: Any, path: Path) -> Path:
    """Write an array of (slices, rows, columns[, 3]) as NRRD that lies where a vtkMatrix4x4 says.

    Raises:
        LogicError: the file cannot be written.

    Example:
        >>> writePixels(framesOf(volume)[:1], matrix, folder / "frame.nrrd")
    """
    writer = _teem().vtkTeemNRRDWriter()
    writer.SetInputData(imageData(pixels))
    writer.SetIJKToRASMatrix(ijkToRas)
    writer.SetUseCompression(False)
    writer.SetFileName(str(path))
    writer.Write()
    size = pixels.nbytes
    if writer.GetWriteError() or not path.is_file() or path.stat().st_size < size:
        path.unlink(missing_ok=True)
        raise LogicError(f"{path.parent} has no room for {max(size / 2**20, 0.1):.1f} MB, or cannot be written to.")
    return path


def readPixels(path: Path | str) -> Any:
    """Pixels of an NRRD file, (slices, rows, columns) or (slices, rows, columns, 3).

    Raises:
        LogicError: the file cannot be read.

    Example:
        >>> readPixels(folder / "image.nrrd").dtype
        dtype('uint8')
    """
    from vtk.util.numpy_support import vtk_to_numpy

    reader = _teem().vtkTeemNRRDReader()
    reader.SetFileName(str(path))
    if not Path(path).is_file() or not reader.CanReadFile(str(path)):
        raise LogicError(f"The result {path} cannot be read.")
    reader.Update()
    image = reader.GetOutput()
    data = image.GetPointData()
    scalars = data.GetScalars() or data.GetVectors()
    if scalars is None:
        raise LogicError(f"The result {path} cannot be read.")
    components = scalars.GetNumberOfComponents()
    shape = tuple(reversed(image.GetDimensions()))
    return vtk_to_numpy(scalars).reshape(shape if components == 1 else (*shape, components)).copy()


def dicomModality(volume: Any) -> str:
    """The DICOM modality that the subject hierarchy knows of a volume (US, CT, ...), "" when it knows none.

    Example:
        >>> dicomModality(volume)
        'US'
    """
    import slicer

    hierarchy = hierarchyOf(volume.GetScene())
    item = hierarchy.GetItemByDataNode(volume) if hierarchy is not None else 0
    key = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMSeriesModalityAttributeName()
    while item and item != hierarchy.GetSceneItemID():
        if modality := hierarchy.GetItemAttribute(item, key):
            return str(modality).strip().upper()
        item = hierarchy.GetItemParent(item)
    return (volume.GetAttribute("DICOM.Modality") or "").strip().upper()


def checkOutput(source: Any, output: Any) -> None:
    """Refuse an output that would replace the input, or cannot hold it.

    Raises:
        LogicError: a sentence.

    Example:
        >>> checkOutput(volume, None)
    """
    if output is None:
        return
    if output.GetScene() is None:
        raise LogicError("The output volume is no longer in the scene; choose another, or a new one.")
    if output is source:
        raise LogicError("Input and output are the same volume; choose another output, or a new one.")
    if output.GetClassName() != source.GetClassName():
        raise LogicError(f"{output.GetName()} is of another kind than {source.GetName()}; choose a new output volume.")
    cine, other = cineOf(source), cineOf(output)
    if other is not None and (cine is None or other.sequence is cine.sequence):
        raise LogicError(f"{output.GetName()} is a frame of a cine; choose a new output volume.")


def _frameNodes(volume: Any) -> Iterator[Any]:
    cine = cineOf(volume)
    if cine is None:
        yield volume
    else:
        yield from (cine.sequence.GetNthDataNode(at) for at in range(cine.frames))


def _checkImage(node: Any, name: str) -> None:
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None or 0 in image.GetDimensions():
        raise LogicError(f"{name} is empty: it holds no pixels.")
    if node.GetClassName() not in (SCALAR, VECTOR):
        raise LogicError(f"The cine {name} holds something else than volumes.")
    components = componentsOf(node)
    if components not in (1, 3, 4):
        raise LogicError(f"{name} has {components} values a pixel; needed: grey (1), RGB (3) or RGBA (4).")


def _checkRange(volume: Any, first: Any) -> None:
    image = first.GetImageData()
    low, high = image.GetScalarRange()
    slices = image.GetDimensions()[2]
    whole = np.issubdtype(_type(first), np.integer)
    if whole and low <= LOWEST:
        raise LogicError(
            f"{volume.GetName()} has values from {low:.0f} to {high:.0f}, as a CT has; needed: ultrasound, with values "
            "that are not negative."
        )
    if slices > 1 and cineOf(volume) is None and whole and (high > EIGHT_BITS or low < 0):
        raise LogicError(
            f"{volume.GetName()} has {slices} slices with values from {low:.0f} to {high:.0f}: it looks like a CT or "
            "MR; needed: ultrasound (in 3D: values from 0 to 255)."
        )


def componentsOf(node: Any) -> int:
    return int(node.GetImageData().GetNumberOfScalarComponents())


def _type(node: Any) -> Any:
    return pixelsOf(node).dtype


def pixelsOf(node: Any) -> Any:
    """(slices, rows, columns[, components]) of a node's pixels, in its own memory."""
    from vtk.util.numpy_support import vtk_to_numpy

    image = node.GetImageData()
    shape = tuple(reversed(image.GetDimensions()))
    components = image.GetNumberOfScalarComponents()
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(shape if components == 1 else (*shape, components))


def imageData(pixels: Any) -> Any:
    """vtkImageData with a copy of ``pixels``."""
    import vtk
    from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

    components = pixels.shape[3] if pixels.ndim == 4 else 1
    image = vtk.vtkImageData()
    image.SetDimensions(*reversed(pixels.shape[:3]))
    image.AllocateScalars(get_vtk_array_type(pixels.dtype), components)
    vtk_to_numpy(image.GetPointData().GetScalars()).reshape(pixels.shape)[...] = pixels
    return image


def _write(pixels: Any, volume: Any, path: Path) -> Path:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return writePixels(pixels, matrix, path)


def _teem() -> Any:
    try:
        import vtkTeem
    except ImportError:  # slicer-core has all its classes in one place
        import slicer

        return slicer
    return vtkTeem


def hierarchyOf(scene: Any) -> Any:
    import slicer

    return None if scene is None else slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
