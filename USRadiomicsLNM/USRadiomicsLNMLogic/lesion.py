"""One lesion in one frame: the image's pixels and the segment on the image's own grid, out of MRML nodes.

Pixels are taken as they stand in the node, in the order of the file that they came from; nothing is resampled but the
segment, and that to the nearest pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.volumes import checkVolume, hierarchyOf, pixelsOf

# Of the segment's area: with more of it beside the image, one is told.
TOLD_OUTSIDE = 0.05


@dataclass(frozen=True)
class Lesion:
    """What radiomics looks at.

    Attributes:
        pixels: (rows, columns) or (rows, columns, 3), the node's own number type.
        mask: (rows, columns), True in the segment.
        spacingMm: height and width of a pixel.
        slice: number of the image's slice, from 0.
        notes: what a person should know of it, one sentence each.
    """

    pixels: np.ndarray
    mask: np.ndarray
    spacingMm: tuple[float, float]
    slice: int = 0
    notes: tuple[str, ...] = ()

    @property
    def areaPixels(self) -> int:
        """Pixels in the segment."""
        return int(self.mask.sum())


def lesionOf(image: Any, segmentation: Any, segmentId: str, name: str = "image") -> Lesion:
    """The lesion that a segment marks in a volume; of a cine, in the frame that is shown now.

    In a volume of several slices it is the slice in which the segment is largest.

    Args:
        image: a scalar or RGB volume node (of a cine: its proxy volume).
        segmentation: the segmentation node; its reference geometry may be any, its parent transform too.
        segmentId: of the segment.
        name: how the image is called in errors: "image", "harmonized image".

    Raises:
        LogicError: one sentence that says what is missing or does not fit.
    """
    pixels = imagePixels(image, name)
    segment = _segmentOf(segmentation, segmentId)
    _refuseOtherPatient(image, segmentation, name)
    mask, outside = _onGrid(image, segmentation, segmentId, pixels.shape[:3], name)
    areas = mask.sum(axis=(1, 2))
    place = int(areas.argmax())
    notes = []
    if np.count_nonzero(areas) > 1:
        notes.append(
            f"The segment {segment} lies in {np.count_nonzero(areas)} slices of the {name}; "
            f"taken is slice {place + 1}, where it is largest."
        )
    if outside > TOLD_OUTSIDE:
        notes.append(f"{outside:.0%} of the segment {segment} lies outside the {name} and is left out.")
    width, height = image.GetSpacing()[:2]
    if width == height == 1.0:
        notes.append(
            "The pixels are exactly 1 mm wide, which is what is assumed when a file does not say it: sizes may be in "
            "pixels, not in mm."
        )
    return Lesion(pixels[place].copy(), mask[place], (height, width), place, tuple(notes))


def imagePixels(image: Any, name: str = "image") -> np.ndarray:
    """(slices, rows, columns) or (slices, rows, columns, 3) of a volume node; no copy.

    Raises:
        LogicError: there is no volume, or it is no ultrasound (a label map, a CT, ...).
    """
    if image is None or image.GetScene() is None:
        raise LogicError(f"Choose the {name}: an ultrasound volume.")
    checkVolume(image)
    pixels = pixelsOf(image)
    return pixels[..., :3] if pixels.ndim == 4 else pixels


def _segmentOf(segmentation: Any, segmentId: str) -> str:
    """Name of the segment, once it is sure that there is something in it."""
    if segmentation is None or not segmentation.IsA("vtkMRMLSegmentationNode"):
        raise LogicError("Choose the segmentation of the lesion; draw one in the Segment Editor if there is none.")
    segments = segmentation.GetSegmentation()
    if not segmentId:
        raise LogicError("Choose the segment that is the lesion.")
    segment = segments.GetSegment(segmentId)
    if segment is None:
        raise LogicError("The segment is not there any more; choose another one.")
    return f"“{segment.GetName()}”"


def _onGrid(
    image: Any, segmentation: Any, segmentId: str, shape: tuple[int, ...], name: str
) -> tuple[np.ndarray, float]:
    """(slices, rows, columns) True in the segment, and the share of the segment that lies beside the image."""
    labelmap = _labelmap(segmentation, segmentId)
    text = _segmentOf(segmentation, segmentId)
    if labelmap is None or not _count(labelmap):
        raise LogicError(f"The segment {text} is empty; draw the lesion's outline first.")
    reference = slicer.vtkOrientedImageData()
    slices, rows, columns = shape
    reference.SetDimensions(columns, rows, slices)
    matrix = vtk.vtkMatrix4x4()
    image.GetIJKToRASMatrix(matrix)
    reference.SetGeometryFromImageToWorldMatrix(matrix)
    reference.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    transform = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(
        segmentation.GetParentTransformNode(), image.GetParentTransformNode(), transform
    )
    resampled = slicer.vtkOrientedImageData()
    done = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
        labelmap, reference, resampled, False, False, transform
    )
    mask = _values(resampled, shape) if done and tuple(resampled.GetDimensions()) == (columns, rows, slices) else None
    if mask is None or not mask.any():
        raise LogicError(
            f"The segment {text} does not lie on the {name}: it was drawn on another image. Choose the segmentation of "
            "this image."
        )
    # In the plane only: how thick a single frame is has no meaning.
    drawn = _count(labelmap) * _pixelArea(labelmap, image)
    found = int(mask.sum()) * float(np.prod(image.GetSpacing()))
    return mask, max(0.0, 1 - found / drawn) if drawn else 0.0


def _labelmap(segmentation: Any, segmentId: str) -> Any:
    """The segment as an oriented image; a segment without a label map (a closed surface) is converted in a copy."""
    segments, name = segmentation.GetSegmentation(), "Binary labelmap"
    found = slicer.vtkOrientedImageData()
    if segments.ContainsRepresentation(name):
        return found if segmentation.GetBinaryLabelmapRepresentation(segmentId, found) else None
    copy = slicer.vtkMRMLSegmentationNode()
    copy.GetSegmentation().DeepCopy(segments)
    if not copy.GetSegmentation().CreateRepresentation(name):
        return None
    return found if copy.GetBinaryLabelmapRepresentation(segmentId, found) else None


def _values(data: Any, shape: tuple[int, ...]) -> np.ndarray:
    return numpy_support.vtk_to_numpy(data.GetPointData().GetScalars()).reshape(shape) > 0


def _count(labelmap: Any) -> int:
    scalars = labelmap.GetPointData().GetScalars()
    return 0 if scalars is None else int(np.count_nonzero(numpy_support.vtk_to_numpy(scalars)))


def _pixelArea(labelmap: Any, image: Any) -> float:
    """Volume of the label map's voxels, as if they were as thick as the image's where both have a single slice."""
    spacing = list(labelmap.GetSpacing())
    if labelmap.GetDimensions()[2] == 1 and image.GetImageData().GetDimensions()[2] == 1:
        spacing[2] = image.GetSpacing()[2]
    return float(np.prod(spacing))


def _refuseOtherPatient(image: Any, segmentation: Any, name: str) -> None:
    """Refuse a segmentation that the data tree has under another patient."""
    tree = hierarchyOf(image.GetScene())
    if tree is None:
        return
    patients = []
    for node in (image, segmentation):
        item = tree.GetItemByDataNode(node)
        patients.append(tree.GetItemAncestorAtLevel(item, "Patient") if item else 0)
    if all(patients) and patients[0] != patients[1]:
        raise LogicError(f"The segmentation belongs to another patient than the {name}; choose the patient's own.")
