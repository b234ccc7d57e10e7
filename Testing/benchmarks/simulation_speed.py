"""How fast frames are simulated: core seconds and seconds a frame, in this process and in several.

The aim is 200 frames of 512 x 512 a minute on 2 cores: 0.6 core seconds a frame. Scanners and probes of the catalogue
differ (looks, size of the field of view), so each is timed; phantom pairs and cohort frames come in the mix that
``usharmonize simulate`` makes.

    python Testing/benchmarks/simulation_speed.py [--frames 6] [--jobs 2] [--size 512]
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial

import numpy as np

from USHarmonizationLib.jobs import map_jobs
from USHarmonizationLib.simulation.cohort import CohortPlan, draw_patients
from USHarmonizationLib.simulation.patient import simulate_lesion
from USHarmonizationLib.simulation.phantom import simulate_frame, simulate_pair
from USHarmonizationLib.simulation.settings import Imaging, imaging, simulated

AIM = 0.6


def timed(how: Imaging, frames: int) -> dict[str, object]:
    """Core seconds a frame, the first one apart: it makes filters and tables that the others reuse."""
    start = time.process_time()
    simulate_frame(how, 0, 0)
    first = time.process_time()
    for index in range(1, frames + 1):
        simulate_frame(how, 0, index)
    rest = (time.process_time() - first) / frames
    named = {"what": "phantom frame", "scanner": how.scanner, "probe": how.probe_name}
    return {**named, "first_core_s": round(first - start, 3), "core_s": round(rest, 3)}


def pair(size: int, index: int) -> int:
    source, target = (imaging(name, "linear").with_matrix(size, size) for name in ("ge-voluson-e8", "hitachi-preirus"))
    simulate_pair(source, target, 0, index)
    return index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    rows = []
    for probe in ("linear", "convex", "endocavity"):
        for scanner in simulated():
            rows.append(timed(imaging(scanner, probe).with_matrix(options.size, options.size), options.frames))
            print(json.dumps(rows[-1]), flush=True)
    ways = tuple(imaging(scanner, "endocavity").with_matrix(options.size, options.size) for scanner in simulated())
    start = time.process_time()
    patients = draw_patients(CohortPlan(ways, patients=options.frames * 2))
    for number, patient in enumerate(patients):
        how = next(one for one in ways if one.scanner == patient.scanner)
        simulate_lesion(patient.lesion, how, np.random.default_rng(number))
    cohort = (time.process_time() - start) / len(patients)
    print(json.dumps({"what": "cohort frame", "core_s": round(cohort, 3)}), flush=True)

    count = 8 * options.frames
    begun = time.monotonic()
    for _ in map_jobs(partial(pair, options.size), range(count), options.jobs):
        pass
    seconds = time.monotonic() - begun
    made = {"what": "pairs, processes and their start included", "jobs": options.jobs, "frames": 2 * count}
    print(json.dumps({**made, "frames_a_minute": round(2 * count / seconds * 60)}), flush=True)
    slowest = max(*(float(str(row["core_s"])) for row in rows), cohort)
    print(json.dumps({"slowest_core_s": round(slowest, 3), "aim_core_s": AIM, "met": slowest <= AIM}), flush=True)


if __name__ == "__main__":
    main()
