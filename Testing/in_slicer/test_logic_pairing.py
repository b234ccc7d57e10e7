"""Registration by landmarks on MRML nodes: the command line's figures, wherever the images lie in the scene."""

from __future__ import annotations

import itertools
import json
import time

import numpy as np
import pytest
import slicer
import vtk
from phantom_pairs import FIXED, MOVING, image, marks, read_pair, simulate_phantom

from USHarmonizationLib.errors import InputError
from USHarmonizationLib.landmarks.registration import WrongOrderError
from USHarmonizationLogic import LogicError, USHarmonizationLogic
from USHarmonizationLogic.landmark_lists import addLandmarkList, nextLandmark, placed
from USHarmonizationLogic.pairing import TRANSFORMS, pairLandmarks, showPairing
from USHarmonizationLogic.planes import plane


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    return simulate_phantom(tmp_path_factory.mktemp("phantom"))


@pytest.fixture
def pair(scene, phantom):
    return read_pair(scene, phantom)


def makeVolume(scene, name="volume", size=(1, 80, 100), spacing=0.5, kind="vtkMRMLScalarVolumeNode"):
    node = scene.AddNewNodeByClass(kind, name)
    slicer.util.updateVolumeFromArray(node, np.zeros(size, np.uint8))
    node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    node.SetSpacing(spacing, spacing, 1.0)
    return node


def makeList(scene, points, name="list"):
    node = addLandmarkList(scene, name, (1, 0, 0))
    for point in points:
        node.AddControlPointWorld(vtk.vtkVector3d(*point))
    return node


def addTransform(scene, matrix):
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "parent")
    made = vtk.vtkMatrix4x4()
    made.DeepCopy(np.asarray(matrix, float).ravel().tolist())
    node.SetMatrixTransformToParent(made)
    return node


def turned(*degrees, shift=(0, 0, 0)):
    """A rotation about R, A and S, then a shift."""
    transform = vtk.vtkTransform()
    transform.Translate(shift)
    transform.RotateX(degrees[0])
    transform.RotateY(degrees[1])
    transform.RotateZ(degrees[2])
    matrix = transform.GetMatrix()
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


POINTS = [(-5.0, -6.0, 0.0), (-40.0, -7.0, 0.0), (-22.0, -33.0, 0.0), (-11.0, -21.0, 0.0)]


@pytest.fixture
def simple(scene):
    """Two empty volumes, and landmarks of which the moving ones are the fixed ones turned by 10 degrees."""
    known = turned(0, 0, 10, shift=(-3.0, 2.0, 0.0))
    moved = [(known @ [*point, 1.0])[:3] for point in POINTS]
    lists = (makeList(scene, POINTS, "fixed"), makeList(scene, moved, "moving"))
    return (makeVolume(scene, "fixed"), makeVolume(scene, "moving"), *lists), known


class TestRegistration:
    @pytest.mark.parametrize("transform", TRANSFORMS)
    def test_equals_the_command_line(self, pair, phantom, tmp_path, transform):
        from USHarmonizationLib.landmarks.pairing import Source
        from USHarmonizationLib.landmarks.pairing import pair as run

        sources = [Source(image(phantom, scanner), marks(phantom, scanner)) for scanner in (FIXED, MOVING)]
        report = run(*sources, transform, tmp_path)["registration"]
        found = pairLandmarks(*pair, transform)
        linear = found.registration.transform.linear
        assert found.registration.fre == pytest.approx(report["fre_mm"], abs=1e-6)
        assert found.registration.target_error == pytest.approx(report["left_out_tre_mm"], abs=1e-6)
        np.testing.assert_allclose(linear.matrix, report["matrix"], atol=1e-6)
        np.testing.assert_allclose(linear.offset, report["offset_mm"], atol=1e-6)
        # The file for Slicer, read by Slicer, is the node's transform.
        storage, node = slicer.vtkMRMLTransformStorageNode(), slicer.vtkMRMLTransformNode()
        storage.SetFileName(str(tmp_path / "transform.h5"))
        assert storage.ReadData(node)
        matrix = vtk.vtkMatrix4x4()
        node.GetMatrixTransformToParent(matrix)
        read = [[matrix.GetElement(row, column) for column in range(4)] for row in range(4)]
        np.testing.assert_allclose(found.movingToFixed, read, atol=1e-6)

    def test_truth_of_the_phantom(self, pair, phantom):
        assert pairLandmarks(*pair).registration.target_error < 0.05
        assert json.loads((phantom / "truth.json").read_text())

    def test_brings_the_moving_image_onto_the_fixed_one(self, scene, simple):
        nodes, known = simple
        shown = showPairing(scene, pairLandmarks(*nodes))
        nodes[3].SetAndObserveTransformNodeID(shown.transform.GetID())
        np.testing.assert_allclose(placed(nodes[3]).points, POINTS, atol=1e-9)
        nodes[3].SetAndObserveTransformNodeID(None)
        np.testing.assert_allclose(pairLandmarks(*nodes).movingToFixed, np.linalg.inv(known), atol=1e-9)

    def test_under_any_transform_in_space(self, scene, simple):
        nodes, _ = simple
        nodes[3].SetNthControlPointPosition(1, -41.0, -9.0, 0.0)
        before = pairLandmarks(*nodes, "similarity")
        tilts = turned(30, -50, 110, shift=(5, 60, -7)), turned(80, 20, -35, shift=(100, 0, 3))
        for place, matrix in enumerate(tilts):
            parent = addTransform(scene, matrix)
            nodes[place].SetAndObserveTransformNodeID(parent.GetID())
            nodes[place + 2].SetAndObserveTransformNodeID(parent.GetID())
        after = pairLandmarks(*nodes, "similarity")
        for one, other in zip(before.registration.landmarks, after.registration.landmarks, strict=True):
            assert other.residual == pytest.approx(one.residual, abs=1e-9)
            assert other.target_error == pytest.approx(one.target_error, abs=1e-9)
        np.testing.assert_allclose(
            _apply(after.movingToFixed, placed(nodes[3]).points),
            _apply(tilts[0] @ before.movingToFixed @ np.linalg.inv(tilts[1]), placed(nodes[3]).points),
            atol=1e-9,
        )

    def test_a_transform_that_scales_changes_millimetres(self, scene, simple):
        nodes, _ = simple
        nodes[3].SetNthControlPointPosition(1, -41.0, -9.0, 0.0)
        before = pairLandmarks(*nodes)
        parent = addTransform(scene, np.diag([2.0, 2.0, 2.0, 1.0]))
        for node in nodes:
            node.SetAndObserveTransformNodeID(parent.GetID())
        assert pairLandmarks(*nodes).registration.fre == pytest.approx(2 * before.registration.fre)

    def test_points_that_are_not_placed_do_not_count(self, simple):
        nodes, _ = simple
        before = pairLandmarks(*nodes).registration.fre
        for node in nodes[2:]:
            node.AddControlPointWorld(vtk.vtkVector3d(-1.0, -1.0, 0.0))
            node.UnsetNthControlPointPosition(node.GetNumberOfControlPoints() - 1)
        found = pairLandmarks(*nodes)
        assert len(found.registration.landmarks) == len(POINTS)
        assert found.registration.fre == pytest.approx(before)

    def test_partners_by_name_whatever_their_order(self, scene, simple):
        nodes, known = simple
        shuffled = makeList(scene, [])
        for place in (2, 0, 3, 1):
            shuffled.AddControlPointWorld(vtk.vtkVector3d(*_apply(known, [POINTS[place]])[0]), str(place + 1))
        assert pairLandmarks(*nodes[:3], shuffled).registration.fre < 1e-9

    def test_slice_of_a_stack(self, scene, simple):
        nodes, known = simple
        stack = makeVolume(scene, "stack", (5, 80, 100))
        points = [(r, a, 3.0) for r, a, _ in POINTS]
        found = pairLandmarks(stack, nodes[1], makeList(scene, points), nodes[3])
        assert found.fixed.frame == 3
        assert found.movingToFixed[2, 3] == pytest.approx(3.0)
        np.testing.assert_allclose(_apply(found.movingToFixed, _apply(known, POINTS)), points, atol=1e-9)

    def test_plane_of_an_asymmetric_image(self, scene):
        """The pixel in column 30, row 10, wherever its corner lies: neither flipped nor mirrored."""
        volume = makeVolume(scene, size=(1, 40, 100), spacing=0.25)
        volume.SetOrigin(12.0, -7.0, 4.0)
        where = plane(volume)
        world = np.array([[12.0 - 7.5, -7.0 - 2.5, 4.0]])
        np.testing.assert_allclose(where.geometry.to_pixels(where.fromWorld(world)), [[30, 10]], atol=1e-9)
        np.testing.assert_allclose(where.inWorld(where.fromWorld(world)), world, atol=1e-12)
        np.testing.assert_allclose(where.geometry.origin, (-12.0, 7.0))

    def test_twenty_landmarks_follow_the_mouse(self, scene, simple):
        rng = np.random.default_rng(0)
        points = np.column_stack([rng.uniform(-48, -1, 20), rng.uniform(-38, -1, 20), np.zeros(20)])
        nodes = (*simple[0][:2], makeList(scene, points), makeList(scene, points + rng.normal(0, 0.1, (20, 1))))
        shown = showPairing(scene, pairLandmarks(*nodes))
        taken = []
        for _ in range(7):
            start = time.perf_counter()
            shown = showPairing(scene, pairLandmarks(*nodes, "affine", onlyComplete=True), shown)
            taken.append(time.perf_counter() - start)
        assert min(taken) < 0.02


def _apply(matrix, points):
    return (np.column_stack([points, np.ones(len(points))]) @ np.asarray(matrix).T)[:, :3]


class TestWhatCannotWork:
    def said(self, *nodes, **options):
        with pytest.raises((LogicError, InputError)) as raised:
            pairLandmarks(*nodes, **options)
        assert "\n" not in str(raised.value)
        return str(raised.value)

    def test_nodes(self, scene, simple):
        (fixed, moving, ours, theirs), _ = simple
        assert self.said(None, moving, ours, theirs) == "Choose the fixed image."
        assert self.said(fixed, None, ours, theirs) == "Choose the moving image."
        assert "are the same" in self.said(fixed, fixed, ours, theirs)
        assert "same list" in self.said(fixed, moving, ours, ours)
        assert "Place landmarks" in self.said(fixed, moving, None, theirs)
        scene.RemoveNode(moving)
        assert "no longer in the scene" in self.said(fixed, moving, ours, theirs)
        empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
        assert self.said(fixed, empty, ours, theirs) == "empty has no pixels; choose another image."

    def test_numbers(self, scene, simple):
        (fixed, moving, ours, theirs), _ = simple
        ours.RemoveNthControlPoint(3)
        assert "3 fixed and 4 moving" in self.said(fixed, moving, ours, theirs)
        found = pairLandmarks(fixed, moving, ours, theirs, onlyComplete=True)
        assert found.waiting == ((), ("4",))
        assert "landmark 4, missing in the fixed image" in found.warnings[0]
        ours.RemoveNthControlPoint(2)
        assert "there are 2" in self.said(fixed, moving, ours, theirs)

    def test_on_a_line(self, scene, simple):
        (fixed, moving, *_), _ = simple
        line = makeList(scene, [(-step, -step, 0) for step in (2, 9, 15, 30)])
        assert "on a line" in self.said(fixed, moving, line, makeList(scene, placed(line).points))

    def test_outside(self, simple):
        (fixed, moving, ours, theirs), _ = simple
        ours.SetNthControlPointPositionWorld(2, 20.0, -3.0, 0.0)
        assert self.said(fixed, moving, ours, theirs) == "Landmark 3 lies outside of the fixed image fixed."
        ours.SetNthControlPointPositionWorld(2, -10.0, -3.0, 9.0)
        assert "9.0 mm beside the plane" in self.said(fixed, moving, ours, theirs)

    def test_on_two_slices(self, scene, simple):
        (_, moving, ours, theirs), _ = simple
        stack = makeVolume(scene, "stack", (5, 80, 100))
        ours.SetNthControlPointPositionWorld(2, -22.0, -33.0, 2.0)
        assert "slices 0, 2" in self.said(stack, moving, ours, theirs)

    def test_bending_and_shearing_transforms(self, scene, simple):
        (fixed, moving, ours, theirs), _ = simple
        shear = np.eye(4)
        shear[0, 1] = 0.3
        fixed.SetAndObserveTransformNodeID(addTransform(scene, shear).GetID())
        assert "shears" in self.said(fixed, moving, ours, theirs)
        grid = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "grid")
        fixed.SetAndObserveTransformNodeID(grid.GetID())
        assert "bends" in self.said(fixed, moving, ours, theirs)

    def test_mirrored(self, scene, simple):
        (fixed, moving, ours, _), _ = simple
        mirrored = makeList(scene, [(-48.0 - r, a, s) for r, a, s in POINTS])
        assert "mirror" in self.said(fixed, moving, ours, mirrored)

    @pytest.mark.parametrize("names", ["the same names", "names of their own"])
    def test_wrong_order_is_proposed_and_used(self, scene, simple, names):
        (fixed, moving, ours, theirs), _ = simple
        positions = placed(theirs).points
        theirs = makeList(scene, positions[[2, 0, 1, 3]])
        if names != "the same names":
            for index in range(4):
                theirs.SetNthControlPointLabel(index, "abcd"[index])
        with pytest.raises(WrongOrderError) as raised:
            pairLandmarks(fixed, moving, ours, theirs)
        assert raised.value.order == (1, 2, 0, 3)
        USHarmonizationLogic(scene).useLandmarkOrder(ours, theirs, raised.value.order)
        assert placed(theirs).labels == placed(ours).labels
        np.testing.assert_allclose(placed(theirs).points, positions, atol=1e-9)
        assert pairLandmarks(fixed, moving, ours, theirs).registration.fre < 1e-9

    def test_no_calibration_is_a_warning(self, scene, simple):
        (_, moving, ours, theirs), _ = simple
        plain = makeVolume(scene, "plain", spacing=1.0)
        assert "exactly 1 mm" in pairLandmarks(plain, moving, ours, theirs).warnings[0]
        assert not pairLandmarks(*simple[0]).warnings


class TestSentences:
    def test_worst_landmark(self, scene):
        grid = [(-float(r), -float(a), 0.0) for r, a in itertools.product((5, 25, 45), (4, 20, 36))]
        volumes = makeVolume(scene, "a"), makeVolume(scene, "b")
        theirs = makeList(scene, grid)
        lists = makeList(scene, grid), theirs
        theirs.SetNthControlPointPositionWorld(4, -24.0, -22.5, 0.0)
        found = pairLandmarks(*volumes, *lists)
        assert found.labels[found.worst] == "5"
        assert found.worstSentence.startswith("Landmark 5 fits worst: 2.69 mm")
        assert found.worstSentence.endswith("check it.")
        theirs.SetNthControlPointPositionWorld(4, -25.0, -20.1, 0.0)
        assert pairLandmarks(*volumes, *lists).worstSentence.endswith("does not stand out.")

    def test_which_error_to_quote(self, simple):
        (fixed, moving, ours, theirs), _ = simple
        four = pairLandmarks(fixed, moving, ours, theirs).errorSentence
        assert four.startswith("Quote the leave-one-out error")
        assert "from 4 landmarks only" in four
        for node in (ours, theirs):
            node.RemoveNthControlPoint(3)
        assert "place at least 4" in pairLandmarks(fixed, moving, ours, theirs, "affine").errorSentence


class TestLists:
    def test_next_landmark_alternates(self, scene):
        ours, theirs = makeList(scene, []), makeList(scene, [])
        steps = []
        for _ in range(4):
            where, label = nextLandmark(ours, theirs)
            steps.append((where, label))
            node = ours if where == "fixed" else theirs
            node.SetNthControlPointLabel(node.AddControlPointWorld(vtk.vtkVector3d(0, 0, 0)), label)
        assert steps == [("fixed", "1"), ("moving", "1"), ("fixed", "2"), ("moving", "2")]
        theirs.RemoveNthControlPoint(0)
        assert nextLandmark(ours, theirs) == ("moving", "1")

    def test_next_landmark_of_lists_with_names_of_their_own(self, scene):
        ours, theirs = makeList(scene, POINTS), makeList(scene, POINTS[:3])
        for index in range(3):
            theirs.SetNthControlPointLabel(index, f"M-{index}")
        assert nextLandmark(ours, theirs) == ("moving", "4")

    def test_undo_takes_back_the_last_pair(self, scene):
        logic = USHarmonizationLogic(scene)
        ours, theirs = makeList(scene, POINTS), makeList(scene, POINTS[:3])
        assert [logic.undoLandmark(ours, theirs) for _ in range(5)] == ["4", "3", "2", "1", ""]
        assert len(placed(ours)) == len(placed(theirs)) == 0


class TestNodes:
    def test_table_lines_and_transform_are_renewed(self, scene, simple):
        nodes, _ = simple
        nodes[3].SetNthControlPointPositionWorld(0, -8.0, -8.0, 0.0)
        pairing = pairLandmarks(*nodes)
        shown = showPairing(scene, pairing)
        count = scene.GetNumberOfNodes()
        nodes[3].SetNthControlPointPositionWorld(0, -9.0, -8.0, 0.0)
        pairing = pairLandmarks(*nodes)
        again = showPairing(scene, pairing, shown)
        assert scene.GetNumberOfNodes() == count
        assert again.transform is shown.transform
        table = again.table.GetTable()
        assert table.GetValueByName(0, "label").ToString() == "1"
        worst = pairing.registration.landmarks[0]
        assert table.GetValueByName(0, "residual mm").ToDouble() == pytest.approx(worst.residual)
        lines = again.residuals.GetPolyData()
        ends = [np.array(lines.GetPoint(place)) for place in (0, 1)]
        assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(worst.residual, rel=1e-5)
        np.testing.assert_allclose(ends[1], (-9.0, -8.0, 0.0), atol=1e-5)


class TestExport:
    def test_writes_what_the_command_line_writes(self, scene, pair, phantom, tmp_path):
        from USHarmonizationLib.files import read_image
        from USHarmonizationLib.landmarks.pairing import RESULTS, Source
        from USHarmonizationLib.landmarks.pairing import pair as run

        logic = USHarmonizationLogic(scene)
        process = logic.startPairExport(*pair, "similarity", tmp_path / "out")
        assert process.wait(60) == "done", process.message
        result = logic.finishPairExport(process)
        sources = [Source(image(phantom, scanner), marks(phantom, scanner)) for scanner in (FIXED, MOVING)]
        expected = run(*sources, "similarity", tmp_path / "expected")
        for name in RESULTS:
            assert (tmp_path / "out" / name).is_file()
        for key, value in expected["registration"].items():
            if key not in ("direction", "matched_by"):
                np.testing.assert_allclose(result.report["registration"][key], value, atol=1e-6)
        for name in ("fixed", "moving", "overlap"):
            ours, theirs = (read_image(tmp_path / folder / f"{name}.nrrd").pixels for folder in ("out", "expected"))
            np.testing.assert_allclose(ours.astype(float), theirs, atol=1)
        # On the grid of the fixed volume, with its pixels.
        for node, name in ((result.moved, "moving"), (result.overlap, "overlap")):
            assert node.GetImageData().GetDimensions() == pair[0].GetImageData().GetDimensions()
            np.testing.assert_allclose(plane(node).toWorld, plane(pair[0]).toWorld)
            np.testing.assert_allclose(plane(node).geometry.to_mm(np.eye(2)), plane(pair[0]).geometry.to_mm(np.eye(2)))
            array = slicer.util.arrayFromVolume(node)
            np.testing.assert_array_equal(array[0], read_image(tmp_path / "out" / f"{name}.nrrd").pixels[0])

    def test_tilted_images(self, scene, pair, tmp_path):
        expected = pairLandmarks(*pair).registration.fre
        for place, angle in enumerate((40, -70)):
            parent = addTransform(scene, turned(angle, 20, 5, shift=(9, 8, 7)))
            for node in (pair[place], pair[place + 2]):
                node.SetAndObserveTransformNodeID(parent.GetID())
        logic = USHarmonizationLogic(scene)
        process = logic.startPairExport(*pair, "rigid", tmp_path)
        assert process.wait(60) == "done", process.message
        result = logic.finishPairExport(process)
        assert result.report["registration"]["fre_mm"] == pytest.approx(expected, abs=1e-6)
        np.testing.assert_allclose(plane(result.moved).toWorld, plane(pair[0]).toWorld, atol=1e-9)

    def test_folder(self, scene, simple, tmp_path):
        (tmp_path / "file").write_text("")
        logic = USHarmonizationLogic(scene)
        for folder, said in (("", "Choose a folder"), (tmp_path / "file", "is a file")):
            with pytest.raises(LogicError, match=said):
                logic.startPairExport(*simple[0], "rigid", folder)

    def test_failure_is_said(self, scene, simple, tmp_path):
        """Black images show no tissue: the child process says so."""
        logic = USHarmonizationLogic(scene)
        process = logic.startPairExport(*simple[0], "rigid", tmp_path)
        assert process.wait(60) == "failed"
        with pytest.raises(LogicError, match="fixed"):
            logic.finishPairExport(process)
