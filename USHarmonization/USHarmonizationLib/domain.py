"""What the frames of one scanner look like, and how far a frame is from that.

A frame is described by some thirty numbers, measured on valid pixels only: grey-level quantiles, how brightness differs
between pixels 1 to 16 apart along and across the beam (the structure function, which is the autocorrelation, or the
spectrum, in another form), how heavy the tails of these differences are, how local contrast grows with local
brightness, how skewed the texture is, and how brightness falls off with depth. The distance is Mahalanobis', with mean
and shrunk covariance (Ledoit and Wolf 2004, doi 10.1016/S0047-259X(03)00096-4) of the scanner's training frames, in
units of the distance that 95 % of the scanner's own frames stay below: about 1 is at the rim, 2 is foreign.

Everything is measured in pixels: a frame of the same scanner that was resized is as foreign as one of another scanner.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, UsageError

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]
Vector = NDArray[np.float64]

# Changes whenever the numbers that describe a frame change: a description of another version cannot be compared.
VERSION = 1

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LAGS = (1, 2, 4, 8, 16)
TAIL_LAGS = (1, 4)
# Side of the blocks of local means and standard deviations, pixels.
BLOCK = 8
BRIGHTNESS_BINS = 5
# Larger frames are measured in their middle.
LARGEST_SIDE = 768
LEAST_PIXELS = 1024
LEAST_PATIENTS = 5
OWN_QUANTILE = 0.95
FOLDS = 20

NAMES = (
    *(f"quantile_{q:g}" for q in QUANTILES),
    "black",
    "white",
    *(f"axial_difference_{lag}" for lag in LAGS),
    *(f"lateral_difference_{lag}" for lag in LAGS),
    "diagonal_difference",
    *(f"axial_tail_{lag}" for lag in TAIL_LAGS),
    *(f"lateral_tail_{lag}" for lag in TAIL_LAGS),
    "axial_skewness",
    *(f"local_contrast_{i}" for i in range(BRIGHTNESS_BINS)),
    "local_skewness",
    "top",
    "bottom",
)
# What two measurements of the same may differ by (gain a little up, another part of the breast): added to the spread
# of the training frames, so that a number that hardly varied among a few frames does not make all others foreign.
TOLERANCES = {
    "quantile": 4.0,
    "top": 4.0,
    "bottom": 4.0,
    "black": 0.03,
    "white": 0.03,
    "axial": 0.05,
    "lateral": 0.05,
    "diagonal": 0.05,
    "local": 0.05,
}


@dataclass(frozen=True, eq=False)
class DomainDescription:
    """What frames of one scanner look like.

    Attributes:
        mean: (features,) of the scanner's frames.
        whitening: (features, features) W such that the Mahalanobis distance of f is |W (f - mean)|.
        rim: the distance below which 95 % of the scanner's own frames stay, when they are not among those that mean and
            covariance are estimated from.
        frames: how many it was made of.

    Raises:
        UsageError: shapes do not match, or a value is not finite.
    """

    mean: Vector
    whitening: NDArray[np.float64]
    rim: float
    frames: int

    def __post_init__(self) -> None:
        size = len(NAMES)
        if self.mean.shape != (size,) or self.whitening.shape != (size, size):
            raise UsageError(f"domain of shapes {self.mean.shape}, {self.whitening.shape}; needed: {size} features")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.whitening).all() and 0 < self.rim < np.inf):
            raise UsageError("a domain holds values that are not finite, or a rim that is not above 0")

    @classmethod
    def fit(cls, frames: Iterable[tuple[Frame, Mask]], patients: Sequence[Hashable] | None = None) -> DomainDescription:
        """Describe the frames of one scanner.

        Args:
            frames: (rows, columns) brightness in [0, 1] and valid, as harmonizers get them; training frames only.
            patients: whose each frame is, so that the rim is not measured on patients who are in the mean; each frame
                counts as another patient's when None.

        Raises:
            UsageError: frames of fewer than 5 patients.
            InputError: a frame shows too little tissue.
        """
        return cls.of_features([frame_features(frame, valid) for frame, valid in frames], patients)

    @classmethod
    def of_features(cls, features: Sequence[Vector], patients: Sequence[Hashable] | None = None) -> DomainDescription:
        """The same from ``frame_features`` of each frame."""
        values = np.array(features)
        people = list(dict.fromkeys(range(len(values)) if patients is None else patients))
        if len(people) < LEAST_PATIENTS:
            raise UsageError(
                f"{len(values)} frames of {len(people)} patients to describe a scanner by; "
                f"needed: frames of at least {LEAST_PATIENTS}"
            )
        owner = np.array([people.index(p) for p in (range(len(values)) if patients is None else patients)])
        own = np.empty(len(values))
        folds = min(FOLDS, len(people))
        for fold in range(folds):
            out = owner % folds == fold
            mean, whitening = _gaussian(values[~out])
            own[out] = _distances(values[out], mean, whitening)
        mean, whitening = _gaussian(values)
        return cls(mean, whitening, float(np.quantile(own, OWN_QUANTILE)), len(values))

    def distance(self, frame: Frame, valid: Mask) -> float:
        """How far a frame is from this scanner's, at least 0; 1 is what 95 % of its own frames stay below.

        Args:
            frame: (rows, columns) brightness in [0, 1]; valid: (rows, columns).

        Raises:
            InputError: the frame shows too little tissue (fewer than 1024 valid pixels).
        """
        return self.distance_of(frame_features(frame, valid))

    def distance_of(self, features: Vector) -> float:
        """The same from ``frame_features``, for frames that are compared with several scanners."""
        return float(_distances(features[None], self.mean, self.whitening)[0] / self.rim)

    def to_json(self) -> dict[str, Any]:
        """What ``model.json`` holds, under ``domain``."""
        return {
            "version": VERSION,
            "features": list(NAMES),
            "mean": _rounded(self.mean),
            "whitening": [_rounded(row) for row in self.whitening],
            "rim": self.rim,
            "frames": self.frames,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> DomainDescription:
        """Read back what ``to_json`` gave.

        Raises:
            UsageError: it is of another version, or damaged.
        """
        if content.get("version") != VERSION or content.get("features") != list(NAMES):
            raise UsageError(f"domain of version {content.get('version')!r}; this software reads {VERSION}")
        try:
            mean, whitening = (np.array(content[key], dtype=np.float64) for key in ("mean", "whitening"))
            return cls(mean, whitening, float(content["rim"]), int(content["frames"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"the description of a domain is damaged ({error!r})") from None


def frame_features(frame: Frame, valid: Mask) -> Vector:
    """(features,) numbers that describe a frame, in the order of ``NAMES``.

    Args:
        frame: (rows, columns) brightness in [0, 1]; pixels that are not valid are not looked at.
        valid: (rows, columns).

    Raises:
        InputError: fewer than 1024 valid pixels, or a valid pixel that is not finite.
    """
    window = _middle(valid)
    valid = valid[window]
    if (count := int(np.count_nonzero(valid))) < LEAST_PIXELS:
        raise InputError(f"the frame shows {count} pixels of tissue; needed to describe it: at least {LEAST_PIXELS}")
    grey = np.where(valid, frame[window], np.float32(0)) * np.float32(255)
    inside = grey[valid]
    if not np.isfinite(inside).all():
        raise InputError("the brightness of the frame is not finite")
    return np.array([*_levels(inside), *_differences(grey, valid), *_local(grey, valid), *_depth(grey, valid)])


def _levels(inside: Frame) -> list[float]:
    levels = _quantiles(inside, QUANTILES)
    # Roots, since shares near 0 spread like their root.
    return [*levels, *(float(np.sqrt(np.count_nonzero(far) / far.size)) for far in (inside <= 2, inside >= 250))]


def _quantiles(grey: Frame, shares: Sequence[float]) -> list[float]:
    """To a quarter of a grey level, without sorting."""
    counts = np.bincount((np.clip(grey, 0, 255) * 4 + 0.5).astype(np.intp))
    return [float(place) / 4 for place in np.searchsorted(np.cumsum(counts), np.multiply(shares, grey.size))]


def _differences(grey: Frame, valid: Mask) -> list[float]:
    """Structure functions along and across the beam and between, tails and skewness of the differences.

    Of every second line: neighbouring lines tell nearly the same.
    """
    squares, tails, skewness = [], [], 0.0
    steps = [*((lag, 0) for lag in LAGS), *((0, lag) for lag in LAGS), (1, 1)]
    for down, right in steps:
        thin = (slice(None, None, 1 if down else 2), slice(None, None, 1 if right else 2))
        if down and right:
            thin = (slice(None), slice(None))
        values, inside = grey[thin], valid[thin]
        rows, columns = values.shape
        first = (slice(0, max(rows - down, 0)), slice(0, max(columns - right, 0)))
        both = inside[first] & inside[down:, right:]
        count = max(1, int(np.count_nonzero(both)))
        difference = (values[down:, right:] - values[first]) * both
        square = float(np.vdot(difference, difference)) / count
        # Half a grey level squared is what rounding to 8 bits adds.
        squares.append(float(np.log(square + 0.5)))
        if not (down and right) and down + right in TAIL_LAGS:
            size = float(np.abs(difference).sum(dtype=np.float64)) / count
            tails.append(float(np.log((size + 0.5) / np.sqrt(square + 0.5))))
        if (down, right) == (4, 0):
            cube = float(np.vdot(difference * difference, difference)) / count
            skewness = float(np.cbrt(cube / (square + 0.5) ** 1.5))
    return [*squares, *tails, skewness]


def _local(grey: Frame, valid: Mask) -> list[float]:
    """Standard deviation in blocks, dark to bright ones, and skewness of what is brighter or darker than its block."""
    rows, columns = (length // BLOCK * BLOCK for length in grey.shape)
    blocks = [
        part[:rows, :columns].reshape(rows // BLOCK, BLOCK, -1, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK**2)
        for part in (grey, valid)
    ]
    values, inside = blocks
    count = inside.sum(axis=1)
    chosen = count > 0.6 * BLOCK**2
    if not chosen.any():
        return [0.0] * (BRIGHTNESS_BINS + 1)
    values, inside, count = values[chosen], inside[chosen], count[chosen]
    mean = values.sum(axis=1) / count
    detail = (values - mean[:, None].astype(np.float32)) * inside
    squares = detail * detail
    deviation = np.sqrt(squares.sum(axis=1) / count)
    order = np.argsort(mean, kind="stable")
    contrasts = [float(np.log(part.mean() + 0.5)) if len(part) else 0.0 for part in _parts(deviation[order])]
    variance = float(squares.sum(dtype=np.float64)) / count.sum()
    cube = float(np.vdot(squares, detail)) / count.sum()
    return [*contrasts, float(np.cbrt(cube / (variance + 0.5) ** 1.5))]


def _parts(values: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    return np.array_split(values, BRIGHTNESS_BINS)


def _depth(grey: Frame, valid: Mask) -> list[float]:
    """Brightness of the upper and the lower third, against all."""
    counts = np.count_nonzero(valid, axis=1)
    sums = grey.sum(axis=1, dtype=np.float64)
    depth = np.cumsum(counts)
    all_over = sums.sum() / depth[-1]
    upper, lower = depth <= depth[-1] / 3, depth > depth[-1] * 2 / 3
    return [
        float(sums[part].sum() / counts[part].sum() - all_over) if counts[part].any() else 0.0
        for part in (upper, lower)
    ]


def _middle(valid: Mask) -> tuple[slice, slice]:
    """The box around the valid pixels, of large ones its middle."""
    spans = []
    for axis in (0, 1):
        inside = np.flatnonzero(valid.any(axis=1 - axis))
        first, last = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, 0)
        spare = max(0, last - first - LARGEST_SIDE) // 2
        spans.append(slice(first + spare, min(last, first + spare + LARGEST_SIDE)))
    return spans[0], spans[1]


def _gaussian(values: NDArray[np.float64]) -> tuple[Vector, NDArray[np.float64]]:
    """Mean, and the whitening of the shrunk covariance of standardized features."""
    from sklearn.covariance import ledoit_wolf

    mean, spread = values.mean(axis=0), values.std(axis=0)
    tolerance = np.array([TOLERANCES[name.partition("_")[0]] for name in NAMES])
    scale = np.hypot(spread, tolerance)
    covariance, _ = ledoit_wolf((values - mean) / scale)
    covariance += np.diag((tolerance / scale) ** 2)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)) / scale
    return mean, whitening


def _distances(values: NDArray[np.float64], mean: Vector, whitening: NDArray[np.float64]) -> Vector:
    return np.asarray(np.linalg.norm((values - mean) @ whitening.T, axis=1), dtype=np.float64)


def _rounded(values: Vector) -> list[float]:
    """Six digits: a description is a small part of a bundle's JSON, and its distances are no more exact."""
    return [float(f"{value:.6g}") for value in values]
