"""First-order features: of the distribution of brightness, without regard to where.

Names and formulas: pyradiomics' documentation, First Order Features; IBSI: intensity-based statistics (arXiv
1612.07003, section 3.3), whose kurtosis is this one minus 3, and intensity histogram entropy and uniformity (3.4).
"""

from __future__ import annotations

import numpy as np

from .binning import Floats, Levels

# Added before a logarithm, so that there is one of 0.
EPSILON = np.spacing(1.0)


def first_order(values: Floats, bins: Levels, pixel_volume: float, shift: float) -> dict[str, float]:
    """First-order features.

    Args:
        values: (N,) brightness of the lesion's pixels.
        bins: its grey levels.
        pixel_volume: height times width of a pixel, times the thickness of the slice, 1.
        shift: pyradiomics' ``voxelArrayShift``, added before energies are taken.

    Returns:
        18 values. A lesion of one brightness has skewness and kurtosis 0.
    """
    p10, p25, p50, p75, p90 = np.percentile(values, [10, 25, 50, 75, 90])
    mean = values.mean()
    deviation = values - mean
    square = deviation * deviation
    second, third, fourth = (float(power.mean()) for power in (square, square * deviation, square * square))
    spread = second or 1.0  # where it is 0, so are the others
    middle = values[(values >= p10) & (values <= p90)]
    energy = float(((values + shift) ** 2).sum())
    share = bins.count / len(values)
    low, high = float(values.min()), float(values.max())
    return {
        "10Percentile": float(p10),
        "90Percentile": float(p90),
        "Energy": energy,
        "Entropy": -float((share * np.log2(share + EPSILON)).sum()),
        "InterquartileRange": float(p75 - p25),
        "Kurtosis": fourth / spread**2,
        "Maximum": high,
        "MeanAbsoluteDeviation": float(np.abs(deviation).mean()),
        "Mean": float(mean),
        "Median": float(p50),
        "Minimum": low,
        "Range": high - low,
        "RobustMeanAbsoluteDeviation": float(np.abs(middle - middle.mean()).mean()),
        "RootMeanSquared": float(np.sqrt(energy / len(values))),
        "Skewness": third / spread**1.5,
        "TotalEnergy": energy * pixel_volume,
        "Uniformity": float((share**2).sum()),
        "Variance": second,
    }
