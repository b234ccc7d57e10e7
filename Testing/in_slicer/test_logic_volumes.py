"""Pixels of nodes: in their own order, with their spacing and place, to files and back; and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from slicer_volumes import addCine, addVolume, asymmetric

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.volumes import (
    checkOutput,
    checkVolume,
    cineOf,
    dicomModality,
    framesOf,
    readPixels,
    writeMask,
    writeVolume,
)


def colours(frames: np.ndarray, channels: int = 3) -> np.ndarray:
    """All but grey, each channel another one."""
    return np.stack([frames, frames + 1, frames - 1, 255 - frames][:channels], axis=-1)


class TestFiles:
    @pytest.mark.parametrize("pixels", [asymmetric(), asymmetric(frames=3), colours(asymmetric())])
    def test_library_reads_the_same_pixels(self, scene, tmp_path, pixels):
        from USHarmonizationLib.files import read_image

        image = read_image(writeVolume(addVolume(scene, pixels), tmp_path / "image.nrrd"))
        np.testing.assert_array_equal(image.pixels, pixels)
        assert image.pixels.dtype == np.uint8
        assert image.spacing_mm == pytest.approx((0.3, 0.2))
        np.testing.assert_array_equal(readPixels(tmp_path / "image.nrrd"), pixels)

    def test_place_in_space_is_that_of_the_node(self, scene, tmp_path):
        sitk = pytest.importorskip("SimpleITK", reason="this Slicer has no SimpleITK")
        volume = addVolume(scene, asymmetric())
        volume.SetOrigin(10, 20, 30)
        image = sitk.ReadImage(str(writeVolume(volume, tmp_path / "image.nrrd")))
        # Slicer's R and A are ITK's -L and -P: the half turn of ultrasound is no turn there.
        assert image.GetOrigin() == pytest.approx((-10, -20, 30))
        assert image.GetDirection() == pytest.approx(np.eye(3).ravel())
        assert image.GetSpacing() == pytest.approx((0.2, 0.3, 1.0))

    def test_cine(self, scene, tmp_path):
        from USHarmonizationLib.files import read_image

        frames = asymmetric(frames=4)
        volume = addCine(scene, frames)
        assert cineOf(volume).frames == 4
        image = read_image(writeVolume(volume, tmp_path / "cine.nrrd"))
        np.testing.assert_array_equal(image.pixels, frames)

    def test_alpha_is_left_out(self, scene):
        pixels = colours(asymmetric(), 4)
        np.testing.assert_array_equal(framesOf(addVolume(scene, pixels)), pixels[..., :3])

    @pytest.mark.parametrize("kind", [np.int16, np.uint16, np.float32, np.float64])
    def test_pixel_types_stay(self, scene, tmp_path, kind):
        pixels = asymmetric().astype(kind)
        writeVolume(addVolume(scene, pixels), tmp_path / "image.nrrd")
        read = readPixels(tmp_path / "image.nrrd")
        assert read.dtype == kind
        np.testing.assert_array_equal(read, pixels)

    def test_mask(self, scene, tmp_path):
        from USHarmonizationLib.files import read_mask

        mask = asymmetric() > 150
        volume = addVolume(scene, asymmetric())
        np.testing.assert_array_equal(read_mask(writeMask(mask, volume, tmp_path / "mask.nrrd")), mask)

    def test_no_place_for_the_file(self, scene, tmp_path):
        with pytest.raises(LogicError, match=r"has no room for 0\.1 MB, or cannot be written to"):
            writeVolume(addVolume(scene, asymmetric()), tmp_path / "nowhere" / "image.nrrd")

    def test_no_file(self, tmp_path):
        with pytest.raises(LogicError, match="cannot be read"):
            readPixels(tmp_path / "image.nrrd")
        (tmp_path / "image.nrrd").write_text("NRRD no more")
        with pytest.raises(LogicError, match="cannot be read"):
            readPixels(tmp_path / "image.nrrd")


class TestRefused:
    def test_no_volume(self, scene):
        with pytest.raises(LogicError, match="Choose an ultrasound volume first"):
            checkVolume(None)
        volume = addVolume(scene, asymmetric())
        scene.RemoveNode(volume)
        with pytest.raises(LogicError, match="Choose an ultrasound volume first"):
            checkVolume(volume)

    def test_without_pixels(self, scene):
        with pytest.raises(LogicError, match="Volume is empty"):
            checkVolume(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Volume"))

    def test_label_map(self, scene):
        node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Mask")
        slicer.util.updateVolumeFromArray(node, asymmetric())
        with pytest.raises(LogicError, match="Mask is a label map, not an image"):
            checkVolume(node)

    def test_other_nodes(self, scene):
        with pytest.raises(LogicError, match="needed: a grey or RGB volume"):
            checkVolume(scene.AddNewNodeByClass("vtkMRMLModelNode", "Model"))

    def test_ct_by_its_values(self, scene):
        ct = (asymmetric(frames=5).astype(np.int16) - 90) * 12
        with pytest.raises(LogicError, match=r"CTChest has values from -\d+ to \d+, as a CT has; needed: ultrasound"):
            checkVolume(addVolume(scene, ct, "CTChest"))

    def test_mr_by_its_values(self, scene):
        mr = asymmetric(frames=5).astype(np.int16) * 9
        with pytest.raises(
            LogicError, match=r"MRHead has 5 slices with values from \d+ to \d+: it looks like a CT or MR"
        ):
            checkVolume(addVolume(scene, mr, "MRHead"))

    def test_twelve_bits_and_volumes_of_eight_are_ultrasound(self, scene):
        checkVolume(addVolume(scene, asymmetric().astype(np.uint16) * 16))
        checkVolume(addVolume(scene, asymmetric(frames=9).astype(np.int16)))
        checkVolume(addCine(scene, asymmetric(frames=3).astype(np.uint16) * 16))

    def test_modality_of_the_subject_hierarchy(self, scene):
        volume = addVolume(scene, asymmetric())
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        series = hierarchy.GetItemByDataNode(volume) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), volume)
        assert dicomModality(volume) == ""
        key = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMSeriesModalityAttributeName()
        hierarchy.SetItemAttribute(series, key, "US")
        checkVolume(volume)
        hierarchy.SetItemAttribute(series, key, "MR")
        with pytest.raises(LogicError, match=r"US 1 is a MR \(its DICOM modality\); needed: ultrasound"):
            checkVolume(volume)

    def test_two_values_a_pixel(self, scene):
        node = addVolume(scene, colours(asymmetric(), 2))
        with pytest.raises(LogicError, match="has 2 values a pixel"):
            checkVolume(node)

    def test_frames_that_differ(self, scene):
        volume = addCine(scene, asymmetric(frames=3))
        node = cineOf(volume).sequence.GetNthDataNode(1)
        slicer.util.updateVolumeFromArray(node, asymmetric(20, 20))
        with pytest.raises(LogicError, match="frames of Cine 1 differ"):
            checkVolume(volume)


class TestOutputs:
    def test_input(self, scene):
        volume = addVolume(scene, asymmetric())
        checkOutput(volume, None)
        checkOutput(volume, addVolume(scene, asymmetric(), "other"))
        with pytest.raises(LogicError, match="Input and output are the same volume"):
            checkOutput(volume, volume)

    def test_another_kind(self, scene):
        with pytest.raises(LogicError, match="colour is of another kind than grey"):
            checkOutput(addVolume(scene, asymmetric(), "grey"), addVolume(scene, colours(asymmetric()), "colour"))

    def test_a_frame_of_a_cine(self, scene):
        cine = addCine(scene, asymmetric(frames=2))
        with pytest.raises(LogicError, match="is a frame of a cine"):
            checkOutput(addVolume(scene, asymmetric()), cine)

    def test_removed(self, scene):
        volume, other = addVolume(scene, asymmetric()), addVolume(scene, asymmetric())
        scene.RemoveNode(other)
        with pytest.raises(LogicError, match="no longer in the scene"):
            checkOutput(volume, other)
