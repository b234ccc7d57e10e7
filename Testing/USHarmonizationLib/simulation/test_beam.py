"""Pulse and beam against what is known of them in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from USHarmonizationLib.simulation.beam import (
    axial_width_mm,
    centre_mhz,
    elevation_exponent,
    lateral_exponent,
    lateral_width_mm,
    slice_agreement,
)
from USHarmonizationLib.simulation.settings import SOUND_SPEED, imaging

PROBE = imaging("hitachi-preirus", "linear").probe


@given(f_number=st.floats(1.0, 6.0), frequency=st.floats(2, 15), focus=st.floats(10, 60))
def test_at_the_focus_the_beam_is_a_wavelength_times_the_f_number_wide(
    f_number: float, frequency: float, focus: float
) -> None:
    probe = replace(
        PROBE,
        transmit_f_number=f_number,
        receive_f_number=f_number,
        centre_mhz=frequency,
        focus_mm=focus,
        aperture_mm=99,
    )
    assert lateral_width_mm(probe, focus) == pytest.approx(SOUND_SPEED / frequency * f_number, rel=1e-6)


def test_the_beam_is_narrowest_near_its_focus_and_widens_on_both_sides() -> None:
    depth = np.linspace(3, 60, 400)
    probe = replace(PROBE, transmit_f_number=1.5, receive_f_number=3.0, aperture_mm=40)
    f_numbers = lateral_width_mm(probe, depth) / lateral_width_mm(probe, probe.focus_mm)
    assert abs(depth[f_numbers.argmin()] - probe.focus_mm) < 3
    assert f_numbers[0] > 1.05
    assert f_numbers[-1] > 1.3


def test_beyond_the_reach_of_the_aperture_the_f_number_grows() -> None:
    probe = replace(PROBE, aperture_mm=10, receive_f_number=2, transmit_f_number=2, focus_mm=400)
    near, far = lateral_exponent(probe, np.array([20.0]), 0), lateral_exponent(probe, np.array([80.0]), 0)
    assert near.real[0] > far.real[0] * 3


def test_echo_of_a_point_is_as_long_as_the_bandwidth_allows() -> None:
    # A Gaussian of -6 dB bandwidth B has, on transmit and receive together, a length of 4 ln 2 / (pi B) in time.
    expected = SOUND_SPEED / 2 * 4 * np.log(2) / (np.pi * PROBE.bandwidth * PROBE.centre_mhz)
    assert axial_width_mm(PROBE) == pytest.approx(expected)
    assert axial_width_mm(replace(PROBE, bandwidth=2 * PROBE.bandwidth)) == pytest.approx(expected / 2)


def test_attenuation_lowers_the_centre_of_a_gaussian_spectrum() -> None:
    frequency = np.linspace(0, 20, 20001)
    sigma = PROBE.bandwidth * PROBE.centre_mhz / (2 * np.sqrt(2 * np.log(2)))
    spectrum = np.exp(-((frequency - PROBE.centre_mhz) ** 2) / (2 * sigma**2))
    lost_db = 0.5 * frequency * 2 * 3.0  # 3 cm and back
    peak = frequency[(spectrum * 10 ** (-lost_db / 20)).argmax()]
    assert centre_mhz(PROBE, 30.0, 0.5) == pytest.approx(peak, abs=2e-3)
    assert centre_mhz(PROBE, 30.0, 0.0) == PROBE.centre_mhz


def test_slices_agree_by_the_overlap_of_their_beams() -> None:
    y = np.linspace(-20, 20, 40001)
    first = elevation_exponent(PROBE, np.array([15.0]), 0.5)
    second = elevation_exponent(replace(PROBE, elevation_aperture_mm=8), np.array([15.0]), 0.5)
    profiles = [np.exp(-one.real * (y - at) ** 2) for one, at in ((first, 0.0), (second, 0.7))]
    overlap = (profiles[0] * profiles[1]).sum() / np.sqrt((profiles[0] ** 2).sum() * (profiles[1] ** 2).sum())
    assert slice_agreement(first, second, 0.7)[0] == pytest.approx(overlap, rel=1e-6)
    assert slice_agreement(first, first, 0.0)[0] == pytest.approx(1.0)
