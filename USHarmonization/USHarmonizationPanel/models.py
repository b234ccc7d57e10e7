"""The section Models: what is installed, its cards, installing from this computer, removing."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from .section import Section, saysErrors, signalsBlocked


class ModelsSection(Section):
    """The models of this computer. Nothing is downloaded, and nothing of a model is executed."""

    title = _("Models")
    uiFile = "USHarmonizationModels.ui"

    def setup(self) -> None:
        ui = self.ui
        self.askFolder = lambda: qt.QFileDialog.getExistingDirectory(self.widget, _("Folder of the model"))
        self.askZip = lambda: qt.QFileDialog.getOpenFileName(
            self.widget, _("Zip file of the model"), "", _("Zip files (*.zip)")
        )
        self._models: list[Any] = []
        self._toSelect = ""  # the model that was just installed
        self._toRemove = ""  # the model whose removal was asked for once
        ui.modelsTree.setHeaderLabels([_("From"), _("To"), _("Kind"), _("Origin")])
        ui.modelsTree.connect("itemSelectionChanged()", self.onSelected)
        ui.installFolderButton.connect("clicked()", self.onInstallFolder)
        ui.installZipButton.connect("clicked()", self.onInstallZip)
        ui.removeButton.connect("clicked()", self.onRemove)

    @saysErrors
    def setModels(self, models: Sequence[Any]) -> None:
        select = self._toSelect or self.selectedName()
        self._toSelect = ""
        self._models = list(models)
        tree = self.ui.modelsTree
        with signalsBlocked(tree):
            tree.clear()
            for model in self._models:
                item = qt.QTreeWidgetItem(tree)
                for column, text in enumerate(_row(model)):
                    item.setText(column, text)
                    item.setToolTip(column, model.name)
        names = [model.name for model in self._models]
        if names:
            tree.setCurrentItem(tree.topLevelItem(names.index(select) if select in names else 0))
        for column in range(3):
            tree.resizeColumnToContents(column)
        self.onSelected()

    def selectedModel(self) -> Any:
        """The model of the selected line, None when there is none."""
        tree = self.ui.modelsTree
        at = tree.indexOfTopLevelItem(tree.currentItem()) if tree.currentItem() else -1
        return self._models[at] if 0 <= at < len(self._models) else None

    def selectedName(self) -> str:
        """The name of the selected model, "" when there is none."""
        model = self.selectedModel()
        return model.name if model else ""

    @saysErrors
    def onSelected(self) -> None:
        """Show the card; only what was installed by a person can be removed."""
        model = self.selectedModel()
        self._toRemove = ""
        self.ui.removeButton.text = _("&Remove")
        self.ui.removeButton.enabled = bool(model and model.removable)
        self.ui.cardBrowser.setHtml(self._card(model))
        self.say("" if self._models else _("No model is installed. Install one from a folder or a zip file."))

    def _card(self, model: Any) -> str:
        if model is None:
            return ""
        return f"<p>{html.escape(model.error)}</p>" if model.error else self.logic.modelCard(model)

    @saysErrors
    def onInstallFolder(self) -> None:
        """Copy a model from a folder."""
        self._install(self.askFolder())

    @saysErrors
    def onInstallZip(self) -> None:
        """Unpack a model from a zip file."""
        self._install(self.askZip())

    def _install(self, path: str) -> None:
        if not path:
            return  # the person thought better of it
        model = self.logic.installModel(path)
        self._toSelect = model.name
        self.modelsChanged()
        self.say(_("Installed: {title}.").format(title=model.title), "good")

    @saysErrors
    def onRemove(self) -> None:
        """Remove the selected model at the second click: the first one asks."""
        model = self.selectedModel()
        if model is None:
            return
        if self._toRemove != model.name:
            self._toRemove = model.name
            self.ui.removeButton.text = _("&Remove for good")
            self.say(_("Click again to delete {name} from this computer.").format(name=model.name), "warning")
            return
        self.logic.removeModel(model.name)
        self.modelsChanged()
        self.say(_("Removed: {name}.").format(name=model.name))


def _row(model: Any) -> tuple[str, str, str, str]:
    """What the list shows of a model."""
    origin = _("yours") if model.removable else _("built in")
    if model.error:
        return model.name, "", _("broken"), origin
    return model.sourceName, model.targetName, model.variant, origin
