"""Checks of a harmonized frame: figures worked by hand, good results pass, and each thing that must be noticed is."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from real_dicom import GREY_IMAGE, LYMPH_NODE, real_dicom
from synthetic_frames import Synthetic, synthetic
from tampering import erase, paint

from USHarmonizationLib import qa
from USHarmonizationLib.domain import DomainDescription
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.files import read_image
from USHarmonizationLib.preparation import prepare_frame
from USHarmonizationLib.qa import QAResult, beyond_brightness, check_frame, check_with
from USHarmonizationLib.sector import find_sector

Frame = NDArray[np.float32]


@cache
def domain(scanner: str) -> DomainDescription:
    return DomainDescription.fit((s.frame, s.valid) for s in (synthetic(seed, scanner) for seed in range(30)))


def ideal(seed: int) -> Frame:
    """What a perfect harmonizer makes of frame ``seed`` of scanner a: the same tissue as scanner b shows it."""
    return synthetic(seed, "b").frame


def check(original: Frame, generated: Frame, sample: Synthetic, lesion: bool = False) -> QAResult:
    return check_frame(
        original,
        generated,
        sample.valid,
        source_domain=domain("a"),
        target_domain=domain("b"),
        lesion=sample.lesion if lesion else None,
    )


SEEDS = range(200, 212)


def test_good_results_raise_no_warning() -> None:
    warned = [seed for seed in SEEDS if check(synthetic(seed).frame, ideal(seed), synthetic(seed), True).warnings]
    assert len(warned) <= 1, warned


def test_figures_of_a_good_result() -> None:
    figures = check(synthetic(200).frame, ideal(200), synthetic(200), True).figures
    assert figures["source_distance"] < 1 < figures["target_distance_before"]
    assert figures["target_distance_after"] < 1
    assert figures["structure"] > 0.97
    assert max(figures["darkened"], figures["brightened"]) < 0.15
    assert figures["lesion_contrast_before"] < -0.1
    assert figures["lesion_contrast_after"] < -0.05
    assert figures["sharpness"] > 0
    assert "cycle_error" not in figures


def test_an_image_of_another_anatomy_is_noticed() -> None:
    for name in (LYMPH_NODE, GREY_IMAGE):
        image = read_image(real_dicom(name))
        frame = prepare_frame(image, 0, find_sector(image))
        result = check_frame(
            frame.original, frame.original**1.3, frame.valid, source_domain=domain("a"), target_domain=domain("b")
        )
        assert qa.FOREIGN_TEXT in result.warnings


def test_an_image_in_the_target_style_is_noticed() -> None:
    for seed in SEEDS:
        frame = synthetic(seed, "b")
        warnings = check(frame.frame, frame.frame * 0.9, frame).warnings
        assert qa.LIKE_TARGET_TEXT in warnings or qa.FOREIGN_TEXT in warnings
    assert qa.LIKE_TARGET_TEXT in check(synthetic(200, "b").frame, ideal(200), synthetic(200, "b")).warnings


def test_an_inverted_image_and_noise_are_noticed() -> None:
    chance = np.random.default_rng(0)
    for seed in SEEDS:
        frame = synthetic(seed)
        for strange in (1 - frame.frame, chance.random(frame.frame.shape, dtype=np.float32)):
            assert qa.FOREIGN_TEXT in check(strange, strange * 0.5, frame).warnings


@pytest.mark.parametrize(("factor", "least"), [(0.4, 12), (0.6, 10)])
def test_a_painted_lesion_is_noticed_and_marked(factor: float, least: int) -> None:
    noticed = 0
    for seed in SEEDS:
        sample = synthetic(seed)
        painted, place = paint(ideal(seed), sample.valid, sample.lesion, factor, np.random.default_rng(seed))
        result = check(sample.frame, painted, sample)
        if qa.DARKENED_TEXT in result.warnings:
            noticed += 1
            row, column, _ = result.marks[0]
            assert place[row, column]
    assert noticed >= least


def test_an_erased_lesion_is_noticed_and_marked() -> None:
    erased = lesion_noticed = 0
    for seed in SEEDS:
        sample = synthetic(seed)
        result = check(sample.frame, erase(ideal(seed), sample.valid, sample.lesion), sample, lesion=True)
        # Where nearly all that is dark was the lesion, the rest of it looks deepened instead.
        assert {qa.BRIGHTENED_TEXT, qa.DARKENED_TEXT} & set(result.warnings)
        if qa.BRIGHTENED_TEXT in result.warnings:
            erased += 1
            assert sample.lesion[result.marks[-1][:2]]
        lesion_noticed += qa.LESION_TEXT in result.warnings
    assert erased >= 10
    assert lesion_noticed >= 8


def test_a_small_change_of_the_lesion_alone_is_noticed_when_it_is_given() -> None:
    sample = synthetic(200)
    deepened, place = paint(ideal(200), sample.valid, sample.lesion, 0.65, np.random.default_rng(0))
    without = check(sample.frame, deepened, sample)
    given = check_frame(sample.frame, deepened, sample.valid, lesion=place)
    assert "lesion_change" not in without.figures
    assert qa.LESION_TEXT in given.warnings
    assert given.figures["lesion_change"] < given.figures["around_change"] - 0.15


def test_a_change_of_the_lesion_and_what_surrounds_it_is_not_the_lesion_s() -> None:
    sample = synthetic(201)
    rows, columns = (index.mean() for index in sample.lesion.nonzero())
    y, x = np.ogrid[: sample.valid.shape[0], : sample.valid.shape[1]]
    wide = np.exp(-((y - rows) ** 2 + (x - columns) ** 2) / (2 * 40**2))
    result = check(sample.frame, (ideal(201) * (1 - 0.5 * wide)).astype(np.float32), sample, lesion=True)
    assert result.figures["lesion_change"] < -0.15
    assert result.figures["around_change"] < -0.15
    assert qa.LESION_TEXT not in result.warnings


def test_a_lesion_that_moved_grew_or_faded_is_noticed() -> None:
    noticed = good = 0
    for seed in SEEDS:
        sample = synthetic(seed)
        fine = check(sample.frame, ideal(seed), sample, lesion=True)
        if "lesion_kept" not in fine.figures:
            continue  # a lesion that hardly differs from what is around
        good += qa.OUTLINE_TEXT not in fine.warnings
        rows, columns = (np.flatnonzero(sample.lesion.any(axis=axis)) for axis in (1, 0))
        shift = max(4, round(0.3 * min(np.ptp(rows), np.ptp(columns))))
        window = np.s_[rows[0] - shift : rows[-1] + shift + 1, columns[0] : columns[-1] + 1]
        moved = ideal(seed).copy()
        moved[window] = np.roll(moved[window], shift, axis=0)
        results = [
            check(sample.frame, one, sample, lesion=True)
            for one in (moved, erase(ideal(seed), sample.valid, sample.lesion))
        ]
        noticed += all(qa.OUTLINE_TEXT in result.warnings for result in results)
    assert good >= 8
    assert noticed >= good - 2


def test_moved_structures_are_noticed() -> None:
    sample = synthetic(200)
    assert qa.STRUCTURE_TEXT in check(sample.frame, np.roll(ideal(200), 8, axis=0), sample).warnings
    assert qa.STRUCTURE_TEXT in check(sample.frame, ideal(201), sample).warnings
    assert qa.STRUCTURE_TEXT in check(sample.frame, 1 - ideal(200), sample).warnings
    assert qa.STRUCTURE_TEXT in check(sample.frame, np.full_like(sample.frame, 0.3), sample).warnings


def test_a_result_that_is_not_like_the_target_is_noticed() -> None:
    sample = synthetic(200)
    result = check(sample.frame, sample.frame, sample)
    assert result.warnings == (qa.UNREACHED_TEXT,)
    assert result.figures["changed"] == 0
    assert result.figures["change"] == 0
    assert result.figures["sharpness"] == 1
    assert result.figures["structure"] == pytest.approx(1)


def test_any_rising_brightness_curve_is_explained() -> None:
    sample = synthetic(200)
    for curve in (np.sqrt, np.square, lambda x: 0.2 + 0.3 * x):
        figures = check_frame(sample.frame, curve(sample.frame), sample.valid).figures
        assert figures["structure"] > 0.99
        assert figures["edges"] > 0.97
        assert max(figures["darkened"], figures["brightened"]) < 0.1


def test_what_is_left_beyond_brightness() -> None:
    x = np.linspace(0, 1, 480, dtype=np.float32).reshape(24, 20)
    valid = np.ones(x.shape, dtype=bool)
    valid[0, 0] = False
    made = np.sqrt(x) * np.float32(0.5)
    made[12, 5] += 0.25
    made[0, 0] = 1
    left = beyond_brightness(x, made, valid)
    assert left[12, 5] == pytest.approx(0.25, abs=0.01)
    left[12, 5] = 0
    assert np.abs(left).max() < 0.05  # the curve has 24 knots; steepest at its dark end
    assert left[0, 0] == 0


def test_beyond_the_ends_of_the_curve_little_is_known() -> None:
    x = np.linspace(0.2, 0.4, 480, dtype=np.float32).reshape(24, 20)
    x[0, 0], x[0, 1], x[0, 2] = 0.9, 0.9, 0.9
    made = x / 2
    made[0, :3] = [0.45, 0.9, 0.1]  # going on with the slope; unchanged; darker than the end of the curve
    left = beyond_brightness(x, made, np.ones(x.shape, dtype=bool))
    assert left[0, 0] == 0
    assert left[0, 1] == 0
    assert left[0, 2] < -0.05


def test_what_is_not_valid_is_not_looked_at() -> None:
    sample = synthetic(200)
    other = [np.where(sample.valid, image, np.float32(0.123)) for image in (sample.frame, ideal(200))]
    assert dict(check(*other, sample, True).figures) == dict(check(sample.frame, ideal(200), sample, True).figures)


def test_small_and_empty_frames_are_checked_as_far_as_that_goes() -> None:
    tiny = np.linspace(0, 1, 40, dtype=np.float32).reshape(5, 8)
    valid = np.ones(tiny.shape, dtype=bool)
    found = check_frame(tiny, tiny**2, valid, source_domain=domain("a"), lesion=valid).figures
    assert set(found) == {"changed", "change", "sharpness"}
    assert found["change"] == pytest.approx(np.abs(tiny**2 - tiny).mean())
    nothing = check_frame(tiny, tiny, ~valid)
    assert nothing == QAResult({})
    thin = np.zeros((400, 1), dtype=np.float32)
    assert check_frame(thin, thin, np.ones(thin.shape, dtype=bool)).warnings == ()


def test_other_sizes_are_refused() -> None:
    sample = synthetic(200)
    with pytest.raises(InputError, match="pixels for an original of"):
        check_frame(sample.frame, sample.frame[1:], sample.valid)
    with pytest.raises(InputError, match="pixels for an original of"):
        check_frame(sample.frame, sample.frame, sample.valid, lesion=sample.lesion[1:])


@dataclass(eq=False)
class Halved:
    """A harmonizer with a way back that is off by 0.01."""

    domain: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[int, ...]] = field(default_factory=list)

    @property
    def reverse(self) -> Halved:
        return self

    def harmonize(self, frame: Frame, valid: NDArray[np.bool_]) -> Frame:
        self.asked.append(frame.shape)
        return frame * 2 + np.float32(0.01)


def test_the_way_back_is_a_figure_and_never_a_warning_or_a_merit() -> None:
    sample, harmonizer = synthetic(200), Halved()
    result = check_with(harmonizer, sample.frame, sample.frame / 2, sample.valid, sample.lesion)
    assert result.figures["cycle_error"] == pytest.approx(0.01, abs=1e-4)
    assert harmonizer.asked == [(qa.CYCLE_SIDE, qa.CYCLE_SIDE)]
    assert result.warnings == ()


def test_the_domains_come_from_the_harmonizer_and_are_read_once() -> None:
    sample = synthetic(200)
    harmonizer = Halved({"source": domain("b").to_json(), "target": domain("a").to_json()})
    result = check_with(harmonizer, sample.frame, sample.frame / 2, sample.valid)
    assert qa.LIKE_TARGET_TEXT in result.warnings
    harmonizer.domain = {"source": {"version": 99}}
    assert qa.LIKE_TARGET_TEXT in check_with(harmonizer, sample.frame, sample.frame / 2, sample.valid).warnings
    with pytest.raises(UsageError, match="version 99"):
        check_with(Halved({"source": {"version": 99}}), sample.frame, sample.frame / 2, sample.valid)


def test_warnings_can_be_counted_and_listed() -> None:
    """apply counts equal sentences over the frames of a cine, and joins them with semicolons in its table."""
    texts = [value for name, value in vars(qa).items() if name.endswith("_TEXT")]
    assert len(texts) == 8
    assert not any(";" in text or text.endswith(".") for text in texts)


def test_a_result_cannot_be_changed() -> None:
    result = QAResult({"structure": 1.0})
    with pytest.raises(TypeError):
        result.figures["structure"] = 0.0  # type: ignore[index]


# ---------------------------------------------------------------- real frames, where they are


@pytest.fixture(scope="module")
def real(shared_data: Path) -> dict[str, list[tuple[Frame, NDArray[np.bool_], NDArray[np.bool_]]]]:
    """65 frames of each of two scanners of BUS-BRA, and 10 of a third: brightness, valid (all), lesion."""
    from PIL import Image

    folder = shared_data / "busbra"
    found: dict[str, list[tuple[Frame, NDArray[np.bool_], NDArray[np.bool_]]]] = {}
    with open(folder / "bus_data.csv", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            scanner = row["Device"].partition("@")[0].strip()
            kept = found.setdefault(scanner, [])
            if len(kept) < (10 if scanner == "Toshiba Aplio 300" else 65):
                frame = read_image(folder / "Images" / f"{row['ID']}.png").luma(0)
                with Image.open(folder / "Masks" / f"{row['ID'].replace('bus_', 'mask_')}.png") as mask:
                    kept.append((frame, np.ones(frame.shape, dtype=bool), np.array(mask.convert("L")) > 0))
    return found


def test_real_frames(real: dict[str, list[tuple[Frame, NDArray[np.bool_], NDArray[np.bool_]]]]) -> None:
    """50 frames to learn from, 15 others to judge; the harmonizer is one brightness curve."""
    five, seven = real["GE Logiq 5"], real["GE Logiq 7"]
    source, target = (DomainDescription.fit((f, v) for f, v, _ in frames[:50]) for frames in (five, seven))
    levels = [
        np.quantile(np.concatenate([f[v] for f, v, _ in frames[:50]]), np.linspace(0, 1, 65))
        for frames in (five, seven)
    ]

    def harmonize(frame: Frame) -> Frame:
        return np.interp(frame, levels[0] + np.arange(65) * 1e-7, levels[1]).astype(np.float32)

    def warnings(
        frame: Frame, made: Frame, valid: NDArray[np.bool_], lesion: NDArray[np.bool_] | None = None
    ) -> set[str]:
        result = check_frame(frame, made, valid, source_domain=source, target_domain=target, lesion=lesion)
        return set(result.warnings) - {qa.UNREACHED_TEXT}  # a curve does not make the target's texture

    noticed = {kind: [] for kind in ("good", "inverted", "noise", "target", "scanner", "painted", "erased")}
    chance = np.random.default_rng(0)
    for frame, valid, lesion in five[50:]:
        made = harmonize(frame)
        noticed["good"].append(bool(warnings(frame, made, valid, lesion)))
        noticed["inverted"].append(bool(warnings(1 - frame, harmonize(1 - frame), valid)))
        noise = chance.random(frame.shape, dtype=np.float32)
        noticed["noise"].append(bool(warnings(noise, harmonize(noise), valid)))
        painted, _ = paint(made, valid, lesion, 0.5, chance)
        noticed["painted"].append(qa.DARKENED_TEXT in warnings(frame, painted, valid))
        noticed["erased"].append(qa.BRIGHTENED_TEXT in warnings(frame, erase(made, valid, lesion), valid))
    for frame, valid, _ in seven[50:]:
        noticed["target"].append(bool(warnings(frame, harmonize(frame), valid)))
    for frame, valid, _ in real["Toshiba Aplio 300"]:
        noticed["scanner"].append(bool(warnings(frame, harmonize(frame), valid)))
    shares = {kind: float(np.mean(found)) for kind, found in noticed.items()}
    assert shares["good"] <= 0.2, shares  # 50 frames describe a scanner less well than a training does
    for kind in ("inverted", "noise", "painted"):
        assert shares[kind] == 1, shares
    for kind in ("target", "scanner", "erased"):
        assert shares[kind] >= 0.8, shares
