"""Before and after: which volume a harmonized one was made of, and by what: USHarmonization notes it in the nodes."""

from __future__ import annotations

from typing import Any

from USHarmonizationLogic.detection import RESULT_OF, detect

SOURCE_SCANNER, SOURCE_ROLE = "USHarmonization.SourceScanner", "USHarmonization.source"
VOLUMES = ("vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode")


def harmonizerOf(image: Any) -> str:
    """Name of the harmonizer that a volume went through, "" for none."""
    return (image.GetAttribute(RESULT_OF) or "") if image is not None else ""


def originalOf(image: Any) -> Any:
    """The volume that a harmonized one was made of; None when it is not in the scene."""
    return image.GetNodeReference(SOURCE_ROLE) if image is not None and harmonizerOf(image) else None


def otherOf(scene: Any, image: Any) -> Any:
    """The original of a harmonized volume, else the newest volume that was made of it; None when there is none."""
    if image is None:
        return None
    if harmonizerOf(image):
        return originalOf(image)
    made = [node for node in volumesOf(scene) if originalOf(node) is image]
    return made[-1] if made else None


def scannerOf(image: Any) -> str:
    """Id of the scanner that made an image, or the original of a harmonized one; "" when unknown."""
    if image is None:
        return ""
    if harmonizerOf(image):
        return image.GetAttribute(SOURCE_SCANNER) or scannerOf(originalOf(image))
    return detect(image).scannerId or ""


def volumesOf(scene: Any) -> list[Any]:
    """All grey and colour volumes of a scene; no label maps."""
    nodes = [scene.GetNthNodeByClass(place, VOLUMES[0]) for place in range(scene.GetNumberOfNodesByClass(VOLUMES[0]))]
    return [node for node in nodes if node.GetClassName() in VOLUMES]


def segmentationOf(scene: Any, image: Any) -> Any:
    """The segmentation that was drawn on a volume, or on the other one of before and after; None when there is none."""
    if image is None:
        return None
    kind = "vtkMRMLSegmentationNode"
    found = [scene.GetNthNodeByClass(place, kind) for place in range(scene.GetNumberOfNodesByClass(kind))]
    role = found[0].GetReferenceImageGeometryReferenceRole() if found else ""
    for volume in (image, otherOf(scene, image)):
        for node in reversed(found):
            if volume is not None and node.GetNodeReference(role) is volume:
                return node
    return found[0] if len(found) == 1 else None
