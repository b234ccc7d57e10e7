"""Bundles: listed, installed from folders and zips that may be hostile, removed; the card."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile

import pytest

from USHarmonizationLib.resources import resource_path
from USHarmonizationLogic import LogicError, USHarmonizationLogic
from USHarmonizationLogic import models as models_module

SHIPPED = "ge-logiq-5-to-ge-logiq-7"


@pytest.fixture
def own(monkeypatch, tmp_path):
    """Where a person's own models lie."""
    folder = tmp_path / "own"
    monkeypatch.setenv("USHARMONIZATION_MODELS", str(folder))
    return folder


@pytest.fixture
def logic(own):
    return USHarmonizationLogic()


@pytest.fixture
def bundle(tmp_path):
    """A bundle under another name, in a folder with things that are none of its business."""
    folder = tmp_path / "download" / "mine"
    shutil.copytree(resource_path("Models", SHIPPED), folder)
    content = json.loads((folder / "model.json").read_text())
    content["name"] = "mine"
    (folder / "model.json").write_text(json.dumps(content))
    (folder / "run_me.py").write_text("raise SystemExit")
    (folder / "other.safetensors").write_bytes(b"1")
    return folder


def packed(bundle, path, prefix="mine/", extra=()):
    with zipfile.ZipFile(path, "w") as archive:
        for one in sorted(bundle.iterdir()):
            archive.write(one, f"{prefix}{one.name}")
        for name, content in extra:
            archive.writestr(name, content)
    return path


def assertNothingInstalled(own):
    assert not own.exists() or not list(own.iterdir())


class TestListed:
    def test_shipped(self, logic):
        found = {model.name: model for model in logic.models()}
        model = found[SHIPPED]
        assert (model.source, model.target) == ("ge-logiq-5", "ge-logiq-7")
        assert (model.sourceName, model.targetName) == ("GE LOGIQ 5", "GE LOGIQ 7")
        assert not model.removable
        assert not model.error

    def test_those_that_fit(self, logic):
        assert [model.name for model in logic.bundlesFor("ge-logiq-5")] == [SHIPPED]
        assert logic.bundlesFor("ge-logiq-7") == []
        assert logic.bundlesFor(None) == []
        assert logic.bundlesFor("") == []

    def test_broken(self, logic, own):
        (own / "broken").mkdir(parents=True)
        (own / "broken" / "model.json").write_text("{}")
        (broken,) = [model for model in logic.models() if model.error]
        assert broken.title == "broken (broken)"
        assert "model.json" in broken.error or "schema" in broken.error
        with pytest.raises(LogicError):
            logic.modelCard("broken")

    def test_unknown(self, logic):
        with pytest.raises(LogicError, match=f"There is no model 'nothing'; installed: {SHIPPED}"):
            logic.model("nothing")

    def test_a_folder_is_a_model_as_well(self, logic, bundle):
        assert logic.model(bundle).target == "ge-logiq-7"


class TestInstalled:
    @pytest.mark.parametrize("prefix", ["mine/", "", "other-name/"])
    def test_from_zip(self, logic, own, bundle, tmp_path, prefix):
        model = logic.installModel(packed(bundle, tmp_path / "mine.zip", prefix))
        assert (model.name, model.removable, model.folder) == ("mine", True, own / "mine")
        # Nothing but what the bundle names, and no half of it under another name.
        assert sorted(path.name for path in own.rglob("*")) == ["generator.safetensors", "mine", "model.json"]
        assert logic.model("mine").version == logic.model(SHIPPED).version

    def test_from_folder_and_removed(self, logic, own, bundle):
        logic.installModel(bundle)
        assert [model.name for model in logic.bundlesFor("ge-logiq-5")] == [SHIPPED, "mine"]
        logic.removeModel("mine")
        assert list(own.iterdir()) == []
        with pytest.raises(LogicError, match="There is no model 'mine'"):
            logic.removeModel("mine")

    def test_twice(self, logic, bundle):
        logic.installModel(bundle)
        with pytest.raises(LogicError, match="A model mine is installed already; remove it first"):
            logic.installModel(bundle)

    def test_shipped_ones_stay(self, logic):
        with pytest.raises(LogicError, match="ships with the extension and cannot be removed"):
            logic.removeModel(SHIPPED)
        with pytest.raises(LogicError, match="is installed already"):
            logic.installModel(resource_path("Models", SHIPPED))


class TestRefused:
    @pytest.mark.parametrize("name", ["../evil.safetensors", "/evil.safetensors", "mine/../../evil", "C:\\evil"])
    def test_paths_out_of_the_folder(self, logic, own, bundle, tmp_path, name):
        path = packed(bundle, tmp_path / "evil.zip", extra=[(name, b"x")])
        with pytest.raises(LogicError, match="would write outside of its folder"):
            logic.installModel(path)
        assertNothingInstalled(own)
        assert not list(tmp_path.rglob("evil")) + list(tmp_path.rglob("evil.safetensors"))

    def test_links_in_a_zip(self, logic, own, bundle, tmp_path):
        link = zipfile.ZipInfo("mine/link.safetensors")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        with pytest.raises(LogicError, match="holds a link"):
            logic.installModel(packed(bundle, tmp_path / "evil.zip", extra=[(link, "/etc/passwd")]))
        assertNothingInstalled(own)

    def test_links_in_a_folder(self, logic, own, bundle, tmp_path):
        weights = bundle / "generator.safetensors"
        weights.rename(tmp_path / "elsewhere.safetensors")
        weights.symlink_to(tmp_path / "elsewhere.safetensors")
        with pytest.raises(LogicError, match="links are not followed"):
            logic.installModel(bundle)
        assertNothingInstalled(own)

    def test_bombs(self, logic, own, bundle, tmp_path, monkeypatch):
        monkeypatch.setattr(models_module, "MAX_BYTES", 2**20)
        path = tmp_path / "bomb.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("model.json", (bundle / "model.json").read_bytes())
            archive.writestr("generator.safetensors", bytes(2**24))
        with pytest.raises(LogicError, match="larger than a model can be"):
            logic.installModel(path)
        assertNothingInstalled(own)

    def test_changed_weights(self, logic, own, bundle):
        weights = bundle / "generator.safetensors"
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
        with pytest.raises(LogicError, match=r"download.mine.*has been changed"):
            logic.installModel(bundle)
        assertNothingInstalled(own)

    def test_damaged_zip(self, logic, own, bundle, tmp_path):
        path = packed(bundle, tmp_path / "mine.zip")
        content = bytearray(path.read_bytes())
        content[3000] ^= 255
        path.write_bytes(content)
        with pytest.raises(LogicError, match=r"cannot be unpacked|has been changed|cannot be read"):
            logic.installModel(path)
        assertNothingInstalled(own)

    def test_what_is_no_model(self, logic, own, tmp_path):
        (tmp_path / "empty").mkdir()
        (tmp_path / "text.zip").write_text("text")
        for path, reason in ((tmp_path / "empty", "is no model"), (tmp_path / "text.zip", "is no model")):
            with pytest.raises(LogicError, match=reason):
                logic.installModel(path)
        with pytest.raises(LogicError, match="does not exist"):
            logic.installModel(tmp_path / "nothing.zip")
        with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
            archive.writestr("readme.txt", "text")
        with pytest.raises(LogicError, match=r"holds 0 files model.json"):
            logic.installModel(tmp_path / "other.zip")
        assertNothingInstalled(own)


def test_card(logic):
    card = logic.modelCard(SHIPPED)
    for text in (
        "GE LOGIQ 5",
        "GE LOGIQ 7",
        "Research use only",
        "MIT",
        "436 patients",
        "BUS-BRA",
        "Held-out patients",
    ):
        assert text in card
    assert "<script" not in card


def test_card_of_a_hostile_model(logic, bundle):
    content = json.loads((bundle / "model.json").read_text())
    content["licence"] = "<script>alert(1)</script>"
    (bundle / "model.json").write_text(json.dumps(content))
    assert "&lt;script&gt;" in logic.modelCard(bundle)
