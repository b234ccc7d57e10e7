"""From measurements of single images to the figures of the whole evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..metrics.definitions import IMAGE, SETS
from ..metrics.feature_agreement import FeatureAgreement, feature_agreement, mean_correlation_interval, mean_shift
from ..metrics.fid import network_frechet_distance, small_sample_warning
from ..metrics.frechet import frechet_distance
from ..metrics.kid import kernel_distance
from ..metrics.scanner_classifier import FOLDS, scanner_recognition
from .measure import Measured
from .settings import ORIGINAL, TARGET

# Fewer things measured twice tell little of how well they agree.
FEW_PAIRS = 10

Table = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """One figure of one method.

    Attributes:
        key: as in ``metrics.definitions``; title: with the network's name where there is one.
        method, against: which images were compared with which.
        n: images (of the method); n_target: of a set they were compared with, 0 for registered pairs.
        value: mean over the images, or the figure of the set; None when it could not be had.
        sd: standard deviation over the images (n - 1); of KID over subsets; None when there is none.
        warnings: what to know before it is quoted.
    """

    key: str
    title: str
    method: str
    against: str
    n: int
    value: float | None
    sd: float | None = None
    n_target: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeatureFigures:
    """Texture features of one method against the target's.

    Attributes:
        names: of the features; shift, shift_sd: (features,) see ``feature_agreement.mean_shift``.
        n, n_target: regions.
        agreement: of registered pairs, None otherwise; interval: 95 % of their mean correlation.
        warnings: what to know before they are quoted.
    """

    names: tuple[str, ...]
    n: int
    n_target: int
    shift: Table
    shift_sd: Table
    agreement: FeatureAgreement | None = None
    interval: tuple[float, float] = (math.nan, math.nan)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """All figures of an evaluation: of images, of sets, and of features by method."""

    figures: tuple[Figure, ...]
    features: Mapping[str, FeatureFigures] = field(default_factory=dict)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What to know of single figures before they are quoted, each once, with the figure's name."""
        figures = [f"{one.title}: {text}" for one in self.figures for text in one.warnings]
        features = [f"features: {text}" for one in self.features.values() for text in one.warnings]
        return tuple(dict.fromkeys([*figures, *features]))


def summarize(
    methods: Sequence[str],
    images: Sequence[Measured],
    targets: Sequence[Measured],
    extractor: str | None,
    seed: int = 0,
) -> Summary:
    """All figures that the measurements allow.

    Args:
        methods: in the order in which they are shown, ``original`` first.
        images: measurements of originals and what belongs to them, none failed.
        targets: of an unpaired target's images; none when it is paired, or there is none.
        extractor: name of the network, None for none.
        seed: of folds, subsets and bootstrap.
    """
    figures = [
        _of_images(key, method, against, [one.figures[against][method] for one in images])
        for against in (TARGET, ORIGINAL)
        for key in IMAGE
        for method in methods
        if images and method in images[0].figures.get(against, {})
    ]
    paired = bool(images) and TARGET in images[0].figures
    of_target = images if paired else targets
    features: dict[str, FeatureFigures] = {}
    if images and of_target:
        if extractor is not None:
            figures += _of_network(methods, images, of_target, extractor, seed)
        if images[0].features:
            names = images[0].names
            figures += _of_texture(methods, names, images, of_target, seed)
            features = {method: _of_features(names, method, images, of_target, paired, seed) for method in methods}
    return Summary(tuple(figures), features)


def feature_rows(measured: Sequence[Measured], role: str) -> Table:
    """(regions, features) of one role over all images."""
    return np.concatenate([one.features[role] for one in measured])


def region_patients(measured: Sequence[Measured]) -> NDArray[np.str_]:
    """(regions,) whose each row of ``feature_rows`` is."""
    return np.array([one.patient for one in measured for _ in one.regions])


def _of_images(key: str, method: str, against: str, found: Sequence[object]) -> Figure:
    values = np.array([getattr(one, key) for one in found], dtype=float)
    known = values[np.isfinite(values)]
    warnings = []
    if infinite := int(np.isinf(values).sum()):
        warnings.append(f"infinite for {infinite} of {len(values)} images, which equal the other; left out of the mean")
    if unknown := int(np.isnan(values).sum()):
        warnings.append(f"not defined for {unknown} of {len(values)} images (constant, or too small an overlap)")
    if key == "ms_ssim" and len({getattr(one, "scales") for one in found}) > 1:  # noqa: B009
        warnings.append("images of different sizes have different numbers of scales")
    if len(known) == 1:
        warnings.append("one image: no standard deviation")
    return Figure(
        key=key,
        title=IMAGE[key].title,
        method=method,
        against=against,
        n=len(known),
        value=float(known.mean()) if known.size else None,
        sd=float(known.std(ddof=1)) if len(known) > 1 else None,
        warnings=tuple(warnings),
    )


def _of_network(
    methods: Sequence[str], images: Sequence[Measured], targets: Sequence[Measured], extractor: str, seed: int
) -> list[Figure]:
    target = np.array([one.network[TARGET] for one in targets])
    found = []
    for method in methods:
        sample = np.array([one.network[method] for one in images])
        few = small_sample_warning(min(len(sample), len(target)), sample.shape[1])
        for key in ("fid", "kid"):
            title = f"{SETS[key].title} ({extractor})"
            value = sd = None
            warnings = []
            try:
                if key == "fid":
                    value = network_frechet_distance(sample, target)
                    warnings += [few] if few else []
                else:
                    distance = kernel_distance(sample, target, seed)
                    value, sd = distance.value, distance.sd
                    if distance.subset_size < 50:
                        warnings.append(f"SD over subsets of {distance.subset_size} images only")
            except UsageError as error:
                warnings.append(str(error))
            found.append(Figure(key, title, method, TARGET, len(sample), value, sd, len(target), tuple(warnings)))
    return found


def _of_texture(
    methods: Sequence[str], names: Sequence[str], images: Sequence[Measured], targets: Sequence[Measured], seed: int
) -> list[Figure]:
    target, target_patients, patients = feature_rows(targets, TARGET), region_patients(targets), region_patients(images)
    original = [place for place, name in enumerate(names) if name.startswith("original_")]
    found = []
    for method in methods:
        sample = feature_rows(images, method)
        usable = _finite(sample, target)
        value: float | None = None
        warnings = _left_out(usable)
        try:
            value = frechet_distance(sample[:, original][:, usable[original]], target[:, original][:, usable[original]])
            if min(len(sample), len(target)) <= len(original):
                few = min(len(sample), len(target))
                warnings.append(
                    f"{few} regions for {len(original)} features: biased upwards; compare equal numbers only"
                )
        except UsageError as error:
            warnings.append(str(error))
        found.append(
            Figure("frd", SETS["frd"].title, method, TARGET, len(sample), value, None, len(target), tuple(warnings))
        )
        value, warnings = None, _left_out(usable)
        try:
            value = scanner_recognition(sample[:, usable], target[:, usable], patients, target_patients, seed)
            if (few := min(len(set(patients)), len(set(target_patients)))) < 10 * FOLDS:
                warnings.append(f"{few} patients of a scanner: a chance result may lie far from 0.5")
        except UsageError as error:
            warnings.append(str(error))
        found.append(
            Figure(
                "scanner", SETS["scanner"].title, method, TARGET, len(sample), value, None, len(target), tuple(warnings)
            )
        )
    return found


def _of_features(
    names: tuple[str, ...],
    method: str,
    images: Sequence[Measured],
    targets: Sequence[Measured],
    paired: bool,
    seed: int,
) -> FeatureFigures:
    sample, target = feature_rows(images, method), feature_rows(targets, TARGET)
    usable = _finite(sample, target)
    warnings = _left_out(usable)
    sample, target, names = sample[:, usable], target[:, usable], tuple(np.array(names)[usable].tolist())
    shift, shift_sd = mean_shift(sample, target)
    agreement, interval = None, (math.nan, math.nan)
    if paired:
        try:
            agreement = feature_agreement(sample, target, names)
            interval = mean_correlation_interval(sample, target, region_patients(images).tolist(), seed)
            if len(sample) < FEW_PAIRS:
                warnings.append(f"{len(sample)} pairs of regions, fewer than {FEW_PAIRS}: intervals are wide")
            if still := int(np.isnan(agreement.pearson).sum()):
                warnings.append(f"{still} features do not vary and have no correlation")
            if len(set(region_patients(images))) < len(sample):
                warnings.append("several regions of one image are not independent: intervals by feature are too narrow")
        except UsageError as error:
            warnings.append(str(error))
    return FeatureFigures(names, len(sample), len(target), shift, shift_sd, agreement, interval, tuple(warnings))


def _finite(*tables: Table) -> NDArray[np.bool_]:
    """(features,) finite in all rows of all tables."""
    return np.asarray(np.logical_and.reduce([np.isfinite(table).all(axis=0) for table in tables]))


def _left_out(usable: NDArray[np.bool_]) -> list[str]:
    left_out = int((~usable).sum())
    return [f"{left_out} features that are not finite everywhere were left out"] if left_out else []
