"""The lesion that a segment marks: in any geometry, on the image's grid, to the pixel; and what cannot be one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slicer
import vtk
from slicer_lesions import add_segment, lesion_mask, segmentation_node, speckle, volume_node

from USRadiomicsLNMLogic import LogicError
from USRadiomicsLNMLogic.lesion import lesionOf
from USRadiomicsLNMLogic.picture import pictureOf


def test_a_segment_on_the_images_grid_comes_out_to_the_pixel(scene: Any) -> None:
    pixels, mask = speckle(), lesion_mask()
    image = volume_node(scene, pixels)
    lesion = lesionOf(image, *segmentation_node(scene, image, mask))
    np.testing.assert_array_equal(lesion.pixels, pixels)
    np.testing.assert_array_equal(lesion.mask, mask)
    assert lesion.spacingMm == (0.25, 0.2)
    assert lesion.slice == 0
    assert lesion.notes == ()


def test_nothing_is_left_in_the_scene(scene: Any) -> None:
    image = volume_node(scene, speckle())
    segmentation, segment = segmentation_node(scene, image, lesion_mask())
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)  # there in every application
    before = scene.GetNumberOfNodes()
    lesionOf(image, segmentation, segment)
    assert scene.GetNumberOfNodes() == before


@pytest.mark.parametrize("placed", ["image", "segmentation", "both"])
def test_parent_transforms_are_obeyed(scene: Any, placed: str) -> None:
    mask = lesion_mask()
    image = volume_node(scene, speckle())
    segmentation, segment = segmentation_node(scene, image, mask)
    transform = scene.AddNewNodeByClass("vtkMRMLTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 10 * 0.2)  # ten columns along +R, where columns run along -R
    transform.SetMatrixTransformToParent(matrix)
    for node, moved in ((image, placed != "segmentation"), (segmentation, placed != "image")):
        if moved:
            node.SetAndObserveTransformNodeID(transform.GetID())
    shift = {"image": 10, "segmentation": -10, "both": 0}[placed]
    np.testing.assert_array_equal(lesionOf(image, segmentation, segment).mask, np.roll(mask, shift, axis=1))


def test_a_segment_drawn_on_a_finer_grid_is_taken_to_the_images(scene: Any) -> None:
    mask = lesion_mask()
    image = volume_node(scene, speckle())
    fine = volume_node(scene, np.zeros((192, 256), np.uint8), "fine", spacing=(0.1, 0.125, 1.0))
    corner = [0.0, 0.0, 0.0, 1.0]
    matrix = vtk.vtkMatrix4x4()
    image.GetIJKToRASMatrix(matrix)
    matrix.MultiplyPoint((-0.25, -0.25, 0, 1), corner)  # two small pixels fill a large one
    fine.SetOrigin(corner[:3])
    lesion = lesionOf(image, *segmentation_node(scene, fine, np.kron(mask, np.ones((2, 2))).astype(np.uint8)))
    np.testing.assert_array_equal(lesion.mask, mask)


def test_a_segment_that_is_a_surface_is_converted_and_the_segmentation_stays_as_it_is(scene: Any) -> None:
    factory = slicer.vtkSegmentationConverterFactory.GetInstance()
    if factory.ConstructRepresentationObjectByRepresentation("Closed surface") is None:  # an application does this
        factory.RegisterConverterRule(slicer.vtkClosedSurfaceToBinaryLabelmapConversionRule())
    image = volume_node(scene, np.repeat(speckle()[None], 9, axis=0), spacing=(0.2, 0.25, 0.3))
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(image)
    segmentation.SetSourceRepresentationToClosedSurface()
    ball = vtk.vtkSphereSource()
    ball.SetCenter(11.0 - 0.2 * 60, -7.0 - 0.25 * 40, 3.0 + 0.3 * 4)
    ball.SetRadius(1.1)
    ball.SetThetaResolution(40)
    ball.SetPhiResolution(40)
    ball.Update()
    segment = segmentation.AddSegmentFromClosedSurfaceRepresentation(ball.GetOutput(), "ball", [1, 0, 0])
    segmentation.GetSegmentation().RemoveRepresentation("Binary labelmap")
    lesion = lesionOf(image, segmentation, segment)
    assert lesion.slice == 4
    y, x = np.nonzero(lesion.mask)
    assert (x.mean(), y.mean()) == pytest.approx((60, 40), abs=1)
    assert lesion.areaPixels == pytest.approx(np.pi * 1.1**2 / (0.2 * 0.25), rel=0.1)
    assert not segmentation.GetSegmentation().ContainsRepresentation("Binary labelmap")


def test_in_a_stack_the_slice_with_most_of_the_segment_is_taken_and_told(scene: Any) -> None:
    stack = np.stack([speckle(seed) for seed in range(3)])
    masks = np.stack([lesion_mask(), lesion_mask(), lesion_mask()])
    masks[0, :, :80] = masks[2, :, :70] = False
    image = volume_node(scene, stack)
    lesion = lesionOf(image, *segmentation_node(scene, image, masks))
    assert lesion.slice == 1
    np.testing.assert_array_equal(lesion.pixels, stack[1])
    assert lesion.notes == (
        "The segment “lesion” lies in 3 slices of the image; taken is slice 2, where it is largest.",
    )


def test_of_a_cine_the_frame_that_is_shown_is_taken(scene: Any) -> None:
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode")
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
    frames = [speckle(seed) for seed in range(3)]
    for number, pixels in enumerate(frames):
        frame = volume_node(slicer.vtkMRMLScene(), pixels)
        sequence.SetDataNodeAtValue(frame, str(number))
    browser.AddSynchronizedSequenceNode(sequence)
    proxy = volume_node(scene, frames[0], "cine")
    browser.AddProxyNode(proxy, sequence, False)
    segmentation, segment = segmentation_node(scene, proxy, lesion_mask())
    proxy.CopyContent(sequence.GetNthDataNode(2))
    np.testing.assert_array_equal(lesionOf(proxy, segmentation, segment).pixels, frames[2])


def test_colour_images_keep_their_channels(scene: Any) -> None:
    pixels = np.stack([speckle(0), speckle(1), speckle(2)], axis=-1)
    image = volume_node(scene, pixels)
    np.testing.assert_array_equal(lesionOf(image, *segmentation_node(scene, image, lesion_mask())).pixels, pixels)


def test_pixels_of_a_millimetre_and_parts_outside_are_told(scene: Any) -> None:
    image = volume_node(scene, speckle(), spacing=(1.0, 1.0, 1.0))
    wide = volume_node(scene, np.zeros((96, 256), np.uint8), "wide", spacing=(1.0, 1.0, 1.0))
    mask = np.zeros((96, 256), np.uint8)
    mask[40:60, 100:150] = 1
    notes = lesionOf(image, *segmentation_node(scene, wide, mask)).notes
    assert notes[0] == "44% of the segment “lesion” lies outside the image and is left out."
    assert "exactly 1 mm" in notes[1]


def test_what_cannot_be_a_lesion_is_said_in_a_sentence(scene: Any) -> None:
    image = volume_node(scene, speckle())
    segmentation, segment = segmentation_node(scene, image, lesion_mask())
    empty = add_segment(segmentation, image, np.zeros((96, 128), np.uint8), "nothing")
    far = volume_node(scene, speckle(), "far")
    far.SetOrigin(500.0, 500.0, 0.0)
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    labels.SetAndObserveImageData(image.GetImageData())
    stack = volume_node(scene, np.full((5, 96, 128), -700, np.int16), "CT")
    for arguments, said in (
        ((None, segmentation, segment), "Choose the image"),
        ((labels, segmentation, segment), "is a label map"),
        ((scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"), segmentation, segment), "no pixels"),
        ((stack, segmentation, segment), "CT"),
        ((image, None, segment), "Choose the segmentation"),
        ((image, segmentation, ""), "Choose the segment that is the lesion"),
        ((image, segmentation, "gone"), "not there any more"),
        ((image, segmentation, empty), "“nothing” is empty"),
        ((far, segmentation, segment), "does not lie on the image"),
    ):
        with pytest.raises(LogicError, match=said):
            lesionOf(*arguments)


def test_a_segmentation_of_another_patient_is_refused(scene: Any) -> None:
    image = volume_node(scene, speckle())
    segmentation, segment = segmentation_node(scene, image, lesion_mask())
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    level = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMLevelPatient()
    patients = [tree.CreateSubjectItem(tree.GetSceneItemID(), name) for name in ("first", "second")]
    for item in patients:
        tree.SetItemLevel(item, level)
    tree.CreateItem(patients[0], image)
    tree.CreateItem(patients[0], segmentation)
    assert lesionOf(image, segmentation, segment).areaPixels
    tree.CreateItem(patients[1], segmentation)
    with pytest.raises(LogicError, match="another patient"):
        lesionOf(image, segmentation, segment)


def test_the_picture_shows_the_lesion_and_what_lies_around_it(scene: Any) -> None:
    pixels, mask = speckle(size=(300, 400)), lesion_mask((300, 400))
    image = volume_node(scene, pixels)
    picture = pictureOf(lesionOf(image, *segmentation_node(scene, image, mask)))
    rows, columns = np.nonzero(mask)
    assert picture.mask.sum() == mask.sum()
    assert picture.grey.shape[1] < 400
    assert (picture.grey[picture.mask] == pixels[mask]).all()
    assert picture.aspect == pytest.approx(1.25)
    edges = picture.outline()
    upright = np.diff(np.pad(mask.astype(int), 1), axis=1)
    assert edges.count("v1") == np.count_nonzero(upright)
    assert edges.count("h1") == np.count_nonzero(np.diff(np.pad(mask.astype(int), 1), axis=0))
    assert picture.dataUri().startswith("data:image/png;base64,iVBOR")
    assert len(rows) == len(columns)


def test_what_a_scanner_writes_around_the_imaged_area_is_not_shown(scene: Any) -> None:
    pixels = np.zeros((300, 400), np.uint8)
    pixels[60:260, 80:320] = speckle(size=(200, 240))
    pixels[10:22, 20:90] = 255 * (np.random.default_rng(0).random((12, 70)) > 0.5)  # a name
    mask = np.zeros((300, 400), bool)
    mask[70:120, 90:140] = True
    image = volume_node(scene, pixels)
    picture = pictureOf(lesionOf(image, *segmentation_node(scene, image, mask)))
    top = 60 - (70 - 35)
    assert not picture.grey[: top - 3].any()
    assert picture.grey[top + 5 :].any()
