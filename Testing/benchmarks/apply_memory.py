"""Memory of ``apply`` over many frames: it is to be flat.

One small PNG is harmonized many times by an untrained network of the default engine; the resident memory of the process
is read from the system on the way. Linux only.

    python Testing/benchmarks/apply_memory.py [--frames 1000] [--size 128] [--model BUNDLE|NAME]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from apply_overhead import screens, untrained

from USHarmonizationLib.harmonizers import load_harmonizer
from USHarmonizationLib.inputs import select_inputs
from USHarmonizationLib.pipeline import Recipe, harmonize_inputs
from USHarmonizationLib.scanners import catalogue


def resident_mib() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not say how much memory is in use")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--model")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not given.model:
            untrained(folder / "bundle", width=8, blocks=2)
        harmonizer = load_harmonizer(given.model or folder / "bundle")
        (first,) = select_inputs([screens(folder / "study", 1, given.size)], folder / "out").inputs
        tasks = (replace(first, relative=f"{number}.png") for number in range(given.frames))
        marks = [given.frames * part // 10 for part in (1, 2, 5, 10)]
        memory = {}
        for number, row in enumerate(harmonize_inputs(tasks, Recipe(harmonizer, folder / "out", catalogue())), start=1):
            assert row.status == "done", row.reason
            if number in marks:
                memory[f"after_{number}"] = round(resident_mib(), 1)
    print(json.dumps({"engine": getattr(harmonizer, "engine", ""), "resident_mib": memory}, indent=2))


if __name__ == "__main__":
    main()
