"""The Slicer module USRadiomicsLNM: radiomics scores of lymph node metastasis, and the models that give them.

The panel is in ``USRadiomicsLNMPanel`` (one file a section), what it does in ``USRadiomicsLNMLogic`` (no Qt) and
``USRadiomicsLNMLib`` (no Slicer). Nothing heavy is imported here.
"""

from __future__ import annotations

import sys
from typing import Any

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

from USHarmonizationPanel.module_widget import SectionsWidget
from USRadiomicsLNMLogic import USRadiomicsLNMLogic

__all__ = ["USRadiomicsLNM", "USRadiomicsLNMLogic", "USRadiomicsLNMTest", "USRadiomicsLNMWidget"]

# Packages that are loaded anew with the module.
PACKAGES = ("USRadiomicsLNMLib", "USRadiomicsLNMLogic", "USRadiomicsLNMPanel")


class USRadiomicsLNM(ScriptedLoadableModule):
    """What Slicer shows of the module in its lists."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.parent.title = _("US Radiomics LNM")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Ultrasound")]
        self.parent.dependencies = []
        self.parent.contributors = ["USHarmonization developers"]
        self.parent.helpText = _(
            "Radiomics of a lesion in ultrasound, its score of lymph node metastasis with what makes it up and whether "
            "to trust it, before and after harmonization; and fitting and comparing such models. Research use only: "
            "not for diagnosis or treatment."
        )
        self.parent.acknowledgementText = _(
            "After: Radiomics Harmonization in Ultrasound Images for Cervical Cancer Lymph Node Metastasis Prediction "
            "Using Cycle-GAN, Technol Cancer Res Treat 2024, doi 10.1177/15330338241302237. Features: pyradiomics."
        )


class USRadiomicsLNMWidget(SectionsWidget, ScriptedLoadableModuleWidget, slicer.util.VTKObservationMixin):
    """The panel: a list of sections. What a section does is in its own file."""

    def __init__(self, parent: Any = None) -> None:
        self.logic: USRadiomicsLNMLogic | None = None
        self.sections: list[Any] = []
        super().__init__(parent)

    def setup(self) -> None:
        """Build the panel; called once, when the module is opened first."""
        from USRadiomicsLNMPanel.compare import CompareSection
        from USRadiomicsLNMPanel.fit import FitSection
        from USRadiomicsLNMPanel.score import ScoreSection

        ScriptedLoadableModuleWidget.setup(self)
        self.logic = USRadiomicsLNMLogic()
        self.uiWidget = slicer.util.loadUI(self.resourcePath("UI/USRadiomicsLNM.ui"))
        self.layout.addWidget(self.uiWidget)
        self.uiWidget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(self.uiWidget)
        places = (self.ui.scoreCollapsible, self.ui.fitCollapsible, self.ui.compareCollapsible)
        for sectionClass, place in zip((ScoreSection, FitSection, CompareSection), places, strict=True):
            section = sectionClass(self.logic)
            place.text = section.title
            place.layout().addWidget(section.widget)
            self.sections.append(section)
        self.followScene()

    def parameterNodeClass(self) -> Any:
        """The wrapper of the module's parameter node."""
        from USRadiomicsLNMPanel.parameters import USRadiomicsLNMParameterNode

        return USRadiomicsLNMParameterNode

    def onReload(self) -> None:
        """Load the module and its packages anew: Slicer itself only loads this file."""
        for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        super().onReload()


class USRadiomicsLNMTest(ScriptedLoadableModuleTest):
    """Slicer's own test of the module; the real ones are the pytest files in ``Testing/in_slicer``."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """Run all tests of this class."""
        self.setUp()
        self.test_parametersShip()

    def test_parametersShip(self) -> None:
        """The logic answers without a panel."""
        assert USRadiomicsLNMLogic().parameterFiles()[0] == "ultrasound-8bit"
