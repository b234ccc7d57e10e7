"""How well radiomics features of two images of the same things agree, feature by feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

CONFIDENCE = 0.95
REPRODUCIBLE = 0.9
RESAMPLES = 1000

Values = NDArray[np.float64]


@dataclass(frozen=True)
class FeatureAgreement:
    """Agreement of (n, features) with (n, features) of the target; each array is (features,).

    Attributes:
        names: of the features.
        n: things measured twice.
        pearson, pearson_low, pearson_high: linear correlation, and its 95 % interval by Fisher's z (1921; needs n of at
            least 4). NaN where a feature does not vary in one of the two.
        icc, icc_low, icc_high: intraclass correlation ICC(3,1) with its 95 % interval (``intraclass_correlation``).
        concordance: Lin's concordance correlation coefficient (1989, doi 10.2307/2532051), population moments. Unlike
            the other two it sees a shift of the mean.
        shift: mean minus mean of the target, in the feature's unit; shift_sd: the same in standard deviations (n - 1)
            of the target, NaN where it does not vary.
    """

    names: tuple[str, ...]
    n: int
    pearson: Values
    pearson_low: Values
    pearson_high: Values
    icc: Values
    icc_low: Values
    icc_high: Values
    concordance: Values
    shift: Values
    shift_sd: Values

    @property
    def mean_pearson(self) -> float:
        """Mean correlation of the features that have one; NaN if none has."""
        return float(self.pearson[np.isfinite(self.pearson)].mean()) if np.isfinite(self.pearson).any() else np.nan

    @property
    def reproducible(self) -> float:
        """Share of features with ICC(3,1) of at least 0.9, of those that have one; NaN if none has."""
        known = self.icc[np.isfinite(self.icc)]
        return float((known >= REPRODUCIBLE).mean()) if known.size else np.nan


def feature_agreement(
    x: NDArray[np.floating], y: NDArray[np.floating], names: Sequence[str] | None = None
) -> FeatureAgreement:
    """Agreement of each feature in ``x`` with the same feature in ``y``.

    Args:
        x: (n, features), finite: of the original or generated images.
        y: (n, features), finite: of the target's images of the same things, in the same order.
        names: of the features; by default their numbers.

    Raises:
        UsageError: shapes do not match, values are not finite, or n is less than 3.
    """
    x, y = _pair(x, y)
    n, features = x.shape
    known = tuple(names) if names is not None else tuple(map(str, range(features)))
    if len(known) != features:
        raise UsageError(f"{len(known)} names for {features} features; needed: one each")
    r = correlations(x, y)
    low, high = fisher_interval(r, n)
    icc, icc_low, icc_high = intraclass_correlation(np.stack([x, y]))
    shift, shift_sd = mean_shift(x, y)
    spread = x.var(axis=0) + y.var(axis=0) + shift**2
    covariance = ((x - x.mean(axis=0)) * (y - y.mean(axis=0))).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        concordance = np.where(_varies(x) | _varies(y) | (shift != 0), 2 * covariance / spread, np.nan)
    return FeatureAgreement(known, n, r, low, high, icc, icc_low, icc_high, concordance, shift, shift_sd)


def mean_shift(x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[Values, Values]:
    """How far features lie from the target's, of (n, features) and (m, features) of any images.

    Returns:
        (features,) mean of ``x`` minus mean of ``y``; and the same in standard deviations (m - 1) of ``y``, NaN where
        it does not vary.
    """
    target = np.asarray(y, dtype=np.float64)
    shift = np.asarray(x, dtype=np.float64).mean(axis=0) - target.mean(axis=0)
    if len(target) < 2:
        return shift, np.full_like(shift, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return shift, np.where(_varies(target), shift / target.std(axis=0, ddof=1), np.nan)


def correlations(x: Values, y: Values) -> Values:
    """(features,) Pearson correlation of each column of ``x`` with that of ``y``; NaN where one does not vary."""
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.where(_varies(x) & _varies(y), np.clip(r, -1, 1), np.nan)


def fisher_interval(r: Values, n: int) -> tuple[Values, Values]:
    """95 % interval of correlations of n pairs: tanh(atanh(r) +- 1.96 / sqrt(n - 3)) (Fisher 1921); NaN for n < 4."""
    from scipy.stats import norm

    if n < 4:
        return np.full_like(r, np.nan), np.full_like(r, np.nan)
    half = norm.ppf((1 + CONFIDENCE) / 2) / np.sqrt(n - 3)
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    return np.tanh(z - half), np.tanh(z + half)


def intraclass_correlation(ratings: NDArray[np.floating]) -> tuple[Values, Values, Values]:
    """ICC(3,1) of each feature and its 95 % interval: two-way mixed model, consistency, single rating.

    ``(MSR - MSE) / (MSR + (k - 1) MSE)`` with mean squares of rows (things) and error (Shrout and Fleiss 1979,
    doi 10.1037/0033-2909.86.2.420; interval: McGraw and Wong 1996, doi 10.1037/1082-989X.1.1.30, table 7). A constant
    shift between the raters does not lower it: look at concordance and shift too.

    Args:
        ratings: (k, n, features): k at least 2 raters (scanners, methods) of n at least 2 things.

    Returns:
        icc, low, high: (features,) each, from -1 / (k - 1) to 1; NaN where nothing varies.
    """
    from scipy.stats import f

    values = np.asarray(ratings, dtype=np.float64)
    k, n, _ = values.shape
    freedom = (n - 1, (n - 1) * (k - 1))
    grand, things, raters = values.mean(axis=(0, 1)), values.mean(axis=0), values.mean(axis=1)
    rows = k * ((things - grand) ** 2).sum(axis=0) / freedom[0]
    error = ((values - things - raters[:, None] + grand) ** 2).sum(axis=(0, 1)) / freedom[1]
    varies = _varies(values.reshape(k * n, -1)) & (rows + error > _tiny(values))
    error = np.where(error > _tiny(values), error, 0.0)  # what is left of equal ratings after rounding
    quantile = (1 + CONFIDENCE) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        icc = (rows - error) / (rows + (k - 1) * error)
        ratio = rows / error
        low = _of_ratio(ratio / f.ppf(quantile, *freedom), k)
        high = _of_ratio(ratio * f.ppf(quantile, *freedom[::-1]), k)
    return tuple(np.where(varies, one, np.nan) for one in (icc, low, high))  # type: ignore[return-value]


def mean_correlation_interval(
    x: NDArray[np.floating], y: NDArray[np.floating], groups: Sequence[object] | None = None, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the mean over the features of their correlations: bootstrap over the things (percentiles).

    The features of one image are not independent of each other, so their spread says nothing of the certainty of their
    mean; another draw of images does.

    Args:
        x, y: as ``feature_agreement``.
        groups: (n,) what must be drawn together (the patient); by default each thing on its own.
        seed: of the 1000 draws.
    """
    x, y = _pair(x, y)
    _, group = np.unique(np.arange(len(x)) if groups is None else np.asarray(groups).astype(str), return_inverse=True)
    members = [np.flatnonzero(group == one) for one in range(group.max() + 1)]
    if len(members) < 3:
        return np.nan, np.nan
    chance = np.random.default_rng(seed)
    means = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([members[one] for one in chance.integers(len(members), size=len(members))])
        r = correlations(x[drawn], y[drawn])
        if np.isfinite(r).any():
            means.append(np.nanmean(r))
    if not means:
        return np.nan, np.nan
    low, high = np.percentile(means, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return float(low), float(high)


def _of_ratio(ratio: Values, k: int) -> Values:
    return np.where(np.isinf(ratio), 1.0, (ratio - 1) / (ratio + k - 1))


def _pair(x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[Values, Values]:
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 2 or a.shape != b.shape:
        raise UsageError(f"features of shapes {a.shape} and {b.shape}; needed: (n, features) of both, the same")
    if len(a) < 3:
        raise UsageError(f"{len(a)} pairs; needed for the agreement of features: at least 3")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise UsageError("features whose agreement is asked for must be finite")
    return a, b


def _varies(values: Values) -> NDArray[np.bool_]:
    """Whether a column varies by more than rounding."""
    return np.asarray(values.std(axis=0) > 1e-12 * np.abs(values).max(axis=0, initial=0))


def _tiny(values: Values) -> Values:
    return np.asarray((1e-12 * np.abs(values).max(axis=(0, 1))) ** 2)
