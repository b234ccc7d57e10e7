"""Batches: chance comes from seed and step alone, shares are as set, the test split and overlays stay out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from USHarmonizationLib.cohort import CohortRow, pseudonym, read_cohort
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.training.data import LESION, VALID, Frames, Sampler, padded, prepare, select, validation_items
from USHarmonizationLib.training.settings import TrainingSettings

from .conftest import SOURCE, TARGET, FramesMaker

SETTINGS = TrainingSettings(crop=32, batch=4, seed=3)


def rows(*entries: tuple[str, str, str | None]) -> list[CohortRow]:
    return [
        CohortRow(Path(f"{number}.png"), patient=pseudonym(patient), scanner=scanner, split=split, others={"lnm": "0"})
        for number, (patient, scanner, split) in enumerate(entries)
    ]


def test_the_test_split_and_other_scanners_are_never_selected() -> None:
    table = rows(
        ("a", SOURCE, "train"), ("b", TARGET, "test"), ("c", TARGET, "validation"), ("d", "u-systems", "train")
    )
    selected, remarks = select(table, SOURCE, TARGET, "", Path())
    assert [(entry.domain, entry.split) for entry in selected] == [("source", "train"), ("target", "validation")]
    assert remarks == []


def test_without_split_a_fifth_of_the_patients_is_for_validation_and_it_is_said() -> None:
    table = rows(*[(f"patient {number // 2}", (SOURCE, TARGET)[number % 2], None) for number in range(1000)])
    selected, remarks = select(table, SOURCE, TARGET, "", Path())
    splits = {entry.patient: entry.split for entry in selected}
    assert all(splits[entry.patient] == entry.split for entry in selected)
    assert 0.14 < Counter(splits.values())["validation"] / len(splits) < 0.26
    assert "one patient in five" in remarks[0]


def test_rows_without_split_among_others_are_left_out_and_it_is_said() -> None:
    table = rows(("a", SOURCE, "train"), ("b", TARGET, "train"), ("c", TARGET, None))
    selected, remarks = select(table, SOURCE, TARGET, "", Path())
    assert len(selected) == 2
    assert remarks == ["rows without split are left out"]


@pytest.mark.parametrize(
    ("source", "target", "balance", "line"),
    [
        (SOURCE, SOURCE, "", f"source and target are both {SOURCE}"),
        ("u-systems", TARGET, "", f"no image of scanner u-systems; it has: {SOURCE}, {TARGET}"),
        (SOURCE, "u-systems", "", "no image of scanner u-systems"),
        (SOURCE, TARGET, "age", "no column age to balance; it has: lnm"),
    ],
)
def test_impossible_requests(source: str, target: str, balance: str, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        select(rows(("a", SOURCE, "train"), ("b", TARGET, "train")), source, target, balance, Path())


def test_a_batch_depends_on_seed_step_and_rank_alone(frames: Frames) -> None:
    first, again = Sampler(frames, SETTINGS), Sampler(frames, SETTINGS)
    for step in (5, 1, 9):
        again.batch(step)
    assert torch.equal(first.batch(7).source, again.batch(7).source)
    others = [first.batch(8), first.batch(7, rank=1), Sampler(frames, TrainingSettings(crop=32, batch=4)).batch(7)]
    assert not any(torch.equal(first.batch(7).source, other.source) for other in others)


def test_batches_have_the_promised_shapes_and_ranges(frames: Frames) -> None:
    batch = Sampler(frames, SETTINGS).batch(0)
    for image in (batch.source, batch.target):
        assert image.shape == (4, 1, 32, 32)
        assert image.dtype == torch.float32
        assert -1 <= image.min() < -0.2
        assert 0 < image.max() <= 1
    assert batch.source_valid.dtype == batch.target_lesion.dtype == torch.bool
    assert batch.source_valid.all()


def test_lesion_share(frames: Frames) -> None:
    for share, least, most in ((1.0, 1.0, 1.0), (0.0, 0.2, 0.95)):
        sampler = Sampler(frames, TrainingSettings(crop=16, batch=64, lesion_share=share))
        held = sampler.batch(0).source_lesion.flatten(1).any(1).float().mean()
        assert least <= held <= most


def flat(value: int, size: tuple[int, int] = (20, 20)) -> tuple[np.ndarray, np.ndarray]:
    return np.full(size, value, np.uint8), np.full(size, VALID, np.uint8)


def test_each_patient_is_equally_likely_however_many_images(make_frames: FramesMaker) -> None:
    entries = []
    for domain in ("source", "target"):
        entries += [({"image": f"{domain}{n}", "patient": "many", "domain": domain}, *flat(0)) for n in range(9)]
        entries += [({"image": f"{domain}x", "patient": "one", "domain": domain}, *flat(255))]
    batch = Sampler(make_frames(*entries), TrainingSettings(crop=16, batch=400)).batch(0)
    assert 0.4 < (batch.source == 1).flatten(1).all(1).float().mean() < 0.6


def test_balanced_groups_have_equal_shares_in_both_domains(make_frames: FramesMaker) -> None:
    entries = []
    for domain, sick in (("source", 1), ("target", 9)):
        for number in range(10):
            group = "1" if number < sick else "0"
            values = {"image": f"{domain}{number}", "patient": f"{domain}{number}", "domain": domain, "group": group}
            entries.append((values, *flat(255 if group == "1" else 0)))
    settings = TrainingSettings(crop=16, batch=400, balance="lnm")
    batch = Sampler(make_frames(*entries), settings).batch(0)
    for image in (batch.source, batch.target):
        assert 0.4 < (image == 1).flatten(1).all(1).float().mean() < 0.6


def test_a_group_that_one_domain_lacks_is_refused(make_frames: FramesMaker) -> None:
    entries = [
        ({"image": f"{domain}{n}", "patient": str(n), "domain": domain, "group": group}, *flat(0))
        for domain, group in (("source", "0"), ("target", "1"))
        for n in range(8)
    ]
    with pytest.raises(UsageError, match="lnm has no training image of value '0' in one of the two scanners"):
        Sampler(make_frames(*entries), TrainingSettings(balance="lnm"))


def test_too_few_images_are_refused(frames: Frames) -> None:
    with pytest.raises(UsageError, match="8 training images of the source scanner; needed: at least 9"):
        Sampler(frames, TrainingSettings(minimum_images=9))


def test_crops_keep_to_valid_tissue_and_mirror_left_right_only(make_frames: FramesMaker) -> None:
    pixels = np.zeros((64, 64), np.uint8)
    pixels[32:, 32:] = np.arange(32, dtype=np.uint8)[:, None] * 4 + (np.arange(32, dtype=np.uint8) > 8)
    masks = np.zeros((64, 64), np.uint8)
    masks[32:, 32:] = VALID
    entries = [
        ({"image": f"{domain}{n}", "patient": str(n), "domain": domain}, pixels, masks)
        for domain in ("source", "target")
        for n in range(8)
    ]
    frames = make_frames(*entries)
    batch = Sampler(frames, TrainingSettings(crop=32, batch=100, valid_share=0.3)).batch(0)
    assert batch.source_valid.float().flatten(1).mean(1).median() > 0.25
    grown = (batch.source[:, 0, 1:] - batch.source[:, 0, :-1])[batch.source_valid[:, 0, :-1]]
    assert grown.min() > 0  # brighter downwards: never upside down
    sides = [image[0, :, 0].mean() < image[0, :, -1].mean() for image in batch.source]
    assert 0 < sum(bool(side) for side in sides) < 100


def test_small_frames_are_mirrored_and_nothing_is_valid_there() -> None:
    pixels, masks = padded(np.array([[1, 2, 3]], np.uint8), np.full((1, 3), VALID | LESION, np.uint8), 5)
    assert pixels.shape == masks.shape == (5, 5)
    assert pixels[0].tolist() == [1, 2, 3, 2, 1]
    assert masks.sum() == 3 * (VALID | LESION)


def test_validation_items_are_spread_over_groups_and_patients(make_frames: FramesMaker) -> None:
    entries = []
    for number in range(12):
        values = {
            "image": f"i{number}",
            "patient": f"p{number // 3}",
            "domain": "source",
            "group": "1" if number < 3 else "0",
            "split": "validation",
        }
        entries.append((values, *flat(0)))
    items = validation_items(make_frames(*entries), "source", 4)
    assert [item.group for item in items] == ["0", "1", "0", "1"]
    assert len({item.patient for item in items if item.group == "0"}) == 2
    assert items == validation_items(make_frames(*entries), "source", 4)


def test_preparing_reads_once_and_leaves_broken_images_out(cohort_folder: Path, tmp_path: Path) -> None:
    table = [*read_cohort(cohort_folder / "cohort.csv")]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    table.append(CohortRow(broken, patient="sha256:" + "0" * 16, scanner=SOURCE, split="train"))
    selected, _ = select(table, SOURCE, TARGET, "", cohort_folder)
    warnings: list[str] = []
    calls: list[int] = []
    folder = tmp_path / "frames"
    frames = prepare(selected, folder, lambda done, total: calls.append(done), warnings.append)
    assert len(frames.items) == len(selected) - 1 == 32
    assert len(warnings) == 1
    assert "broken.png" in warnings[0]
    assert calls[-1] == 33
    assert all(item.has_lesion for item in frames.items)
    frame, valid, lesion = frames.frame(frames.items[0])
    assert frame.shape == valid.shape == lesion.shape
    assert 0 < lesion.mean() < 0.3 < valid.mean()
    calls.clear()
    assert prepare(selected, folder, lambda done, total: calls.append(done), warnings.append).items == frames.items
    assert not calls
    broken.write_bytes(b"another")
    prepare(selected, folder, lambda done, total: calls.append(done), warnings.append)
    assert calls
