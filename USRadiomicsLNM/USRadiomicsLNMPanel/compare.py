"""The section Compare: models before and after harmonization, on the same patients and folds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from USHarmonizationPanel.section import chosen

from .model_section import ModelSection


class CompareSection(ModelSection):
    """Choose two tables and their outcome; compare."""

    title = _("Compare before and after")
    uiFile = "USRadiomicsLNMCompare.ui"
    startText = _("Fit a model on each table, with the same patients and folds, and compare them.")
    runningText = _("Comparing...")

    def tableEdits(self) -> tuple[Any, ...]:
        return (self.ui.beforeEdit, self.ui.afterEdit)

    def outputEdit(self) -> Any:
        return self.ui.folderEdit

    def outputProblem(self, path: str) -> str:
        if not path:
            return _("Choose a folder for the results.")
        if Path(path).is_file():
            return _("{name} is a file; choose a folder for the results.").format(name=Path(path).name)
        if self.ui.beforeEdit.currentPath.strip() == self.ui.afterEdit.currentPath.strip():
            return _("Before and after are the same table; choose two.")
        return ""

    def makeProcess(self) -> Any:
        ui = self.ui
        return self.logic.startCompare(
            ui.beforeEdit.currentPath.strip(),
            ui.afterEdit.currentPath.strip(),
            chosen(ui.outcomeComboBox),
            ui.folderEdit.currentPath.strip(),
            combat=ui.combatCheckBox.checked,
            folds=ui.foldsSpinBox.value,
            seed=ui.seedSpinBox.value,
        )

    def readResults(self, process: Any) -> Any:
        return self.logic.finishCompare(process)
