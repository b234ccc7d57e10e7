"""Histogram matching: the floor that every learned harmonizer must beat.

The brightness distribution of the valid pixels becomes that of the reference frames: out = Q(F(in)), F the distribution
function of the frame, Q the quantile function of the reference, both taken at the middle of each value's step, so that
a frame matched to itself comes back as it was (Gonzalez and Woods, Digital Image Processing, section 3.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .reference import Frame, reference_frames

# Bins of the stored distribution: every 8-bit value k/255 is the centre of a bin, with three bins between neighbours.
BINS = 4 * 255 + 1


class HistogramHarmonizer:
    """Matches the distribution of the valid pixels to a stored one; never changes the order of two pixels.

    Args:
        shares: (``BINS``,) share of the reference's pixels in each bin of [0, 1]; not negative, sum not zero.
        name: for tables and DICOM.

    Raises:
        UsageError: the shares are not such a distribution.
    """

    # Where it comes out of a bundle: the bundle's.
    source = ""
    target = ""
    training_patients: tuple[str, ...] = ()

    def __init__(self, shares: NDArray[np.floating[Any]], name: str = "histogram") -> None:
        values = np.asarray(shares, dtype=np.float64)
        if values.shape != (BINS,) or not np.isfinite(values).all() or (values < 0).any() or not values.sum() > 0:
            raise UsageError(f"stored histogram is broken; needed: {BINS} shares, not negative, not all zero")
        self.name = name
        self.shares = np.asarray(values / values.sum(), dtype=np.float32)
        stored = self.shares.astype(np.float64)
        present = np.flatnonzero(stored)
        self._brightness = present / (BINS - 1)
        self._middles = (np.cumsum(stored) - stored / 2)[present]
        self.version = hashlib.sha256(self.shares.tobytes()).hexdigest()[:12]
        self.settings: dict[str, Any] = {"reference": self.version}

    @classmethod
    def from_frames(cls, frames: Iterable[Frame], name: str = "histogram") -> HistogramHarmonizer:
        """From reference frames, each with the same weight however large it is.

        Raises:
            UsageError: there is no frame with a valid pixel.
        """
        total = np.zeros(BINS)
        for frame, valid in frames:
            counts = np.bincount(np.rint(frame[valid] * (BINS - 1)).astype(int), minlength=BINS)
            total += counts / max(counts.sum(), 1)
        if not total.any():
            raise UsageError("the reference of the histogram has no valid pixel")
        return cls(total, name)

    @classmethod
    def from_reference(cls, reference: Path) -> HistogramHarmonizer:
        """From an image or a folder of images of the target scanner."""
        return cls.from_frames(reference_frames(reference))

    @classmethod
    def from_stored(
        cls, settings: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]], name: str
    ) -> HistogramHarmonizer:
        """From what a bundle holds (``stored``)."""
        if set(settings) != {"name"} or set(weights) != {"shares"}:
            raise UsageError(f"histogram of bundle {name} is broken; needed: an array 'shares' and no settings")
        return cls(weights["shares"], name)

    def stored(self) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
        """Settings and weights for ``bundle.write_bundle``."""
        return {"name": "histogram"}, {"shares": self.shares}

    def harmonize(self, frame: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """See ``Harmonizer``; pixels that are not valid come back as they are."""
        result = frame.astype(np.float32, copy=True)
        if valid.any():
            _, inverse, counts = np.unique(frame[valid], return_inverse=True, return_counts=True)
            middles = (np.cumsum(counts) - counts / 2) / counts.sum()
            matched = np.interp(middles, self._middles, self._brightness)
            result[valid] = matched[inverse]
        return result
