"""qMRMLSegmentSelectorWidget: a segmentation and one of its segments."""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PySide6 import QtWidgets
from PySide6.QtCore import Property

from ..scene_observers import Observers
from ..widget_base import emit, register, stored
from .node_combo_box import qMRMLNodeComboBox
from .scene_widget import qMRMLWidget


@register
class qMRMLSegmentSelectorWidget(qMRMLWidget):
    """A node selector for segmentations above a selector of segments."""

    SIGNALS = (
        "currentNodeChanged(vtkMRMLNode*)", "currentNodeChanged(bool)", "currentSegmentChanged(QString)",
        "segmentSelectionChanged(QStringList)", "nodeAboutToBeEdited(vtkMRMLNode*)",
    )  # fmt: skip
    SLOTS = (
        "setCurrentNode(vtkMRMLNode*)", "setCurrentNodeID(QString)", "setCurrentSegmentID(QString)",
        "setSelectedSegmentIDs(QStringList)",
    )  # fmt: skip

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._selector = qMRMLNodeComboBox()
        self._selector.nodeTypes = ["vtkMRMLSegmentationNode"]
        self._selector.addEnabled = False
        self._selector.removeEnabled = False
        self._segments = QtWidgets.QComboBox()
        self._segment_observers = Observers(self)
        self._segment = ""
        self._selected: list[str] = []
        self._layout = QtWidgets.QBoxLayout(QtWidgets.QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._selector)
        self._layout.addWidget(self._segments)
        policies = QtWidgets.QSizePolicy.Policy
        self._segments.setSizePolicy(policies.Expanding, policies.Fixed)
        self._selector.setSizePolicy(policies.Expanding, policies.Fixed)
        self._selector.connect("currentNodeChanged(vtkMRMLNode*)", self._node_changed)
        self._segments.connect("activated(int)", self._chosen)

    def _scene_set(self) -> None:
        self._selector.setMRMLScene(self._scene)
        self._node_changed(self._selector.currentNode())

    def _node_changed(self, node: Any) -> None:
        self._segment_observers.clear()
        if node is not None:
            kinds = slicer.vtkSegmentation
            events = [kinds.SegmentAdded, kinds.SegmentRemoved, kinds.SegmentModified, kinds.SegmentsOrderModified]
            self._segment_observers.add(node, [*events, vtk.vtkCommand.ModifiedEvent], self._fill)
        self._fill()
        emit(self, "currentNodeChanged(vtkMRMLNode*)", node)
        emit(self, "currentNodeChanged(bool)", node is not None)

    def _fill(self) -> None:
        before = self._segment
        ids = self.segmentIDs()
        self._segments.clear()
        if self.noneEnabled:
            self._segments.addItem("None", "")
        for each in ids:
            self._segments.addItem(self.currentNode().GetSegmentation().GetSegment(each).GetName(), each)
        if self._segment not in ids:
            self._segment = "" if self.noneEnabled or not ids else ids[0]
        self._segments.setCurrentIndex(self._segments.findData(self._segment))
        if self._segment != before:
            emit(self, "currentSegmentChanged(QString)", self._segment)

    def _chosen(self, index: int) -> None:
        self.setCurrentSegmentID(str(self._segments.itemData(index) or ""))

    def currentNode(self) -> Any:
        return self._selector.currentNode()

    def currentNodeID(self) -> str:
        return str(self._selector.currentNodeID)

    def currentSegmentID(self) -> str:
        return self._segment

    def segmentIDs(self) -> list[str]:
        node = self.currentNode()
        return list(node.GetSegmentation().GetSegmentIDs()) if node is not None else []

    def selectedSegmentIDs(self) -> list[str]:
        return list(self._selected) if self.multiSelection else [self._segment] if self._segment else []

    def setCurrentNode(self, node: Any) -> None:
        self._selector.setCurrentNode(node)

    def setCurrentNodeID(self, node_id: str) -> None:
        self._selector.setCurrentNodeID(node_id)

    def setCurrentSegmentID(self, segment: str) -> None:
        if segment != self._segment and (segment in self.segmentIDs() or not segment):
            self._segment = segment
            self._segments.setCurrentIndex(self._segments.findData(segment))
            emit(self, "currentSegmentChanged(QString)", segment)

    def setSelectedSegmentIDs(self, segments: list[str]) -> None:
        self._selected = list(segments)
        emit(self, "segmentSelectionChanged(QStringList)", self._selected)

    def _set_horizontal(self, horizontal: bool) -> None:
        direction = QtWidgets.QBoxLayout.Direction
        self._layout.setDirection(direction.LeftToRight if horizontal else direction.TopToBottom)

    noneEnabled = stored(bool, "noneEnabled", False, lambda self: self._none_changed())
    editEnabled = stored(bool, "editEnabled", False)
    segmentationNodeSelectorVisible = Property(
        bool, lambda self: not self._selector.isHidden(), lambda self, value: self._selector.setVisible(value)
    )
    multiSelection = stored(bool, "multiSelection", False)
    horizontalLayout = stored(bool, "horizontalLayout", False, lambda self: self._set_horizontal(self.horizontalLayout))
    selectNodeUponCreation = stored(bool, "selectNodeUponCreation", True)

    def _none_changed(self) -> None:
        self._selector.noneEnabled = self.noneEnabled
        self._fill()
