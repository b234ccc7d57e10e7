"""The phantom: contrasts, positions, pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.simulation.display import apply_grey_map, decompress, invert_grey_map, to_bytes
from USHarmonizationLib.simulation.formation import Knobs
from USHarmonizationLib.simulation.geometry import geometry
from USHarmonizationLib.simulation.phantom import (
    CONTRASTS_DB,
    SECTIONS,
    PhantomPair,
    View,
    between,
    layout,
    simulate_frames,
    simulate_pairs,
)
from USHarmonizationLib.simulation.scatterers import Medium, Pose, field_of_view, lattice_mm, scatter
from USHarmonizationLib.simulation.settings import imaging, simulated
from USHarmonizationLib.simulation.view import echo_picture, pixels_in_object, position_in_picture

ANGLES, SHIFTS = st.floats(-20, 20), st.floats(-10, 10)


@pytest.fixture(scope="module")
def pairs() -> list[PhantomPair]:
    return list(simulate_pairs("ge-voluson-e8", "hitachi-preirus", 3, 7))


@pytest.mark.parametrize("scanner", simulated())
def test_grey_scale_targets_land_within_1_db(scanner: str) -> None:
    how, pose = imaging(scanner, "linear"), Pose()
    phantom = layout("greyscale", how.probe.depth_mm)
    medium, level = phantom.medium(), np.zeros(how.matrix)
    seeds = range(3)  # a cylinder holds some hundred speckles of 5.6 dB: one frame is good to 0.3 dB
    for seed in seeds:
        random = np.random.default_rng(seed)
        scatterers = scatter(medium, field_of_view(((how, pose),)), lattice_mm((how,), 0.5), random)
        shown = to_bytes(apply_grey_map(echo_picture(scatterers, medium, how, pose, random), how))
        # back from 8-bit greys before post-processing
        level += decompress(invert_grey_map(shown.astype(np.float32) / 255, how), how) / len(seeds)
    x, z = pixels_in_object(how, pose)
    off = np.stack([np.hypot(x - one.x_mm, z - one.z_mm) / one.radius_mm for one in phantom.targets])
    for distance, target in zip(off, phantom.targets, strict=True):
        if target.kind == "grey":
            around = (off.min(axis=0) > 1.25) & (np.abs(z - target.z_mm) < 4) & (np.abs(x) < 18.5)
            found = level[distance < 0.8].mean() - level[around].mean()
            assert found == pytest.approx(target.contrast_db, abs=1.0)
    assert sorted(one.contrast_db for one in phantom.targets if one.kind == "grey") == sorted(CONTRASTS_DB)


@pytest.mark.parametrize("probe", ["linear", "convex"])
def test_anechoic_cylinders_are_dark(probe: str) -> None:
    pair = next(simulate_pairs("siemens-s2000", "ge-voluson-e8", 1, 1, probe=probe, start=1))
    assert pair.phantom.section == "anechoic"
    for view in (pair.fixed, pair.moving):
        background = view.luma[view.sector & (view.labels == 0)].mean()
        large = [at for at, one in enumerate(pair.phantom.targets, 1) if one.kind == "anechoic" and one.radius_mm > 2]
        for value in large:
            inside = binary_erosion(view.labels == value, iterations=round(1.2 / view.pixel_mm) or 1)
            assert view.luma[inside].mean() < 0.2 * background


@pytest.mark.parametrize("probe", ["linear", "convex", "endocavity"])
@pytest.mark.parametrize("scanner", ["hitachi-preirus", "esaote-mylab-classc"])
def test_wires_are_where_landmarks_say_within_a_pixel(scanner: str, probe: str) -> None:
    how = replace(imaging(scanner, probe), noise_db=-150, ring_db=-60, edge_amount=0.0)
    pose = Pose(2.3, -0.6, 4.0)
    phantom = layout("wires", how.probe.depth_mm)
    wires = [one for one in phantom.targets if one.kind == "wire"]
    medium = Medium(lambda x, z: np.full_like(x, -np.inf), 0.5, reflectors=tuple((w.x_mm, w.z_mm, 10) for w in wires))
    random = np.random.default_rng(0)
    scatterers = scatter(medium, field_of_view(((how, pose),)), 1.0, random)
    shown = echo_picture(scatterers, medium, how, pose, random)
    seen = 0
    for wire in wires:
        place = position_in_picture(how, pose, wire.x_mm, wire.z_mm)
        if place is not None:
            column, row = np.array(place) / geometry(how).pixel_mm
            reach = 5
            r0, c0 = round(row) - reach, round(column) - reach
            patch = shown[r0 : r0 + 2 * reach + 1, c0 : c0 + 2 * reach + 1].astype(float)
            weights = np.clip(patch - 0.7 * patch.max(), 0, None)
            rows, columns = np.indices(patch.shape)
            assert (weights * rows).sum() / weights.sum() + r0 == pytest.approx(row, abs=1.0)
            assert (weights * columns).sum() / weights.sum() + c0 == pytest.approx(column, abs=1.0)
            seen += 1
    assert seen >= 8


def test_landmarks_of_a_pair_fit_by_its_transform(pairs: list[PhantomPair]) -> None:
    for pair in pairs:
        assert list(pair.fixed.landmarks) == list(pair.moving.landmarks)
        assert len(pair.fixed.landmarks) >= 6
        there = pair.transform(np.array(list(pair.fixed.landmarks.values())))
        assert there == pytest.approx(np.array(list(pair.moving.landmarks.values())))


def test_labels_lie_at_the_landmarks(pairs: list[PhantomPair]) -> None:
    for pair in pairs:
        values = {one.label: value for value, one in enumerate(pair.phantom.targets, start=1)}
        for view in (pair.fixed, pair.moving):
            for label, (x, y) in view.landmarks.items():
                assert view.labels[round(y / view.pixel_mm), round(x / view.pixel_mm)] == values[label]
            assert not view.labels[~view.sector].any()


def test_a_frame_shows_in_the_cylinders_what_its_labels_say(pairs: list[PhantomPair]) -> None:
    for view in (pairs[0].fixed, pairs[0].moving):
        means = [
            (one.contrast_db, view.luma[view.labels == value].mean())
            for value, one in enumerate(pairs[0].phantom.targets, start=1)
            if one.kind == "grey" and (view.labels == value).sum() > 800
        ]
        order = [mean for _, mean in sorted(means)]
        assert order == sorted(order)


@given(tilts=st.tuples(ANGLES, ANGLES), shifts=st.tuples(SHIFTS, SHIFTS, SHIFTS, SHIFTS), at=st.tuples(SHIFTS, SHIFTS))
def test_between_leads_through_the_object(
    tilts: tuple[float, float], shifts: tuple[float, ...], at: tuple[float, float]
) -> None:
    how = imaging("hitachi-preirus", "linear")
    nothing = np.zeros(how.matrix, dtype=np.uint8)
    poses = Pose(shifts[0], shifts[1], tilts[0]), Pose(shifts[2], shifts[3], tilts[1])
    fixed, moving = (View(how, pose, nothing, nothing) for pose in poses)
    places = []
    for pose in poses:
        x, z = pose.to_probe(*at)
        places.append([x - geometry(how).origin_mm[0], z - geometry(how).origin_mm[1]])
        assert pose.to_object(x, z) == pytest.approx(at)
    assert between(fixed, moving)(np.array([places[0]]))[0] == pytest.approx(places[1])


def test_the_same_seed_gives_the_same_bytes_wherever_begun(pairs: list[PhantomPair]) -> None:
    again = next(simulate_pairs("ge-voluson-e8", "hitachi-preirus", 1, 7, start=2))
    assert again.fixed.frame.tobytes() == pairs[2].fixed.frame.tobytes()
    assert again.moving.frame.tobytes() == pairs[2].moving.frame.tobytes()
    assert again.phantom == pairs[2].phantom
    other = next(simulate_pairs("ge-voluson-e8", "hitachi-preirus", 1, 8, start=2))
    assert other.phantom != pairs[2].phantom
    assert other.fixed.pose != pairs[2].fixed.pose


def test_both_scanners_see_the_same_scatterers() -> None:
    """The same scanner with the same pose would show the same speckle; a pair's differ by pose and scanner only."""
    how = imaging("hitachi-preirus", "linear")
    phantom = layout("greyscale", 50)
    medium, random = phantom.medium(), np.random.default_rng(0)
    scatterers = scatter(medium, field_of_view(((how, Pose()),)), lattice_mm((how,), 0.5), random)
    poses = (Pose(), Pose(1.0, 0.0), Pose())
    shown = [echo_picture(scatterers, medium, how, pose, np.random.default_rng(9)) for pose in poses]
    steps = round(1.0 / geometry(how).pixel_mm)
    first, moved = shown[0][60:450, 100:400], shown[1][60:450, 100 - steps : 400 - steps]
    assert np.corrcoef(first.ravel(), moved.ravel())[0, 1] > 0.9
    assert np.corrcoef(first.ravel(), shown[1][60:450, 100:400].ravel())[0, 1] < 0.5
    assert np.array_equal(shown[0], shown[2])


def test_frames_without_pairs_differ_between_scanners_and_numbers() -> None:
    first = list(simulate_frames("hitachi-preirus", 2, 5, size=128))
    other = next(simulate_frames("ge-voluson-e8", 1, 5, size=128))
    assert first[0].frame.shape == (128, 128)
    assert first[0].pose not in (first[1].pose, other.pose)
    assert first[1].frame.tobytes() == next(simulate_frames("hitachi-preirus", 1, 5, size=128, start=1)).frame.tobytes()
    assert isinstance(first[0].knobs, Knobs)


@pytest.mark.parametrize("section", SECTIONS)
@given(seed=st.integers(0, 10**6))
def test_varied_layouts_keep_targets_apart(section: str, seed: int) -> None:
    targets = layout(section, 50.0, np.random.default_rng(seed)).targets
    for at, one in enumerate(targets):
        for other in targets[at + 1 :]:
            gap = np.hypot(one.x_mm - other.x_mm, one.z_mm - other.z_mm)
            assert gap > one.radius_mm + other.radius_mm, (one, other)


def test_wrong_requests() -> None:
    with pytest.raises(UsageError, match="unknown section 'fat'; known: greyscale"):
        layout("fat", 50)
    with pytest.raises(UsageError, match="unknown scanner"):
        simulate_pairs("nobody", "hitachi-preirus", 1, 0)
    with pytest.raises(UsageError, match="matrix"):
        simulate_pairs("ge-voluson-e8", "hitachi-preirus", 1, 0, size=8)
