"""Which device a training runs on, in which precision, and whether compiling pays: through Lightning Fabric."""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import shutil
import signal
import sysconfig
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..errors import InputError, UsageError
from .report import TrainingStopped
from .settings import TrainingSettings

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from ..variants.base import Variant

# Compiling takes about a minute on two cores; a step gains some tenths of a second there.
STEPS_WORTH_COMPILING = 1000


@dataclass(frozen=True)
class Device:
    """Where to run: ``accelerator`` (cpu, cuda, mps) and a number of processes, or which GPUs."""

    accelerator: str
    devices: int | tuple[int, ...]

    @property
    def count(self) -> int:
        return self.devices if isinstance(self.devices, int) else len(self.devices)


def parse_device(text: str) -> Device:
    """``auto`` (a GPU if there is one, else CPU), ``cpu``, ``cpu:2`` (two processes), ``cuda``, ``cuda:0,1``, ``mps``.

    Raises:
        UsageError: the text is none of these, or the device is not there.
    """
    if text == "auto":
        return Device("cuda", (0,)) if torch.cuda.is_available() else Device("cpu", 1)
    match = re.fullmatch(r"(cpu|mps)|cpu:([1-9][0-9]*)|cuda(?::([0-9]+(?:,[0-9]+)*))?", text)
    if match is None:
        raise UsageError(f"device {text!r}; needed: auto, cpu, cpu:2 (two processes), cuda, cuda:0,1 or mps")
    if text.startswith("cpu"):
        return Device("cpu", int(match[2] or 1))
    if text == "mps":
        if not torch.backends.mps.is_available():
            raise UsageError("device mps is not there; use --device cpu")
        return Device("mps", 1)
    count = torch.cuda.device_count()
    wanted = tuple(int(number) for number in (match[3] or "0").split(","))
    if not count or max(wanted) >= count:
        raise UsageError(f"device {text}: torch finds {count} CUDA devices; use --device cpu or auto")
    return Device("cuda", wanted)


def uses_bf16(settings: TrainingSettings, device: Device) -> bool:
    """Whether to compute in bf16: asked for, or ``auto`` on hardware that has it (elsewhere it is far slower)."""
    if settings.precision != "auto":
        return settings.precision == "bf16"
    if device.accelerator == "cuda":
        return bool(torch.cuda.get_device_capability()[0] >= 8)
    if device.accelerator == "cpu":
        able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        return bool(able.get("amx_bf16") or able.get("avx512_bf16"))
    return False


def uses_compile(settings: TrainingSettings, device: Device) -> bool:
    """Whether to compile: asked for, or ``auto`` with steps enough to pay and a compiler that is there.

    Raises:
        UsageError: asked for, and there is no compiler.
    """
    if settings.compile == "off" or (settings.compile == "auto" and settings.steps < STEPS_WORTH_COMPILING):
        return False
    missing = _missing_for_compile(device)
    if missing and settings.compile == "on":
        raise UsageError(f"setting compile is on, but {missing}; use compile=off")
    return not missing


def _missing_for_compile(device: Device) -> str:
    if device.accelerator == "cuda":
        return "" if _importable("triton") else "triton is not installed"
    if device.accelerator != "cpu":
        return f"compiling for {device.accelerator} is not supported"
    if not any(shutil.which(compiler) for compiler in ("g++", "clang++", "cl")):
        return "there is no C++ compiler"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return "the Python headers (python3-dev) are not installed"
    return ""


def _importable(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def make_fabric(settings: TrainingSettings, device: Device) -> Fabric:
    """Lightning Fabric for this device, in one process or several.

    Raises:
        UsageError: it is not installed.
    """
    try:
        from lightning_fabric import Fabric
    except ImportError:
        raise UsageError("training needs Lightning Fabric: pip install lightning-fabric") from None

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    return Fabric(
        accelerator=device.accelerator,
        devices=device.devices if isinstance(device.devices, int) else list(device.devices),
        strategy="ddp_spawn" if device.count > 1 else "auto",
        precision="bf16-mixed" if uses_bf16(settings, device) else "32-true",
    )


def launch(fabric: Fabric, device: Device, run: Callable[[Fabric], None]) -> None:
    """Call ``run`` in this process, or in one process for each device.

    Raises:
        TrainingStopped, InputError: as ``run`` raises them, wherever it does.
    """
    if device.count == 1:
        run(fabric)
        return
    from torch.multiprocessing.spawn import ProcessRaisedException

    def pass_on(number: int, frame: Any) -> None:
        for child in multiprocessing.active_children():
            if child.pid is not None:
                os.kill(child.pid, number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        # Ctrl-C reaches all processes of a terminal by itself, SIGTERM only this one.
        before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda number, frame: None)
        before[signal.SIGTERM] = signal.signal(signal.SIGTERM, pass_on)
    try:
        stopped = fabric.launch(partial(_stopped_or_none, run=run))
    except ProcessRaisedException as error:
        last = str(error).rstrip().splitlines()[-1]
        kind, _, line = last.partition(": ")
        raise (InputError(line) if kind.endswith("Error") and "errors" in kind else error) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stopped is not None:
        raise stopped


def _stopped_or_none(fabric: Fabric, run: Callable[[Fabric], None]) -> TrainingStopped | None:
    """All processes stop after the same step: no reason to kill them, as an error would."""
    try:
        run(fabric)
    except TrainingStopped as stopped:
        return stopped
    return None


def attach(variant: Variant, fabric: Fabric, settings: TrainingSettings, device: Device) -> None:
    """Move a variant's networks to the device and fill its ``run``; its parameters stay the same objects."""
    compiled = uses_compile(settings, device)
    channels_last = device.accelerator == "cuda" or (uses_bf16(settings, device) and device.accelerator == "cpu")
    if compiled:
        from torch import _dynamo

        # Networks are called with one and with two images, with and without gradients of their own.
        _dynamo.config.recompile_limit = max(64, _dynamo.config.recompile_limit)
    for name, network in variant.networks.items():
        fabric.to_device(network)
        if channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        module: Any = torch.compile(network, dynamic=False) if compiled else network
        if any(parameter.requires_grad for parameter in network.parameters()):
            variant.run[name] = fabric.setup_module(module, move_to_device=False)
        else:
            variant.run[name] = _Autocast(module, fabric)
    for optimizer in variant.optimizers.values():
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
    variant.backward = fabric.backward


class _Autocast:
    """A network without gradients of its own (an average of weights), called in the training's precision."""

    def __init__(self, network: Any, fabric: Fabric) -> None:
        self._network, self._fabric = network, fabric

    def __call__(self, *arguments: torch.Tensor) -> torch.Tensor:
        with self._fabric.autocast():
            result: torch.Tensor = self._network(*arguments)
        return result.float()
