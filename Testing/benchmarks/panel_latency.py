"""How long the panel of USHarmonization holds up the application: ``python Testing/benchmarks/panel_latency.py``.

Runs on the stand-in for Slicer, with a cine of real size; prints milliseconds, the least of several runs. The aim is
100 ms for everything a person does while working; building the panel happens once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FRAMES, ROWS, COLUMNS = 1, 768, 1024
RUNS = 5


def milliseconds(action: Callable[[], object], runs: int = RUNS) -> float:
    """The least time that an action takes."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - start))
    return min(times)


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path[:0] = [str(ROOT / name) for name in ("USHarmonization", "USRadiomicsLNM", "Testing")]
    import slicer_standin

    slicer_standin.start()
    import slicer
    from panel_driving import ENDLESS, addVolume, passEvents, process

    from USHarmonizationLogic.harmonize import HarmonizeJob, HarmonizeResult
    from USHarmonizationPanel.polling import Poller

    module = slicer_standin.load_module(ROOT / "USHarmonization" / "USHarmonization.py")
    figures = {"build the panel (once)": milliseconds(module.createNewWidgetRepresentation, 1)}
    holder = module.widgetRepresentation()
    widget, section = holder.self(), holder.self().sections[0]
    figures["enter the module"] = milliseconds(holder.enter)
    pixels = np.random.default_rng(0).integers(0, 255, (FRAMES, ROWS, COLUMNS, 3), dtype=np.uint8)
    volumes = [addVolume(pixels, f"Image {number}") for number in range(2)]
    widget.logic.setScanner(volumes[0], "ge-logiq-5")
    passEvents()

    def choose() -> None:
        for volume in volumes:
            section.ui.inputSelector.setCurrentNode(volume)

    figures["choose two images"] = milliseconds(choose)
    section.ui.inputSelector.setCurrentNode(volumes[0])
    job = process(ENDLESS).start()
    poller = Poller(job, section._onProgress)
    passEvents(lambda: job.progress, 20)
    figures["look at a running job"] = milliseconds(poller.poll)
    figures["cancel it"] = milliseconds(poller.cancel, 1)
    passEvents(lambda: job.state != "running", 20)
    section.result = HarmonizeResult(volumes[1], "Checks passed.", "good")
    made = HarmonizeJob(volumes[0], None, "model", "ge-logiq-7", "GE LOGIQ 7", Path())
    section._showResult(made)
    passEvents()
    figures["show a result again"] = milliseconds(lambda: section._showResult(made))
    figures["make and show the difference"] = milliseconds(section.ui.differenceButton.click)
    from USHarmonizationLogic.outputs import createOutput

    figures["make the node of a result"] = milliseconds(lambda: createOutput(volumes[0], 255 - pixels, "Result"))
    figures["close the scene"] = milliseconds(lambda: slicer.mrmlScene.Clear(0), 1)
    for what, figure in figures.items():
        print(f"{what:32s} {figure:8.1f} ms")
    widget.cleanup()


if __name__ == "__main__":
    main()
