"""The section Phantom pairing, driven as a person would: choose, click in the views, drag, export, evaluate, close."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from panel_driving import ENDLESS, FAILING, addVolume, openSection, passEvents, process, shown, speckle
from phantom_pairs import read_pair, simulate_phantom

from USHarmonizationLogic import pair_views
from USHarmonizationLogic.landmark_lists import placed
from USHarmonizationLogic.pair_views import FIXED_VIEW, MOVING_VIEW, interactionNode, isPlacing
from USHarmonizationLogic.pairing import pairLandmarks


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    return simulate_phantom(tmp_path_factory.mktemp("phantom"))


@pytest.fixture
def views(monkeypatch):
    """Most tests do without views, which take long to render without a graphics card."""
    monkeypatch.setattr(pair_views, "layoutManager", lambda: None)


@pytest.fixture
def realViews(monkeypatch):
    monkeypatch.undo()


@pytest.fixture
def section(application, scene, views):
    from USHarmonizationPanel.pairing import PairingSection

    yield from openSection(PairingSection)


@pytest.fixture
def images(section):
    """Two images of 96 x 128 pixels of 0.5 mm, chosen."""
    volumes = [addVolume(speckle(seed=seed), name) for seed, name in enumerate(("Target scanner", "Source scanner"))]
    for volume in volumes:
        volume.SetSpacing(0.5, 0.5, 1.0)
    section.ui.fixedSelector.setCurrentNode(volumes[0])
    section.ui.movingSelector.setCurrentNode(volumes[1])
    return volumes


@pytest.fixture
def pair(section, scene, phantom):
    """A simulated pair with its true landmarks, chosen."""
    nodes = read_pair(scene, phantom)
    ui = section.ui
    selectors = (ui.fixedSelector, ui.movingSelector, ui.fixedListSelector, ui.movingListSelector)
    for selector, node in zip(selectors, nodes, strict=True):
        selector.setCurrentNode(node)
    settle(section)
    return nodes


POINTS = [(-5.0, -6.0, 0.0), (-50.0, -8.0, 0.0), (-28.0, -40.0, 0.0), (-15.0, -25.0, 0.0), (-40.0, -30.0, 0.0)]


def settle(section):
    """Let what is waiting for the mouse to rest happen."""
    passEvents(seconds=0.15)


def place(section, world):
    """What a click in the view of the list whose turn it is does, without a view."""
    where = section.placing._wanted[0]
    node = section.nodes()[2 if where == "fixed" else 3]
    node.AddControlPointWorld(vtk.vtkVector3d(*world))
    passEvents()
    return where


def placePairs(section, points, shift=(1.0, -0.5, 0.0)):
    section.ui.placeButton.click()
    for point in points:
        place(section, point)
        place(section, np.add(point, shift))
    settle(section)


def cell(section, row, column):
    return section.ui.landmarkTable.item(row, column).text()


def status(section):
    return section.ui.statusLabel.text


class TestPlacing:
    def test_clicks_go_to_the_two_images_by_turns(self, section, images):
        ui = section.ui
        assert not shown(ui.landmarkTable)
        ui.placeButton.click()
        fixed, moving = section.nodes()[2:]
        assert (fixed.GetName(), moving.GetName()) == ("Fixed landmarks", "Moving landmarks")
        assert isPlacing(slicer.mrmlScene)
        assert "Click landmark 1 in the left view" in ui.promptLabel.text
        turns = [place(section, point) for point in POINTS for _ in range(2)]
        assert turns == ["fixed", "moving"] * len(POINTS)
        assert placed(fixed).labels == placed(moving).labels == ("1", "2", "3", "4", "5")
        settle(section)
        assert ui.landmarkTable.rowCount == len(POINTS)
        ui.placeButton.click()
        assert not isPlacing(slicer.mrmlScene)
        assert not section.placing.active
        assert not shown(ui.promptLabel)

    def test_a_partner_that_was_removed_is_asked_for_again(self, section, images):
        placePairs(section, POINTS)
        section.nodes()[3].RemoveNthControlPoint(1)
        settle(section)
        assert "Click landmark 2 in the right view" in section.ui.promptLabel.text
        assert "Not counted yet: landmark 2, missing in the moving image" in status(section)
        place(section, np.add(POINTS[1], (1.0, -0.5, 0.0)))
        settle(section)
        assert "2" in placed(section.nodes()[3]).labels
        assert section.ui.landmarkTable.rowCount == len(POINTS)

    @pytest.mark.parametrize("how", ["escape", "another mode", "another module", "the scene"])
    def test_it_ends_however_it_is_ended(self, section, images, how):
        section.ui.placeButton.click()
        assert section.placing.active
        if how == "escape":
            assert section._escape.enabled
            section._escape.emit("activated()") if hasattr(section._escape, "emit") else section.placing.stop()
        elif how == "another mode":
            interactionNode(slicer.mrmlScene).SwitchToViewTransformMode()
        elif how == "another module":
            section.exit()
        else:
            slicer.mrmlScene.Clear()
        assert not section.placing.active
        assert not isPlacing(slicer.mrmlScene)
        assert not section._escape.enabled
        passEvents()

    def test_a_deleted_list_ends_it(self, section, images):
        section.ui.placeButton.click()
        slicer.mrmlScene.RemoveNode(section.nodes()[2])
        settle(section)
        assert not section.placing.active
        assert "Place landmarks" in status(section)

    def test_real_clicks_in_real_views(self, section, images, realViews):
        """Each list takes clicks in its own view alone."""
        manager = slicer.app.layoutManager()
        if manager is None:
            pytest.skip("needs the views of a main window")
        section.ui.placeButton.click()
        passEvents(seconds=0.3)
        views = {name: manager.sliceWidget(name).sliceView() for name in (FIXED_VIEW, MOVING_VIEW)}

        def click(name, share):
            view = views[name]
            view.forceRender()
            interactor = view.interactor()
            width, height = view.renderWindow().GetSize()
            x, y = int(width * share[0]), int(height * share[1])
            interactor.SetEventInformation(x, y)
            for event in ("EnterEvent", "MouseMoveEvent", "LeftButtonPressEvent", "LeftButtonReleaseEvent"):
                interactor.SetEventInformation(x, y)
                interactor.InvokeEvent(event)
                passEvents(seconds=0.02)
            interactor.InvokeEvent("LeaveEvent")
            passEvents(seconds=0.05)

        def counts():
            return tuple(len(placed(node)) for node in section.nodes()[2:])

        click(MOVING_VIEW, (0.5, 0.5))
        assert counts() == (0, 0)
        click(FIXED_VIEW, (0.4, 0.4))
        assert counts() == (1, 0)
        click(FIXED_VIEW, (0.6, 0.4))
        assert counts() == (1, 0)
        click(MOVING_VIEW, (0.4, 0.4))
        assert counts() == (1, 1)
        for share in ((0.6, 0.45), (0.5, 0.6)):
            click(FIXED_VIEW, share)
            click(MOVING_VIEW, share)
        assert counts() == (3, 3)
        settle(section)
        assert section.pairing is not None, status(section)
        assert section.pairing.registration.fre < 0.5


class TestErrors:
    def test_figures_follow_a_landmark_that_is_moved(self, section, images):
        placePairs(section, POINTS)
        assert [cell(section, row, 1) for row in range(5)] == ["0.00"] * 5
        assert "Quote the leave-one-out error, 0.00 mm" in section.ui.errorLabel.text
        section.nodes()[3].SetNthControlPointPositionWorld(3, -12.0, -25.5, 0.0)
        settle(section)
        expected = pairLandmarks(*section.nodes()).registration
        assert [cell(section, row, 1) for row in range(5)] == [f"{one.residual:.2f}" for one in expected.landmarks]
        assert [cell(section, row, 2) for row in range(5)] == [f"{one.target_error:.2f}" for one in expected.landmarks]
        assert section.ui.worstLabel.text.startswith("⚠ Landmark 4 fits worst: ")
        assert section.ui.worstLabel.text.endswith("check it.")

    def test_nodes_of_the_scene_follow(self, section, images):
        placePairs(section, POINTS)
        node = section.parameterNode
        matrix = vtk.vtkMatrix4x4()
        node.pairingTransformNode.GetMatrixTransformToParent(matrix)
        assert matrix.GetElement(0, 3) == pytest.approx(-1.0)
        assert node.pairingTable.GetNumberOfRows() == 5
        count = slicer.mrmlScene.GetNumberOfNodes()
        section.nodes()[3].SetNthControlPointPositionWorld(3, -12.0, -25.5, 0.0)
        settle(section)
        assert slicer.mrmlScene.GetNumberOfNodes() == count

    def test_kind_of_transform(self, section, images):
        placePairs(section, POINTS)
        section.nodes()[3].SetNthControlPointPositionWorld(3, -12.0, -25.5, 0.0)
        section.ui.transformComboBox.currentIndex = 2
        settle(section)
        assert section.pairing.transform == section.parameterNode.pairingTransform == "affine"

    def test_undo(self, section, images):
        placePairs(section, POINTS)
        section.ui.placeButton.click()
        section.ui.undoButton.click()
        settle(section)
        assert section.ui.landmarkTable.rowCount == 4
        for _ in range(6):
            section.ui.undoButton.click()
        settle(section)
        assert [len(placed(node)) for node in section.nodes()[2:]] == [0, 0]
        assert not section.ui.undoButton.enabled

    def test_wrong_order_is_put_right_by_a_click(self, section, images):
        placePairs(section, POINTS)
        section.ui.placeButton.click()
        moving = section.nodes()[3]
        first, second = placed(moving).points[:2]
        moving.SetNthControlPointPositionWorld(0, second.tolist())
        moving.SetNthControlPointPositionWorld(1, first.tolist())
        settle(section)
        assert "do not fit in the given order" in status(section)
        assert shown(section.ui.orderButton)
        section.ui.orderButton.click()
        settle(section)
        assert not shown(section.ui.orderButton)
        assert section.pairing.registration.fre < 1e-6

    def test_a_registered_image_under_its_own_transform(self, section, images):
        placePairs(section, POINTS)
        images[1].SetAndObserveTransformNodeID(section.parameterNode.pairingTransformNode.GetID())
        settle(section)
        assert "lies under the transform of this pairing" in status(section)
        images[1].SetAndObserveTransformNodeID(None)
        settle(section)
        assert section.pairing is not None


class TestBadInput:
    def test_nothing_is_there(self, section):
        section.ui.placeButton.click()
        assert status(section).endswith("Choose the fixed image.")
        assert not section.ui.exportButton.enabled
        assert not section.ui.undoButton.enabled

    def test_the_same_image_twice(self, section, images):
        section.ui.movingSelector.setCurrentNode(images[0])
        section.ui.placeButton.click()
        assert "are the same" in status(section)
        assert not section.placing.active

    def test_no_calibration(self, section, images):
        images[0].SetSpacing(1.0, 1.0, 1.0)
        placePairs(section, POINTS)
        assert "exactly 1 mm" in status(section)
        assert section.pairing is not None

    def test_outside_of_the_image(self, section, images):
        placePairs(section, POINTS)
        section.nodes()[2].SetNthControlPointPositionWorld(0, 30.0, 10.0, 0.0)
        settle(section)
        assert "Landmark 1 lies outside of the fixed image Target scanner." in status(section)
        assert not shown(section.ui.landmarkTable)

    def test_a_volume_that_is_no_ultrasound(self, section, images):
        ct = addVolume(np.full((3, 96, 128), -900, np.int16), "CT")
        section.ui.fixedSelector.setCurrentNode(ct)
        section.ui.placeButton.click()
        assert "as a CT has" in status(section)

    def test_deleted_while_in_use(self, section, images):
        placePairs(section, POINTS)
        slicer.mrmlScene.RemoveNode(images[1])
        settle(section)
        assert "Choose the moving image." in status(section)
        assert not section.ui.exportButton.enabled

    def test_no_folder(self, section, images):
        placePairs(section, POINTS)
        section.parameterNode.pairingFolder = ""
        section.ui.exportButton.click()
        assert "Choose a folder" in section.ui.resultLabel.text


class TestJobs:
    @pytest.fixture
    def endless(self, section, monkeypatch):
        started = []

        def start(*arguments):
            started.append(process(ENDLESS).start())
            return started[-1]

        monkeypatch.setattr(section.logic, "startPairExport", start, raising=False)
        yield started
        for job in started:
            job.kill()

    def test_export_and_evaluation(self, section, pair, tmp_path, scene):
        ui = section.ui
        ui.folderEdit.setCurrentPath(str(tmp_path / "pair"))
        assert not [section.ui.harmonizedList.item(0).data(256)][0]
        made = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Made")
        made.CopyOrientation(pair[1])
        slicer.util.updateVolumeFromArray(made, slicer.util.arrayFromVolume(pair[1]) // 2)
        settle(section)
        assert ui.harmonizedList.item(0).text() == "Made"
        ui.exportButton.click()
        assert section.jobs.running
        assert ui.exportButton.text == "&Cancel"
        assert passEvents(lambda: not section.jobs.running, 90)
        assert "Exported. The images share" in ui.resultLabel.text
        assert (tmp_path / "pair" / "pair.json").is_file()
        assert scene.GetFirstNodeByName("Moving on fixed")
        ui.evaluateButton.click()
        assert passEvents(lambda: not section.jobs.running, 120)
        assert "SSIM" in ui.resultLabel.text, ui.resultLabel.text
        assert ui.resultTable.item(0, 0).text() == "PSNR"
        assert float(ui.resultTable.item(0, 1).text()) > 0
        assert ui.resultTable.columnCount == 3

    def test_cancel_by_the_same_button(self, section, images, endless, tmp_path):
        placePairs(section, POINTS)
        section.parameterNode.pairingFolder = str(tmp_path)
        section.ui.exportButton.click()
        section.ui.exportButton.click()  # a double click does not cancel
        assert passEvents(lambda: endless[0].progress, 10)
        assert endless[0].state == "running"
        section.jobs._startedAt -= 1
        section.ui.exportButton.click()
        assert passEvents(lambda: not section.jobs.running, 10)
        assert endless[0].state == "cancelled"
        assert "Cancelled" in section.ui.resultLabel.text
        assert section.ui.exportButton.text == "E&xport the pair"

    def test_the_scene_is_closed_meanwhile(self, section, images, endless, tmp_path):
        placePairs(section, POINTS)
        section.parameterNode.pairingFolder = str(tmp_path)
        section.ui.exportButton.click()
        slicer.mrmlScene.Clear()
        assert not section.jobs.running
        assert endless[0].wait(10) == "cancelled"
        passEvents()

    def test_a_failure_is_a_sentence(self, section, images, monkeypatch, tmp_path):
        monkeypatch.setattr(section.logic, "startPairExport", lambda *a: process(FAILING).start(), raising=False)
        placePairs(section, POINTS)
        section.parameterNode.pairingFolder = str(tmp_path)
        section.ui.exportButton.click()
        assert passEvents(lambda: not section.jobs.running, 10)
        assert "the disk is full" in section.ui.resultLabel.text


class TestScene:
    def test_choices_are_saved_with_the_scene(self, section, images):
        placePairs(section, POINTS)
        section.ui.placeButton.click()
        node = section.parameterNode
        assert node.pairingFixed is images[0]
        assert node.pairingMovingLandmarks is section.nodes()[3]
        section.exit()
        section.enter()
        assert section.ui.fixedSelector.currentNode() is images[0]
        assert section.ui.landmarkTable.rowCount == 5

    def test_two_scenes_in_a_row(self, section, images):
        placePairs(section, POINTS)
        slicer.mrmlScene.Clear()
        settle(section)
        assert section.pairing is None
        assert not shown(section.ui.landmarkTable)
        assert section._observed == []
