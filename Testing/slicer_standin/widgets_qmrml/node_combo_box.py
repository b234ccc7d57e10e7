"""qMRMLNodeComboBox: the nodes of a scene in a combo box."""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PySide6 import QtWidgets
from PySide6.QtCore import Property

from ..scene_observers import Observers
from ..widget_base import emit, register, stored

SCENE_EVENTS = [
    slicer.vtkMRMLScene.NodeAddedEvent,
    slicer.vtkMRMLScene.NodeRemovedEvent,
    slicer.vtkMRMLScene.EndBatchProcessEvent,
    slicer.vtkMRMLScene.EndCloseEvent,
]


@register
class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Nodes of the given types; without ``noneEnabled`` the first node that comes becomes the current one."""

    SIGNALS = (
        "currentNodeChanged(vtkMRMLNode*)", "currentNodeChanged(bool)", "currentNodeIDChanged(QString)",
        "nodeActivated(vtkMRMLNode*)", "nodeAdded(vtkMRMLNode*)", "nodeAddedByUser(vtkMRMLNode*)",
        "nodeAddedByUserAction(vtkMRMLNode*)", "nodeAboutToBeRemoved(vtkMRMLNode*)", "currentNodeRenamed(QString)",
        "nodeAboutToBeEdited(vtkMRMLNode*)",
    )  # fmt: skip
    SLOTS = (
        "setMRMLScene(vtkMRMLScene*)", "setCurrentNode(vtkMRMLNode*)", "setCurrentNode(QString)",
        "setCurrentNodeID(QString)", "setCurrentNodeIndex(int)", "addNode(QString)", "addNode()",
        "removeCurrentNode()", "editCurrentNode()", "renameCurrentNode()",
    )  # fmt: skip

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._types: list[str] = []
        self._attributes: list[tuple[str, str, Any]] = []
        self._base_names: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._shown: list[str] = []
        self._current = ""
        self._requested = ""
        self._observers = Observers(self)
        self._node_observers = Observers(self)
        self._combo = QtWidgets.QComboBox()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        self.setFocusProxy(self._combo)
        policies = QtWidgets.QSizePolicy.Policy
        self._combo.setSizePolicy(policies.Expanding, policies.Expanding)
        self.setSizePolicy(policies.Preferred, policies.Fixed)
        self._combo.connect("activated(int)", self._activated)
        self.setEnabled(False)

    # The scene

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        self._observers.clear()
        self._node_observers.clear()
        self._scene = scene
        if scene is not None:
            self._observers.add(scene, SCENE_EVENTS, self._update)
            self._observers.add(scene, [slicer.vtkMRMLScene.EndImportEvent], self._imported)
        if self._requested:
            self._current, self._requested = self._requested, ""
            self._update()
            if self.currentNode() is not None:
                self._emit_changed()
        else:
            self._update()
        self.setEnabled(scene is not None)

    def _fits(self, node: Any) -> bool:
        types = [each for each in self._types if node.IsA(each)]
        if not types or (node.GetHideFromEditors() and not self.showHidden):
            return False
        if not self.showChildNodeTypes and node.GetClassName() not in self._types:
            return False
        if any(node.IsA(each) for each in self.hideChildNodeTypes or []):
            return False
        for kind, name, value in self._attributes:
            if node.IsA(kind):
                found = node.GetAttribute(name)
                if found is None or (value is not None and found != str(value)):
                    return False
        return True

    def _nodes(self) -> list[Any]:
        if self._scene is None:
            return []
        nodes = [self._scene.GetNthNode(index) for index in range(self._scene.GetNumberOfNodes())]
        return [node for node in nodes if self._fits(node)]

    def _update(self) -> None:
        """Fill the box anew; emit where the current node is another one than before."""
        if self._scene is not None and self._scene.IsBatchProcessing():
            return
        before = self._current
        nodes = self._nodes()
        added = [node for node in nodes if node.GetID() not in self._shown]
        self._shown = [node.GetID() for node in nodes]
        self._node_observers.clear()
        for node in nodes:
            self._node_observers.add(node, [vtk.vtkCommand.ModifiedEvent], self._rename)
        if self._current not in self._shown:
            self._current = "" if self.noneEnabled or not nodes else self._shown[0 if not before else -1]
        self._show(nodes)
        for node in added:
            emit(self, "nodeAdded(vtkMRMLNode*)", node)
        if self._current != before:
            self._emit_changed()

    def _imported(self) -> None:
        """As in Slicer: the list is emptied and filled anew, so that the current node is lost, and that is told."""
        if self._current:
            self._current, self._shown = "", []
            self._show([])
            self._emit_changed()
        self._update()

    def _show(self, nodes: list[Any]) -> None:
        self._combo.clear()
        if self.noneEnabled:
            self._combo.addItem(self.noneDisplay, "")
        for node in nodes:
            self._combo.addItem(node.GetName(), node.GetID())
        if self.addEnabled:
            for kind in self._types:
                self._combo.addItem(f"Create new {self.nodeTypeLabel(kind)}", f"add {kind}")
        if self.renameEnabled and self._current:
            self._combo.addItem("Rename current node", "rename")
        if self.removeEnabled and self._current:
            self._combo.addItem("Delete current node", "remove")
        self._combo.setCurrentIndex(self._combo.findData(self._current))

    def _rename(self) -> None:
        for index in range(self._combo.count):
            node = self._scene.GetNodeByID(self._combo.itemData(index) or "") if self._scene else None
            if node is not None and node.GetName() != self._combo.itemText(index):
                self._combo.setItemText(index, node.GetName())
        if any(not self._fits(node) for node in map(self._scene.GetNodeByID, self._shown) if node is not None):
            self._update()

    def _activated(self, index: int) -> None:
        data = str(self._combo.itemData(index) or "")
        if data.startswith("add "):
            self._combo.setCurrentIndex(self._combo.findData(self._current))
            node = self.addNode(data[4:])
            emit(self, "nodeAddedByUserAction(vtkMRMLNode*)", node)
        elif data == "remove":
            self.removeCurrentNode()
        elif data == "rename":
            self._combo.setCurrentIndex(self._combo.findData(self._current))
            self.renameCurrentNode()
        else:
            self.setCurrentNodeID(data)
            emit(self, "nodeActivated(vtkMRMLNode*)", self.currentNode())

    def _emit_changed(self) -> None:
        node = self.currentNode()
        emit(self, "currentNodeChanged(vtkMRMLNode*)", node)
        emit(self, "currentNodeChanged(bool)", node is not None)
        emit(self, "currentNodeIDChanged(QString)", node.GetID() if node is not None else "")

    # What Python reaches

    def currentNode(self) -> Any:
        return self._scene.GetNodeByID(self._current) if self._scene is not None and self._current else None

    def setCurrentNode(self, node: Any) -> None:
        self.setCurrentNodeID(node if isinstance(node, str) else node.GetID() if node is not None else "")

    def setCurrentNodeID(self, node_id: str) -> None:
        wanted = node_id or ""
        if self._scene is None:
            self._requested = wanted
            return
        if wanted not in self._shown:
            wanted = ""  # as in Slicer: a node that does not fit leaves none selected
        if wanted != self._current:
            self._current = wanted
            self._show(self._nodes())
            self._emit_changed()

    def setCurrentNodeIndex(self, index: int) -> None:
        self.setCurrentNode(self.nodeFromIndex(index))

    def currentNodeId(self) -> str:
        return self._current

    def nodeCount(self) -> int:
        return len(self._shown)

    def nodeFromIndex(self, index: int) -> Any:
        return self._scene.GetNodeByID(self._shown[index]) if 0 <= index < len(self._shown) else None

    def addNode(self, kind: str = "") -> Any:
        kind = kind or (self._types[0] if self._types else "")
        if kind not in self._types:
            return None
        name = self._base_names.get(kind) or self.baseName
        node = self._scene.CreateNodeByClass(kind)
        node.UnRegister(None)
        for its_kind, attribute, value in self._attributes:
            if node.IsA(its_kind):
                node.SetAttribute(attribute, "" if value is None else str(value))
        if name:
            node.SetName(self._scene.GetUniqueNameByString(name))
        node = self._scene.AddNode(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        emit(self, "nodeAddedByUser(vtkMRMLNode*)", node)
        return node

    def removeCurrentNode(self) -> None:
        node = self.currentNode()
        if node is not None:
            emit(self, "nodeAboutToBeRemoved(vtkMRMLNode*)", node)
            self._scene.RemoveNode(node)

    def editCurrentNode(self) -> None:
        emit(self, "nodeAboutToBeEdited(vtkMRMLNode*)", self.currentNode())

    def renameCurrentNode(self) -> None:
        node = self.currentNode()
        name, ok = QtWidgets.QInputDialog.getText(self, "Rename", "New name:")
        if node is not None and ok and name:
            node.SetName(name)
            emit(self, "currentNodeRenamed(QString)", name)

    def addAttribute(self, kind: str, name: str, value: Any = None) -> None:
        self._attributes.append((kind, name, value))
        self._update()

    def removeAttribute(self, kind: str, name: str) -> None:
        self._attributes = [each for each in self._attributes if each[:2] != (kind, name)]
        self._update()

    def setNodeTypeLabel(self, label: str, kind: str) -> None:
        self._labels[kind] = label
        self._update()

    def nodeTypeLabel(self, kind: str) -> str:
        return self._labels.get(kind) or kind.removeprefix("vtkMRML").removesuffix("Node")

    def addMenuAction(self, action: Any) -> None:
        self._combo.addAction(action)

    def _set_types(self, types: list[str]) -> None:
        unknown = [each for each in types if not hasattr(slicer, each) and each != "vtkMRMLNode"]
        if unknown:
            raise ValueError(f"no node class {', '.join(unknown)}")
        self._types = list(types)
        self._update()

    def _set_base_name(self, name: str) -> None:
        self._base_names = dict.fromkeys(self._types, name)
        self.__dict__["_base"] = name

    currentNodeID = Property(str, lambda self: self._current, lambda self, value: self.setCurrentNodeID(value))
    nodeTypes = Property("QStringList", lambda self: list(self._types), lambda self, value: self._set_types(value))
    showHidden = stored(bool, "showHidden", False, lambda self: self._update())
    showChildNodeTypes = stored(bool, "showChildNodeTypes", True, lambda self: self._update())
    hideChildNodeTypes = stored("QStringList", "hideChildNodeTypes", [], lambda self: self._update())
    baseName = Property(
        str, lambda self: self.__dict__.get("_base", ""), lambda self, value: self._set_base_name(value)
    )
    noneEnabled = stored(bool, "noneEnabled", False, lambda self: self._update())
    addEnabled = stored(bool, "addEnabled", True, lambda self: self._update())
    removeEnabled = stored(bool, "removeEnabled", True, lambda self: self._update())
    editEnabled = stored(bool, "editEnabled", False)
    renameEnabled = stored(bool, "renameEnabled", False, lambda self: self._update())
    interactionNodeSingletonTag = stored(str, "interactionNodeSingletonTag", "Singleton")
    selectNodeUponCreation = stored(bool, "selectNodeUponCreation", True)
    noneDisplay = stored(str, "noneDisplay", "None", lambda self: self._update())
    sizeAdjustPolicy = stored(int, "sizeAdjustPolicy", 1)


@register
class qMRMLCheckableNodeComboBox(qMRMLNodeComboBox):
    """Nodes of which several can be checked."""

    SIGNALS = ("checkedNodesChanged()",)
    SLOTS = ("check(vtkMRMLNode*)", "uncheck(vtkMRMLNode*)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._checked: list[str] = []

    def check(self, node: Any) -> None:
        if node.GetID() not in self._checked:
            self._checked.append(node.GetID())
            emit(self, "checkedNodesChanged()")

    def uncheck(self, node: Any) -> None:
        if node.GetID() in self._checked:
            self._checked.remove(node.GetID())
            emit(self, "checkedNodesChanged()")

    def checkedNodes(self) -> list[Any]:
        return [self._scene.GetNodeByID(each) for each in self._checked if each in self._shown]
