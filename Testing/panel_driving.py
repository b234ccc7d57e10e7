"""What tests of panels share: events that pass, volumes as a person would load them, child processes that wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import slicer

from USHarmonizationLogic.process import ChildProcess

PROGRESS = '{"what": "harmonizing", "done": 1, "total": 4, "note": "", "seconds_left": 30}'
# Says how far it is, and goes on for ever.
ENDLESS = f"import sys, time; print({PROGRESS!r}, file=sys.stderr, flush=True); time.sleep(600)"
FAILING = "import sys; sys.exit('usharmonize: the disk is full; make room and start again')"


def passEvents(until: Callable[[], Any] = lambda: False, seconds: float = 0.05) -> bool:
    """Let timers and signals happen until the condition holds; whether it did before the time was over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        slicer.app.processEvents()
        if until():
            return True
        time.sleep(0.01)
    return bool(until())


def process(code: str) -> ChildProcess:
    """A child process that runs some Python."""
    return ChildProcess(["-c", code], command=[sys.executable])


def addVolume(pixels: np.ndarray, name: str = "Image") -> Any:
    """A volume of (slices, rows, columns[, 3]) as Slicer places ultrasound frames, with its display."""
    kind = "vtkMRMLVectorVolumeNode" if pixels.ndim == 4 else "vtkMRMLScalarVolumeNode"
    volume = slicer.mrmlScene.AddNewNodeByClass(kind, name)
    volume.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    slicer.util.updateVolumeFromArray(volume, pixels)
    volume.CreateDefaultDisplayNodes()
    return volume


def speckle(rows: int = 96, columns: int = 128, seed: int = 0) -> np.ndarray:
    """(1, rows, columns) uint8: something like tissue."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(rows, columns))
    smooth = sum(np.roll(noise, (i, j), (0, 1)) for i in range(2) for j in range(3)) / 6
    return (100 + 60 * smooth).clip(1, 255).astype(np.uint8)[None]


def addSegmentation(volume: Any, mask: np.ndarray, name: str = "Lesion") -> Any:
    """A segmentation with one segment, drawn on the volume."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Segmentation")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segment = node.GetSegmentation().AddEmptySegment(name, name)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segment, volume)
    return node


def openSection(sectionClass: Any) -> Iterator[Any]:
    """One section by itself, entered, told of closing scenes as the module tells it; cleaned up at the end."""
    from USHarmonizationLogic import USHarmonizationLogic
    from USHarmonizationPanel.parameters import USHarmonizationParameterNode

    section = sectionClass(USHarmonizationLogic())
    observers = slicer.util.VTKObservationMixin()

    def start(caller: Any = None, event: Any = None) -> None:
        section.sceneStartClose()
        section.setParameterNode(None)

    def end(caller: Any = None, event: Any = None) -> None:
        section.sceneEndClose()
        section.setParameterNode(USHarmonizationParameterNode(section.logic.getParameterNode()))

    end()
    scene = slicer.mrmlScene
    observers.addObserver(scene, scene.StartCloseEvent, start)
    observers.addObserver(scene, scene.EndCloseEvent, end)
    section.enter()
    yield section
    observers.removeObservers()
    section.exit()
    section.cleanup()
    section.widget.deleteLater()
    slicer.app.processEvents()


def shown(widget: Any) -> bool:
    """Whether a widget is shown as soon as what it lies in is."""
    return not widget.isHidden()
