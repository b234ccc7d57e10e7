"""What the widgets of all modules have in common: sections that follow the scene."""

from __future__ import annotations

from typing import Any

import slicer


class SectionsWidget:
    """First base of a module's widget; the others are ScriptedLoadableModuleWidget and VTKObservationMixin.

    A subclass fills ``logic`` and ``sections`` in ``setup``, calls ``followScene`` at its end, and names the wrapper of
    its parameter node.
    """

    logic: Any
    sections: list[Any]

    def parameterNodeClass(self) -> Any:
        """The wrapper of the module's parameter node."""
        raise NotImplementedError

    def followScene(self) -> None:
        """Observe the scene, and show what it remembers."""
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartImportEvent, self.onSceneStartImport)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.initializeParameterNode()

    def cleanup(self) -> None:
        """The application closes, or the module is loaded anew."""
        self.removeObservers()
        for section in self.sections:
            section.cleanup()
        self.sections = []

    def enter(self) -> None:
        """The user opens the module."""
        self.initializeParameterNode()
        for section in self.sections:
            section.enter()

    def exit(self) -> None:
        """The user opens another module."""
        for section in self.sections:
            section.exit()

    def onSceneStartClose(self, caller: Any = None, event: Any = None) -> None:
        """Before the scene is emptied: no section holds a node, no job runs."""
        for section in self.sections:
            section.sceneStartClose()
            section.setParameterNode(None)

    def onSceneEndClose(self, caller: Any = None, event: Any = None) -> None:
        """After the scene was emptied."""
        for section in self.sections:
            section.sceneEndClose()
        if self.parent.isEntered:
            self.initializeParameterNode()

    def onSceneStartImport(self, caller: Any = None, event: Any = None) -> None:
        """Before a scene is loaded: node selectors let go of their nodes meanwhile, which is nobody's choice."""
        for section in self.sections:
            section.setParameterNode(None)

    def onSceneEndImport(self, caller: Any = None, event: Any = None) -> None:
        """A scene was loaded: show what it remembers. Also behind another module: a job may be under way here."""
        self.initializeParameterNode()

    def initializeParameterNode(self) -> None:
        """Give the parameter node of the scene to all sections."""
        node = self.parameterNodeClass()(self.logic.getParameterNode())
        for section in self.sections:
            section.setParameterNode(node)
