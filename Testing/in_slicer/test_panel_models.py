"""The section Models: cards, installing from a folder and a zip, removing; nothing is executed or downloaded."""

from __future__ import annotations

import json
import shutil

import pytest
from panel_driving import shown

from USHarmonizationLib.resources import resource_path

SHIPPED = "ge-logiq-5-to-ge-logiq-7"


@pytest.fixture
def ownFolder(tmp_path, monkeypatch):
    folder = tmp_path / "own models"
    monkeypatch.setenv("USHARMONIZATION_MODELS", str(folder))
    return folder


@pytest.fixture
def widget(ownFolder, moduleWidget):
    return moduleWidget("USHarmonization")


@pytest.fixture
def section(widget):
    return widget.sections[-1]


@pytest.fixture
def bundle(tmp_path):
    """A model for a scanner that has none yet."""
    folder = tmp_path / "download" / "mine"
    shutil.copytree(resource_path("Models") / SHIPPED, folder)
    content = json.loads((folder / "model.json").read_text())
    content.update(name="philips-hdi-5000-to-ge-logiq-7", source="philips-hdi-5000")
    (folder / "model.json").write_text(json.dumps(content))
    return folder


def names(section):
    tree = section.ui.modelsTree
    return [tree.topLevelItem(at).toolTip(0) for at in range(tree.topLevelItemCount)]


def select(section, name):
    section.ui.modelsTree.setCurrentItem(section.ui.modelsTree.topLevelItem(names(section).index(name)))


def test_models_that_ship_are_listed_with_their_cards_and_stay(section):
    select(section, SHIPPED)
    item = section.ui.modelsTree.currentItem()
    assert [item.text(column) for column in range(2)] == ["GE LOGIQ 5", "GE LOGIQ 7"]
    card = section.ui.cardBrowser.toPlainText()
    assert "Research use only" in card
    assert "BUS-BRA" in card
    assert not section.ui.removeButton.enabled


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_install_and_remove(widget, section, bundle, ownFolder, tmp_path, kind):
    harmonize = widget.sections[0]
    if kind == "folder":
        section.askFolder = lambda: str(bundle)
        section.ui.installFolderButton.click()
    else:
        packed = shutil.make_archive(str(tmp_path / "packed"), "zip", bundle.parent)
        section.askZip = lambda: packed
        section.ui.installZipButton.click()
    name = "philips-hdi-5000-to-ge-logiq-7"
    assert "Installed" in section.ui.statusLabel.text
    assert section.selectedName() == name
    assert any(model.name == name for model in harmonize._models)  # at hand at once
    assert section.ui.removeButton.enabled
    section.ui.removeButton.click()
    assert "Click again" in section.ui.statusLabel.text
    assert (ownFolder / name).is_dir()
    section.ui.removeButton.click()
    assert "Removed" in section.ui.statusLabel.text
    assert not (ownFolder / name).exists()
    assert name not in names(section)
    assert all(model.name != name for model in harmonize._models)


def test_looking_at_another_model_takes_the_question_back(section, bundle, ownFolder):
    section.askFolder = lambda: str(bundle)
    section.ui.installFolderButton.click()
    section.ui.removeButton.click()
    select(section, SHIPPED)
    assert section.ui.removeButton.text == "&Remove"
    select(section, "philips-hdi-5000-to-ge-logiq-7")
    section.ui.removeButton.click()
    assert (ownFolder / "philips-hdi-5000-to-ge-logiq-7").is_dir()


def test_what_is_no_model_is_refused_in_a_sentence(section, tmp_path, ownFolder):
    before = names(section)
    (tmp_path / "empty").mkdir()
    for path, said in ((tmp_path / "empty", "is no model"), (tmp_path / "nothing", "does not exist")):
        section.askFolder = lambda path=path: str(path)
        section.ui.installFolderButton.click()
        assert said in section.ui.statusLabel.text
    section.askFolder = lambda: ""  # the person thought better of it
    section.ui.installFolderButton.click()
    assert names(section) == before


def test_a_broken_model_is_listed_as_such(widget, section, bundle, ownFolder):
    shutil.copytree(bundle, ownFolder / "broken")
    (ownFolder / "broken" / "model.json").write_text("{}")
    widget.onModelsChanged()
    select(section, "broken")
    assert "broken" in [section.ui.modelsTree.currentItem().text(column) for column in range(4)]
    assert "model.json" in section.ui.cardBrowser.toPlainText() or "schema" in section.ui.cardBrowser.toPlainText()
    assert section.ui.removeButton.enabled
    assert shown(section.ui.removeButton)
