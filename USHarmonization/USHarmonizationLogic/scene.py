"""What the logics of all modules have in common: the scene they work in, and the node of their parameters."""

from __future__ import annotations

from typing import Any


class SceneLogic:
    """Works in an MRML scene.

    Args:
        scene: the scene; ``slicer.mrmlScene`` (whatever it is at the time of a call) unless given.

    Attributes:
        moduleName: of the module whose parameters are kept; a subclass names it.
    """

    moduleName = ""

    def __init__(self, scene: Any = None) -> None:
        self._scene = scene

    @property
    def scene(self) -> Any:
        """The MRML scene that nodes are looked for in and added to."""
        if self._scene is not None:
            return self._scene
        import slicer

        return slicer.mrmlScene

    def getParameterNode(self) -> Any:
        """The one node of the scene that holds the module's parameters; made when there is none.

        Example:
            >>> logic.getParameterNode().GetSingletonTag()
            'USHarmonization'
        """
        import slicer

        node = self.scene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.vtkMRMLScriptedModuleNode()
            node.SetSingletonTag(self.moduleName)
            node.SetModuleName(self.moduleName)
            node.SetName(self.moduleName)
            node = self.scene.AddNode(node)
        return node
