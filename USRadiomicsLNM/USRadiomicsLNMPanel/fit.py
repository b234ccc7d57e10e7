"""The section Fit: a model out of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from USHarmonizationPanel.section import chosen

from .model_section import ModelSection


class FitSection(ModelSection):
    """Choose a table and its outcome; fit a model."""

    title = _("Fit a model")
    uiFile = "USRadiomicsLNMFit.ui"
    outputKind = "newFile"
    startText = _("Select features and fit a model, with cross-validated estimates of how good it is.")
    runningText = _("Fitting...")

    def tableEdits(self) -> tuple[Any, ...]:
        return (self.ui.tableEdit,)

    def outputEdit(self) -> Any:
        return self.ui.modelEdit

    def outputProblem(self, path: str) -> str:
        if not path:
            return _("Choose where the model is written: a file that ends in .json.")
        if not path.lower().endswith(".json"):
            return _("{name}: a model is a file that ends in .json.").format(name=Path(path).name)
        return ""

    def makeProcess(self) -> Any:
        ui = self.ui
        return self.logic.startFit(
            ui.tableEdit.currentPath.strip(),
            chosen(ui.outcomeComboBox),
            ui.modelEdit.currentPath.strip(),
            combat=ui.combatCheckBox.checked,
            folds=ui.foldsSpinBox.value,
            seed=ui.seedSpinBox.value,
        )

    def readResults(self, process: Any) -> Any:
        return self.logic.finishFit(process)
