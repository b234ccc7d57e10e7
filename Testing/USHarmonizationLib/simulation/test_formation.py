"""The physics of image formation, measured on what it makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from USHarmonizationLib.simulation.beam import axial_width_mm, lateral_width_mm, pulse_sigma_mm
from USHarmonizationLib.simulation.formation import Knobs, echoes, envelopes, field, persistence_weights
from USHarmonizationLib.simulation.geometry import Floats, geometry
from USHarmonizationLib.simulation.scatterers import (
    Medium,
    Pose,
    Scatterers,
    field_of_view,
    lattice_mm,
    scatter,
)
from USHarmonizationLib.simulation.settings import SOUND_SPEED, Imaging, imaging

QUIET = {"noise_db": -150, "ring_db": -60, "looks": 1, "persistence": 0, "tgc_db_cm_mhz": 0}
LINEAR = replace(imaging("hitachi-preirus", "linear"), **QUIET)  # type: ignore[arg-type]
CONVEX = replace(imaging("hitachi-preirus", "convex"), **QUIET)  # type: ignore[arg-type]


def even(x: Floats, z: Floats) -> Floats:
    return np.zeros_like(x)


def tissue(how: Imaging, attenuation: float = 0.0, seed: int = 0, **medium: object) -> Scatterers:
    made = Medium(even, attenuation, **medium)  # type: ignore[arg-type]
    random = np.random.default_rng(seed)
    return scatter(made, field_of_view(((how, Pose()),)), lattice_mm((how,), attenuation), random)


def envelope(how: Imaging, scatterers: Scatterers, attenuation: float = 0.0, knobs: Knobs | None = None) -> Floats:
    ((_, made),) = envelopes(scatterers, how, attenuation, np.random.default_rng(1), knobs=knobs)
    return made


def point(x: float, z: float) -> Scatterers:
    one = np.ones(1, dtype=np.float32)
    return Scatterers(one * np.float32(x), one * np.float32(z), one.astype(np.complex64), 0 * one)


def width(profile: NDArray[np.float64], step: float) -> float:
    """Full width at half of the maximum, between samples by interpolation."""
    half, top = profile.max() / 2, int(profile.argmax())
    left = np.interp(half, profile[: top + 1], np.arange(top + 1))
    right = np.interp(-half, -profile[top:], np.arange(top, profile.size))
    return float(right - left) * step


@pytest.mark.parametrize("how", [LINEAR, CONVEX])
def test_fully_developed_speckle_is_rayleigh(how: Imaging) -> None:
    grid = field(how, 0.0)
    speckle = envelope(how, tissue(how))[grid.depth_mm > 5]
    # thousands of resolution cells
    area = how.probe.depth_mm * float(geometry(how).spacing_at(how.probe.depth_mm / 2))
    cells = area / (axial_width_mm(how.probe) * float(lateral_width_mm(how.probe, how.probe.depth_mm / 2)))
    assert cells > 5000
    assert speckle.mean() / speckle.std() == pytest.approx(1.913, abs=0.03)
    assert (speckle**4).mean() / (speckle**2).mean() ** 2 == pytest.approx(2, abs=0.07)
    independent = speckle[::60, ::12].ravel()
    scale = float(np.sqrt((speckle**2).mean() / 2))
    assert stats.kstest(independent, stats.rayleigh(scale=scale).cdf).pvalue > 0.01


def test_few_scatterers_make_speckle_that_is_not() -> None:
    def thin(x: Floats, z: Floats) -> Floats:
        return np.full_like(x, 0.05)

    sparse = envelope(LINEAR, tissue(LINEAR, density=thin))[400:]
    assert sparse.mean() / sparse.std() < 1.5
    assert 10 * np.log10((sparse**2).mean()) == pytest.approx(0, abs=0.5)  # as bright as before


def test_background_is_0_db_at_each_depth_and_place() -> None:
    for how in (LINEAR, CONVEX):
        power = envelope(how, tissue(how)).astype(float) ** 2
        deep = power[60:].copy()
        bands = [10 * np.log10(band.mean()) for band in np.array_split(deep, 5)]
        assert bands == pytest.approx([0] * 5, abs=0.4)
        assert 10 * np.log10(power[60:, :8].mean()) == pytest.approx(0, abs=1.0)  # up to the outermost lines


@pytest.mark.parametrize("tgc", [0.3, 0.5, 0.7])
def test_brightness_is_flat_where_compensation_fits_attenuation(tgc: float) -> None:
    how = replace(LINEAR, tgc_db_cm_mhz=tgc)
    grid = field(how, 0.5)
    power = envelope(how, tissue(how, 0.5), 0.5).astype(float) ** 2
    depth = grid.depth_mm[200:].reshape(-1, 1)[: (grid.rows - 200) // 50 * 50].reshape(-1, 50).mean(axis=1)
    level = 10 * np.log10(power[200:][: depth.size * 50].reshape(depth.size, -1).mean(axis=1))
    slope = np.polyfit(depth / 10, level, 1)[0]
    assert slope == pytest.approx(2 * (tgc - 0.5) * how.probe.centre_mhz, abs=0.15)


def test_compensation_has_its_limit() -> None:
    how = replace(LINEAR, tgc_db_cm_mhz=0.5, tgc_max_db=20.0)
    assert 20 * np.log10(field(how, 0.0).gain.max()) == pytest.approx(20, abs=1e-3)


@pytest.mark.parametrize("f_number", [1.5, 3.0])
@pytest.mark.parametrize("how", [LINEAR, CONVEX])
def test_a_wire_in_focus_is_a_wavelength_times_f_number_wide(how: Imaging, f_number: float) -> None:
    focus = 30.0
    probe = replace(
        how.probe, transmit_f_number=f_number, receive_f_number=f_number, focus_mm=focus, aperture_mm=60, lines=768
    )
    how = replace(how, probe=probe)
    echo = np.abs(echoes(point(0, focus), how, 0.0))
    row = int(echo.max(axis=1).argmax())
    step = float(geometry(how).spacing_at(focus)) / (probe.lines - 1)
    expected = SOUND_SPEED / probe.centre_mhz * f_number
    assert width(echo[row], step) == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize("depth", [8.0, 14.0, 45.0])
def test_out_of_focus_it_is_as_wide_as_the_beam(depth: float) -> None:
    how = replace(LINEAR, probe=replace(LINEAR.probe, lines=768))
    echo = np.abs(echoes(point(1, depth), how, 0.5))
    step = how.probe.width_mm / (how.probe.lines - 1)
    found = width(echo[int(echo.max(axis=1).argmax())], step)
    assert found == pytest.approx(float(lateral_width_mm(how.probe, depth, 0.5)), rel=0.04)


def test_echoes_add_up_with_the_phase_of_their_way() -> None:
    wavelength = SOUND_SPEED / LINEAR.probe.centre_mhz
    single = np.abs(echoes(point(0, 25), LINEAR, 0.0)).max()
    for apart, sign in ((wavelength / 4, -1), (wavelength / 2, 1)):
        first, second = point(0, 25), point(0, 25 + apart)
        both = Scatterers(*(np.concatenate([getattr(one, name) for one in (first, second)]) for name in vars(first)))
        middle = round((25 + apart / 2) / field(LINEAR, 0.0).row_mm)
        echo = np.abs(echoes(both, LINEAR, 0.0))[middle].max()
        each = np.exp(-0.5 * (apart / 2 / pulse_sigma_mm(LINEAR.probe)) ** 2)
        assert echo / single == pytest.approx(each * (1 + sign), abs=0.1)


@pytest.mark.parametrize("bandwidth", [0.3, 0.6])
@pytest.mark.parametrize("how", [LINEAR, CONVEX])
def test_a_wire_is_as_long_as_the_bandwidth_allows(how: Imaging, bandwidth: float) -> None:
    how = replace(how, probe=replace(how.probe, bandwidth=bandwidth))
    echo = np.abs(echoes(point(0, 25.003), how, 0.0))
    line = echo[:, int(echo.max(axis=0).argmax())]
    expected = 0.4413 * SOUND_SPEED / how.probe.centre_mhz / bandwidth
    assert width(line, field(how, 0.0).row_mm) == pytest.approx(expected, rel=0.03)


def test_looks_reduce_speckle() -> None:
    scatterers = tissue(LINEAR)
    compounded = envelope(replace(LINEAR, looks=5, look_angle_deg=20), scatterers)[400:]
    single = envelope(LINEAR, scatterers)[400:]
    assert compounded.mean() / compounded.std() > 1.3 * single.mean() / single.std()


def test_noise_has_its_level_and_grows_with_compensation() -> None:
    how = replace(LINEAR, noise_db=-30.0, tgc_db_cm_mhz=0.5)
    nothing = Scatterers(
        *(np.zeros(0, dtype=np.float32),) * 2, np.zeros(0, dtype=np.complex64), np.zeros(0, np.float32)
    )
    level = 10 * np.log10((envelope(how, nothing)[:].astype(float) ** 2).mean(axis=1))
    level -= 20 * np.log10(field(how, 0.0).gain)
    ring_free = level[300:]
    assert ring_free.mean() == pytest.approx(-30, abs=0.2)
    assert np.abs(ring_free - ring_free.mean()).max() < 2


def test_persistence_averages_noise_away_and_keeps_the_rest() -> None:
    assert persistence_weights(0) == (1.0,)
    weights = persistence_weights(0.5)
    assert len(weights) == 3
    assert sum(weights) == pytest.approx(1)
    assert weights[0] / weights[1] == pytest.approx(2)
    frames = list(envelopes(tissue(LINEAR), replace(LINEAR, persistence=0.5), 0.0, np.random.default_rng(0)))
    assert np.allclose(frames[0][1], frames[2][1], rtol=1e-3, atol=1e-3)  # no noise here, so no difference


def test_knobs_add_their_gain() -> None:
    scatterers = tissue(LINEAR)
    plain, turned = envelope(LINEAR, scatterers), envelope(LINEAR, scatterers, knobs=Knobs(3.0, (0.0, 0.0, 6.0)))
    gain = 20 * np.log10(turned[1:].mean(axis=1) / plain[1:].mean(axis=1))
    assert gain[100] == pytest.approx(3, abs=0.1)
    assert gain[-1] == pytest.approx(9, abs=0.1)


def test_operators_make_the_picture_even() -> None:
    how, random = imaging("hitachi-preirus", "linear"), np.random.default_rng(0)
    drawn = [Knobs.drawn(how, 0.7, random) for _ in range(400)]
    expected = 2 * (0.7 - how.tgc_db_cm_mhz) * how.probe.centre_mhz * np.linspace(0, how.probe.depth_mm / 10, 8)
    sliders = np.array([one.sliders_db for one in drawn])
    assert sliders.mean(axis=0) == pytest.approx(expected, abs=0.15)
    assert sliders.std(axis=0) == pytest.approx(0.8, abs=0.1)
    assert np.std([one.overall_db for one in drawn]) == pytest.approx(1.5, abs=0.2)


def test_what_attenuates_less_brightens_what_is_behind() -> None:
    def clear(x: Floats, z: Floats) -> Floats:
        return np.where((np.abs(x) < 5) & (z > 10) & (z < 20), np.float32(-0.5), np.float32(0))

    scatterers = tissue(LINEAR, 0.5)
    grid, beside = field(LINEAR, 0.5), slice(0, 60)
    plain = np.abs(echoes(scatterers, LINEAR, 0.5))
    bright = np.abs(echoes(scatterers, LINEAR, 0.5, clear))
    behind = grid.depth_mm > 22
    middle = slice(LINEAR.probe.lines // 2 - 10, LINEAR.probe.lines // 2 + 10)
    gain = 20 * np.log10(bright[behind, middle].mean() / plain[behind, middle].mean())
    assert gain == pytest.approx(2 * 0.5 * LINEAR.probe.centre_mhz, abs=0.4)
    assert np.allclose(bright[:, beside], plain[:, beside], rtol=0.02, atol=1e-3)


def test_two_slices_agree_as_far_as_they_overlap() -> None:
    scatterers = tissue(LINEAR)
    agreement = np.full(scatterers.x.size, 0.6, dtype=np.float32)
    other = scatterers.in_other_slice(agreement, np.random.default_rng(5))
    first, second = (echoes(one, LINEAR, 0.0)[200:] for one in (scatterers, other))
    correlation = abs(np.vdot(first, second)) / np.sqrt(np.vdot(first, first).real * np.vdot(second, second).real)
    assert correlation == pytest.approx(0.6, abs=0.02)
