"""Segments as masks on an image's grid, wherever and however they were drawn."""

from __future__ import annotations

import numpy as np
import pytest
import vtk
from slicer_volumes import addCine, addSegmentation, addVolume, asymmetric

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.segments import segmentMask


def lesion(top: int = 10, left: int = 30, height: int = 12, width: int = 20, shape=(1, 48, 64)) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    mask[:, top : top + height, left : left + width] = 1
    mask[:, top, left] = 0  # one corner is missing: no two sides are alike
    return mask


def test_same_grid(scene):
    volume = addVolume(scene, asymmetric())
    segmentation = addSegmentation(scene, volume, lesion(), lesion(30, 2, 5, 7))
    before = scene.GetNumberOfNodes()
    np.testing.assert_array_equal(segmentMask(segmentation, "S1", volume), lesion())
    np.testing.assert_array_equal(segmentMask(segmentation, "S2", volume), lesion(30, 2, 5, 7))
    np.testing.assert_array_equal(segmentMask(segmentation, "", volume), lesion() | lesion(30, 2, 5, 7))
    assert scene.GetNumberOfNodes() == before


def test_drawn_on_another_grid(scene):
    volume = addVolume(scene, asymmetric())
    fine = addVolume(scene, np.repeat(np.repeat(asymmetric(), 2, 1), 2, 2), "fine", (0.1, 0.15))
    fine.SetOrigin(0.05, 0.075, 0)  # the outer edges of both images are the same
    doubled = np.repeat(np.repeat(lesion(), 2, 1), 2, 2)
    mask = segmentMask(addSegmentation(scene, fine, doubled), "S1", volume)
    assert mask.shape == (1, 48, 64)
    assert 2 * np.logical_and(mask, lesion()).sum() / (mask.sum() + lesion().sum()) > 0.9


def test_moved_together(scene):
    volume = addVolume(scene, asymmetric())
    segmentation = addSegmentation(scene, volume, lesion())
    parent = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "parent")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 500)
    parent.SetMatrixTransformToParent(matrix)
    for node in (volume, segmentation):
        node.SetAndObserveTransformNodeID(parent.GetID())
    np.testing.assert_array_equal(segmentMask(segmentation, "S1", volume), lesion())


def test_on_a_cine(scene):
    volume = addCine(scene, asymmetric(frames=3))
    np.testing.assert_array_equal(segmentMask(addSegmentation(scene, volume, lesion()), "S1", volume), lesion())


def test_refused(scene):
    volume = addVolume(scene, asymmetric())
    with pytest.raises(LogicError, match="Choose a segmentation first"):
        segmentMask(None, "S1", volume)
    empty = addSegmentation(scene, volume, name="Nothing")
    with pytest.raises(LogicError, match="segmentation Nothing has no segment"):
        segmentMask(empty, "", volume)
    segmentation = addSegmentation(scene, volume, lesion() * 0, lesion())
    before = scene.GetNumberOfNodes()
    with pytest.raises(LogicError, match="has no such segment"):
        segmentMask(segmentation, "S9", volume)
    with pytest.raises(LogicError, match="segment S1 is empty; draw the lesion first"):
        segmentMask(segmentation, "S1", volume)
    far = addVolume(scene, asymmetric(), "US 2")
    far.SetOrigin(1000, 0, 0)
    with pytest.raises(
        LogicError, match="segment S2 lies outside US 2; it seems to belong to another image or patient"
    ):
        segmentMask(segmentation, "S2", far)
    assert scene.GetNumberOfNodes() == before + 2  # the other volume and its display
