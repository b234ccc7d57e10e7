"""Results as nodes: same geometry, looks, parent and place as their source, and nothing of the patient."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from slicer_volumes import addCine, addVolume, asymmetric, geometryOf

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.outputs import createOutput
from USHarmonizationLogic.volumes import cineOf, framesOf


def attributes(node) -> dict[str, str]:
    names = node.GetAttributeNames()
    return {name: node.GetAttribute(name) for name in names}


def test_same_geometry_looks_and_parent(scene):
    volume = addVolume(scene, asymmetric())
    volume.SetOrigin(1 / 3, 20.1, -5)
    volume.SetIJKToRASDirections(-0.6, -0.8, 0, 0.8, -0.6, 0, 0, 0, 1)
    parent = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "parent")
    volume.SetAndObserveTransformNodeID(parent.GetID())
    display = volume.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(120, 70)
    output = createOutput(volume, 255 - framesOf(volume), "harmonized")
    assert output.GetName() == "harmonized"
    np.testing.assert_array_equal(geometryOf(output), geometryOf(volume))
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(output), 255 - asymmetric())
    assert output.GetImageData().GetScalarTypeAsString() == "unsigned char"
    assert output.GetParentTransformNode() is parent
    own = output.GetDisplayNode()
    assert own is not display
    assert (own.GetWindow(), own.GetLevel(), own.GetAutoWindowLevel()) == (120, 70, 0)
    assert own.GetColorNodeID() == display.GetColorNodeID()
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(volume), asymmetric())


def test_alpha_stays(scene):
    pixels = np.stack([asymmetric(), asymmetric(), asymmetric(), asymmetric(seed=1)], axis=-1)
    volume = addVolume(scene, pixels)
    output = createOutput(volume, 255 - framesOf(volume), "harmonized")
    made = slicer.util.arrayFromVolume(output)
    np.testing.assert_array_equal(made[..., :3], 255 - pixels[..., :3])
    np.testing.assert_array_equal(made[..., 3], pixels[..., 3])


def test_an_output_that_is_there_is_filled(scene):
    volume, other = addVolume(scene, asymmetric()), addVolume(scene, asymmetric(20, 30, 2), "mine")
    count = scene.GetNumberOfNodes()
    assert createOutput(volume, framesOf(volume) // 2, "harmonized", other) is other
    assert (other.GetName(), scene.GetNumberOfNodes()) == ("mine", count)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(other), asymmetric() // 2)
    np.testing.assert_array_equal(geometryOf(other), geometryOf(volume))


def test_other_size_is_refused(scene):
    volume = addVolume(scene, asymmetric())
    count = scene.GetNumberOfNodes()
    with pytest.raises(LogicError, match="was changed in the meantime"):
        createOutput(volume, framesOf(volume)[:, 1:], "harmonized")
    assert scene.GetNumberOfNodes() == count


def hierarchyOf(scene):
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def test_same_study_and_nothing_of_the_patient(scene):
    volume = addVolume(scene, asymmetric())
    volume.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    hierarchy = hierarchyOf(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "study")
    item = hierarchy.GetItemByDataNode(volume) or hierarchy.CreateItem(study, volume)
    hierarchy.SetItemParent(item, study)
    hierarchy.SetItemAttribute(item, "DICOM.PatientName", "DOE^JANE")
    hierarchy.SetItemUID(item, slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMInstanceUIDName(), "1.2.3")
    output = createOutput(volume, framesOf(volume), "harmonized")
    own = hierarchy.GetItemByDataNode(output)
    assert hierarchy.GetItemParent(own) == study
    assert not [name for name in attributes(output) if name.startswith("DICOM")]
    assert list(hierarchy.GetItemAttributeNames(own)) == []
    assert not hierarchy.GetItemUID(own, slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMInstanceUIDName())


class TestCine:
    def test_plays_together_with_its_source(self, scene):
        frames = asymmetric(frames=4)
        volume = addCine(scene, frames)
        cine = cineOf(volume)
        before = scene.GetNumberOfNodes()
        output = createOutput(volume, 255 - framesOf(volume), "harmonized")
        made = cineOf(output)
        assert made.browser is cine.browser
        assert made.sequence is not cine.sequence
        assert made.frames == 4
        assert scene.GetNumberOfNodes() - before == 3  # a sequence, its proxy, that one's display
        assert [made.sequence.GetNthIndexValue(at) for at in range(4)] == ["0.000", "0.040", "0.080", "0.120"]
        assert (made.sequence.GetIndexName(), made.sequence.GetIndexUnit()) == ("time", "s")
        np.testing.assert_array_equal(framesOf(output), 255 - frames)
        np.testing.assert_array_equal(framesOf(volume), frames)
        logic = slicer.vtkSlicerSequencesLogic()
        for at in (2, 0):
            cine.browser.SetSelectedItemNumber(at)
            logic.UpdateProxyNodesFromSequences(cine.browser)
            np.testing.assert_array_equal(slicer.util.arrayFromVolume(output)[0], 255 - frames[at])
            np.testing.assert_array_equal(geometryOf(output), geometryOf(volume))
            assert made.browser.GetProxyNode(made.sequence) is output

    def test_filled_again(self, scene):
        volume = addCine(scene, asymmetric(frames=3))
        output = createOutput(volume, 255 - framesOf(volume), "harmonized")
        count = scene.GetNumberOfNodes()
        assert createOutput(volume, framesOf(volume) // 2, "harmonized", output) is output
        assert scene.GetNumberOfNodes() == count
        np.testing.assert_array_equal(framesOf(output), asymmetric(frames=3) // 2)

    def test_into_a_volume_that_is_there(self, scene):
        volume, other = addCine(scene, asymmetric(frames=2)), addVolume(scene, asymmetric(), "mine")
        assert createOutput(volume, framesOf(volume) // 2, "harmonized", other) is other
        np.testing.assert_array_equal(framesOf(other), asymmetric(frames=2) // 2)
        assert other.GetName() == "mine"
