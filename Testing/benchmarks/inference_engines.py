"""Which engine runs a generator fastest on this CPU in float32, and what our harmonizer adds to it.

Interleaved (a b c, c b a, ...) in one run, so that other load on the machine falls on all alike; on a busy machine the
ratios of core seconds say more than those of seconds. Engines: torch in inference mode, compiled torch (with
--compile), ONNX Runtime and OpenVINO on torch's own ONNX export (both where installed), ours (``harmonizers.engines``),
and the whole ``NetworkHarmonizer.harmonize`` around it. Then the time from nothing to the first frame, each in a
process of its own.

    python Testing/benchmarks/inference_engines.py [--size 512] [--threads 2] [--rounds 5] [--compile]
        [--networks texture 32x6 64x9]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from USHarmonizationLib.bundle import Bundle, write_bundle
from USHarmonizationLib.harmonizers.engines import open_engine
from USHarmonizationLib.harmonizers.network import NetworkHarmonizer
from USHarmonizationLib.networks import build_generator
from USHarmonizationLib.networks.blocks import plain_weights
from USHarmonizationLib.onnx_export import export_onnx

Run = Callable[[], Any]

START = """
import time
start = time.perf_counter()
import sys
import numpy as np
from pathlib import Path
from USHarmonizationLib.bundle import read_bundle
from USHarmonizationLib.harmonizers import engines
if sys.argv[2] == "torch":
    engines.find_spec = lambda name: None
from USHarmonizationLib.harmonizers.network import NetworkHarmonizer
harmonizer = NetworkHarmonizer(read_bundle(Path(sys.argv[1])), device="cpu", threads=int(sys.argv[3]))
ready = time.perf_counter()
size = int(sys.argv[4])
harmonizer.harmonize(np.full((size, size), 0.5, np.float32), np.ones((size, size), bool))
print(f"{harmonizer.engine}: ready after {ready - start:.2f} s, first frame after {time.perf_counter() - start:.2f} s")
"""


def candidates(
    bundle: Bundle, network: Any, image: NDArray[np.float32], threads: int, compiled: bool
) -> dict[str, Run]:
    """Name -> one run on ``image``, (1, 1, size, size)."""
    tensor = torch.from_numpy(image)

    def in_torch(module: Any) -> Run:
        def run() -> Any:
            with torch.inference_mode():
                return module(tensor).numpy()

        return run

    runs: dict[str, Run] = {"torch": in_torch(network)}
    if compiled:
        runs["torch compiled"] = in_torch(torch.compile(network))
    file = bundle.folder / "exported.onnx"
    export_onnx(bundle, file)
    try:
        import onnxruntime
    except ImportError:
        pass
    else:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        runs["onnxruntime"] = lambda: session.run(None, {"image": image})[0]
    try:
        import openvino
    except ImportError:
        pass
    else:
        core = openvino.Core()
        model = core.read_model(file)
        model.reshape(list(image.shape))
        hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
        request = core.compile_model(model, "CPU", hints).create_infer_request()
        runs["openvino, from ONNX"] = lambda: request.infer([image])[0]
    settings = bundle.networks["generator"].settings
    engine = open_engine(settings, bundle.weights(), 1, "cpu", threads)
    runs[f"ours: {engine.name}"] = lambda: engine.run(image)
    harmonizer = NetworkHarmonizer(bundle, device="cpu", threads=threads)
    frame = (image[0, 0] + 1) / 2
    runs["ours: harmonize"] = lambda: 2 * harmonizer.harmonize(frame, np.ones(frame.shape, bool))[None, None] - 1
    return runs


def measure(runs: dict[str, Run], rounds: int) -> None:
    expected = runs["torch"]().clip(-1, 1)
    differences = {name: float(np.abs(run().clip(-1, 1) - expected).max()) for name, run in runs.items()}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    core_seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds):
        for name in list(runs) if turn % 2 else reversed(runs):
            start, core_start = time.perf_counter(), time.process_time()
            runs[name]()
            seconds[name].append(time.perf_counter() - start)
            core_seconds[name].append(time.process_time() - core_start)
    fastest = min(statistics.median(values) for values in core_seconds.values())
    print(f"{'engine':42} {'ms':>8} {'core ms':>8} {'ratio':>6} {'largest difference to torch'}")
    for name in runs:
        wall, core = statistics.median(seconds[name]), statistics.median(core_seconds[name])
        print(f"{name:42} {wall * 1e3:8.0f} {core * 1e3:8.0f} {core / fastest:6.2f} {differences[name]:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--networks", nargs="+", default=["texture", "32x6", "64x9"], metavar="texture|WIDTHxBLOCKS")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    shape = (1, 1, options.size, options.size)
    image = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    for text in options.networks:
        settings: dict[str, Any] = {"name": "texture"}
        if text != "texture":
            width, blocks = map(int, text.split("x"))
            settings = {"name": "resnet", "width": width, "blocks": blocks}
        torch.manual_seed(0)
        network = build_generator(settings).eval().requires_grad_(False)
        with tempfile.TemporaryDirectory() as folder:
            networks = {"generator": (settings, plain_weights(network))}
            bundle = write_bundle(Path(folder) / "b", source="a", target="b", variant="cyclegan", networks=networks)
            print(f"\n{settings}, {options.size} x {options.size} pixels, {options.threads} threads")
            measure(candidates(bundle, network, image, options.threads, options.compile), options.rounds)
            for engine in ("openvino", "torch"):
                arguments = [str(bundle.folder), engine, str(options.threads), str(options.size)]
                subprocess.run([sys.executable, "-c", START, *arguments], check=True)


if __name__ == "__main__":
    main()
