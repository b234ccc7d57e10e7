"""What the panel remembers in the scene: saved and restored with it. No paths: these may tell names."""

from __future__ import annotations

from slicer import vtkMRMLSegmentationNode, vtkMRMLTableNode, vtkMRMLVolumeNode
from slicer.parameterNodeWrapper import parameterNodeWrapper


@parameterNodeWrapper
class USRadiomicsLNMParameterNode:
    """The choices of the section Score; those of Fit and Compare are of files, not of a scene."""

    image: vtkMRMLVolumeNode
    segmentation: vtkMRMLSegmentationNode
    segment: str = ""
    # The other one of before and after.
    other: vtkMRMLVolumeNode
    scanner: str = ""
    parameters: str = ""
    withoutGraphics: bool = False
    table: vtkMRMLTableNode
