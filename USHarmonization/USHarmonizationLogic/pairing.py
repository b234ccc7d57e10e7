"""Two images of one phantom and the landmarks placed on them: registration, its error, nodes to look at, and export.

The registration is that of ``USHarmonizationLib.landmarks``, in process and at once, so that it can follow a landmark
while it is dragged; files are written by ``usharmonize pair`` in a child process, from the same pixels and landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import LogicError
from .landmark_lists import FIXED, MOVING, Placed, partnerless, placed, undoLandmark, useOrder
from .planes import RAS_OF_LPS, Plane, matrix4x4, plane
from .process import ChildProcess
from .tables import tableFromColumns
from .volumes import checkVolume, writePixels

if TYPE_CHECKING:
    from USHarmonizationLib.landmarks.registration import Landmark, Registration

TRANSFORMS = ("rigid", "similarity", "affine")
LEAST = 3
# With fewer pairs an error is little more than a hint.
FEW = 6
# A landmark stands out where its error is this many times that of the others, and more than this many pixels.
STANDS_OUT, PIXELS = 3.0, 1.0
INPUTS = "inputs"
# Attribute of volumes that an export made.
RESULT = "USHarmonization.pairResult"


@dataclass(frozen=True, eq=False)
class Pairing:
    """A registration by landmarks, in the scene.

    Attributes:
        transform: ``rigid``, ``similarity`` or ``affine``.
        registration: from the fixed to the moving image, in mm of their planes.
        fixed, moving: the planes.
        waiting: landmarks without a partner, which took no part: fixed ones, moving ones.
    """

    transform: str
    registration: Registration
    fixed: Plane
    moving: Plane
    waiting: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def movingToFixed(self) -> np.ndarray:
        """(4, 4) world RAS to world RAS: brings the moving image onto the fixed one."""
        linear = self.registration.transform.linear
        inPlanes = np.eye(4)
        inPlanes[:2, :2], inPlanes[:2, 3] = linear.matrix, linear.offset
        return np.linalg.inv(self.moving.toWorld @ inPlanes @ np.linalg.inv(self.fixed.toWorld))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the landmarks; a number where there is none."""
        return tuple(one.label or str(place) for place, one in enumerate(self.registration.landmarks, start=1))

    @property
    def worst(self) -> int:
        """Place of the landmark that fits worst, by its error when it is left out where there is one."""
        errors = self._errors
        return errors.index(max(errors))

    @property
    def standsOut(self) -> bool:
        """Whether the worst landmark misses by much more than the others, so that it was likely misplaced."""
        errors, worst = self._errors, self.worst
        others = errors[:worst] + errors[worst + 1 :]
        least = PIXELS * max(self.moving.geometry.spacing)
        return errors[worst] > max(STANDS_OUT * median(others), least)

    @property
    def worstSentence(self) -> str:
        """One sentence about the landmark that fits worst."""
        label, error = self.labels[self.worst], self._errors[self.worst]
        if self.standsOut:
            return f"Landmark {label} fits worst: {error:.2f} mm, far more than the others; check it."
        return f"Landmark {label} fits worst: {error:.2f} mm, but does not stand out."

    @property
    def errorSentence(self) -> str:
        """Which error to quote, and why."""
        leftOut, count = self.registration.target_error, len(self.registration.landmarks)
        fre = self.registration.fre
        if leftOut is None:
            return (
                f"FRE {fre:.2f} mm. {count} landmarks leave none to check this transform with: place at least "
                f"{count + 1}, or do not quote an error."
            )
        few = f" It comes from {count} landmarks only; {FEW} or more make it dependable." if count < FEW else ""
        return (
            f"Quote the leave-one-out error, {leftOut:.2f} mm: it is what a point that is no landmark has to expect. "
            f"The FRE, {fre:.2f} mm, only says how well the landmarks fit each other.{few}"
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the figures doubtful, a sentence each."""
        found = []
        for which, one in ((FIXED, self.fixed), (MOVING, self.moving)):
            if one.uncalibrated:
                found.append(
                    f"The {which} image {one.name} has pixels of exactly 1 mm, as images have that do not know their "
                    "pixel size: set its spacing in the Volumes module before you quote millimetres."
                )
        ours, theirs = self.waiting
        if ours or theirs:
            which, missing = (MOVING, ours) if ours else (FIXED, theirs)
            many = "s" if len(missing) > 1 else ""
            found.append(f"Not counted yet: landmark{many} {', '.join(missing)}, missing in the {which} image.")
        return tuple(found)

    @property
    def _errors(self) -> list[float]:
        landmarks = self.registration.landmarks
        if all(one.target_error is not None for one in landmarks):
            return [one.target_error or 0.0 for one in landmarks]
        return [one.residual for one in landmarks]


@dataclass(frozen=True, eq=False)
class PairNodes:
    """What a pairing looks like in the scene.

    Attributes:
        transform: linear transform node, brings the moving image onto the fixed one.
        table: label, residual and leave-one-out error of each landmark.
        residuals: model node; in the moving image, a line from where each landmark is expected to where it is.
    """

    transform: Any
    table: Any
    residuals: Any


@dataclass(frozen=True, eq=False)
class PairResult:
    """What an export left.

    Attributes:
        report: content of ``pair.json``.
        moved: scalar volume node, the moving image on the grid of the fixed one.
        overlap: labelmap volume node, where both show tissue.
        folder: with all files.
    """

    report: dict[str, Any]
    moved: Any
    overlap: Any
    folder: Path


def pairLandmarks(
    fixedVolume: Any,
    movingVolume: Any,
    fixedList: Any,
    movingList: Any,
    transform: str = "rigid",
    onlyComplete: bool = False,
) -> Pairing:
    """Register the moving image to the fixed one.

    Args:
        fixedVolume, movingVolume: scalar or vector volume nodes.
        fixedList, movingList: point lists; points that are not placed are ignored.
        transform: one of ``TRANSFORMS``.
        onlyComplete: leave out landmarks that have no partner yet, rather than to refuse them.

    Raises:
        LogicError: nodes are missing, the same, empty, under a bending transform; landmarks lie outside of the images,
            or are fewer than three.
        UsageError, InputError, WrongOrderError: as ``USHarmonizationLib.landmarks.registration.register`` says.
    """
    from USHarmonizationLib.landmarks.registration import register

    checkNodes(fixedVolume, movingVolume, fixedList, movingList)
    both: list[Placed] = [placed(fixedList), placed(movingList)]
    waiting: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    if onlyComplete:
        ours, theirs = partnerless(*both)
        waiting = (tuple(ours), tuple(theirs))
        both = [_without(one, left) for one, left in zip(both, waiting, strict=True)]
    if (count := min(len(one) for one in both)) < LEAST:
        there = f"there {'is' if count == 1 else 'are'} {count or 'none'}"
        raise LogicError(f"Place at least {LEAST} landmarks, not on a line, in both images; {there}.")
    planes = [
        _onImage(which, volume, one)
        for which, volume, one in ((FIXED, fixedVolume, both[0]), (MOVING, movingVolume, both[1]))
    ]
    points = [where.fromWorld(one.points) for where, one in zip(planes, both, strict=True)]
    registration = register(transform, *points, both[0].labels, both[1].labels)
    return Pairing(transform, registration, *planes, waiting)


def checkNodes(fixedVolume: Any, movingVolume: Any, fixedList: Any, movingList: Any) -> None:
    """See to it that there are two images and two lists.

    Raises:
        LogicError: a sentence that says what to choose.
    """
    for which, volume in ((FIXED, fixedVolume), (MOVING, movingVolume)):
        if volume is None:
            raise LogicError(f"Choose the {which} image.")
        if volume.GetScene() is None:
            raise LogicError(f"The {which} image is no longer in the scene; choose another one.")
    if fixedVolume is movingVolume:
        raise LogicError("Fixed and moving image are the same; choose two images of one phantom.")
    if fixedList is None or movingList is None:
        raise LogicError("Place landmarks in both images: press Place landmarks.")
    if fixedList is movingList:
        raise LogicError("Both images have the same list of landmarks; needed: a list for each.")


def showPairing(scene: Any, pairing: Pairing, nodes: PairNodes | None = None) -> PairNodes:
    """Put a pairing into the scene; cheap enough for each mouse move.

    Args:
        scene: where nodes are added.
        pairing: to show.
        nodes: of an earlier call, which are renewed; those that are None are made.
    """
    transform, table, residuals = (nodes.transform, nodes.table, nodes.residuals) if nodes else (None, None, None)
    if transform is None:
        transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", scene.GenerateUniqueName("Moving to fixed"))
    if residuals is None:
        residuals = _residualNode(scene)
    transform.SetMatrixTransformToParent(matrix4x4(pairing.movingToFixed))
    _drawResiduals(residuals, pairing)
    table = tableFromColumns(scene, tableColumns(pairing), "Landmark errors", table)
    return PairNodes(transform, table, residuals)


def tableColumns(pairing: Pairing) -> dict[str, list[Any]]:
    """The table of the landmarks: label, residual mm, leave-one-out mm (NaN where there is none)."""
    landmarks = pairing.registration.landmarks
    leftOut = [float("nan") if one.target_error is None else one.target_error for one in landmarks]
    return {
        "label": list(pairing.labels),
        "residual mm": [one.residual for one in landmarks],
        "leave-one-out mm": leftOut,
    }


def writeInputs(pairing: Pairing, fixedVolume: Any, movingVolume: Any, folder: Path) -> list[str]:
    """Write both frames and their landmarks for ``usharmonize pair``; the first arguments of that command.

    Landmarks are those of the pairing, in mm of the planes and as 3D Slicer's ``.mrk.json``, under the fixed ones'
    names.

    Raises:
        OSError: the folder cannot be written to.
    """
    from USHarmonizationLib.landmarks.files import write_markups

    folder.mkdir(parents=True, exist_ok=True)
    found = pairing.registration.landmarks
    files = []
    for which, volume, where, points in (
        (FIXED, fixedVolume, pairing.fixed, [one.fixed for one in found]),
        (MOVING, movingVolume, pairing.moving, [one.moving for one in found]),
    ):
        image, landmarks = folder / f"{which}.nrrd", folder / f"{which}.mrk.json"
        writeFrame(volume, where, image)
        write_markups(landmarks, pairing.labels, np.array(points), f"{which} landmarks")
        files.append((image, landmarks))
    (fixed, fixedMarks), (moving, movingMarks) = files
    marks = ["--landmarks", str(fixedMarks), str(movingMarks)]
    return [str(fixed), str(moving), *marks, "--transform", pairing.transform]


def writeFrame(volumeNode: Any, where: Plane, path: Path) -> None:
    """Write one frame of a volume node as an image that lies where the plane says, in the volume's own pixel type.

    Raises:
        LogicError: the file cannot be written.
    """
    import slicer

    grid = where.geometry
    pixels = slicer.util.arrayFromVolume(volumeNode)[where.frame]
    # An RGBA picture: its opacity is no brightness.
    pixels = np.ascontiguousarray(pixels[..., :3] if pixels.ndim == 3 else pixels)
    ijkToLps = np.eye(4)
    ijkToLps[:2, :2], ijkToLps[:2, 3] = grid.matrix, grid.origin
    writePixels(pixels[None], matrix4x4(RAS_OF_LPS @ ijkToLps), path)


def loadResult(scene: Any, fixedVolume: Any, where: Plane, folder: Path, report: dict[str, Any]) -> PairResult:
    """Show the resampled moving image and the overlap of an export, where the fixed frame lies.

    Raises:
        LogicError: a file of the export cannot be read.
    """
    nodes = []
    for name, className, title in (
        ("moving", "vtkMRMLScalarVolumeNode", "Moving on fixed"),
        ("overlap", "vtkMRMLLabelMapVolumeNode", "Overlap"),
    ):
        pixels = _pixels(folder / f"{name}.nrrd")
        nodes.append(_gridNode(scene, className, title, pixels, fixedVolume, where))
    return PairResult(report, *nodes, folder)


class PairingLogic:
    """Pair two images by landmarks; the part of ``USHarmonizationLogic`` for phantoms."""

    scene: Any

    def pair(
        self, fixedVolume: Any, movingVolume: Any, fixedLandmarks: Any, movingLandmarks: Any, transform: str = "rigid"
    ) -> Pairing:
        """Register a moving to a fixed volume by two lists of landmarks; changes no node.

        Raises:
            LogicError, InputError, UsageError: a sentence that says what does not fit.
            WrongOrderError: another order of the landmarks fits, which the error has.

        Example:
            >>> pairing = logic.pair(fixedVolume, movingVolume, fixedLandmarks, movingLandmarks, "similarity")
            >>> pairing.registration.fre, pairing.registration.target_error
            (0.21, 0.34)
        """
        checkNodes(fixedVolume, movingVolume, fixedLandmarks, movingLandmarks)
        for volume in (fixedVolume, movingVolume):
            checkVolume(volume)
        return pairLandmarks(fixedVolume, movingVolume, fixedLandmarks, movingLandmarks, transform)

    def showPairing(self, pairing: Pairing, nodes: PairNodes | None = None) -> PairNodes:
        """Transform, table of errors and lines of the residuals as nodes; those of an earlier call are renewed.

        Example:
            >>> nodes = logic.showPairing(pairing)
            >>> movingVolume.SetAndObserveTransformNodeID(nodes.transform.GetID())  # now it lies on the fixed one
        """
        return showPairing(self.scene, pairing, nodes)

    def useLandmarkOrder(self, fixedLandmarks: Any, movingLandmarks: Any, order: Any) -> None:
        """Put the moving landmarks into the order that an error proposed, and name them as the fixed ones.

        Example:
            >>> try:
            ...     logic.pair(fixedVolume, movingVolume, fixedLandmarks, movingLandmarks)
            ... except WrongOrderError as error:
            ...     logic.useLandmarkOrder(fixedLandmarks, movingLandmarks, error.order)
        """
        useOrder(fixedLandmarks, movingLandmarks, order)

    def undoLandmark(self, fixedLandmarks: Any, movingLandmarks: Any) -> str:
        """Remove the last pair of landmarks, or the last one without a partner; its name, "" if there was none.

        Example:
            >>> logic.undoLandmark(fixedLandmarks, movingLandmarks)
            '4'
        """
        return undoLandmark(fixedLandmarks, movingLandmarks)

    def startPairExport(
        self,
        fixedVolume: Any,
        movingVolume: Any,
        fixedLandmarks: Any,
        movingLandmarks: Any,
        transform: str,
        folder: Path | str,
    ) -> ChildProcess:
        """Write what ``usharmonize pair`` writes, in a child process; the inputs go to ``folder/inputs``.

        Raises:
            LogicError, InputError, UsageError: see ``pair``; or no folder is named.
            OSError: the folder cannot be written to.

        Example:
            >>> process = logic.startPairExport(fixed, moving, fixedLandmarks, movingLandmarks, "rigid", "pair-1")
            >>> process.wait()
            'done'
            >>> result = logic.finishPairExport(process)
        """
        folder = outputFolder(folder)
        pairing = self.pair(fixedVolume, movingVolume, fixedLandmarks, movingLandmarks, transform)
        inputs = writeInputs(pairing, fixedVolume, movingVolume, folder / INPUTS)
        process = ChildProcess(["pair", *inputs, "--out", str(folder), "--json"])
        process.job = (folder, fixedVolume, pairing.fixed)
        return process.start()

    def finishPairExport(self, process: ChildProcess) -> PairResult:
        """The moving image on the fixed grid and the overlap as nodes, once the process is done.

        Raises:
            LogicError: it is not done; its own last line says why.

        Example:
            >>> result = logic.finishPairExport(process)
            >>> result.report["registration"]["left_out_tre_mm"], result.moved.GetName()
            (0.34, 'Moving on fixed')
        """
        if process.state != "done" or not isinstance(process.answer, dict):
            raise LogicError(process.message or "The export has not ended.")
        folder, fixedVolume, where = process.job
        if fixedVolume.GetScene() is None:
            raise LogicError(f"The fixed image was removed meanwhile; the files are in {folder}.")
        return loadResult(self.scene, fixedVolume, where, folder, process.answer)


def outputFolder(folder: Path | str) -> Path:
    """A folder for results, as an absolute path.

    Raises:
        LogicError: none is named, or a file has that name.
    """
    if not str(folder).strip():
        raise LogicError("Choose a folder for the results.")
    path = Path(folder).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise LogicError(f"{path} is a file; choose a folder for the results.")
    return path


def _without(found: Placed, labels: tuple[str, ...]) -> Placed:
    kept = [row for row, label in enumerate(found.labels) if label not in labels]
    if len(set(found.labels)) < len(found):  # names that are not unique: by number
        kept = list(range(len(found) - len(labels)))
    pick = tuple(found.labels[row] for row in kept)
    return Placed(pick, found.points[kept], tuple(found.indices[row] for row in kept))


def _onImage(which: str, volume: Any, found: Placed) -> Plane:
    where = plane(volume, found.points)
    inside = where.geometry.contains(where.fromWorld(found.points))
    names = [label or str(place) for place, label in enumerate(found.labels, start=1)]
    beside = [name for name, on in zip(names, inside, strict=True) if not on]
    if beside:
        many = "s" if len(beside) > 1 else ""
        verb = "lie" if len(beside) > 1 else "lies"
        raise LogicError(f"Landmark{many} {', '.join(beside)} {verb} outside of the {which} image {volume.GetName()}.")
    return where


def _residualNode(scene: Any) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLModelNode", scene.GenerateUniqueName("Landmark residuals"))
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetVisibility2D(True)
    # The lines lie in the plane of the view, where a cut would show nothing.
    display.SetSliceDisplayModeToProjection()
    display.SetSliceIntersectionThickness(3)
    display.SetColor(0.902, 0.624, 0.0)
    display.SetLineWidth(3)
    return node


def _drawResiduals(modelNode: Any, pairing: Pairing) -> None:
    import vtk

    landmarks: tuple[Landmark, ...] = pairing.registration.landmarks
    ends = np.array([[one.mapped, one.moving] for one in landmarks]).reshape(-1, 2)
    points, lines = vtk.vtkPoints(), vtk.vtkCellArray()
    for row, end in enumerate(pairing.moving.inWorld(ends).tolist()):
        points.InsertNextPoint(end)
        if row % 2:
            lines.InsertNextCell(2)
            lines.InsertCellPoint(row - 1)
            lines.InsertCellPoint(row)
    data = vtk.vtkPolyData()
    data.SetPoints(points)
    data.SetLines(lines)
    modelNode.SetAndObservePolyData(data)


def _pixels(path: Path) -> np.ndarray:
    """(1, rows, columns) of a file of two dimensions."""
    import slicer

    node, storage = slicer.vtkMRMLScalarVolumeNode(), slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(path))
    if not path.is_file() or not storage.ReadData(node):
        raise LogicError(f"The result {path} cannot be read.")
    return slicer.util.arrayFromVolume(node).copy()


def _gridNode(scene: Any, className: str, title: str, pixels: np.ndarray, fixedVolume: Any, where: Plane) -> Any:
    """A volume node with (1, rows, columns) pixels that lies on one frame of the fixed volume."""
    import slicer
    import vtk

    node = scene.AddNewNodeByClass(className, scene.GenerateUniqueName(title))
    # Without the transforms above it, under which the node is put as well.
    matrix = vtk.vtkMatrix4x4()
    fixedVolume.GetIJKToRASMatrix(matrix)
    first = matrix.MultiplyPoint((0.0, 0.0, float(where.frame), 1.0))
    for row in range(3):
        matrix.SetElement(row, 3, first[row])
    node.SetIJKToRASMatrix(matrix)
    node.SetAttribute(RESULT, title)
    slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(pixels))
    node.SetAndObserveTransformNodeID(fixedVolume.GetTransformNodeID())
    node.CreateDefaultDisplayNodes()
    return node
