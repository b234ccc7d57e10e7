"""An evaluation from folders to report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__
from ..atomic import write_text
from ..errors import InputError, UsageError
from ..figures.style import style
from ..jobs import Lost, map_jobs, usable_cores
from ..records import Ledger
from .folders import Matched, Task, match_folders
from .measure import Measured, Recipe, measure
from .settings import TARGET, Evaluation
from .summary import Summary, summarize
from .tables import summary_json, write_agreement, write_features, write_images

REPORT, IMAGES, FEATURES, AGREEMENT = "evaluate.json", "evaluate.csv", "features.csv", "agreement.csv"
# A process takes a few seconds to start; with fewer images each, this one is as fast.
WORTH_A_PROCESS = 8
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "pyradiomics", "matplotlib")


@dataclass(frozen=True)
class Evaluated:
    """What came of an evaluation.

    Attributes:
        summary: all figures; warnings: what concerns all of them.
        failed: image -> why it was not measured.
        images: how many originals were measured.
        files: what was written.
    """

    summary: Summary
    warnings: tuple[str, ...]
    failed: Mapping[str, str]
    images: int
    files: tuple[Path, ...]


def evaluate(
    settings: Evaluation,
    out: Path,
    jobs: int | None = None,
    report: Callable[[int, int, bool], None] = lambda done, total, failed: None,
) -> Evaluated:
    """Measure all images, and write report, tables and figures into ``out``.

    Writes ``evaluate.json`` (all figures with definition, range, n, warnings, versions, hashes, settings),
    ``evaluate.csv`` (one row an image), ``features.csv`` (a row an image, region and method), ``agreement.csv`` (a row
    a feature and method) and the figures as PNG and SVG. Images that one method lacks, or that cannot be read, are left
    out of all methods, so that all are measured on the same images. Stopped or killed, the same call goes on.

    Args:
        settings: what to compare.
        out: folder for the results; made if there is none.
        jobs: worker processes; by default as many as the work and the cores are worth.
        report: called as ``(done, total, failed)`` after each image.

    Raises:
        UsageError: folders do not fit each other, a package or file of weights is missing, or another run is writing to
            ``out``.
        InputError: no image could be measured.
    """
    with style():
        pass  # that figures can be drawn is found out before the work, not after
    matched = match_folders(settings)
    name = None
    if settings.extractor is not None:
        from ..metrics.extractors import load_extractor

        name = load_extractor(settings.extractor, settings.weights).name
    for option, folder in settings.folders.items():
        if out.resolve() == folder.resolve():
            raise UsageError(f"{out} is both {option} and output; name another folder for the output")
    recipe = Recipe(settings.extractor, settings.weights, settings.labels, settings.wavelet, out.absolute())
    with Ledger(out).locked():
        measured = measure_all(recipe, (*matched.tasks, *matched.targets), jobs, report)
        return _finish(settings, out, matched, measured, name)


def measure_all(
    recipe: Recipe,
    tasks: Sequence[Task],
    jobs: int | None = None,
    report: Callable[[int, int, bool], None] = lambda done, total, failed: None,
) -> list[Measured]:
    """Measure all tasks, here or in ``jobs`` processes; in their order. ``report`` as in ``evaluate``."""
    found: dict[int, Measured] = {}
    names: tuple[str, ...] = ()
    if jobs is None:
        jobs = max(1, min(usable_cores(), len(tasks) // WORTH_A_PROCESS))
    for place, one in map_jobs(partial(measure, recipe), tasks, min(jobs, len(tasks))):
        task = tasks[place]
        if isinstance(one, Lost):
            one = Measured(task.name, task.patient, failure=one.reason)
        names = names or one.names
        found[place] = replace(one, names=names) if one.names == names else one  # hundreds of names, held once
        report(len(found), len(tasks), bool(found[place].failure))
    return [found[place] for place in range(len(tasks))]


def _finish(
    settings: Evaluation, out: Path, matched: Matched, measured: Sequence[Measured], extractor: str | None
) -> Evaluated:
    from .drawings import draw_panel, draw_summary, drawn_files

    # Results of other images or settings must not stand beside these; without a report there are none of ours.
    if (out / REPORT).is_file():
        for name in (REPORT, IMAGES, FEATURES, AGREEMENT, *drawn_files()):
            (out / name).unlink(missing_ok=True)
    count = len(matched.tasks)
    targets = [replace(one, name=f"{TARGET}: {one.name}") for one in measured[count:]]
    rows = [*measured[:count], *targets]
    failed = {**{one.name: one.failure for one in rows if one.failure}, **matched.left_out}
    images = [one for one in measured[:count] if not one.failure]
    write_images(out / IMAGES, settings.methods, rows, matched.left_out)
    if not images:
        raise InputError(
            f"no image could be measured, e.g. {next(iter(failed.items()))[1]}; all reasons: {out / IMAGES}"
        )
    summary = summarize(settings.methods, images, [one for one in targets if not one.failure], extractor, settings.seed)
    files = [out / IMAGES]
    if any(one.features for one in images):
        write_features(out / FEATURES, [one for one in rows if not one.failure])
        files.append(out / FEATURES)
    if summary.features:
        write_agreement(out / AGREEMENT, summary.features)
        files.append(out / AGREEMENT)
    good = [task for task, one in zip(matched.tasks, measured, strict=False) if not one.failure]
    files += draw_summary(out, settings.methods, summary)
    files += draw_panel(out, settings.methods, good, settings.examples)
    warnings = (*matched.warnings, *_warnings(settings, images, targets, failed))
    content = {
        "schema": 1,
        "software": {"usharmonization": __version__, **package_versions()},
        "settings": settings.as_json(),
        "extractor": _extractor(settings),
        "images": len(images),
        "images_target": len(images) if settings.paired else sum(not one.failure for one in targets),
        "left_out": failed,
        "warnings": list(warnings),
        "inputs_sha256": _hashes(rows),
        "seed": settings.seed,
        **summary_json(summary),
    }
    write_text(out / REPORT, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return Evaluated(summary, warnings, failed, len(images), (out / REPORT, *files))


def _warnings(
    settings: Evaluation, images: Sequence[Measured], targets: Sequence[Measured], failed: Mapping[str, str]
) -> list[str]:
    found = []
    if failed:
        found.append(f"{len(failed)} images were left out of all methods; evaluate.csv says why")
    if len(images) == 1:
        found.append("one image: no spread, and no figure that compares sets")
    if settings.target is None:
        found.append(
            "no target: how far images moved from their originals is measured, not whether they come closer to it"
        )
    elif not settings.paired:
        found.append(
            "unpaired target: PSNR, SSIM, MI and correlation of features with it have no meaning, and are not given"
        )
        if settings.patients is None and settings.masks is not None:
            found.append("no table of patients: each image counts as a patient of its own in the folds")
        if not any(not one.failure for one in targets):
            found.append("no image of the target could be measured")
    if settings.masks is None:
        found.append("no masks: no texture features")
    return found


def _extractor(settings: Evaluation) -> dict[str, Any] | None:
    if settings.extractor is None:
        return None
    from ..metrics.extractors import load_extractor

    network = load_extractor(settings.extractor, settings.weights)
    return {"name": network.name, "features": network.dimension, "weights_sha256": network.weights_sha256}


def _hashes(rows: Sequence[Measured]) -> dict[str, str]:
    """One SHA-256 a role: of the names and hashes of its files, in order."""
    roles = dict.fromkeys(role for one in rows for role in one.hashes)
    lists = {role: "".join(f"{one.hashes[role]}  {one.name}\n" for one in rows if role in one.hashes) for role in roles}
    return {role: hashlib.sha256(text.encode()).hexdigest() for role, text in lists.items()}


def package_versions() -> dict[str, str]:
    """Of the packages that figures depend on, those that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
