"""The stages of a phantom study, each of which does only what is not there yet.

::

    training/       images of both scanners, each of a phantom of its own, and cohort.csv
    pairs/          what ``usharmonize simulate phantom`` writes: images, landmarks, labels, truth
    bundles/        <variant>-<repeat>
    generated/      <method>/: the source scanner's images of the pairs, harmonized
    registered/     <original, target or method>/ on the target images' grid; overlap/; registration.csv
    evaluation/     <repeat>/: what ``usharmonize evaluate`` writes
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..atomic import atomic_path, write_text
from ..cohort import CohortRow, absolute, write_cohort
from ..errors import InputError
from ..evaluation.settings import ORIGINAL
from ..files import read_image, read_mask
from ..harmonizers import PLAIN_METHODS
from ..landmarks.files import read_landmarks
from ..landmarks.geometry import Geometry, geometry
from ..landmarks.registration import Registration, register
from ..landmarks.resampling import overlap, resample
from ..sector import find_sector
from ..simulation.output import make_items, opened, read_json, relative_files
from ..simulation.phantom import simulate_frame
from ..simulation.phantom_files import phantom_pairs, write_frame, write_phantom_pairs
from ..simulation.settings import Imaging, imaging
from .kept import Kept, kept
from .settings import PAIR_SEED, TRAINING_SEED, Study, trained_name

if TYPE_CHECKING:
    from ..evaluation.run import Evaluated
    from ..training.report import Reporter

# Of six images one is for validation.
VALIDATION = 6

Report = Callable[[str, int, int], None]


def simulate(study: Study, out: Path, jobs: int, report: Report) -> None:
    """Images to learn from, and pairs to judge on."""
    pairs = phantom_pairs(study.source, study.target, study.probe, PAIR_SEED + study.seed, True, "dcm", study.size)
    done = iter(range(1, study.pairs + 1))
    write_phantom_pairs(
        pairs, study.pairs, out / "pairs", jobs, lambda _: report("simulating pairs", next(done), study.pairs)
    )
    ways = [imaging(name, study.probe) for name in (study.source, study.target)]
    ways = [way if study.size is None else way.with_matrix(study.size, study.size) for way in ways]
    folder, count = out / "training", 2 * study.training_images
    settings = {"kind": "training", "ways": [repr(way) for way in ways], "seed": study.seed}
    with opened(folder, settings):
        made = iter(range(1, count + 1))
        records = make_items(
            folder,
            count,
            partial(_training_image, ways, TRAINING_SEED + study.seed),
            jobs,
            lambda _: report("simulating images", next(made), count),
        )
        rows = [
            CohortRow(
                folder / record["files"][0],
                patient=f"phantom-{number}",
                scanner=record["scanner"],
                split="validation" if number // 2 % VALIDATION == 0 else "train",
            )
            for number, record in enumerate(records)
        ]
        write_cohort(folder / "cohort.csv", rows)


def _training_image(ways: list[Imaging], seed: int, folder: Path, number: int) -> dict[str, Any]:
    """Even numbers are of the source scanner, odd ones of the target."""
    way = ways[number % 2]
    path = folder / "images" / way.scanner / f"image-{number // 2 + 1:04}.png"
    write_frame(simulate_frame(way, seed, number // 2), path, f"PHANTOM-{number}")
    return {"scanner": way.scanner, "files": relative_files(folder, [path])}


def train(study: Study, out: Path, device: str, reporter: Reporter) -> None:
    """Each variant, ``repeats`` times; a training that was stopped goes on."""
    from ..training.trainer import train as run_training

    for repeat in range(study.repeats):
        for name in study.variants:
            bundle = out / "bundles" / trained_name(name, repeat)
            if (bundle / "model.json").is_file():
                continue
            reporter.line(f"training {name}, repeat {repeat + 1} of {study.repeats}")
            run_training(
                out / "training" / "cohort.csv",
                study.source,
                study.target,
                bundle,
                name,
                study.training_settings(name, repeat),
                resume=True,
                device=device,
                reporter=reporter,
            )


def distrusted(study: Study, out: Path) -> list[str]:
    """A line for each training that never got to the content agreement that was asked for."""
    from ..bundle import read_bundle

    found = []
    for name, repeat in ((name, repeat) for name in study.variants for repeat in range(study.repeats)):
        bundle = read_bundle(out / "bundles" / trained_name(name, repeat))
        agreement = bundle.metrics.get("validation", {}).get("content_agreement")
        floor = bundle.training.get("content_floor")
        if agreement is not None and floor is not None and agreement < floor:
            found.append(
                f"{name}, repeat {repeat + 1}: its content agreement is {agreement:.3f}, below {floor:g} (setting "
                "content_floor); do not trust it"
            )
    return found


def harmonize(study: Study, out: Path, device: str, jobs: int, report: Report) -> None:
    """The source scanner's images of the pairs by every method.

    Raises:
        InputError: an image could not be harmonized.
    """
    from ..apply import apply
    from ..harmonizers import load_harmonizer
    from ..inputs import select_inputs
    from ..pipeline import Recipe
    from ..records import FAILED
    from ..scanners import catalogue

    trained = [trained_name(name, repeat) for repeat in range(study.repeats) for name in study.variants]
    for place, name in enumerate((*PLAIN_METHODS, *trained)):
        report("harmonizing with method", place + 1, len(PLAIN_METHODS) + len(trained))
        reference = out / "training" / "images" / study.target
        harmonizer = (
            load_harmonizer(name, reference, device)
            if name in PLAIN_METHODS
            else load_harmonizer(out / "bundles" / name, device=device)
        )
        folder = out / "generated" / name
        selection = select_inputs([out / "pairs" / "images" / study.source], folder)
        rows = apply(selection, Recipe(harmonizer, absolute(folder), catalogue()), jobs)
        for row in rows:
            if row.status == FAILED:
                raise InputError(f"{name}: {row.reason}")


def register_pairs(study: Study, out: Path, report: Report) -> None:
    """All images on the grid of the target's, by landmarks; ``registration.csv`` holds the errors.

    The error of each registration is known here: where it takes the pixels of the overlap, against the true transform.
    """
    truth = read_json(out / "pairs" / "truth.json")["pairs"]
    roles = sorted({folder for repeat in range(study.repeats) for _, folder in study.methods(repeat)})
    rows: list[list[str]] = []
    for place, pair in enumerate(truth):
        report("registering pairs", place + 1, len(truth))
        rows.append(_register_pair(study, out, pair, roles))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["pair", "landmarks", "fre_mm", "left_out_tre_mm", "true_error_mm", "overlap"])
    writer.writerows(rows)
    write_text(out / "registered" / "registration.csv", table.getvalue())


def _register_pair(study: Study, out: Path, pair: dict[str, Any], roles: list[str]) -> list[str]:
    name, pairs = pair["pair"], out / "pairs"
    fixed, moving = (read_image(pairs / pair[side]["image"]) for side in ("fixed", "moving"))
    fixed_where, moving_where = geometry(fixed), geometry(moving)
    registration = _registration(study.transform, pairs, pair, (fixed_where, moving_where))
    valid = [_imaged(image) for image in (fixed, moving)]
    common = overlap(valid[0], valid[1], moving_where, fixed_where, registration.transform)
    folder = out / "registered"
    _write(folder / "overlap" / f"{name}.png", common.astype(np.uint8) * 255)
    _write(folder / "target" / f"{name}.png", _bytes(fixed.luma(0)))
    for role, image in ((ORIGINAL, moving.luma(0)), *_generated(out, pair, roles)):
        moved = resample(image, moving_where, fixed_where, registration.transform)
        _write(folder / role / f"{name}.png", _bytes(moved))
    points = fixed_where.centres()[common]
    matrix = np.array(pair["fixed_to_moving_mm"])
    missed = registration.transform(points) - (points @ matrix[:, :2].T + matrix[:, 2])
    error = float(np.sqrt((missed**2).sum(axis=1).mean()))
    left_out = registration.target_error
    figures = [registration.fre, float("nan") if left_out is None else left_out, error]
    share = common.sum() / valid[0].sum()
    return [name, str(len(registration.landmarks)), *(f"{value:.4f}" for value in figures), f"{share:.3f}"]


def _registration(kind: str, pairs: Path, pair: dict[str, Any], places: tuple[Geometry, Geometry]) -> Registration:
    found = [read_landmarks(pairs / pair[side]["landmarks"]) for side in ("fixed", "moving")]
    points = [where.to_mm(one.in_pixels(where)) for one, where in zip(found, places, strict=True)]
    return register(kind, points[0], points[1], found[0].labels, found[1].labels)


def _generated(out: Path, pair: dict[str, Any], roles: list[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for role in roles:
        yield role, read_image(out / "generated" / role / Path(pair["moving"]["image"]).name).luma(0)


def _imaged(image: Any) -> NDArray[np.bool_]:
    from ..preparation import prepare_frame

    return np.asarray(prepare_frame(image, 0, find_sector(image)).valid)


def _bytes(frame: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)


def _write(path: Path, pixels: NDArray[np.uint8]) -> None:
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(pixels).save(temporary)


def keep(study: Study, out: Path, report: Report) -> dict[str, list[Kept]]:
    """Role (original, method's folder) -> what became of the targets, one a pair, on the source scanner's own grid."""
    truth = read_json(out / "pairs" / "truth.json")["pairs"]
    roles = sorted({folder for repeat in range(study.repeats) for _, folder in study.methods(repeat)})
    found: dict[str, list[Kept]] = {}
    for place, pair in enumerate(truth):
        report("looking for targets in pairs", place + 1, len(truth))
        moving = read_image(out / "pairs" / pair["moving"]["image"])
        labels = read_mask(out / "pairs" / pair["moving"]["labels"])[0]
        cylinders = [target["value"] for target in pair["targets"] if target["kind"] != "wire"]
        spots = {target["label"] for target in pair["targets"] if target["kind"] == "wire"}
        pixel = pair["moving"]["pixel_mm"]
        places = pair["moving"]["landmarks_mm"]
        wires = {name: (y / pixel, x / pixel) for name, (x, y) in places.items() if name in spots}
        sector = find_sector(moving)
        for role, image in ((ORIGINAL, moving.luma(0)), *_generated(out, pair, roles)):
            found.setdefault(role, []).append(kept(moving.luma(0), image, labels, cylinders, wires, sector))
    return found


def evaluate(study: Study, out: Path, jobs: int, report: Report) -> list[Evaluated]:
    """One evaluation a repeat: FDA and histogram matching are the same in each."""
    from ..evaluation.run import evaluate as run_evaluation
    from ..evaluation.settings import Evaluation

    registered = out / "registered"
    found = []
    for repeat in range(study.repeats):
        settings = Evaluation(
            original=registered / "original",
            generated=tuple((name, registered / folder) for name, folder in study.methods(repeat)),
            target=registered / "target",
            paired=True,
            masks=out / "pairs" / "labels" / study.target,
            overlap=registered / "overlap",
            seed=study.seed,
        )
        found.append(
            run_evaluation(
                settings,
                out / "evaluation" / str(repeat),
                jobs,
                lambda done, total, _, at=repeat + 1: report(  # type: ignore[misc]
                    f"evaluating repeat {at} of {study.repeats}: image", done, total
                ),
            )
        )
    return found
