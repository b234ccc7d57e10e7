"""From a segment, whatever its own geometry, to a mask on the grid of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import LogicError
from .volumes import LABELMAP, pixelsOf


def segmentMask(segmentation: Any, segmentId: str, volume: Any) -> Any:
    """(slices, rows, columns) uint8, 1 where the segment is, on the grid of ``volume``, whatever its own geometry.

    Args:
        segmentation: a segmentation node.
        segmentId: of one segment; "" for all together.
        volume: the volume whose grid it is brought onto, of a cine its proxy.

    Raises:
        LogicError: there is no such segment, it is empty, or it lies nowhere inside the volume.

    Example:
        >>> segmentMask(segmentation, "Segment_1", volume).sum()
        1742
    """
    if segmentation is None or segmentation.GetScene() is None:
        raise LogicError("Choose a segmentation first.")
    segments = segmentation.GetSegmentation()
    ids = [segmentId] if segmentId else [segments.GetNthSegmentID(at) for at in range(segments.GetNumberOfSegments())]
    known = [segments.GetSegment(one) for one in ids]
    if not known or None in known:
        what = "segment" if not known else "such segment"
        raise LogicError(f"The segmentation {segmentation.GetName()} has no {what}; draw or choose one.")
    name = f"segment {known[0].GetName()}" if len(known) == 1 else f"segmentation {segmentation.GetName()}"
    if not any(map(_hasContent, known)):
        raise LogicError(f"The {name} is empty; draw the lesion first.")
    mask = _exported(segmentation, ids, volume)
    if mask is None or not mask.any():
        raise LogicError(f"The {name} lies outside {volume.GetName()}; it seems to belong to another image or patient.")
    if mask.shape != tuple(reversed(volume.GetImageData().GetDimensions())):
        raise LogicError(f"The {name} does not fit the pixels of {volume.GetName()}.")
    return mask


def _exported(segmentation: Any, ids: Sequence[str], volume: Any) -> Any:
    """The segments on the grid of ``volume``, None when nothing of them is there; no node is left behind."""
    import slicer
    import vtk

    names = vtk.vtkStringArray()
    for one in ids:
        names.InsertNextValue(one)
    scene = volume.GetScene()
    node = scene.AddNewNodeByClass(LABELMAP, "USHarmonization mask")
    try:
        export = slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsToLabelmapNode
        if not export(segmentation, names, node, volume):
            return None
        image = node.GetImageData()
        filled = image is not None and image.GetPointData().GetScalars() is not None
        return (pixelsOf(node) > 0).astype(np.uint8) if filled else None
    finally:
        display = node.GetDisplayNode()
        colours = display.GetColorNode() if display is not None else None
        for left in (node, display, colours):
            if left is not None and left.GetScene() is not None and (left is node or _isExport(left)):
                scene.RemoveNode(left)


def _isExport(node: Any) -> bool:
    """Whether a display or colour node was made for the export of a segment, and is used by nothing else."""
    return node.IsA("vtkMRMLDisplayNode") or (node.IsA("vtkMRMLColorTableNode") and not node.GetSingletonTag())


def _hasContent(segment: Any) -> bool:
    """Whether anything is drawn in a segment; several may share one labelmap, each with a value of its own."""
    from vtk.util.numpy_support import vtk_to_numpy

    names: list[str] = []
    segment.GetContainedRepresentationNames(names)
    for data in map(segment.GetRepresentation, names):
        scalars = data.GetPointData().GetScalars() if data.GetNumberOfPoints() else None
        if data.IsA("vtkPolyData") and data.GetNumberOfPoints():
            return True
        if data.IsA("vtkImageData") and scalars is not None and segment.GetLabelValue() in vtk_to_numpy(scalars):
            return True
    return False
