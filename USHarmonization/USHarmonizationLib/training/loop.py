"""The training loop: steps, checkpoints, validation, logs, clean stops."""

from __future__ import annotations

import itertools
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from ..bundle import write_bundle
from ..errors import InputError
from ..harmonizers.base import Harmonizer
from ..harmonizers.network import NetworkHarmonizer
from ..networks import inference_settings
from ..networks.blocks import plain_weights
from ..variants.base import Batch, Variant
from . import checkpoint
from .checkpoint import Progress
from .data import Frames, Sampler
from .devices import Device, attach
from .report import Reporter, TrainingStopped
from .run_folder import RunFolder, Table
from .settings import TrainingSettings
from .validation import Figures, Validator

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Loop:
    """One process's part in a training; the first process also validates, logs and saves."""

    def __init__(
        self,
        fabric: Fabric,
        variant: Variant,
        settings: TrainingSettings,
        run: RunFolder,
        device: Device,
        reporter: Reporter,
    ) -> None:
        self._fabric, self._variant, self._settings, self._run = fabric, variant, settings, run
        self._first = fabric.is_global_zero
        self._reporter = reporter if self._first else Reporter()
        attach(variant, fabric, settings, device)
        self._progress, logged = Progress(), -1
        if run.last.is_file():
            self._progress = checkpoint.load(run.last, variant)
            logged = self._progress.step
            self._reporter.line(f"going on from step {logged}")
        self._saved = self._progress.step
        frames = Frames(run.frames)
        self._sampler = Sampler(frames, settings)
        self._planned: dict[int, Future[Batch]] = {}
        if self._first:
            self._losses = Table(run.path / "losses.csv", logged)
            self._figures = Table(run.path / "validation.csv", logged)
            self._board = _Board(run, self._progress.step, self._reporter)
            self._validator = Validator(frames, settings, run.previews, self._reporter)

    def run(self) -> Progress:
        """Train to the last step.

        Raises:
            InputError: a loss or a weight is no longer a number; the last checkpoint stays as it was.
            TrainingStopped: asked to stop; the state is saved.
        """
        settings = self._settings
        begun, spent = time.monotonic(), self._progress.seconds
        sums: dict[str, float] = {}
        with torch.random.fork_rng(), _stop_request() as stop_requested, ThreadPoolExecutor(1) as self._ahead:
            if self._progress.step == 0:
                self._calibrate()
            while True:
                step = self._progress.step
                due = step % settings.validate_every == 0 or step == settings.steps
                if due and self._progress.validated < step:
                    self._validate(stop_requested)
                    self._save()
                elif step % settings.checkpoint_every == 0 and step > self._saved:
                    self._save()
                stop = self._agreed(stop_requested())
                if stop:
                    self._save()
                    raise TrainingStopped(f"stopped after step {step} of {settings.steps}; go on with --resume", stop)
                if step >= settings.steps:
                    break
                losses = self._step(step)
                self._progress = replace(self._progress, step=step + 1, seconds=spent + time.monotonic() - begun)
                sums = {name: sums.get(name, 0.0) + value for name, value in losses.items()}
                if (step + 1) % settings.log_every == 0 or step + 1 == settings.steps:
                    count = (step % settings.log_every) + 1
                    self._log(step + 1, {name: value / count for name, value in sums.items()})
                    sums = {}
                self._reporter.progress("steps", step + 1, settings.steps)
        if self._first:
            self._board.close()
        return self._progress

    def _calibrate(self) -> None:
        """The same in every process of a training: the batches are those of rank 0, long after the last step."""
        torch.manual_seed(self._settings.seed)
        with torch.no_grad():
            device = self._fabric.device
            self._variant.calibrate(_moved(self._sampler.batch(2**40 + index), device) for index in itertools.count())

    def _step(self, step: int) -> dict[str, float]:
        settings, variant = self._settings, self._variant
        factor = variant.learning_rate_factor(step / settings.steps, settings.constant_share)
        for optimizer in variant.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor
        rank = self._fabric.global_rank
        seed = int(np.random.SeedSequence([settings.seed, step, rank]).generate_state(1, np.uint64)[0] >> 1)
        torch.manual_seed(seed)
        device = self._fabric.device
        batch = _moved(self._batch(step, rank), device)
        losses = variant.step(batch, torch.Generator(device=device).manual_seed(seed))
        values = torch.stack([loss.float() for loss in losses.values()]).tolist()
        for name, value in zip(losses, values, strict=True):
            if not math.isfinite(value):
                raise InputError(self._broken(f"loss {name} is {value} at step {step + 1}"))
        return dict(zip(losses, values, strict=True))

    def _batch(self, step: int, rank: int) -> Batch:
        """The batch of a step, cut while the step before was computed."""
        planned = self._planned.pop(step, None)
        batch = planned.result() if planned else self._sampler.batch(step, rank)
        if step + 1 < self._settings.steps:
            self._planned[step + 1] = self._ahead.submit(self._sampler.batch, step + 1, rank)
        return batch

    def _broken(self, what: str, advice: str = "lower learning rates or another seed may help") -> str:
        kept = f"the checkpoint of step {self._saved} is kept" if self._run.last.is_file() else "nothing was saved yet"
        return f"training stopped: {what}; {kept}; {advice}"

    def _agreed(self, stop: int) -> int:
        """The signal that any process got, 0 without: all have to stop after the same step."""
        if self._fabric.world_size == 1:
            return stop
        votes = self._fabric.all_reduce(torch.tensor(float(stop), device=self._fabric.device), reduce_op="max")
        return int(torch.as_tensor(votes).item())

    def _save(self) -> None:
        if self._first and self._progress.step > 0:
            for name, network in self._variant.networks.items():
                for key, value in network.state_dict().items():
                    if value.is_floating_point() and not bool(torch.isfinite(value).all()):
                        raise InputError(self._broken(f"{key} of network {name} is not finite"))
            self._write(self._run.last)
            step, every = self._progress.step, self._settings.keep_every
            if every and step % every == 0:
                self._write(self._run.kept(step))
        self._saved = self._progress.step
        self._fabric.barrier()

    def _write(self, path: Path) -> None:
        try:
            checkpoint.save(path, self._variant, self._progress)
        except (OSError, SafetensorError) as error:
            raise InputError(self._broken(f"{path} cannot be written ({error})", "free space, then --resume")) from None

    def _validate(self, stop_requested: Callable[[], int]) -> None:
        """Judge the generator (before the first step: the original images), and keep it when it is the best so far."""
        step = self._progress.step
        if self._first:
            harmonizer = self._candidate() if step else None
            figures = self._validator.judge(harmonizer, step, stop_requested)
            if figures is None:  # asked to stop in the middle: not validated
                self._fabric.barrier()
                return
            self._progress = replace(self._progress, validated=step)
            self._figures.add(step, figures.row())
            self._board.add(step, figures.row(), "validation")
            self._reporter.line(f"step {step}: {figures}")
            if step and self._better(figures):
                self._progress = replace(
                    self._progress, best_step=step, best_distance=figures.distance, best_content=figures.content
                )
                self._write(self._run.best)
        else:
            self._progress = replace(self._progress, validated=step)
        self._fabric.barrier()

    def _candidate(self) -> Harmonizer:
        """The generator as it would ship: what is judged is what a bundle would do."""
        network = self._variant.trained()["generator"]
        bundle = write_bundle(
            self._run.candidate,
            source="unknown",
            target="unknown",
            variant="candidate",
            networks={"generator": (inference_settings(network.settings), plain_weights(network.network))},
        )
        device = str(self._fabric.device)
        return NetworkHarmonizer(bundle, device if device == "mps" or device.startswith("cuda") else "cpu")

    def _better(self, figures: Figures) -> bool:
        """Lowest distance among those whose content agreement reaches the floor; without such, the best agreement."""
        floor, best = self._settings.content_floor, self._progress
        if best.best_step < 0:
            return True
        if (figures.content >= floor) != (best.best_content >= floor):
            return figures.content >= floor
        if figures.content >= floor:
            return figures.distance < best.best_distance
        return figures.content > best.best_content

    def _log(self, step: int, losses: Mapping[str, float]) -> None:
        if self._first:
            rates = {
                f"rate_{name}": float(optimizer.param_groups[0]["lr"])
                for name, optimizer in self._variant.optimizers.items()
            }
            row = {**losses, **rates, "seconds": self._progress.seconds}
            self._losses.add(step, row)
            self._board.add(step, row, "training")


def _moved(batch: Batch, device: torch.device) -> Batch:
    moved: dict[str, Tensor] = {item.name: getattr(batch, item.name).to(device) for item in fields(Batch)}
    return Batch(**moved)


@contextmanager
def _stop_request() -> Iterator[Callable[[], int]]:
    """The number of the signal (Ctrl-C, SIGTERM) that has come, else 0; a second one acts as usual.

    Outside the main thread nothing is caught.
    """
    came: list[int] = []
    before: dict[signal.Signals, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        before.clear()

    def handle(number: int, frame: Any) -> None:
        came.append(number)
        restore()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, handle)
    try:
        yield lambda: came[0] if came else 0
    finally:
        restore()


class _Board:
    """TensorBoard, where it is installed."""

    def __init__(self, run: RunFolder, step: int, reporter: Reporter) -> None:
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            reporter.line("tensorboard is not installed: losses only go to losses.csv (pip install tensorboard)")
            return
        self._writer = SummaryWriter(str(run.path / "tensorboard"), purge_step=step + 1)

    def add(self, step: int, values: Mapping[str, float], group: str) -> None:
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(f"{group}/{name}", value, step)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
