"""Results as nodes that look and lie as what they were made from."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import LogicError
from .volumes import Cine, checkOutput, cineOf, componentsOf, framesOf, hierarchyOf, imageData, pixelsOf


def createOutput(source: Any, pixels: Any, name: str, output: Any = None) -> Any:
    """A volume (for a cine: a sequence with its proxy in the same browser) that looks and lies as ``source`` does.

    Geometry, pixel type, window, level and colours, parent transform and the place in the subject hierarchy are those
    of ``source``; of its DICOM attributes nothing is copied.

    Args:
        source: the volume, or a cine's proxy, that ``pixels`` were made from.
        pixels: as ``framesOf`` gave them, changed.
        name: of a new node; one that was given keeps its own.
        output: a volume to fill in place of a new one.

    Raises:
        LogicError: ``output`` is the source, or of another kind; ``pixels`` have another shape.

    Example:
        >>> createOutput(volume, 255 - framesOf(volume), "inverted")
    """
    checkOutput(source, output)
    before = framesOf(source)
    if pixels.shape != before.shape:
        raise LogicError(f"{source.GetName()} was changed in the meantime: its size is another one. Start again.")
    pixels = np.ascontiguousarray(pixels, dtype=before.dtype)
    cine = cineOf(source)
    if cine is None:
        output = output or source.GetScene().AddNewNodeByClass(source.GetClassName(), name)
        _fillVolume(output, source, pixels, source)
    else:
        output = _fillCine(cine, source, pixels, name, output)
    _copyLooks(output, source)
    _placeBeside(output, source)
    return output


def _fillVolume(output: Any, source: Any, pixels: Any, frame: Any) -> None:
    """Pixels of one frame, with the alpha channel and the geometry that ``frame`` has; parent as ``source``."""
    values = pixels
    if componentsOf(frame) == 4:
        values = np.concatenate([pixels, pixelsOf(frame)[..., 3:]], axis=-1)
    wasModifying = output.StartModify()
    output.CopyOrientation(frame)
    output.SetAndObserveImageData(imageData(values))
    output.SetAndObserveTransformNodeID(source.GetTransformNodeID())
    output.EndModify(wasModifying)


def _fillCine(cine: Cine, source: Any, pixels: Any, name: str, output: Any) -> Any:
    import slicer

    scene = source.GetScene()
    other = cineOf(output) if output is not None else None
    sequence = other.sequence if other else scene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.RemoveAllDataNodes()
    sequence.SetIndexName(cine.sequence.GetIndexName())
    sequence.SetIndexUnit(cine.sequence.GetIndexUnit())
    sequence.SetIndexType(cine.sequence.GetIndexType())
    sequence.SetNumericIndexValueTolerance(cine.sequence.GetNumericIndexValueTolerance())
    slices = len(pixels) // cine.frames
    for at in range(cine.frames):
        frame = cine.sequence.GetNthDataNode(at)
        node = getattr(slicer, frame.GetClassName())()
        node.SetName(name)
        _fillVolume(node, frame, pixels[at * slices : (at + 1) * slices], frame)
        node.SetAndObserveTransformNodeID(None)
        sequence.SetDataNodeAtValue(node, cine.sequence.GetNthIndexValue(at))
    if other is None:
        output = output or scene.AddNewNodeByClass(source.GetClassName(), name)
        # In one go: seen without a proxy, the browser is given another one.
        wasModifying = cine.browser.StartModify()
        cine.browser.AddSynchronizedSequenceNode(sequence)
        cine.browser.AddProxyNode(output, sequence, False)
        cine.browser.EndModify(wasModifying)
    shown = max((other or cine).browser.GetSelectedItemNumber(), 0)
    _fillVolume(output, source, pixels[shown * slices : (shown + 1) * slices], source)
    return output


def _copyLooks(output: Any, source: Any) -> None:
    """Window, level, threshold and colours of ``source``, fixed: the same grey means the same in both."""
    display = source.GetDisplayNode()
    if output.GetDisplayNode() is None:
        output.CreateDefaultDisplayNodes()
    own = output.GetDisplayNode()
    if display is None or own is None:
        return
    wasModifying = own.StartModify()
    own.CopyContent(display)
    if display.GetColorNodeID():  # volumes in colour have none
        own.SetAndObserveColorNodeID(display.GetColorNodeID())
    own.SetAutoWindowLevel(False)
    own.SetWindowLevel(display.GetWindow(), display.GetLevel())
    own.EndModify(wasModifying)


def _placeBeside(output: Any, source: Any) -> None:
    """The same parent (the DICOM study) as the source in the subject hierarchy."""
    hierarchy = hierarchyOf(source.GetScene())
    if hierarchy is None:
        return
    item = hierarchy.GetItemByDataNode(source)
    parent = hierarchy.GetItemParent(item) if item else hierarchy.GetSceneItemID()
    own = hierarchy.GetItemByDataNode(output)
    if own:
        hierarchy.SetItemParent(own, parent)
    else:
        hierarchy.CreateItem(parent, output)
