"""Train a harmonizer: from a cohort and two scanner ids to a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..bundle import write_bundle
from ..cohort import read_cohort
from ..domain import DomainDescription
from ..errors import HarmonizationError, InputError, UsageError
from ..networks import inference_settings
from ..networks.blocks import plain_weights
from ..variants import DEFAULT_VARIANT, Entry
from ..variants import variant as find_variant
from . import checkpoint
from .data import DOMAINS, Frames, Sampler, Selected, is_prepared, prepare, select
from .devices import Device, launch, make_fabric, parse_device, uses_compile
from .loop import Loop
from .report import Reporter
from .run_folder import RunFolder, check_same_run
from .settings import Settings, TrainingSettings
from .validation import Validator

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from ..variants.base import Variant


@dataclass(frozen=True)
class TrainingResult:
    """What a finished training gives: where its bundle lies, and the figures of the checkpoint that is in it."""

    bundle: Path
    steps: int
    best_step: int
    distance: float
    content: float
    seconds: float


@dataclass(frozen=True)
class Job:
    """A training with everything settled, as each of its processes gets it."""

    run: RunFolder
    bundle: Path
    source: str
    target: str
    variant: str
    settings: TrainingSettings
    variant_settings: Settings
    device: Device

    def description(self) -> dict[str, Any]:
        """What a resumed training must agree with, and a bundle keeps."""
        return {
            "variant": self.variant,
            "source": self.source,
            "target": self.target,
            "settings": {**self.settings.to_json(), **self.variant_settings.to_json()},
        }

    def build(self) -> Variant:
        """The variant with the initial weights that the seed gives, on the CPU."""
        with torch.random.fork_rng():
            torch.manual_seed(self.settings.seed)
            return find_variant(self.variant).load()(self.variant_settings)


def train(
    cohort: Path,
    source: str,
    target: str,
    out: Path,
    variant: str = DEFAULT_VARIANT,
    settings: Mapping[str, Any] | None = None,
    resume: bool = False,
    device: str = "auto",
    reporter: Reporter | None = None,
) -> TrainingResult:
    """Train a harmonizer from ``source`` to ``target`` and write its bundle.

    Everything but the bundle goes to the folder ``<out>.training``. A training that was stopped or killed goes on with
    ``resume``; on a CPU it ends bit for bit where it would have ended.

    Args:
        cohort: the cohort table.
        source, target: scanner ids.
        out: the bundle to write.
        variant: a name in ``variants.VARIANTS``.
        settings: values that differ from the defaults, of the training and of the variant alike.
        resume: go on with the training that ``out`` has begun; begin it when there is none.
        device: see ``devices.parse_device``.
        reporter: hears progress.

    Raises:
        UsageError: unknown names, bad settings, too few images, a training of this name exists; nothing was started.
        InputError: a loss is no longer a number, or the disk is full; the last checkpoint is kept.
        TrainingStopped: Ctrl-C or SIGTERM came; the state is saved.
    """
    reporter = reporter or Reporter()
    entry = find_variant(variant)
    job = _job(source, target, out, entry, variant, dict(settings or {}), resume, parse_device(device))
    rows = read_cohort(cohort)
    selected, remarks = select(rows, source, target, job.settings.balance, cohort.parent)
    for remark in remarks:
        reporter.line(remark)
    uses_compile(job.settings, job.device)  # Asked for where it cannot be: a fault to name before anything is started.
    with job.run.locked():
        frames = _prepared(job, selected, reporter)
        launch(make_fabric(job.settings, job.device), job.device, partial(_run, job=job, reporter=reporter))
        return _finish(job, frames, reporter)


def _prepared(job: Job, selected: Sequence[Selected], reporter: Reporter) -> Frames:
    """The frames of the training, checked to be enough; from here on the run folder stands for a training."""
    if job.run.last.is_file() and not is_prepared(selected, job.run.frames):
        reporter.line("the cohort's images have changed since this training began: it goes on with those of now")
    left_out: list[str] = []
    try:
        frames = prepare(
            selected, job.run.frames, lambda done, total: reporter.progress("images", done, total), left_out.append
        )
    except OSError as error:
        raise InputError(f"{job.run.frames} cannot be written ({error.strerror}); free space, start again") from None
    if left_out:
        job.run.remarks.write_text("\n".join(left_out) + "\n", encoding="utf-8")
        reporter.line(f"{len(left_out)} images are left out, the first: {left_out[0]} (all: {job.run.remarks})")
    Sampler(frames, job.settings)
    Validator(frames, job.settings, job.run.previews, reporter)
    job.run.write(job.description())
    return frames


def _job(
    source: str, target: str, out: Path, entry: Entry, name: str, values: dict[str, Any], resume: bool, device: Device
) -> Job:
    run = RunFolder.of(out)
    if run.exists and not resume:
        raise UsageError(f"{run.path} holds a training; add --resume to go on with it, or name another --out")
    if out.exists() and not resume:
        raise UsageError(f"{out} exists; name another --out")
    if run.exists:
        stored = run.read()
        check_same_run(stored, {"variant": name, "source": source, "target": target}, values)
        values = {**stored["settings"], **values}
    common = {item.name for item in fields(TrainingSettings)}
    own = {item.name for item in fields(entry.load().settings_class)}
    unknown = sorted(set(values) - common - own)
    if unknown:
        raise UsageError(f"unknown setting {unknown[0]}; known: {', '.join(sorted(common | own))}")
    settings = TrainingSettings.from_json({key: value for key, value in values.items() if key in common})
    if settings.crop < (least := entry.load().least_crop):
        raise UsageError(f"setting crop is {settings.crop}; needed: at least {least} for the variant {name}")
    return Job(
        run=run,
        bundle=out,
        source=source,
        target=target,
        variant=name,
        settings=settings,
        variant_settings=entry.settings({key: value for key, value in values.items() if key in own}),
        device=device,
    )


def _run(fabric: Fabric, job: Job, reporter: Reporter) -> None:
    """What each process does."""
    Loop(fabric, job.build(), job.settings, job.run, job.device, reporter).run()


def describe_domains(frames: Frames, reporter: Reporter) -> dict[str, Any]:
    """What the training frames of both scanners look like, for the checks of each harmonized frame.

    A scanner whose training frames are too few to be described is left out, with a line that says so.
    """
    domains = {}
    for name in DOMAINS:
        items = [item for item in frames.items if item.domain == name and item.split == "train"]
        try:
            description = DomainDescription.fit(
                (frames.frame(item)[:2] for item in items), [item.patient for item in items]
            )
        except HarmonizationError as error:
            reporter.line(f"the bundle cannot tell how far a frame is from its {name} scanner: {error}")
        else:
            domains[name] = description.to_json()
    return domains


def _finish(job: Job, frames: Frames, reporter: Reporter) -> TrainingResult:
    """Write the bundle of the best checkpoint."""
    variant = job.build()
    best = checkpoint.load(job.run.best, variant)
    last = checkpoint.read_progress(job.run.last)
    networks = {
        role: (inference_settings(network.settings), plain_weights(network.network))
        for role, network in variant.trained().items()
    }
    if best.best_content < job.settings.content_floor:
        reporter.line(
            f"no checkpoint reached the content agreement {job.settings.content_floor:g} (setting content_floor); the "
            f"bundle holds the one that came nearest, {best.best_content:.3f}: do not trust it"
        )
    bundle = write_bundle(
        job.bundle,
        source=job.source,
        target=job.target,
        variant=job.variant,
        networks=networks,
        training={**job.description()["settings"], "steps_done": last.step, "best_step": best.step},
        training_patients=tuple(sorted({item.patient for item in frames.items if item.split == "train"})),
        domain=describe_domains(frames, reporter),
        metrics={
            "validation": {
                "texture_distance": best.best_distance,
                "content_agreement": best.best_content,
                "step": best.step,
                "patients": len({item.patient for item in frames.items if item.split == "validation"}),
            }
        },
    )
    return TrainingResult(
        bundle=bundle.folder,
        steps=last.step,
        best_step=best.step,
        distance=best.best_distance,
        content=best.best_content,
        seconds=last.seconds,
    )
