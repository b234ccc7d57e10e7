"""What the panel remembers in the scene: saved and restored with it."""

from __future__ import annotations

from typing import Annotated

from slicer import vtkMRMLNode, vtkMRMLSegmentationNode, vtkMRMLVolumeNode
from slicer.parameterNodeWrapper import Choice, parameterNodeWrapper


@parameterNodeWrapper
class USHarmonizationParameterNode:
    """The choices of all sections; the names of a section's fields begin with the section's.

    Fields with a default are restored from older scenes that lack them.
    """

    # Harmonize: a volume, or the sequence node of a cine.
    harmonizeInput: vtkMRMLNode
    harmonizeSegmentation: vtkMRMLSegmentationNode
    harmonizeSource: str = ""
    harmonizeModel: str = ""
    harmonizeOutput: vtkMRMLVolumeNode
    # Batch: where the images come from, and where the results go.
    batchInput: Annotated[str, Choice(["folder", "cohort", "scene"])] = "folder"
    batchFolder: str = ""
    batchCohort: str = ""
    batchModel: str = ""
    batchOutput: str = ""
