"""Whole trainings of tiny networks: killed and resumed bit for bit, stopped cleanly, guarded, and worth it."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy.stats import wasserstein_distance

from USHarmonizationLib.bundle import read_bundle
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.harmonizers.network import NetworkHarmonizer
from USHarmonizationLib.training import checkpoint
from USHarmonizationLib.training.data import Frames
from USHarmonizationLib.training.report import Reporter, TrainingStopped
from USHarmonizationLib.training.run_folder import RunFolder
from USHarmonizationLib.training.trainer import TrainingResult, train
from USHarmonizationLib.variants.base import Batch
from USHarmonizationLib.variants.cyclegan import CycleGAN

from .conftest import SOURCE, TARGET

TINY: dict[str, Any] = {
    "steps": 9,
    "crop": 32,
    "width": 4,
    "blocks": 1,
    "discriminator_width": 4,
    "discriminator_layers": 1,
    "pool": 3,
    "validate_every": 4,
    "checkpoint_every": 2,
    "log_every": 1,
    "validation_images": 4,
    "content_floor": -1.0,
    "precision": "32",
}


class Recorder(Reporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


class SignalAt(Reporter):
    """Does what a signal does when a step is done: calls the handler that is installed for it.

    No real signal: in a process that has run many tests, libraries may have put their own handling below Python's.
    """

    def __init__(self, step: int, number: int) -> None:
        self._step, self._number = step, number

    def progress(self, stage: str, done: int, total: int) -> None:
        if stage == "steps" and done == self._step:
            handler = signal.getsignal(self._number)
            assert callable(handler)
            handler(self._number, None)


def run(folder: Path, out: Path, reporter: Reporter | None = None, **changes: Any) -> TrainingResult:
    arguments = {name: changes.pop(name) for name in ("resume", "variant", "source", "target") if name in changes}
    return train(
        folder / "cohort.csv",
        **{"source": SOURCE, "target": TARGET, "variant": "cyclegan-sn", **arguments},
        out=out,
        settings={**TINY, **changes},
        device="cpu",
        reporter=reporter,
    )


def column(path: Path, name: str) -> list[float]:
    with open(path, encoding="utf-8") as stream:
        return [float(row[name]) for row in csv.DictReader(stream)]


@pytest.fixture(scope="module")
def straight(cohort_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a training that nothing interrupted."""
    out = tmp_path_factory.mktemp("straight") / "bundle"
    run(cohort_folder, out)
    return out


def assert_same_end(first: Path, second: Path) -> None:
    for name in ("last", "best"):
        a, b = (load_file(f"{out}.training/{name}.safetensors") for out in (first, second))
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)
    assert read_bundle(first).version == read_bundle(second).version
    for table in ("losses", "validation"):
        a, b = (
            [line.rsplit(",", 1)[0] for line in Path(f"{out}.training/{table}.csv").read_text().splitlines()]
            for out in (first, second)
        )
        assert a == b


def test_what_a_finished_training_leaves(straight: Path) -> None:
    folder = straight.with_name("bundle.training")
    assert column(folder / "losses.csv", "step") == list(range(1, 10))
    assert column(folder / "validation.csv", "step") == [0, 4, 8, 9]
    assert sorted(path.name for path in (folder / "previews").iterdir()) == [
        f"step-{step:06d}.png" for step in (0, 4, 8, 9)
    ]
    bundle = read_bundle(straight)
    assert set(bundle.networks) == {"generator", "reverse"}
    assert (bundle.source, bundle.target, bundle.variant) == (SOURCE, TARGET, "cyclegan-sn")
    assert len(bundle.training_patients) == 12  # six of each scanner: neither validation nor test patients
    assert bundle.training["seed"] == 0
    steps, distances = (column(folder / "validation.csv", name) for name in ("step", "distance"))
    figures = dict(zip(steps, distances, strict=True))
    best = bundle.metrics["validation"]
    assert best["texture_distance"] == pytest.approx(min(figures[step] for step in (4, 8, 9)), rel=1e-5)
    assert figures[best["step"]] == pytest.approx(best["texture_distance"], rel=1e-5)


def test_killed_and_resumed_ends_bit_for_bit_the_same(cohort_folder: Path, straight: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    settings = [f"--set={name}={value}" for name, value in TINY.items()]
    command = [sys.executable, "-m", "USHarmonizationLib", "train", str(cohort_folder / "cohort.csv"), *settings]
    command += ["--source", SOURCE, "--target", TARGET, "--variant", "cyclegan-sn", "--out", str(out), "--device=cpu"]
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(command, env={**os.environ, **threads}, stderr=subprocess.DEVNULL)
    losses = Path(f"{out}.training/losses.csv")
    while process.poll() is None and not (losses.is_file() and len(losses.read_text().splitlines()) > 5):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()
    (Path(f"{out}.training") / ".partial-of-a-killed-process").touch()
    reporter = Recorder()
    run(cohort_folder, out, reporter, resume=True)
    assert any(line.startswith("going on from step ") for line in reporter.lines)
    assert_same_end(straight, out)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_cleanly_and_resume_goes_on(
    number: signal.Signals, cohort_folder: Path, straight: Path, tmp_path: Path
) -> None:
    handler = signal.getsignal(number)
    with pytest.raises(TrainingStopped, match="stopped after step 3 of 9; go on with --resume") as stopped:
        run(cohort_folder, tmp_path / "bundle", SignalAt(3, number))
    assert stopped.value.signal == number
    assert signal.getsignal(number) == handler
    assert column(tmp_path / "bundle.training" / "losses.csv", "step") == [1, 2, 3]
    run(cohort_folder, tmp_path / "bundle", resume=True)
    assert_same_end(straight, tmp_path / "bundle")


def test_a_loss_that_is_no_number_stops_with_its_name(
    cohort_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, calls = CycleGAN.step, []

    def spoiled(self: CycleGAN, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        calls.append(1)
        losses = step(self, batch, generator)
        return losses if len(calls) < 6 else {**losses, "cycle_source": torch.tensor(float("nan"))}

    monkeypatch.setattr(CycleGAN, "step", spoiled)
    line = "training stopped: loss cycle_source is nan at step 6; the checkpoint of step 4 is kept"
    with pytest.raises(InputError, match=line):
        run(cohort_folder, tmp_path / "bundle")
    last = load_file(tmp_path / "bundle.training" / "last.safetensors")
    assert all(torch.isfinite(value).all() for value in last.values())
    assert not (tmp_path / "bundle").exists()


def test_weights_that_are_no_numbers_are_not_saved(
    cohort_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = CycleGAN.step

    def spoiled(self: CycleGAN, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        losses = step(self, batch, generator)
        with torch.no_grad():
            next(self.networks["reverse"].parameters()).fill_(float("inf"))
        return losses

    monkeypatch.setattr(CycleGAN, "step", spoiled)
    with pytest.raises(InputError, match=r"step 1|of network reverse is not finite; nothing was saved yet"):
        run(cohort_folder, tmp_path / "bundle", checkpoint_every=1)
    assert not (tmp_path / "bundle.training" / "last.safetensors").exists()


def test_a_run_that_exists_is_not_overwritten(cohort_folder: Path, straight: Path) -> None:
    with pytest.raises(UsageError, match=r"bundle.training holds a training; add --resume"):
        run(cohort_folder, straight)


def test_two_processes_do_not_train_in_one_folder(cohort_folder: Path, straight: Path) -> None:
    with (
        RunFolder.of(straight).locked(),
        pytest.raises(UsageError, match=r"bundle.training: a training is running there; wait for it"),
    ):
        run(cohort_folder, straight, resume=True)


def test_a_full_disk_stops_with_one_line_and_resume_goes_on(
    cohort_folder: Path, straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(tensors: object, path: Path, metadata: object) -> None:
        if disk_is_full and losses.is_file() and len(column(losses, "step")) >= 4:
            raise OSError(28, "No space left on device")
        save_file(tensors, path, metadata)

    losses, disk_is_full = tmp_path / "bundle.training" / "losses.csv", True
    monkeypatch.setattr(checkpoint, "save_file", full)
    line = r"cannot be written .*No space left on device.*; the checkpoint of step 2 is kept; free space, then --resume"
    with pytest.raises(InputError, match=line):
        run(cohort_folder, tmp_path / "bundle")
    disk_is_full = False
    run(cohort_folder, tmp_path / "bundle", resume=True)
    assert_same_end(straight, tmp_path / "bundle")


def test_resume_takes_no_other_settings(cohort_folder: Path, straight: Path) -> None:
    with pytest.raises(UsageError, match="the training to resume has crop 32, not 64; name another --out"):
        run(cohort_folder, straight, resume=True, crop=64)
    with pytest.raises(UsageError, match="the training to resume has variant cyclegan-sn, not cyclegan"):
        run(cohort_folder, straight, resume=True, variant="cyclegan")


def test_resuming_a_finished_training_changes_nothing(cohort_folder: Path, straight: Path) -> None:
    before = read_bundle(straight)
    result = run(cohort_folder, straight, resume=True)
    assert read_bundle(straight) == before
    assert (result.bundle, result.steps) == (straight, 9)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"variant": "pix2pix"}, "unknown variant 'pix2pix'; known: cyclegan, "),
        ({"target": SOURCE}, "source and target are both"),
        ({"target": "toshiba-aplio-300"}, "no image of scanner toshiba-aplio-300"),
        ({"width": 0}, "setting width is 0"),
        ({"speed": 9}, "unknown setting speed; known: adversarial_weight, "),
        ({"minimum_images": 20}, "12 training images of the source scanner; needed: at least 20"),
    ],
)
def test_wrong_requests_start_nothing(changes: dict[str, Any], line: str, cohort_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=line):
        run(cohort_folder, tmp_path / "bundle", **changes)
    assert not (tmp_path / "bundle.training" / "run.json").exists()


def test_crops_that_are_too_small_for_the_variant_start_nothing(cohort_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="setting crop is 32; needed: at least 48 for the variant texture"):
        train(cohort_folder / "cohort.csv", SOURCE, TARGET, tmp_path / "bundle", "texture", {"crop": 32})
    assert not list(tmp_path.glob("bundle*"))


@pytest.mark.slow
def test_two_processes_train_together_and_fail_together(cohort_folder: Path, tmp_path: Path) -> None:
    def two(out: Path, **changes: Any) -> TrainingResult:
        settings = {**TINY, "steps": 4, **changes}
        return train(cohort_folder / "cohort.csv", SOURCE, TARGET, out, "cyclegan-sn", settings, device="cpu:2")

    assert two(tmp_path / "good").steps == 4
    assert column(tmp_path / "good.training" / "losses.csv", "step") == [1, 2, 3, 4]
    with pytest.raises(InputError, match=r"^training stopped: loss adversarial_\w+ is (inf|nan) at step [12]; nothing"):
        two(tmp_path / "bad", adversarial_weight=1e38)


def test_a_short_training_moves_the_source_towards_the_target(cohort_folder: Path, tmp_path: Path) -> None:
    settings = {"steps": 100, "batch": 2, "width": 8, "discriminator_width": 16, "discriminator_layers": 2}
    settings |= {"upsampling": "nearest", "validate_every": 100, "checkpoint_every": 100}
    out = tmp_path / "bundle"
    run(cohort_folder, out, variant="cyclegan", **settings)
    harmonizer = NetworkHarmonizer(read_bundle(out), "cpu")
    frames = Frames(out.with_name("bundle.training") / "frames")
    source, generated, target = [], [], []
    for item in frames.items:
        frame, valid, _ = frames.frame(item)
        if item.split == "validation" and item.domain == "target":
            target.append(frame.ravel())
        elif item.split == "validation":
            source.append(frame.ravel())
            generated.append(harmonizer.harmonize(frame, valid).ravel())
    before, after = (
        wasserstein_distance(np.concatenate(values), np.concatenate(target)) for values in (source, generated)
    )
    assert before > 0.15
    assert after < 0.5 * before
