"""What a scanner's frames look like: figures worked by hand, distances within and between scanners, JSON."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from real_dicom import GREY_IMAGE, LYMPH_NODE, real_dicom
from synthetic_frames import synthetic

from USHarmonizationLib.domain import LARGEST_SIDE, NAMES, DomainDescription, frame_features
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.files import read_image

ALL = np.ones((64, 64), dtype=bool)


@cache
def described(scanner: str) -> DomainDescription:
    return DomainDescription.fit((s.frame, s.valid) for s in (synthetic(seed, scanner) for seed in range(30)))


def features(frame: np.ndarray, valid: np.ndarray = ALL) -> dict[str, float]:
    return dict(zip(NAMES, frame_features(frame.astype(np.float32), valid), strict=True))


def test_a_ramp_along_the_beam() -> None:
    ramp = np.repeat(np.arange(64.0)[:, None] / 255, 64, axis=1)
    found = features(ramp)
    assert found["quantile_0.5"] == pytest.approx(31.5, abs=0.5)
    assert found["axial_difference_1"] == pytest.approx(np.log(1 + 0.5))
    assert found["axial_difference_8"] == pytest.approx(np.log(64 + 0.5), rel=1e-4)
    assert found["lateral_difference_8"] == pytest.approx(np.log(0.5))
    assert found["diagonal_difference"] == pytest.approx(np.log(1 + 0.5))
    # Mean of the upper third of the rows (10 of 31.5, and so on); the middle row of each third.
    assert found["top"] == pytest.approx(10 - 31.5, abs=0.6)
    assert found["bottom"] == pytest.approx(53 - 31.5, abs=0.6)
    assert found["black"] == pytest.approx(np.sqrt(3 / 64))
    assert found["white"] == 0


def test_blocks_of_known_contrast() -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * (20 / 255) + 50 / 255
    found = features(board)
    for part in range(5):
        assert found[f"local_contrast_{part}"] == pytest.approx(np.log(10 + 0.5), rel=1e-4)
    assert found["local_skewness"] == pytest.approx(0, abs=1e-3)
    assert found["lateral_difference_1"] == pytest.approx(np.log(400 + 0.5), rel=1e-4)
    assert found["lateral_difference_2"] == pytest.approx(np.log(0.5), abs=1e-3)


def test_what_is_not_valid_is_not_looked_at() -> None:
    frame = synthetic(0)
    changed = np.where(frame.valid, frame.frame, np.float32(np.nan))
    np.testing.assert_array_equal(frame_features(changed, frame.valid), frame_features(frame.frame, frame.valid))


def test_what_surrounds_the_tissue_does_not_matter() -> None:
    frame = synthetic(0)
    framed, valid = np.pad(frame.frame, 50), np.pad(frame.valid, 50)
    np.testing.assert_array_equal(frame_features(framed, valid), frame_features(frame.frame, frame.valid))


def test_large_frames_are_measured_in_their_middle() -> None:
    frame = np.zeros((LARGEST_SIDE + 200, LARGEST_SIDE), dtype=np.float32)
    frame[100:-100] = 0.5
    found = features(frame, np.ones(frame.shape, dtype=bool))
    assert found["black"] == 0
    assert found["quantile_0.05"] == pytest.approx(127.5, abs=0.5)


def test_own_frames_are_near_and_those_of_another_scanner_far() -> None:
    for own, other in ("ab", "ba"):
        domain = described(own)
        near = [domain.distance(s.frame, s.valid) for s in (synthetic(seed, own) for seed in range(100, 130))]
        far = [domain.distance(s.frame, s.valid) for s in (synthetic(seed, other) for seed in range(100, 105))]
        assert 0.75 <= np.mean(np.array(near) < 1) <= 1  # 0.95 of infinitely many
        assert min(far) > 2 * max(near)


def test_other_images_are_far() -> None:
    domain, frame = described("a"), synthetic(100)
    chance = np.random.default_rng(0)
    for strange in (
        1 - frame.frame,
        chance.random(frame.frame.shape, dtype=np.float32),
        np.zeros_like(frame.frame),
        np.ones_like(frame.frame),
        np.kron(frame.frame, np.ones((2, 2), dtype=np.float32))[: frame.frame.shape[0], : frame.frame.shape[1]],
    ):
        assert domain.distance(strange, frame.valid) > 2


@pytest.mark.parametrize("name", [LYMPH_NODE, GREY_IMAGE])
def test_real_images_of_other_organs_are_far(name: str) -> None:
    frame = read_image(real_dicom(name)).luma(0)
    assert described("a").distance(frame, np.ones(frame.shape, dtype=bool)) > 2


def test_the_rim_is_measured_on_patients_who_are_not_in_the_mean() -> None:
    # Eight frames of each of six patients, nearly alike: with frames as patients a frame's twin is in the mean.
    chance = np.random.default_rng(0)
    patients = np.repeat(np.arange(6), 8)
    values = list(np.repeat(chance.normal(0, 50, (6, len(NAMES))), 8, axis=0) + chance.normal(size=(48, len(NAMES))))
    apart = DomainDescription.of_features(values, patients.tolist())
    mixed = DomainDescription.of_features(values)
    assert apart.rim > 3 * mixed.rim


def test_json_there_and_back() -> None:
    domain, frame = described("a"), synthetic(7)
    again = DomainDescription.from_json(json.loads(json.dumps(domain.to_json(), allow_nan=False)))
    assert again.frames == 30
    assert again.distance(frame.frame, frame.valid) == pytest.approx(domain.distance(frame.frame, frame.valid), 1e-3)
    assert len(json.dumps(domain.to_json())) < 40_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 99}, "version 99"),
        ({"features": ["mean"]}, "version"),
        ({"mean": [1.0]}, "shapes"),
        ({"mean": ["x"] * len(NAMES)}, "damaged"),
        ({"mean": [float("nan")] * len(NAMES)}, "not finite"),
        ({"rim": 0}, "rim"),
        ({"whitening": None}, "damaged|shapes"),
    ],
)
def test_damaged_descriptions_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        DomainDescription.from_json({**described("a").to_json(), **change})
    with pytest.raises(UsageError):
        DomainDescription.from_json({})


def test_too_little_is_refused() -> None:
    frame = synthetic(0)
    with pytest.raises(InputError, match="shows 0 pixels of tissue"):
        frame_features(frame.frame, np.zeros_like(frame.valid))
    with pytest.raises(InputError, match="not finite"):
        frame_features(np.full_like(frame.frame, np.nan), frame.valid)
    with pytest.raises(UsageError, match="4 frames of 4 patients"):
        DomainDescription.of_features([np.zeros(len(NAMES))] * 4)
    with pytest.raises(UsageError, match="6 frames of 2 patients"):
        DomainDescription.of_features([np.zeros(len(NAMES))] * 6, ["a", "b"] * 3)


def test_scanners_of_real_frames(shared_data) -> None:  # type: ignore[no-untyped-def]
    """Logiq 5 against Logiq 7, 60 frames to learn from, 20 others of other patients to tell."""
    import csv

    with open(shared_data / "busbra" / "bus_data.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found: dict[str, list[np.ndarray]] = {"GE Logiq 5": [], "GE Logiq 7": []}
    patients: dict[str, list[str]] = {"GE Logiq 5": [], "GE Logiq 7": []}
    for row in rows:
        scanner = row["Device"].partition("@")[0].strip()
        if scanner in found and len(found[scanner]) < 80:
            frame = read_image(shared_data / "busbra" / "Images" / f"{row['ID']}.png").luma(0)
            found[scanner].append(frame_features(frame, np.ones(frame.shape, dtype=bool)))
            patients[scanner].append(row["Case"])
    for scanner, other in (("GE Logiq 5", "GE Logiq 7"), ("GE Logiq 7", "GE Logiq 5")):
        domain = DomainDescription.of_features(found[scanner][:60], patients[scanner][:60])
        near = [domain.distance_of(values) for values in found[scanner][60:]]
        far = [domain.distance_of(values) for values in found[other][60:]]
        assert np.mean(np.array(near) < 1.05) >= 0.85
        assert np.median(far) > 1.05 > np.median(near)
