"""Fourier domain adaptation: the low frequencies get the amplitude of the target, the phase stays.

Yang and Soatto, "FDA: Fourier Domain Adaptation for Semantic Segmentation", CVPR 2020, section 3.1, equations 2 and 3:

    x_out = F^-1( M_beta . A(x_target) + (1 - M_beta) . A(x_source),  P(x_source) )

A and P are amplitude and phase of the Fourier transform F, M_beta is 1 in a square around frequency zero of half width
floor(beta min(rows, columns)) and 0 elsewhere.

How it is applied to ultrasound is ours: only the box around the valid pixels is transformed, filled where it holds
other things, so that neither the edge of the sector nor text rings through the frame. Amplitudes are divided by the
number of pixels; coefficient k then means k cycles along the box whatever its size, which is what resampling the
reference to the size of the frame would give (Fourier interpolation). Several reference frames give their mean
amplitude.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ..errors import InputError, UsageError
from .reference import Frame, box, reference_frames

# The value of the authors' first example; their paper combines 0.01, 0.05 and 0.09. The harmonization paper names none.
BETA = 0.01

# Half width of the stored square: enough for beta 0.09 up to frames of 1,400 pixels, 0.01 up to 12,900.
LIMIT = 128


class FourierHarmonizer:
    """Gives each frame the low-frequency amplitude of the reference.

    Args:
        amplitude: (2 m + 1, 2 m + 1) amplitudes divided by the number of pixels, frequency zero in the middle.
        beta: half width of the square as a share of the shorter side, 0 to 0.5.
        name: for tables and DICOM.

    Raises:
        UsageError: the amplitudes are broken, or beta is out of range.
    """

    # Where it comes out of a bundle: the bundle's.
    source = ""
    target = ""
    training_patients: tuple[str, ...] = ()

    def __init__(self, amplitude: NDArray[np.floating[Any]], beta: float = BETA, name: str = "fda") -> None:
        shape = amplitude.shape
        if amplitude.ndim != 2 or shape[0] != shape[1] or shape[0] % 2 == 0:
            raise UsageError(f"stored amplitude of shape {shape}; needed: a square with an odd side")
        if not np.isfinite(amplitude).all() or (amplitude < 0).any():
            raise UsageError("stored amplitude is broken; needed: finite values, none negative")
        if not isinstance(beta, (int, float)) or not 0 <= beta <= 0.5:
            raise UsageError(f"beta is {beta!r}; needed: a number from 0 to 0.5")
        self.name = name
        self.beta = float(beta)
        self.amplitude = np.asarray(amplitude, dtype=np.float32)
        self.version = hashlib.sha256(self.amplitude.tobytes() + repr(self.beta).encode()).hexdigest()[:12]
        self.settings: dict[str, Any] = {"beta": self.beta, "reference": self.version}

    @classmethod
    def from_frames(cls, frames: Iterable[Frame], beta: float = BETA, name: str = "fda") -> FourierHarmonizer:
        """From reference frames (filled where they are not valid).

        Raises:
            UsageError: there is none, or beta is out of range.
        """
        total, count = np.zeros((2 * LIMIT + 1, 2 * LIMIT + 1)), 0
        for frame, valid in frames:
            if valid.any():
                values = _amplitude(frame[box(valid)])
                half = min(len(values), len(total)) // 2
                total, count = _centre(total, half) + _centre(values, half), count + 1
        if not count:
            raise UsageError("the reference of the Fourier domain adaptation has no valid pixel")
        return cls(total / count, beta, name)

    @classmethod
    def from_reference(cls, reference: Path, beta: float = BETA) -> FourierHarmonizer:
        """From an image or a folder of images of the target scanner."""
        return cls.from_frames(reference_frames(reference), beta)

    @classmethod
    def from_stored(
        cls, settings: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]], name: str
    ) -> FourierHarmonizer:
        """From what a bundle holds (``stored``)."""
        if set(settings) != {"name", "beta"} or set(weights) != {"amplitude"}:
            raise UsageError(f"FDA of bundle {name} is broken; needed: setting 'beta' and an array 'amplitude'")
        return cls(weights["amplitude"], settings["beta"], name)

    def stored(self) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
        """Settings and weights for ``bundle.write_bundle``."""
        return {"name": "fda", "beta": self.beta}, {"amplitude": self.amplitude}

    def harmonize(self, frame: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """See ``Harmonizer``; ``frame`` is to be filled where it is not valid.

        Raises:
            InputError: the reference has too few pixels for this beta and the size of the frame.
        """
        result = frame.astype(np.float32, copy=True)
        if not valid.any():
            return result
        window = box(valid)
        part = result[window]
        half = math.floor(self.beta * min(part.shape))
        if half > len(self.amplitude) // 2:
            raise InputError(
                f"beta {self.beta:g} swaps {half} frequencies of {part.shape[0]} x {part.shape[1]} pixels, but the "
                f"reference holds {len(self.amplitude) // 2}; use a smaller beta or a larger reference"
            )
        # Frequencies of one sign are stored at the end, so that -half..half are reached by negative indices.
        order = np.arange(-half, half + 1)
        rows, columns = np.meshgrid(order, order, indexing="ij")
        spectrum = fft.fft2(part.astype(np.float64))
        low = spectrum[rows, columns]
        size = np.abs(low)
        phase = np.where(size > 0, low / np.where(size > 0, size, 1.0), 1.0)
        spectrum[rows, columns] = _centre(self.amplitude, half) * part.size * phase
        result[window] = np.clip(fft.ifft2(spectrum).real, 0.0, 1.0)
        return result


def _amplitude(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Centred square of amplitudes divided by the number of pixels, at most ``LIMIT`` from the middle."""
    half = min((min(image.shape) - 1) // 2, LIMIT)
    order = np.arange(-half, half + 1)
    rows, columns = np.meshgrid(order, order, indexing="ij")
    values: NDArray[np.float64] = np.abs(fft.fft2(image.astype(np.float64)))[rows, columns] / image.size
    return values


def _centre(values: NDArray[Any], half: int) -> NDArray[Any]:
    middle = len(values) // 2
    return values[middle - half : middle + half + 1, middle - half : middle + half + 1]
