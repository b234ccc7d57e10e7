"""What the panel remembers in the scene: saved and restored with it."""

from __future__ import annotations

from typing import Annotated

from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode
from slicer.parameterNodeWrapper import Choice, parameterNodeWrapper


@parameterNodeWrapper
class USHarmonizationParameterNode:
    """The choices of all sections; the names of a section's fields begin with the section's.

    Fields with a default are restored from older scenes that lack them.
    """

    harmonizeInput: vtkMRMLVolumeNode
    harmonizeSegmentation: vtkMRMLSegmentationNode
    harmonizeSegment: str = ""
    harmonizeModel: str = ""
    harmonizeOutput: vtkMRMLVolumeNode
    harmonizeDevice: Annotated[str, Choice(["auto", "cpu", "cuda"])] = "auto"
    # Batch: where the images come from, and where the results go.
    batchInput: Annotated[str, Choice(["folder", "cohort", "scene"])] = "folder"
    batchFolder: str = ""
    batchCohort: str = ""
    batchModel: str = ""
    batchOutput: str = ""
