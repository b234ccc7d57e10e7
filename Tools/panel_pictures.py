"""Pictures of the panel of USHarmonization in each state, with its slice views: ``python Tools/panel_pictures.py DIR``.

The images are simulated frames that come with the extension. Those for the README: ``--screenshots`` writes them to
``Resources/Screenshots``.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "USHarmonization" / "Resources" / "SampleData"
WINDOW = (1280, 800)
# States whose pictures the README shows.
SCREENSHOTS = ("ready", "result", "difference", "models")


class Pictures:
    """Drives the panel as a person would, and keeps what it looks like."""

    def __init__(self, folder: Path) -> None:
        import slicer_standin

        self.application = slicer_standin.start()
        self.folder = folder
        slicer_standin.load_module(ROOT / "USHarmonization" / "USHarmonization.py")
        import slicer

        self.slicer = slicer
        slicer.util.mainWindow().resize(*WINDOW)
        slicer.util.selectModule("USHarmonization")
        self.widget = slicer.modules.USHarmonizationWidget

    def wait(self, until: Callable[[], Any] = lambda: False, seconds: float = 0.3) -> None:
        """Let events pass."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            self.application.processEvents()
            time.sleep(0.01)

    def take(self, name: str) -> None:
        """A picture of the whole window."""
        from slicer_standin import pictures

        self.wait()
        pictures.window(self.folder / f"{name}.png", "USHarmonization", WINDOW)
        print(self.folder / f"{name}.png")

    def open(self, number: int) -> None:
        """Open one section, close the others."""
        for at, section in enumerate(self.widget.sections):
            section.widget.parent().collapsed = at != number

    def load(self, volume: str, scanner: str, segmentation: str = "") -> Any:
        """A frame of the samples, with what its DICOM file would say of its scanner."""
        self.slicer.mrmlScene.Clear(0)
        node = self.slicer.util.loadVolume(str(SAMPLES / volume))
        node.SetName("US lesion")
        self.widget.logic.setScanner(node, scanner)
        if segmentation:
            self.slicer.util.loadSegmentation(str(SAMPLES / segmentation))
        self.wait()
        return node

    def harmonize(self) -> None:
        """All states of the section Harmonize."""
        section = self.widget.sections[0]
        self.open(0)
        self.slicer.mrmlScene.Clear(0)
        self.take("empty")
        model = self._model()
        self.load("us-lesion-voluson.nrrd", model.source, "us-lesion-voluson.seg.nrrd")
        self.take("ready")
        section.ui.harmonizeButton.click()
        job = section._poller.process.job
        self.wait(lambda: section.ui.progressBar.value > 0, 60)
        self.take("running")
        self.wait(lambda: not section.running, 300)
        self.take("result")
        section.ui.differenceButton.click()
        self.take("difference")
        section.ui.fadeButton.click()
        self.take("fade")
        for colour, warnings in (
            ("good", ()),
            ("doubtful", ("already looks like images of the target scanner: harmonizing can only spoil it",)),
        ):
            result = dataclasses.replace(section.result, **self._verdict(colour, warnings))
            section.result = result
            section._showResult(job)
            self.take(colour)
        self.load("us-lesion-voluson.nrrd", model.target)
        self.take("nothing-to-do")
        self.load("us-lesion-voluson.nrrd", "")
        self.take("unknown-scanner")

    def _model(self) -> Any:
        """The model for the simulated frames, else the first one."""
        models = self.widget.logic.models()
        return next((one for one in models if one.source == "ge-voluson-e8"), models[0])

    @staticmethod
    def _verdict(colour: str, warnings: tuple[str, ...]) -> dict[str, Any]:
        from USHarmonizationLogic.verdict import verdictOf

        said = verdictOf({"warnings": "; ".join(warnings), "qa_structure": "0.99"}, "HI VISION Preirus")
        assert said.colour == colour
        return {"verdict": said.sentence, "colour": said.colour, "warnings": said.warnings}

    def batch(self) -> None:
        """A folder, with one file that is no image."""
        import shutil
        import tempfile

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "study"
            folder.mkdir()
            for sample in ("us-lesion-voluson.nrrd", "us-lesion-preirus.nrrd", "us-phantom-voluson.nrrd"):
                shutil.copy(SAMPLES / sample, folder / sample)
            (folder / "damaged.png").write_bytes(b"no image")
            self.slicer.mrmlScene.Clear(0)
            self.open(1)
            section = self.widget.sections[1]
            self.take("batch-empty")
            section.ui.folderEdit.currentPath = str(folder)
            section.ui.outputEdit.currentPath = str(Path(name) / "harmonized")
            section.ui.startButton.click()
            self.wait(lambda: section.ui.progressBar.value > 0, 120)
            self.take("batch-running")
            self.wait(lambda: not section.running, 300)
            self.take("batch")

    def models(self) -> None:
        """The list of models and a card."""
        self.open(len(self.widget.sections) - 1)
        self.take("models")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("panel-pictures"))
    parser.add_argument("--only", choices=["harmonize", "batch", "models"], help="only this section")
    parser.add_argument("--screenshots", action="store_true", help="copy those of the README to Resources/Screenshots")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    for folder in ("USHarmonization", "USRadiomicsLNM", "Testing"):
        sys.path.insert(0, str(ROOT / folder))
    pictures = Pictures(options.folder)
    for name in ("harmonize", "batch", "models"):
        if options.only in (None, name):
            getattr(pictures, name)()
    if options.screenshots:
        copy_screenshots(options.folder)


def copy_screenshots(folder: Path) -> None:
    """As small as an index of extensions likes them."""
    from PIL import Image

    target = ROOT / "Resources" / "Screenshots"
    target.mkdir(parents=True, exist_ok=True)
    for name in SCREENSHOTS:
        if (folder / f"{name}.png").is_file():
            picture = Image.open(folder / f"{name}.png").convert("RGB").quantize(256, dither=Image.Dither.NONE)
            picture.save(target / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
