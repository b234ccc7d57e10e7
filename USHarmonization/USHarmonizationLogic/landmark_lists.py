"""Two lists of landmarks that belong together: what is placed, what comes next, undo, another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FIXED, MOVING = "fixed", "moving"


@dataclass(frozen=True, eq=False)
class Placed:
    """The points of a list that are placed.

    Attributes:
        labels: their names.
        points: (points, 3) in world RAS.
        indices: their places in the list.
    """

    labels: tuple[str, ...]
    points: np.ndarray
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.labels)


def placed(listNode: Any) -> Placed:
    """The points that a person has placed: no previews under the mouse, none that were unset.

    Example:
        >>> placed(listNode).labels
        ('1', '2', '3')
    """
    indices = tuple(
        index
        for index in range(listNode.GetNumberOfControlPoints())
        if listNode.GetNthControlPointPositionStatus(index) == listNode.PositionDefined
    )
    points = np.zeros((len(indices), 3))
    for row, index in enumerate(indices):
        listNode.GetNthControlPointPositionWorld(index, points[row])
    return Placed(tuple(listNode.GetNthControlPointLabel(index) for index in indices), points, indices)


def addLandmarkList(scene: Any, name: str, colour: Sequence[float]) -> Any:
    """A new list of landmarks, its points named 1, 2, 3 ...

    Args:
        scene: to add it to.
        name: of the node; made unique.
        colour: red, green, blue, from 0 to 1.
    """
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", scene.GenerateUniqueName(name))
    node.SetControlPointLabelFormat("%d")
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSelectedColor(*colour)
    display.SetColor(*colour)
    display.SetGlyphTypeFromString("CrossDot2D")
    display.SetGlyphScale(2.0)
    display.SetTextScale(3.0)
    return node


def partnerless(fixed: Placed, moving: Placed) -> tuple[list[str], list[str]]:
    """Names of the landmarks that have no partner yet: fixed ones, moving ones.

    By their names where the two images share any, as in ``USHarmonizationLib.landmarks``, else by their numbers.
    """
    if not set(fixed.labels) & set(moving.labels):
        count = min(len(fixed), len(moving))
        return list(fixed.labels[count:]), list(moving.labels[count:])
    return (
        [label for label in fixed.labels if label not in moving.labels],
        [label for label in moving.labels if label not in fixed.labels],
    )


def nextLandmark(fixedList: Any, movingList: Any) -> tuple[str, str]:
    """Where the next landmark goes, and its name: always the fixed image first, then its partner.

    Example:
        >>> nextLandmark(fixedList, movingList)
        ('moving', '3')
    """
    fixed, moving = placed(fixedList), placed(movingList)
    ours, theirs = partnerless(fixed, moving)
    if ours:
        return MOVING, ours[0]
    if theirs:
        return FIXED, theirs[0]
    return FIXED, _newName(fixed.labels + moving.labels)


def nameLandmark(listNode: Any, index: int, label: str) -> None:
    """Give a landmark that was just placed its name."""
    if listNode.GetNthControlPointLabel(index) != label:
        listNode.SetNthControlPointLabel(index, label)


def undoLandmark(fixedList: Any, movingList: Any) -> str:
    """Remove the last pair of landmarks, or the last one if it has no partner yet; its name, "" where there is none.

    Example:
        >>> undoLandmark(fixedList, movingList)
        '4'
    """
    lists = (fixedList, movingList)
    both = tuple(placed(one) for one in lists)
    ours, theirs = partnerless(*both)
    if ours or theirs:
        place, label = (0, ours[-1]) if ours else (1, theirs[-1])
        _remove(lists[place], both[place], label)
        return label
    if not len(both[0]):
        return ""
    label = both[0].labels[-1]
    partner = label if label in both[1].labels else both[1].labels[-1]
    _remove(fixedList, both[0], label)
    _remove(movingList, both[1], partner)
    return label


def useOrder(fixedList: Any, movingList: Any, order: Sequence[int]) -> None:
    """Put the moving landmarks into another order, and name them as the fixed ones.

    Args:
        fixedList, movingList: lists with as many landmarks.
        order: for each fixed landmark the place of its partner, as ``WrongOrderError.order`` has it.
    """
    fixed, moving = placed(fixedList), placed(movingList)
    modified = movingList.StartModify()
    try:
        for place, (index, source) in enumerate(zip(moving.indices, order, strict=True)):
            movingList.SetNthControlPointPositionWorld(index, moving.points[source].tolist())
            movingList.SetNthControlPointLabel(index, fixed.labels[place])
    finally:
        movingList.EndModify(modified)


def _remove(listNode: Any, found: Placed, label: str) -> None:
    # The last of that name: names need not be unique.
    place = len(found) - 1 - found.labels[::-1].index(label)
    listNode.RemoveNthControlPoint(found.indices[place])


def _newName(labels: Sequence[str]) -> str:
    numbers = [int(label) for label in labels if label.isdecimal()]
    return str(max(numbers, default=0) + 1 if numbers else len(set(labels)) + 1)
