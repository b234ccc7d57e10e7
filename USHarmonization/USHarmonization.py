"""The Slicer module USHarmonization: bring ultrasound images of one scanner to the look of another.

The panel is in ``USHarmonizationPanel`` (one file a section), what it does in ``USHarmonizationLogic`` (no Qt) and
``USHarmonizationLib`` (no Slicer). Nothing heavy is imported here.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

import ctk
import qt
import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

from USHarmonizationLogic import USHarmonizationLogic
from USHarmonizationPanel.module_widget import SectionsWidget

__all__ = ["USHarmonization", "USHarmonizationLogic", "USHarmonizationTest", "USHarmonizationWidget"]

# Packages that are loaded anew with the module.
PACKAGES = ("USHarmonizationLib", "USHarmonizationLogic", "USHarmonizationPanel")
# The sections from top to bottom: file in USHarmonizationPanel, class.
SECTIONS = (
    ("harmonize", "HarmonizeSection"),
    ("batch", "BatchSection"),
    ("pairing", "PairingSection"),
    ("training", "TrainingSection"),
    ("models", "ModelsSection"),
)


def sectionClasses() -> list[type]:
    """The classes of the sections, from top to bottom."""
    found = [name for name in SECTIONS if importlib.util.find_spec(f"USHarmonizationPanel.{name[0]}")]
    return [getattr(importlib.import_module(f"USHarmonizationPanel.{file}"), name) for file, name in found]


class USHarmonization(ScriptedLoadableModule):
    """What Slicer shows of the module in its lists."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.parent.title = _("US Harmonization")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Ultrasound")]
        self.parent.dependencies = []
        self.parent.contributors = ["USHarmonization developers"]
        self.parent.helpText = _(
            "Harmonize ultrasound images across scanners: an image of one scanner gets the texture of another, "
            "and each result says whether it may be trusted. Research use only: not for diagnosis."
        )
        self.parent.acknowledgementText = _(
            "After: Radiomics Harmonization in Ultrasound Images for Cervical Cancer Lymph Node Metastasis Prediction "
            "Using Cycle-GAN, Technol Cancer Res Treat 2024, doi 10.1177/15330338241302237."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Add the simulated frames to the Sample Data module."""
    if importlib.util.find_spec("USHarmonizationPanel.sample_data"):
        importlib.import_module("USHarmonizationPanel.sample_data").registerSampleData()


class USHarmonizationWidget(SectionsWidget, ScriptedLoadableModuleWidget, slicer.util.VTKObservationMixin):
    """The panel: a list of sections. What a section does is in its own file."""

    def __init__(self, parent: Any = None) -> None:
        self.logic: USHarmonizationLogic | None = None
        self.sections: list[Any] = []
        super().__init__(parent)

    def setup(self) -> None:
        """Build the panel; called once, when the module is opened first."""
        ScriptedLoadableModuleWidget.setup(self)
        self.logic = USHarmonizationLogic()
        self.uiWidget = slicer.util.loadUI(self.resourcePath("UI/USHarmonization.ui"))
        self.layout.addWidget(self.uiWidget)
        self.uiWidget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(self.uiWidget)
        sectionsWidget = qt.QWidget()
        sectionsLayout = qt.QVBoxLayout(sectionsWidget)
        sectionsLayout.setContentsMargins(0, 0, 0, 0)
        sectionsLayout.setSpacing(2)
        self.uiWidget.layout().insertWidget(1, sectionsWidget)
        for sectionClass in sectionClasses():
            section = sectionClass(self.logic)
            section.modelsChanged = self.onModelsChanged
            button = ctk.ctkCollapsibleButton()
            button.text = section.title
            button.collapsed = bool(self.sections)  # the first one is open
            layout = qt.QVBoxLayout(button)
            layout.setContentsMargins(4, 4, 4, 4)
            layout.addWidget(section.widget)
            sectionsLayout.addWidget(button)
            self.sections.append(section)
        self.followScene()

    def enter(self) -> None:
        """The user opens the module."""
        self.initializeParameterNode()
        self.onModelsChanged()
        for section in self.sections:
            section.enter()

    def onModelsChanged(self) -> None:
        """Tell all sections what is installed, after one of them installed or removed a model."""
        models = self.logic.models()
        for section in self.sections:
            section.setModels(models)

    def parameterNodeClass(self) -> Any:
        """The wrapper of the module's parameter node."""
        from USHarmonizationPanel.parameters import USHarmonizationParameterNode

        return USHarmonizationParameterNode

    def onReload(self) -> None:
        """Load the module and its packages anew: Slicer itself only loads this file."""
        for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        super().onReload()


class USHarmonizationTest(ScriptedLoadableModuleTest):
    """Slicer's own test of the module; the real ones are the pytest files in ``Testing/in_slicer``."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """Run all tests of this class."""
        self.setUp()
        self.test_scannersAreKnown()

    def test_scannersAreKnown(self) -> None:
        """The logic answers without a panel."""
        assert USHarmonizationLogic().getParameterNode()
