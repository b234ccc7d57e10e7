"""How long features take, beside pyradiomics called in a bare loop; values are compared on the way: equal to the bit,
and of the numpy engine that stands in for pyradiomics to 1e-9.

Speckle images of 512 x 512 with a round lesion of 60 to 200 px, 474 features, one process. All in one run, interleaved
(bare, ours, numpy, numpy, ours, bare, ...), so that other load on the machine falls on all; the ratio of core seconds
says more than that of seconds where the machine is busy.

    python Testing/benchmarks/extraction_speed.py [--rounds 5] [--parallel CASES] [--command-line]

--parallel: seconds of ``uslnm extract`` over that many images in one process and in two, from files to table.
--command-line: also starts pyradiomics' own command line for single cases, as SlicerRadiomics starts its.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from USHarmonizationLib.scanners import catalogue
from USRadiomicsLNMLib.extraction.engine import find_engine, parameter_file
from USRadiomicsLNMLib.extraction.job import Recipe
from USRadiomicsLNMLib.extraction.run import extract, select_jobs

SIZE = 512
DIAMETERS = (60, 130, 200)


def speckle(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.clip(np.round(gaussian_filter(random.rayleigh(size=(SIZE, SIZE)), 1.2) * 90), 0, 255)


def disc(diameter: int) -> np.ndarray:
    rows, columns = np.ogrid[:SIZE, :SIZE]
    return (rows - 250) ** 2 + (columns - 260) ** 2 < (diameter / 2) ** 2


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the core."""
    start = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def beside_bare(rounds: int) -> dict[str, object]:
    import SimpleITK
    from radiomics import featureextractor, setVerbosity

    engine, stand_in, file = find_engine("pyradiomics"), find_engine("numpy"), parameter_file(None)
    parameters = engine.parameters(file)
    bare_extractor = featureextractor.RadiomicsFeatureExtractor(str(file))
    setVerbosity(60)
    result: dict[str, object] = {}
    for diameter in DIAMETERS:
        frame, mask = speckle(diameter), disc(diameter)

        def bare(frame: np.ndarray = frame, mask: np.ndarray = mask) -> dict[str, float]:
            image = SimpleITK.GetImageFromArray(frame[None])
            with np.errstate(all="ignore"):
                found = bare_extractor.execute(image, SimpleITK.GetImageFromArray(mask[None].astype(np.uint8)))
            return {name: float(value) for name, value in found.items() if not name.startswith("diagnostics")}

        def ours(frame: np.ndarray = frame, mask: np.ndarray = mask) -> dict[str, float]:
            return dict(engine.extract(frame, mask, parameters).values)

        def own(frame: np.ndarray = frame, mask: np.ndarray = mask) -> dict[str, float]:
            return dict(stand_in.extract(frame, mask, parameters).values)

        assert ours() == bare(), "values differ"
        assert np.allclose(list(own().values()), list(bare().values()), rtol=1e-9, atol=0), "the numpy engine differs"
        engines: dict[str, Callable[[], object]] = {"bare": bare, "ours": ours, "numpy": own}
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
        for _ in range(rounds):
            for name in (*engines, *reversed(engines)):
                times[name].append(timed(engines[name]))
        figures: dict[str, float] = {}
        for place, kind in enumerate(("seconds", "core_seconds")):
            middle = {name: statistics.median(value[place] for value in values) for name, values in times.items()}
            figures |= {f"{name}_{kind}": round(value, 4) for name, value in middle.items()}
            figures[f"ratio_of_{kind}"] = round(middle["ours"] / middle["bare"], 3)
            figures[f"numpy_ratio_of_{kind}"] = round(middle["numpy"] / middle["bare"], 3)
        result[f"{diameter} px"] = figures
    return result


def _files(folder: Path, count: int) -> Path:
    lines = ["image,mask"]
    for number in range(count):
        Image.fromarray(speckle(number).astype(np.uint8)).save(folder / f"image{number}.png")
        lines.append(f"image{number}.png,mask{number % len(DIAMETERS)}.png")
    for number, diameter in enumerate(DIAMETERS):
        Image.fromarray(disc(diameter).astype(np.uint8)).save(folder / f"mask{number}.png")
    cohort = folder / "cohort.csv"
    cohort.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return cohort


def parallel(folder: Path, count: int) -> dict[str, float]:
    cohort, engine = _files(folder, count), find_engine()
    recipe = Recipe(engine, engine.parameters(parameter_file(None)), catalogue())
    tasks, seconds = select_jobs(cohort, recipe), {}
    extract(tasks[:1], folder / "warm.csv", recipe, 1)
    cores = {}
    for jobs in (1, 2):
        before = sum(os.times()[:4])
        seconds[jobs] = timed(lambda jobs=jobs: extract(tasks, folder / f"features{jobs}.csv", recipe, jobs))[0]
        cores[jobs] = sum(os.times()[:4]) - before
    return {
        "one_process_seconds": round(seconds[1], 2),
        "two_processes_seconds": round(seconds[2], 2),
        "efficiency": round(seconds[1] / 2 / seconds[2], 3),
        # What the efficiency would be on two free cores.
        "efficiency_of_core_seconds": round(cores[1] / cores[2], 3),
    }


def command_line(folder: Path) -> dict[str, float]:
    """A case as a program that is started for it, beside a case of ours."""
    import SimpleITK

    cohort, engine = _files(folder, 3), find_engine()
    code = "from radiomics.scripts import parse_args; parse_args()"
    seconds = []
    for number, diameter in enumerate(DIAMETERS):
        files = [folder / f"image{number}.nrrd", folder / f"mask{number}.nrrd"]
        for file, values in zip(
            files, (speckle(number).astype(np.float32), disc(diameter).astype(np.uint8)), strict=True
        ):
            SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values[None]), str(file))
        options = ["--param", str(parameter_file(None)), "--out", str(folder / f"{number}.txt")]
        command = [sys.executable, "-c", code, *map(str, files), *options]
        seconds.append(timed(lambda command=command: subprocess.run(command, capture_output=True, check=True))[0])
        assert "original_glcm_Contrast" in (folder / f"{number}.txt").read_text(encoding="utf-8")
    recipe = Recipe(engine, engine.parameters(parameter_file(None)), catalogue())
    tasks = select_jobs(cohort, recipe)
    extract(tasks, folder / "warm.csv", recipe, 1)
    ours = timed(lambda: extract(tasks, folder / "features.csv", recipe, 1))[0] / len(tasks)
    started = statistics.median(seconds)
    return {"started_seconds": round(started, 2), "ours_seconds": round(ours, 4), "times": round(started / ours, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parallel", type=int, metavar="CASES", default=0)
    parser.add_argument("--command-line", action="store_true")
    given = parser.parse_args()
    result: dict[str, object] = {"engine": find_engine().name, "beside_bare": beside_bare(given.rounds)}
    with tempfile.TemporaryDirectory() as name:
        if given.parallel:
            result["parallel"] = parallel(Path(name), given.parallel)
        if given.command_line:
            result["command_line"] = command_line(Path(name))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
