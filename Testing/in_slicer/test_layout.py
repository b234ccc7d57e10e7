"""Original and harmonized image side by side: linked views, the outline on both, the difference, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from panel_driving import addSegmentation, addVolume, speckle

from USHarmonizationLogic import USHarmonizationLogic
from USHarmonizationLogic.layout import (
    GENERATED_VIEW,
    LAYOUT_ID,
    ORIGINAL_VIEW,
    RESEARCH_USE,
    VIEW_GROUP,
    differenceVolume,
    layoutManager,
)


@pytest.fixture
def logic(scene):
    return USHarmonizationLogic()


@pytest.fixture
def manager(application):
    if layoutManager() is None:
        pytest.skip("needs views: runs with a main window")
    return layoutManager()


@pytest.fixture
def images(scene):
    before = speckle()
    return addVolume(before, "Original"), addVolume(255 - before, "Harmonized")


def test_both_images_are_shown_in_linked_views_and_the_layout_comes_back(logic, manager, images):
    before = manager.layout
    views = logic.showSideBySide(*images, None, "Harmonized to GE LOGIQ 7")
    try:
        assert views.shown
        assert manager.layout == LAYOUT_ID
        for name, volume, title in (
            (ORIGINAL_VIEW, images[0], "Original"),
            (GENERATED_VIEW, images[1], "Harmonized to GE LOGIQ 7"),
        ):
            widget = manager.sliceWidget(name)
            composite = widget.mrmlSliceCompositeNode()
            assert composite.GetBackgroundVolumeID() == volume.GetID()
            assert composite.GetForegroundVolumeID() is None
            assert composite.GetLinkedControl()
            assert widget.mrmlSliceNode().GetViewGroup() == VIEW_GROUP
            annotation = widget.sliceView().cornerAnnotation()
            assert annotation.GetText(vtk.vtkCornerAnnotation.UpperEdge) == title
            assert annotation.GetText(vtk.vtkCornerAnnotation.LowerEdge) == RESEARCH_USE
    finally:
        views.restore()
    assert manager.layout == before
    assert not views.shown
    assert manager.sliceWidget(ORIGINAL_VIEW).sliceView().cornerAnnotation().GetText(4) in (None, "")


def test_views_are_of_one_group_whatever_was_done_to_them_before(logic, manager, images):
    logic.showSideBySide(*images).restore()
    for name in (ORIGINAL_VIEW, GENERATED_VIEW):
        manager.sliceWidget(name).mrmlSliceNode().SetViewGroup(1)
    views = logic.showSideBySide(*images)
    try:
        assert {manager.sliceWidget(n).mrmlSliceNode().GetViewGroup() for n in (ORIGINAL_VIEW, GENERATED_VIEW)} == {
            VIEW_GROUP
        }
    finally:
        views.restore()


def test_the_outline_is_drawn_and_the_look_of_the_segmentation_comes_back(logic, manager, images):
    mask = np.zeros((1, 96, 128), np.uint8)
    mask[0, 40:60, 50:80] = 1
    segmentation = addSegmentation(images[0], mask)
    display = segmentation.GetDisplayNode()
    display.SetVisibility2DOutline(False)
    views = logic.showSideBySide(*images, segmentation)
    assert (display.GetVisibility2DFill(), display.GetVisibility2DOutline()) == (0, 1)
    views.restore()
    assert (display.GetVisibility2DFill(), display.GetVisibility2DOutline()) == (1, 0)


def test_fade_and_difference(logic, manager, images):
    views = logic.showSideBySide(*images)
    composite = manager.sliceWidget(GENERATED_VIEW).mrmlSliceCompositeNode()
    views.showFade(0.25)
    assert composite.GetBackgroundVolumeID() == images[0].GetID()
    assert composite.GetForegroundVolumeID() == images[1].GetID()
    assert composite.GetForegroundOpacity() == 0.25
    limit = views.showDifference()
    assert composite.GetBackgroundVolumeID() == views.difference.GetID()
    assert limit == round(float(np.ptp(slicer.util.arrayFromVolume(images[0]))) * 0.2)
    first = views.difference
    slicer.mrmlScene.RemoveNode(first)
    assert views.showDifference() == limit  # made anew
    assert views.difference is not first
    views.restore()


def test_a_difference_is_generated_minus_original_in_grey_levels(scene):
    rgb = np.zeros((1, 4, 5, 3), np.uint8)
    rgb[0, :, :, 1] = 100
    brighter = rgb.copy()
    brighter[0, 1, 2] = (100, 200, 50)
    original, generated = addVolume(rgb, "a"), addVolume(brighter, "b")
    original.SetSpacing(0.2, 0.3, 1)
    volume = differenceVolume(scene, original, generated)
    found = slicer.util.arrayFromVolume(volume)
    wanted = np.zeros((1, 4, 5))
    wanted[0, 1, 2] = 0.299 * 100 + 0.587 * 100 + 0.114 * 50
    assert np.allclose(found, wanted, atol=1e-3)
    assert volume.GetSpacing() == original.GetSpacing()
    display = volume.GetDisplayNode()
    assert display.GetLevel() == 0
    table = display.GetColorNode()
    colours = [[0.0] * 4 for _ in range(2)]
    table.GetColor(0, colours[0])
    table.GetColor(255, colours[1])
    assert colours[0][2] > colours[0][0]  # darker: blue
    assert colours[1][0] > colours[1][2]  # brighter: red
    assert differenceVolume(scene, original, generated, volume) is volume
    assert volume.GetDisplayNode().GetColorNode() is table


def test_differences_of_other_sizes_are_refused(scene):
    with pytest.raises(ValueError, match="same size"):
        differenceVolume(scene, addVolume(speckle()), addVolume(speckle(rows=50)))


def test_without_views_nothing_happens(logic, images, monkeypatch):
    monkeypatch.setattr("USHarmonizationLogic.layout.layoutManager", lambda: None)
    views = logic.showSideBySide(*images)
    assert not views.shown
    views.showGenerated()
    views.showFade(0.5)
    assert views.showDifference() is None
    views.restore()
