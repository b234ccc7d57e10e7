"""What ``apply`` costs a frame beside the harmonizer itself: reading, masking, checking, writing.

Bare: the harmonizer on prepared frames in memory, one after the other. Apply: the whole pipeline over PNG files, in one
process, where all else is to be hidden behind the network. Both in one run, interleaved (bare, apply, apply, bare,
...), so that other load on the machine falls on both; on a busy machine the ratio of core seconds says more than that
of seconds, since then nothing can be hidden. The time inside the harmonizer is told apart as well: what the other
stages slow it down by.

    python Testing/benchmarks/apply_overhead.py [--model BUNDLE|NAME] [--frames 8] [--rounds 4] [--size 512] \
        [--threads N]

Without --model an untrained network of the width and depth given is taken: the time does not depend on the weights.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from USHarmonizationLib import pipeline
from USHarmonizationLib.files import read_image
from USHarmonizationLib.harmonizers import load_harmonizer
from USHarmonizationLib.harmonizers.base import Harmonizer
from USHarmonizationLib.inputs import select_inputs
from USHarmonizationLib.pipeline import Recipe
from USHarmonizationLib.preparation import prepare_frame
from USHarmonizationLib.qa import QAResult
from USHarmonizationLib.scanners import catalogue
from USHarmonizationLib.sector import find_sector


def untrained(folder: Path, width: int, blocks: int) -> None:
    """Write a bundle with random weights."""
    import torch

    from USHarmonizationLib.bundle import write_bundle
    from USHarmonizationLib.networks import build_generator
    from USHarmonizationLib.networks.blocks import plain_weights

    torch.manual_seed(0)
    settings = {"name": "resnet", "width": width, "blocks": blocks}
    networks = {"generator": (settings, plain_weights(build_generator(settings)))}
    write_bundle(folder, source="ge-logiq-5", target="ge-logiq-7", variant="cyclegan", networks=networks)


def screens(folder: Path, frames: int, size: int) -> Path:
    """Speckle under a depth-dependent gain, in a frame of black with a line of text-like strokes."""
    folder.mkdir()
    for number in range(frames):
        random = np.random.default_rng(number)
        speckle = np.hypot(*random.normal(size=(2, size, size))) * np.linspace(1, 0.5, size)[:, None]
        screen = np.clip(40 + 60 * np.log1p(speckle), 0, 255).astype(np.uint8)
        screen[: size // 10], screen[:, : size // 10] = 0, 0
        screen[4:12, 20 : size // 2 : 7] = 255
        Image.fromarray(screen).save(folder / f"{number:03}.png")
    return folder


def timed(work: Callable[[], None], frames: int) -> tuple[float, float]:
    """Seconds a frame: on the clock, and of all cores together."""
    start = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - start[0]) / frames, (time.process_time() - start[1]) / frames


def measure(
    harmonizer: Harmonizer, folder: Path, frames: int, rounds: int, size: int, checked: bool
) -> dict[str, float]:
    study, out = screens(folder / "study", frames, size), folder / "out"
    tasks = select_inputs([study], out).inputs
    images = [read_image(task.path) for task in tasks]
    prepared = [prepare_frame(image, 0, find_sector(image)) for image in images]

    def bare() -> None:
        for frame in prepared:
            harmonizer.harmonize(frame.filled, frame.valid)

    def applied() -> None:
        recipe = Recipe(harmonizer, out, catalogue())
        assert all(row.status == "done" for row in pipeline.harmonize_inputs(tasks, recipe))
        shutil.rmtree(out)

    if not checked:
        pipeline.check_with = lambda *arguments: QAResult({})
    for work in (bare, applied):  # warm
        work()
    spent: list[float] = []
    network = harmonizer.harmonize

    def watched(frame: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        start = time.perf_counter()
        made = network(frame, valid)
        spent.append(time.perf_counter() - start)
        return made

    harmonizer.harmonize = watched  # type: ignore[method-assign]
    of_network: dict[str, list[float]] = {"bare": [], "apply": []}
    times: dict[str, list[tuple[float, float]]] = {"bare": [], "apply": []}
    for _ in range(rounds):
        for name in ("bare", "apply", "apply", "bare"):
            times[name].append(timed(bare if name == "bare" else applied, frames))
            of_network[name] += spent
            spent.clear()
    harmonizer.harmonize = network  # type: ignore[method-assign]
    shutil.rmtree(study)
    result: dict[str, float] = {}
    for place, kind in enumerate(("seconds", "core_seconds")):
        middle = {name: statistics.median(value[place] for value in values) for name, values in times.items()}
        result |= {f"{name}_{kind}": round(value, 4) for name, value in middle.items()}
        result[f"ratio_of_{kind}"] = round(middle["apply"] / middle["bare"], 3)
    middle = {name: statistics.median(values) for name, values in of_network.items()}
    result |= {f"{name}_network_seconds": round(value, 4) for name, value in middle.items()}
    result["ratio_of_network_seconds"] = round(middle["apply"] / middle["bare"], 3)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--threads", type=int, help="of the network; with one less than cores all else has a core")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = folder / "bundle"
        if not given.model:
            untrained(bundle, given.width, given.blocks)
        harmonizer = load_harmonizer(given.model or bundle, threads=given.threads)
        result: dict[str, object] = {
            "harmonizer": harmonizer.name,
            "settings": getattr(harmonizer, "settings", {}),
            "frames": given.frames,
            "size": given.size,
        }
        for what, checked in (("with_qa", True), ("without_qa", False)):
            result[what] = measure(harmonizer, folder, given.frames, given.rounds, given.size, checked)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
