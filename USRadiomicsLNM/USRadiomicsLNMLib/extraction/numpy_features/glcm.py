"""Grey level co-occurrence matrix: which grey levels are neighbours.

Names and formulas: pyradiomics' documentation, GLCM (Haralick et al. 1973, doi 10.1109/TSMC.1973.4309314); IBSI: arXiv
1612.07003, section 3.6, averaged over directions (BTW3). One pixel apart, symmetric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .binning import Floats, Levels
from .first_order import EPSILON
from .lesion import DIRECTIONS, Lesion


def glcm(lesion: Lesion, bins: Levels) -> dict[str, float]:
    """24 values, each the mean over the directions in which the lesion has neighbours; NaN where it has none at all."""
    p = co_occurrences(lesion, bins)
    directions, grey, highest = len(p), bins.grey, bins.highest
    across = p.sum(axis=1)  # (directions, levels); the matrices are symmetric, so that both margins are the same
    sums = _gathered(p, (grey[:, None] + grey).astype(np.intp), 2 * highest + 1)
    apart = _gathered(p, np.abs(grey[:, None] - grey).astype(np.intp), highest)
    k, steps = np.arange(2 * highest + 1.0), np.arange(float(highest))

    mean = (across * grey).sum(axis=1)
    centred = grey - mean[:, None]
    variance = (across * centred**2).sum(axis=1)
    covariance = (p * centred[:, :, None] * centred[:, None, :]).sum(axis=(1, 2))
    from_mean = k - 2 * mean[:, None]
    step_mean = (apart * steps).sum(axis=1)
    flat = variance == 0

    entropy = _entropy(p.reshape(directions, len(grey) ** 2))
    margins = across[:, :, None] * across[:, None, :]
    log_margins = np.log2(margins + EPSILON)
    entropy_1, entropy_2 = (-(weight * log_margins).sum(axis=(1, 2)) for weight in (p, margins))
    entropy_across = _entropy(across)
    gain = np.where(entropy_2 == entropy, 0, -np.expm1(-2 * (entropy_2 - entropy)))

    found = {
        "Autocorrelation": (p * (grey[:, None] * grey)).sum(axis=(1, 2)),
        "ClusterProminence": (sums * from_mean**4).sum(axis=1),
        "ClusterShade": (sums * from_mean**3).sum(axis=1),
        "ClusterTendency": (sums * from_mean**2).sum(axis=1),
        "Contrast": (apart * steps**2).sum(axis=1),
        "Correlation": np.where(flat, 1, covariance / (variance + EPSILON)),
        "DifferenceAverage": step_mean,
        "DifferenceEntropy": _entropy(apart),
        "DifferenceVariance": (apart * (steps - step_mean[:, None]) ** 2).sum(axis=1),
        "Id": (apart / (1 + steps)).sum(axis=1),
        "Idm": (apart / (1 + steps**2)).sum(axis=1),
        "Idmn": (apart / (1 + steps**2 / highest**2)).sum(axis=1),
        "Idn": (apart / (1 + steps / highest)).sum(axis=1),
        "Imc1": (entropy - entropy_1) / entropy_across,
        "Imc2": np.sqrt(gain, where=gain >= 0, out=np.full(directions, np.nan)),
        "InverseVariance": (apart[:, 1:] / steps[1:] ** 2).sum(axis=1),
        "JointAverage": mean,
        "JointEnergy": (p**2).sum(axis=(1, 2)),
        "JointEntropy": entropy,
        "MCC": _maximal_correlation(p, across),
        "MaximumProbability": p.max(axis=(1, 2)),
        "SumAverage": (sums * k).sum(axis=1),
        "SumEntropy": _entropy(sums),
        "SumSquares": variance,
    }
    return {name: _mean(values) for name, values in found.items()}


def co_occurrences(lesion: Lesion, bins: Levels) -> Floats:
    """(directions, levels, levels) shares of neighbours in both orders, of the directions in which there are any."""
    size = len(bins.grey)
    place = np.append(bins.place, size)  # of no neighbour
    matrices = []
    for neighbour in lesion.neighbours[: len(DIRECTIONS)]:
        pairs = np.bincount(bins.place * (size + 1) + place[neighbour], minlength=size * (size + 1))
        count = pairs.reshape(size, size + 1)[:, :size]
        if total := 2 * count.sum():
            matrices.append((count + count.T) / total)
    return np.array(matrices).reshape(-1, size, size)


def _gathered(p: Floats, key: NDArray[np.intp], length: int) -> Floats:
    """(directions, length) shares of the entries of each key."""
    keys = key.ravel() + length * np.arange(len(p))[:, None]
    shares = np.bincount(keys.ravel(), weights=p.ravel(), minlength=length * len(p))
    return np.asarray(shares, dtype=np.float64).reshape(len(p), length)


def _entropy(share: Floats) -> Floats:
    return np.asarray(-(share * np.log2(share + EPSILON)).sum(axis=1))


def _maximal_correlation(p: Floats, across: Floats) -> Floats:
    """Square root of the second largest eigenvalue of Q, ``Q(i, j) = sum_k p(i, k) p(j, k) / (p(i) p(k))``.

    pyradiomics adds its small number to the denominator, which shows in the seventh digit where a level is rare. The
    eigenvalues are real and not negative but for rounding.
    """
    if p.shape[1] < 2:
        return np.ones(1)
    q = (p / (across[:, :, None] * across[:, None, :] + EPSILON)) @ p.swapaxes(1, 2)
    return np.asarray(np.sqrt(np.sort(np.linalg.eigvals(q).real, axis=1)[:, -2].clip(min=0)))


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
