"""How well harmonizers do on patients of BUS-BRA that their training never saw.

    python Testing/evaluation/held_out.py cohort --busbra DIR --out cohort.csv
    python Testing/evaluation/held_out.py figures --busbra DIR --source ge-logiq-5 --cache DIR --out figures.json \
        [--tissue] --model tone --model histogram --model fda \
        --model NAME=BUNDLE --generated NAME=DIR

``cohort`` writes the table that ``usharmonize train`` and ``apply`` take. ``figures`` measures the images as they are,
and each model or folder of images that ``usharmonize apply`` made. From Python: ``HeldOut(...).evaluate(harmonize)``.

What the figures mean stands in ``Figures``. Lesions are the data set's masks, before and after; images are rounded to
8 bits and keep their own pixels outside tissue, as ``apply`` writes them. Callipers stand on many lesions, and no
harmonizer may touch them: ``--tissue`` measures without them, on both scanners (they are filled from around and left
out of the masks), which tells what became of the tissue.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
from busbra import SPLIT_FILE, Case, read_cases, write_busbra_cohort
from numpy.typing import NDArray

from USHarmonizationLib import fill, overlay, sector, texture
from USHarmonizationLib.atomic import atomic_path, write_text
from USHarmonizationLib.errors import HarmonizationError, UsageError
from USHarmonizationLib.files import read_image
from USHarmonizationLib.harmonizers import PLAIN_METHODS, load_harmonizer
from USHarmonizationLib.harmonizers.fda import FourierHarmonizer
from USHarmonizationLib.harmonizers.histogram import HistogramHarmonizer
from USHarmonizationLib.jobs import Lost, map_jobs
from USHarmonizationLib.metrics.agreement import agreement
from USHarmonizationLib.metrics.frechet import frechet_distance
from USHarmonizationLib.metrics.scanner_classifier import (
    OutcomeModel,
    cross_validated_scores,
    fit_outcome,
    scanner_recognition,
)

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]
Grey = NDArray[np.uint8]
Harmonize = Callable[[Frame, Mask], Frame]

# Of the 465 texture features, those of the image itself.
ORIGINAL = 93

# Pixels around a lesion that it is compared with.
RING = 12

RESAMPLES = 2000


@dataclass(frozen=True)
class Figures:
    """What is measured of one harmonizer on the held-out images of the source scanner.

    Attributes:
        images, patients: how many.
        frechet: distance of the 93 original texture features to all images of the target scanner (FRD);
            frechet_held_out: to its held-out images. ``HeldOut.references`` has what two parts of the target give.
        scanner: balanced accuracy of telling harmonized images from the target's held-out ones by all 465 features;
            scanner_all: from all of the target's images; scanner_original: by the 93, from the held-out ones.
        malignancy: AUC of the model of the target's training patients; malignancy_interval: 95 %, bootstrap over
            patients; malignancy_gain, _interval: difference to the images as they are, same patients.
        malignancy_all: AUC of the model of all of the target's patients (none of whom is a source patient).
        contrast_spearman, contrast_pearson, contrast_concordance, contrast_shift: lesion contrast before and after, in
            grey levels; contrast is mean brightness in the lesion minus that within 12 pixels around it.
        change: mean absolute change of tissue, grey levels.
        seconds: time of the harmonizer per image.
    """

    images: int
    patients: int
    frechet: float
    frechet_held_out: float
    scanner: float
    scanner_all: float
    scanner_original: float
    malignancy: float
    malignancy_interval: tuple[float, float]
    malignancy_gain: float
    malignancy_gain_interval: tuple[float, float]
    malignancy_all: float
    contrast_spearman: float
    contrast_pearson: float
    contrast_concordance: float
    contrast_shift: float
    change: float
    seconds: float


class HeldOut:
    """The held-out images of one source scanner, and the target they should look like.

    Args:
        busbra: folder of the data set.
        cache: folder for texture features and masks, by content; may be shared by runs and deleted any time.
        source, target: scanner ids.
        split: which patients are measured: ``test``, or ``validation`` while choosing among models.
        jobs: processes for what is not in the cache.
        split_file: which patient is in which split.
        tissue: measure without burned-in graphics.
    """

    def __init__(
        self,
        busbra: Path,
        cache: Path,
        source: str = "ge-logiq-5",
        target: str = "ge-logiq-7",
        split: str = "test",
        jobs: int = 1,
        split_file: Path = SPLIT_FILE,
        tissue: bool = False,
    ) -> None:
        cases = read_cases(busbra, split_file)
        known = sorted({case.scanner for case in cases})
        for scanner in (source, target):
            if scanner not in known:
                raise UsageError(f"scanner {scanner!r} is not in BUS-BRA; it has: {', '.join(known)}")
        self.all_cases, self.source, self.target_scanner, self.split = cases, source, target, split
        self.cases = [case for case in cases if case.scanner == source and case.split == split]
        if not self.cases:
            raise UsageError(f"no {split} images of {source}")
        self.target = [case for case in cases if case.scanner == target]
        self.held_out = np.array([case.split == split for case in self.target])
        self.training = np.array([case.split == "train" for case in self.target])
        self._cache, self._jobs, self._tissue = cache, jobs, tissue
        self._patients = np.array([case.patient for case in self.cases])
        self._malignant = np.array([case.malignant for case in self.cases])
        self._target_patients = np.array([case.patient for case in self.target])
        self._target_malignant = np.array([case.malignant for case in self.target])

    def evaluate(self, harmonize: Harmonize | None) -> dict[str, object]:
        """``Figures`` of a harmonizer as a dictionary; of the images as they are, when None.

        Args:
            harmonize: (frame, valid) -> frame, as ``Harmonizer.harmonize``: the frame is (rows, columns) float32 in
                [0, 1], filled from around where it is not valid.
        """
        generated: list[Grey] = []
        seconds = 0.0
        for grey, frame, valid in self._frames:
            if harmonize is None:
                generated.append(grey)
                continue
            before = time.perf_counter()
            values = harmonize(frame, valid)
            seconds += time.perf_counter() - before
            generated.append(np.where(valid, np.rint(np.clip(values, 0, 1) * 255), grey).astype(np.uint8))
        return asdict(self._figures(generated, seconds / len(generated)))

    def evaluate_folder(self, folder: Path) -> dict[str, object]:
        """The same for images that ``usharmonize apply`` wrote into ``folder`` under their own names."""
        found = {path.name: path for path in sorted(folder.rglob("*.png")) if path.parent.name != "pictures"}
        missing = [case.image.name for case in self.cases if case.image.name not in found]
        if missing:
            raise UsageError(f"{folder} lacks {len(missing)} of {len(self.cases)} images, e.g. {missing[0]}")
        return asdict(self._figures([_grey(found[case.image.name]) for case in self.cases], float("nan")))

    def plain(self, method: str) -> Harmonize:
        """A method that needs no training of a network, fitted to all training images.

        ``histogram`` and ``fda`` have those of the target as reference. ``tone`` is the floor for what learns from both
        scanners: one curve for all images, which gives the source's grey levels, pooled, the target's distribution.
        """
        target = [case for case, training in zip(self.target, self.training, strict=True) if training]
        if method == "tone":
            source = [case for case in self.all_cases if case.scanner == self.source and case.split == "train"]
            return tone_curve(*(self._levels(cases) for cases in (source, target)))
        frames = ((frame, valid) for _, frame, valid in self.prepared(target))
        methods = {"histogram": HistogramHarmonizer.from_frames, "fda": FourierHarmonizer.from_frames}
        return methods[method](frames).harmonize

    def _levels(self, cases: list[Case]) -> NDArray[np.int64]:
        """(256,) pixels of tissue at each grey level."""
        return np.sum([np.bincount(grey[valid], minlength=256) for grey, _, valid in self.prepared(cases)], axis=0)

    @cached_property
    def references(self) -> dict[str, float]:
        """What the figures can be at best, on the target scanner alone, and within the source scanner.

        ``frechet_within_target``: held-out images to all others; ``malignancy_target``: the model of the target's
        training patients on its held-out ones; ``malignancy_within_target``, ``_source``: cross-validated on all
        target and on the held-out source images.
        """
        features, malignant = self._target_features, self._target_malignant
        within = cross_validated_scores(features, malignant, self._target_patients)
        source = cross_validated_scores(self._source_features, self._malignant, self._patients)
        held_out = self._model.score(features[self.held_out])
        return {
            "frechet_within_target": frechet_distance(
                features[self.held_out, :ORIGINAL], features[~self.held_out, :ORIGINAL]
            ),
            "malignancy_target": auc(malignant[self.held_out], held_out),
            "malignancy_within_target": auc(malignant, within),
            "malignancy_within_source": auc(self._malignant, source),
        }

    def _figures(self, generated: list[Grey], seconds: float) -> Figures:
        features = self._source(generated)
        target, held_out = self._target_features, self._target_features[self.held_out]
        held_out_patients = self._target_patients[self.held_out]
        scores = self._model.score(features)
        plain = self._model.score(self._source_features)
        interval, gain_interval = bootstrap(self._malignant, scores, plain, self._patients)
        malignancy = auc(self._malignant, scores)
        valids = [valid for _, _, valid in self._frames]
        contrasts = [
            [contrast(image, lesion, valid) for image in (grey, made)]
            for (grey, lesion), made, valid in zip(self._read, generated, valids, strict=True)
        ]
        agreed = agreement(*np.array(contrasts).T)
        return Figures(
            images=len(generated),
            patients=len(set(self._patients)),
            frechet=frechet_distance(features[:, :ORIGINAL], target[:, :ORIGINAL]),
            frechet_held_out=frechet_distance(features[:, :ORIGINAL], held_out[:, :ORIGINAL]),
            scanner=scanner_recognition(features, held_out, self._patients, held_out_patients),
            scanner_all=scanner_recognition(features, target, self._patients, self._target_patients),
            scanner_original=scanner_recognition(
                features[:, :ORIGINAL], held_out[:, :ORIGINAL], self._patients, held_out_patients
            ),
            malignancy=malignancy,
            malignancy_interval=interval,
            malignancy_gain=malignancy - auc(self._malignant, plain),
            malignancy_gain_interval=gain_interval,
            malignancy_all=auc(self._malignant, self._model_of_all.score(features)),
            contrast_spearman=agreed.spearman,
            contrast_pearson=agreed.pearson,
            contrast_concordance=agreed.concordance,
            contrast_shift=agreed.shift,
            change=float(
                np.mean(
                    [
                        np.abs(grey[valid].astype(float) - made[valid]).mean()
                        for (grey, _), made, valid in zip(self._read, generated, valids, strict=True)
                    ]
                )
            ),
            seconds=seconds,
        )

    @cached_property
    def _read(self) -> list[tuple[Grey, Mask]]:
        return [case.read() for case in self.cases]

    @cached_property
    def _frames(self) -> list[tuple[Grey, Frame, Mask]]:
        return list(self.prepared(self.cases))

    def prepared(self, cases: list[Case]) -> Iterator[tuple[Grey, Frame, Mask]]:
        """Brightness as stored, the frame that a harmonizer gets, and valid; the masks are cached."""
        for _, made in map_jobs(partial(_prepare, self._cache), [case.image for case in cases], self._jobs):
            if isinstance(made, Lost):
                raise UsageError(f"preparing images: {made.reason}")
        for case in cases:
            grey, valid = _prepare(self._cache, case.image)
            yield grey, fill.fill((grey / 255).astype(np.float32), ~valid), valid

    @cached_property
    def _source_features(self) -> NDArray[np.float64]:
        return self._source([grey for grey, _ in self._read])

    def _source(self, images: list[Grey]) -> NDArray[np.float64]:
        """Features of the source's lesions as they are in these images."""
        parts = zip(images, self._read, self._frames, strict=True)
        return self._features(self._measured(image, lesion, valid) for image, (_, lesion), (_, _, valid) in parts)

    def _measured(self, image: Grey, lesion: Mask, valid: Mask) -> tuple[Grey, Mask]:
        """The image and mask that features are taken of."""
        return (fill.fill(image, ~valid), lesion & valid) if self._tissue else (image, lesion)

    @cached_property
    def _target_features(self) -> NDArray[np.float64]:
        if not self._tissue:
            return self._features(case.read() for case in self.target)
        parts = zip(self.target, self.prepared(self.target), strict=True)
        return self._features(self._measured(grey, case.read()[1], valid) for case, (grey, _, valid) in parts)

    @cached_property
    def _model(self) -> OutcomeModel:
        return fit_outcome(self._target_features[self.training], self._target_malignant[self.training])

    @cached_property
    def _model_of_all(self) -> OutcomeModel:
        return fit_outcome(self._target_features, self._target_malignant)

    def _features(self, lesions: Iterable[tuple[Grey, Mask]]) -> NDArray[np.float64]:
        """(n, 465) texture features."""
        rows: dict[int, NDArray[np.float64]] = {}
        for place, row in map_jobs(partial(_features, self._cache), lesions, self._jobs):
            if isinstance(row, Lost):
                raise UsageError(f"texture features of image {place + 1}: {row.reason}")
            rows[place] = row
        return np.array([rows[place] for place in range(len(rows))])


def tone_curve(source: NDArray[np.int64], target: NDArray[np.int64]) -> Harmonize:
    """The curve that gives grey levels counted in ``source`` (256,) the distribution of those in ``target`` (256,)."""
    share = (np.cumsum(source) - source / 2) / source.sum()
    reached = (np.cumsum(target) - target / 2) / target.sum()
    seen = target > 0
    curve = np.interp(share, reached[seen], np.flatnonzero(seen)) / 255
    return lambda frame, valid: np.interp(frame, np.arange(256) / 255, curve).astype(np.float32)


def auc(outcome: NDArray[np.integer], score: NDArray[np.floating]) -> float:
    """Area under the ROC curve, by ranks."""
    from scipy.stats import rankdata

    positive = outcome == 1
    count = int(positive.sum())
    return float((rankdata(score)[positive].sum() - count * (count + 1) / 2) / (count * (len(outcome) - count)))


def bootstrap(
    outcome: NDArray[np.integer],
    score: NDArray[np.floating],
    reference: NDArray[np.floating],
    patients: NDArray[np.str_],
) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % percentile intervals of the AUC of ``score``, and of its gain over ``reference``; patients are resampled."""
    chance = np.random.default_rng(0)
    images = [np.flatnonzero(patients == patient) for patient in np.unique(patients)]
    found = []
    while len(found) < RESAMPLES:
        drawn = np.concatenate([images[i] for i in chance.integers(len(images), size=len(images))])
        if 0 < outcome[drawn].sum() < len(drawn):
            value = auc(outcome[drawn], score[drawn])
            found.append((value, value - auc(outcome[drawn], reference[drawn])))
    low, high = np.percentile(found, [2.5, 97.5], axis=0)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def contrast(grey: Grey, lesion: Mask, valid: Mask) -> float:
    """Mean brightness in the lesion minus that of tissue within ``RING`` pixels around it, grey levels."""
    from scipy.ndimage import distance_transform_edt

    inside = lesion & valid if (lesion & valid).any() else lesion
    around = (distance_transform_edt(~lesion) <= RING) & ~lesion & valid
    return float(grey[inside].mean() - (grey[around].mean() if around.any() else grey[valid].mean()))


def _prepare(cache: Path, path: Path) -> tuple[Grey, Mask]:
    """An image and where it shows tissue; masks found before are taken from the cache."""
    grey = _grey(path)
    stored = cache / f"valid-{_hash(_code(sector, overlay), grey)}.npy"
    if not stored.is_file():
        image = read_image(path)
        area = sector.find_sector(image)
        valid = area & ~overlay.find_overlay(image.luma(0), area) & ~image.coloured(0)
        _store(stored, np.packbits(valid))
    bits = np.load(stored)
    return grey, np.unpackbits(bits, count=grey.size).astype(bool).reshape(grey.shape)


def _features(cache: Path, lesion: tuple[Grey, Mask]) -> NDArray[np.float64]:
    stored = cache / f"texture-{_hash(_code(texture), *lesion)}.npy"
    if not stored.is_file():
        _store(stored, np.array(list(texture.texture_features(*lesion, wavelet=True).values())))
    return np.load(stored)


def _grey(path: Path) -> Grey:
    from PIL import Image

    with Image.open(path) as image:
        return np.array(image.convert("L"))


def _store(path: Path, values: NDArray[np.generic]) -> None:
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.save(stream, values)


def _hash(code: str, *arrays: NDArray[np.generic]) -> str:
    known = hashlib.sha256(code.encode())
    for values in arrays:
        known.update(repr((values.shape, values.dtype.str)).encode() + np.ascontiguousarray(values).tobytes())
    return known.hexdigest()[:32]


@lru_cache
def _code(*modules: object) -> str:
    """What cached results depend on besides their input."""
    return hashlib.sha256(b"".join(Path(module.__file__).read_bytes() for module in modules)).hexdigest()


def print_table(figures: dict[str, dict[str, object]]) -> None:
    """A line a harmonizer, the figures that decide."""
    columns = ("frechet", "frechet_held_out", "scanner", "scanner_all", "malignancy", "malignancy_all")
    columns += ("contrast_spearman", "contrast_concordance", "change", "seconds")
    width = max(map(len, figures)) + 2
    print(" " * width + "  ".join(f"{name.replace('contrast_', '')[:16]:>16}" for name in columns))
    for name, row in figures.items():
        print(f"{name:{width}}" + "  ".join(f"{row[column]:16.3f}" for column in columns))


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0, or 2 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    cohort = commands.add_parser("cohort", help="write the cohort table")
    figures = commands.add_parser("figures", help="measure harmonizers on held-out patients")
    for command in (cohort, figures):
        command.add_argument("--busbra", type=Path, required=True, help="folder of the data set")
        command.add_argument("--out", type=Path, required=True, help="file to write")
    figures.add_argument("--source", default="ge-logiq-5")
    figures.add_argument("--target", default="ge-logiq-7")
    figures.add_argument("--split", default="test", choices=["test", "validation"])
    figures.add_argument("--cache", type=Path, required=True, help="folder for features and masks, by content")
    figures.add_argument("--jobs", type=int, default=1)
    figures.add_argument(
        "--model", action="append", default=[], metavar="[NAME=]BUNDLE", help="or histogram, fda, tone; repeat it"
    )
    figures.add_argument("--tissue", action="store_true", help="leave burned-in graphics out of images and masks")
    figures.add_argument("--generated", action="append", default=[], metavar="NAME=DIR", help="images of apply")
    given = parser.parse_args(arguments)
    try:
        if given.command == "cohort":
            write_busbra_cohort(read_cases(given.busbra), given.out)
            return 0
        data = HeldOut(
            given.busbra, given.cache, given.source, given.target, given.split, given.jobs, tissue=given.tissue
        )
        found = {"original": data.evaluate(None)}
        for entry in given.model:
            name, _, folder = entry.partition("=")
            plain = entry in (*PLAIN_METHODS, "tone")
            harmonize = data.plain(entry) if plain else load_harmonizer(folder or name).harmonize
            found[name] = data.evaluate(harmonize)
        for entry in given.generated:
            name, _, folder = entry.partition("=")
            found[name] = data.evaluate_folder(Path(folder))
    except HarmonizationError as error:
        print(f"held_out: {error}", file=sys.stderr)
        return 2
    settings = {"source": given.source, "target": given.target, "split": given.split, "tissue": given.tissue}
    content = {**settings, "references": data.references, "figures": found}
    write_text(given.out, json.dumps(content, indent=2) + "\n")
    print_table(found)
    print("\n".join(f"{name}: {value:.3f}" for name, value in data.references.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
