"""The pulse and the beam: how large the point spread function is at each depth.

Apertures are apodized with a Gaussian, for which the field in front of the probe has a closed form (Fresnel
approximation; Goodman, Introduction to Fourier Optics, 4.2). Its width is chosen such that the -6 dB width of the
two-way beam at the focus is wavelength x f-number when transmit and receive have the same f-number. The two-way
response is the product of the transmit beam (fixed focus) and the receive beam (focused at each depth). The pulse is a
Gaussian in frequency; attenuation, which grows with frequency, lowers its centre with depth.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .settings import SOUND_SPEED, Probe

# Half width (1/e of amplitude) of the apodization, as a share of the aperture; see above.
APODIZATION = 2 * math.sqrt(math.log(2) / 2) / math.pi
# Full width at half maximum of a Gaussian, in standard deviations.
FWHM = 2 * math.sqrt(2 * math.log(2))
# Nearer to the probe than this no beam has formed, mm.
NEAREST_MM = 1.0
# Attenuation cannot push the centre of the pulse below this share of its centre at the probe.
LOWEST_SHARE = 0.5
NEPERS = math.log(10) / 20

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


def pulse_sigma_mm(probe: Probe) -> float:
    """Standard deviation of the echo's envelope along depth. Its -6 dB width is 0.44 wavelengths / bandwidth."""
    sigma_mhz = probe.bandwidth * probe.centre_mhz / FWHM
    return SOUND_SPEED / (4 * math.pi * sigma_mhz)


def centre_mhz(probe: Probe, depth_mm: ArrayLike, attenuation: float) -> Array:
    """Centre frequency of the echo from a depth, with ``attenuation`` in dB/(cm MHz), one way."""
    depth = np.asarray(depth_mm, dtype=float)
    sigma = probe.bandwidth * probe.centre_mhz / FWHM
    slope = 2 * attenuation * NEPERS / 10 * sigma**2
    return np.maximum(probe.centre_mhz - slope * depth, LOWEST_SHARE * probe.centre_mhz)


def lateral_exponent(probe: Probe, depth_mm: ArrayLike, attenuation: float) -> Complex:
    """a (1/mm2) of the two-way beam exp(-a x2), x across the line in the image plane."""
    depth = np.maximum(np.asarray(depth_mm, dtype=float), NEAREST_MM)
    wavelength = SOUND_SPEED / centre_mhz(probe, depth, attenuation)
    transmit = min(probe.aperture_mm, probe.focus_mm / probe.transmit_f_number)
    receive = np.minimum(probe.aperture_mm, depth / probe.receive_f_number)
    return _one_way(depth, wavelength, transmit, probe.focus_mm) + _one_way(depth, wavelength, receive, depth)


def elevation_exponent(probe: Probe, depth_mm: ArrayLike, attenuation: float) -> Complex:
    """The same across the image plane, where the lens focuses both ways."""
    depth = np.maximum(np.asarray(depth_mm, dtype=float), NEAREST_MM)
    wavelength = SOUND_SPEED / centre_mhz(probe, depth, attenuation)
    return 2 * _one_way(depth, wavelength, probe.elevation_aperture_mm, probe.elevation_focus_mm)


def width_mm(exponent: Complex) -> Array:
    """-6 dB width (full) of the beam of this exponent."""
    return 2 * np.sqrt(math.log(2) / exponent.real)


def lateral_width_mm(probe: Probe, depth_mm: ArrayLike, attenuation: float = 0.0) -> Array:
    """-6 dB width of the two-way beam in the image plane."""
    return width_mm(lateral_exponent(probe, depth_mm, attenuation))


def axial_width_mm(probe: Probe) -> float:
    """-6 dB length of the echo of a point."""
    return FWHM * pulse_sigma_mm(probe)


def slice_agreement(first: Complex, second: Complex, offset_mm: float) -> Array:
    """How much of what two slices show is the same tissue: correlation of echoes from scatterers at random heights.

    0 to 1: the overlap of two beams exp(-a y2), ``offset_mm`` apart in height, each with unit energy.
    """
    a, b = first.real, second.real
    alike = np.sqrt(2 * np.sqrt(a * b) / (a + b))
    return np.asarray(alike * np.exp(-a * b / (a + b) * offset_mm**2))


def _one_way(depth: Array, wavelength: Array, aperture: ArrayLike, focus: ArrayLike) -> Complex:
    half = APODIZATION * np.asarray(aperture, dtype=float)
    defocus = np.pi / wavelength * (1 / depth - 1 / np.asarray(focus, dtype=float))
    return np.asarray((np.pi / (wavelength * depth)) ** 2 / (1 / half**2 - 1j * defocus), dtype=np.complex128)
