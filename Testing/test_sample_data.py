"""The simulated frames that ship: files, and how Slicer's Sample Data module is told of them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from PIL import Image

from USHarmonizationLib.files import read_image
from USHarmonizationLib.scanners import catalogue

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "USHarmonization" / "Resources" / "SampleData"
# Arguments of Slicer's registerCustomSampleDataSource (Modules/Scripted/SampleData/SampleData.py, Slicer 5.13).
ARGUMENTS = {
    "category", "sampleName", "uris", "fileNames", "nodeNames", "customDownloader", "thumbnailFileName",
    "loadFileTypes", "loadFiles", "loadFileProperties", "checksums", "loadFileType",
}  # fmt: skip


class Node:
    """A node of which only what a sample's loading touches is there."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name, self.attributes, self.reference = kind, name, {}, None  # type: ignore[var-annotated]

    def GetClassName(self) -> str:  # noqa: N802
        return self.kind

    def GetName(self) -> str:  # noqa: N802
        return self.name

    def IsA(self, kind: str) -> bool:  # noqa: N802
        return kind == self.kind

    def SetAttribute(self, key: str, value: str) -> None:  # noqa: N802
        self.attributes[key] = value

    def SetReferenceImageGeometryParameterFromVolumeNode(self, volume: Node) -> None:  # noqa: N802
        self.reference = volume


KINDS = {
    "VolumeFile": "vtkMRMLScalarVolumeNode",
    "SegmentationFile": "vtkMRMLSegmentationNode",
    "MarkupsFile": "vtkMRMLMarkupsFiducialNode",
}


class SampleDataLogic:
    """Keeps what is registered; gives a node for each file."""

    categories: ClassVar[dict[str, str]] = {}
    sources: ClassVar[list[dict[str, Any]]] = []

    @classmethod
    def registerCustomSampleDataCategory(cls, category: str, title: str) -> None:  # noqa: N802
        cls.categories[category] = title

    @classmethod
    def registerCustomSampleDataSource(cls, **arguments: Any) -> None:  # noqa: N802
        assert set(arguments) <= ARGUMENTS
        cls.sources.append(arguments)

    def downloadFromSource(self, source: SimpleNamespace) -> list[Node]:  # noqa: N802
        pairs = zip(source.loadFileTypes, source.nodeNames, strict=True)
        return [Node(KINDS[reader], name) for reader, name in pairs]


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that registers the samples, without Slicer."""
    monkeypatch.setattr(SampleDataLogic, "categories", {})
    monkeypatch.setattr(SampleDataLogic, "sources", [])
    slicer, translation = ModuleType("slicer"), ModuleType("slicer.i18n")
    logic, detection = ModuleType("USHarmonizationLogic"), ModuleType("USHarmonizationLogic.detection")
    detection.SCANNER = "USHarmonization.Scanner"  # type: ignore[attr-defined]
    slicer.app = SimpleNamespace(layoutManager=lambda: None)  # type: ignore[attr-defined]
    translation.tr = lambda text: text  # type: ignore[attr-defined]
    sample_data = ModuleType("SampleData")
    sample_data.SampleDataLogic = SampleDataLogic  # type: ignore[attr-defined]
    for each in (slicer, translation, sample_data, logic, detection):
        monkeypatch.setitem(sys.modules, each.__name__, each)
    path = ROOT / "USHarmonization" / "USHarmonizationPanel" / "sample_data.py"
    spec = importlib.util.spec_from_file_location("sample_data_under_test", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def registered(panel: ModuleType) -> dict[str, dict[str, Any]]:
    panel.registerSampleData()
    return {source["sampleName"]: source for source in SampleDataLogic.sources}


def test_each_sample_is_complete_and_needs_no_network(panel: ModuleType) -> None:
    sources = registered(panel)
    assert set(sources) == {"USLesionVoluson", "USLesionPreirus", "USPhantomPair"}
    used = set()
    for source in sources.values():
        assert source["category"] in SampleDataLogic.categories
        lists = [source[key] for key in ("uris", "fileNames", "nodeNames", "loadFileTypes", "checksums")]
        assert len({len(one) for one in lists}) == 1
        for address, name, node, reader, checksum in zip(*lists, strict=True):
            assert urlsplit(address).scheme == "file"
            path = Path(url2pathname(urlsplit(address).path))
            assert path == FOLDER / name
            assert checksum == f"SHA256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
            kind = {"landmarks": "MarkupsFile", "outline": "SegmentationFile"}.get(node.split()[-1], "VolumeFile")
            assert reader == kind
            used.add(name)
        used.add(Path(source["thumbnailFileName"]).name)
        with Image.open(source["thumbnailFileName"]) as picture:
            assert picture.size == (260, 180)
    assert used == {path.name for path in FOLDER.iterdir()}, "a file that no sample uses, or the other way round"
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000


def test_volumes_know_their_scanner_and_segmentations_their_image(panel: ModuleType) -> None:
    for source in registered(panel).values():
        nodes = source["customDownloader"](SimpleNamespace(**source))
        assert [node.GetName() for node in nodes] == source["nodeNames"]
        volumes = [node for node in nodes if node.kind == "vtkMRMLScalarVolumeNode"]
        for volume in volumes:
            wanted = "ge-voluson-e8" if "Voluson" in volume.GetName() else "hitachi-preirus"
            assert volume.attributes == {"USHarmonization.Scanner": wanted}
            assert wanted in catalogue().scanners
        for node in nodes:
            if node.kind == "vtkMRMLSegmentationNode":
                assert node.reference is volumes[0]


def test_the_attribute_is_the_one_that_detection_reads() -> None:
    text = (ROOT / "USHarmonization" / "USHarmonizationLogic" / "detection.py").read_text(encoding="utf-8")
    assert re.search(r'^SCANNER\b.*= "USHarmonization\.Scanner"', text, re.M)


def test_files_that_could_not_be_loaded_are_left_out(panel: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SampleDataLogic, "downloadFromSource", lambda self, source: [None, "a/path"])
    assert panel.loadSample(SimpleNamespace()) == []


@pytest.mark.parametrize("scanner", ["voluson", "preirus"])
def test_outlines_lie_on_the_lesion(scanner: str) -> None:
    image, mask = (read_image(FOLDER / f"us-lesion-{scanner}{ending}") for ending in (".nrrd", ".seg.nrrd"))
    assert image.pixels.shape == mask.pixels.shape == (1, 512, 512)
    assert image.spacing_mm == pytest.approx(mask.spacing_mm)
    inside = mask.pixels > 0
    assert 0.005 < inside.mean() < 0.05
    around = np.roll(inside, 60, axis=2) & ~inside
    assert image.pixels[inside].mean() < 0.8 * image.pixels[around].mean()


def test_landmarks_register_the_phantom(tmp_path: Path) -> None:
    from USHarmonizationLib.landmarks.files import read_landmarks

    fixed, moving = (read_landmarks(FOLDER / f"us-phantom-{scanner}.mrk.json") for scanner in ("preirus", "voluson"))
    assert fixed.labels == moving.labels
    assert len(fixed.labels) >= 6
    images = [FOLDER / f"us-phantom-{scanner}.nrrd" for scanner in ("preirus", "voluson")]
    landmarks = [path.with_suffix(".mrk.json") for path in images]
    pair = [sys.executable, "-m", "USHarmonizationLib", "pair", *images, "--landmarks", *landmarks]
    command = [*pair, "--transform", "rigid", "--out", tmp_path / "pair", "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(answer)["registration"]["fre_mm"] < 0.1


def test_the_samples_are_what_the_script_makes(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_sample_data", ROOT / "Tools" / "make_sample_data.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(["--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in FOLDER.iterdir()}
    for path in sorted(FOLDER.glob("*.nrrd")):
        kept, made = read_image(path).pixels.astype(int), read_image(tmp_path / path.name).pixels.astype(int)
        # Another version of a library may round otherwise.
        assert np.abs(kept - made).max() <= 2
