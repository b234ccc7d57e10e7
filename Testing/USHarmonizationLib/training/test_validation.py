"""The figures of a validation: nothing changed, contrast inverted, style taken; squares where there are no masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.training.data import LESION, VALID, Frames
from USHarmonizationLib.training.report import Reporter
from USHarmonizationLib.training.settings import TrainingSettings
from USHarmonizationLib.training.validation import Figures, Validator, contrast, square

from .conftest import SOURCE, FramesMaker, lesion, speckle

Frame = NDArray[np.float32]


class Made:
    """A harmonizer from a function."""

    name, version = "made", "1"

    def __init__(self, change: object) -> None:
        self._change = change

    def harmonize(self, frame: Frame, valid: NDArray[np.bool_]) -> Frame:
        return self._change(frame)  # type: ignore[operator, no-any-return]


def judged(frames: Frames, folder: Path, change: object = None) -> Figures:
    validator = Validator(frames, TrainingSettings(), folder, Reporter())
    figures = validator.judge(Made(change) if change else None, 7, lambda: 0)
    assert figures is not None
    return figures


def test_unchanged_images_agree_with_themselves_and_inverted_ones_do_not(frames: Frames, tmp_path: Path) -> None:
    original = judged(frames, tmp_path)
    assert (original.content, original.change, original.images) == (1.0, 0.0, 4)
    assert original.distance > 1
    inverted = judged(frames, tmp_path, lambda frame: 1 - frame)
    assert inverted.content == -1
    assert inverted.change > 0.1
    assert judged(frames, tmp_path, np.zeros_like).content == 0
    assert (tmp_path / "step-000007.png").is_file()


def test_the_targets_style_is_nearest(make_frames: FramesMaker, tmp_path: Path) -> None:
    """Where a harmonizer gives what the target shows, the distance is next to nothing (halved pixels: rounding)."""
    entries = []
    for domain in ("source", "target"):
        for number in range(4):
            values = {"image": f"{number}", "patient": str(number), "domain": domain, "split": "validation"}
            pixels = speckle(SOURCE, number) // (1 if domain == "target" else 2)
            entries.append((values, pixels, VALID | (lesion() * np.uint8(LESION))))
    frames = make_frames(*entries)
    harmonized, original = judged(frames, tmp_path, lambda frame: frame * 2), judged(frames, tmp_path)
    assert harmonized.distance < 0.05 * original.distance


def test_asked_to_stop_it_gives_nothing(frames: Frames, tmp_path: Path) -> None:
    assert Validator(frames, TrainingSettings(), tmp_path, Reporter()).judge(None, 1, lambda: 15) is None


def test_too_few_validation_images(make_frames: FramesMaker, tmp_path: Path) -> None:
    values = {"image": "a", "patient": "a", "domain": "source", "split": "validation"}
    frames = make_frames((values, speckle(SOURCE, 0), np.full((72, 80), VALID, np.uint8)))
    with pytest.raises(UsageError, match="1 validation images of the source scanner; needed: at least 2"):
        Validator(frames, TrainingSettings(), tmp_path, Reporter())


def test_squares_lie_in_tissue_and_depend_on_the_name() -> None:
    valid = np.zeros((200, 300), dtype=bool)
    valid[50:180, 20:280] = True
    first, again, other = square(valid, "a"), square(valid, "a"), square(valid, "b")
    assert first.sum() == 64 * 64
    assert (first == again).all()
    assert not (first == other).all()
    assert not (first & ~valid).any()
    assert square(np.ones((10, 40), dtype=bool), "a").sum() == 100


def test_contrast_by_hand() -> None:
    frame = np.full((60, 60), 0.5, np.float32)
    region = np.zeros((60, 60), dtype=bool)
    region[25:35, 25:35] = True
    frame[region] = 0.2
    frame[:5] = 9  # farther than the ring reaches
    valid = np.ones((60, 60), dtype=bool)
    valid[:, :20] = False
    frame[:, :20] = 9  # not valid
    assert contrast(frame, region, valid) == pytest.approx(-0.3, abs=1e-6)
