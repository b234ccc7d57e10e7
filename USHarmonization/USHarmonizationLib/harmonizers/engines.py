"""What runs a generator: OpenVINO on a CPU where it is installed, torch otherwise.

Measured on 512 x 512 pixels (``Testing/benchmarks/inference_engines.py``): OpenVINO in float32 takes a quarter (narrow
networks) to a half (width 64) of torch's time and less than compiled torch, and starts without loading torch.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..networks import architecture, build_generator

Weights = Mapping[str, NDArray[np.float32]]

# Compiled shapes that OpenVINO keeps; it keeps thousands by default, 1 MB each, while a cohort's frames have many
# sizes.
KEPT_SHAPES = 16


class Engine(Protocol):
    """Runs one network.

    Attributes:
        name: what it is, its version and number format, e.g. ``openvino 2026.4.1, cpu, float32``.
        device: ``cpu``, ``cuda`` or ``mps``.
    """

    name: str
    device: str

    def run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """(1, channels, rows, columns) -> the generated image."""
        ...


class OpenVinoEngine:
    """The network on the CPU, in float32 unless ``bf16``, which moves radiomics features (``network.BF16_LIMIT``)."""

    device = "cpu"

    def __init__(
        self, settings: Mapping[str, Any], weights: Weights, channels: int, threads: int = 0, bf16: bool = False
    ) -> None:
        import openvino

        from ..networks.openvino_graph import openvino_model

        version = openvino.get_version().split("-")[0]
        self.name = f"openvino {version}, cpu, {'bf16' if bf16 else 'float32'}"
        options = {
            # OpenVINO takes bf16 by itself where the processor has it.
            "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            # Pinned, the processes of a cohort would share the first cores and leave the others idle.
            "ENABLE_CPU_PINNING": False,
            "CPU_RUNTIME_CACHE_CAPACITY": KEPT_SHAPES,
        }
        model = openvino_model(settings, weights, channels)
        self._request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()

    def run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self._request.infer([image], share_inputs=True)[0]
        return result


class TorchEngine:
    """The network in torch, float32 throughout (no TF32), the same bits each time."""

    def __init__(
        self, settings: Mapping[str, Any], weights: Weights, device: str, threads: int = 0, why: str = ""
    ) -> None:
        import torch

        if threads and device == "cpu":
            torch.set_num_threads(threads)
        network = build_generator(settings)
        self._network = loaded(network, weights).eval().to(device)
        self.device = device.split(":")[0]
        self.name = f"torch {torch.__version__.split('+')[0]}, {device}, float32" + (f" ({why})" if why else "")

    def run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode(), torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False):
            device = next(self._network.parameters()).device
            result: NDArray[np.float32] = self._network(torch.from_numpy(image).to(device)).float().cpu().numpy()
        return result


def loaded(network: Any, weights: Weights) -> Any:
    """``network`` with these weights.

    Raises:
        UsageError: one is missing, has another shape, or does not belong to the network.
    """
    import torch

    own = network.state_dict()
    for name, value in own.items():
        if name not in weights:
            raise UsageError(f"weight {name} is missing; needed: one of shape {tuple(value.shape)}")
        if weights[name].shape != tuple(value.shape):
            raise UsageError(f"weight {name} has shape {weights[name].shape}; needed: {tuple(value.shape)}")
    for name in weights:
        if name not in own:
            raise UsageError(f"weight {name} does not belong to this network")
    network.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in weights.items()})
    return network


def open_engine(
    settings: Mapping[str, Any],
    weights: Weights,
    channels: int,
    device: str = "auto",
    threads: int | None = None,
    bf16: bool = False,
) -> Engine:
    """The fastest engine for this network on this device.

    Args:
        settings, weights: of the network, as a bundle holds them.
        channels: of the input image.
        device: ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        threads: on a CPU; None: OMP_NUM_THREADS where it is set, else what the engine thinks best.
        bf16: compute in bf16 on OpenVINO.

    Raises:
        UsageError: the device is not there, or settings and weights are no network.
    """
    known = architecture(settings)
    device = gpu() if device == "auto" else device
    if threads is None:
        threads = int(value) if (value := os.environ.get("OMP_NUM_THREADS", "")).isdigit() else 0
    if device != "cpu":
        return TorchEngine(settings, weights, _present(device), threads)
    if known.graph is None:
        return TorchEngine(settings, weights, "cpu", threads, why=f"{settings['name']} has no OpenVINO graph")
    if find_spec("openvino") is None:
        return TorchEngine(settings, weights, "cpu", threads, why="slower: openvino is not installed")
    return OpenVinoEngine(settings, weights, channels, threads, bf16)


def gpu() -> str:
    """``cuda`` where there is a usable NVIDIA GPU, else ``cpu``; torch is only loaded where a driver is installed."""
    if shutil.which("nvidia-smi") is None:
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def has_bf16() -> bool:
    """Whether this processor computes bf16 itself; others emulate it, 4 to 100 times as slow (known on Linux only)."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split())
    except OSError:
        return False
    return bool(flags & {"amx_bf16", "avx512_bf16"})


def _present(device: str) -> str:
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UsageError(f"device {device!r} is not there; needed: auto, cpu, or a GPU that torch finds") from None
    return device
