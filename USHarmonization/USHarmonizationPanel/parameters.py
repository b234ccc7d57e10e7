"""What the panel remembers in the scene: saved and restored with it."""

from __future__ import annotations

from typing import Annotated

from slicer import (
    vtkMRMLLinearTransformNode,
    vtkMRMLMarkupsFiducialNode,
    vtkMRMLModelNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTableNode,
    vtkMRMLVolumeNode,
)
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
    # Phantom pairing: what was chosen, and the nodes that show the registration.
    pairingFixed: vtkMRMLVolumeNode
    pairingMoving: vtkMRMLVolumeNode
    pairingFixedLandmarks: vtkMRMLMarkupsFiducialNode
    pairingMovingLandmarks: vtkMRMLMarkupsFiducialNode
    pairingTransform: Annotated[str, Choice(["rigid", "similarity", "affine"])] = "rigid"
    pairingFolder: str = ""
    pairingTransformNode: vtkMRMLLinearTransformNode
    pairingTable: vtkMRMLTableNode
    pairingResiduals: vtkMRMLModelNode
    # Training.
    trainingCohort: str = ""
    trainingSource: str = ""
    trainingTarget: str = ""
    trainingVariant: str = "texture"
    trainingFolder: str = ""
    trainingSteps: int = 20000
    trainingValidateEvery: int = 500
    trainingContentFloor: float = 0.8
    trainingSeed: int = 0
    trainingDevice: Annotated[str, Choice(["auto", "cpu", "cuda"])] = "auto"
