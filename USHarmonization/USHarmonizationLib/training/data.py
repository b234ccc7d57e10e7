"""From a cohort to batches: frames prepared once into flat files on disk, crops drawn by seed and step alone."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..atomic import atomic_path, write_text
from ..cohort import CohortRow, pseudonym, relative
from ..errors import HarmonizationError, InputError, UsageError
from ..variants.base import Batch
from .settings import TrainingSettings

# Raise when frames or masks of the same file would come out different.
CACHE_FORMAT = 1

DOMAINS = ("source", "target")
VALID, LESION = 1, 2

# Neighbouring frames of a cine are nearly the same; a long one should not fill the disk.
FRAMES_PER_IMAGE = 16

# A frame with less imaged tissue than this (pure Doppler, a blank screen) has nothing to teach.
LEAST_VALID = 0.05


@dataclass(frozen=True)
class Item:
    """One prepared frame.

    Attributes:
        image: the file's path relative to the cohort.
        patient: the patient's pseudonym.
        domain: ``source`` or ``target``.
        split: ``train`` or ``validation``.
        group: the value of the column that is balanced, "" without one.
        offset, rows, columns: where its pixels lie in the flat files.
        has_lesion: whether a lesion was segmented in it.
    """

    image: str
    patient: str
    domain: str
    split: str
    group: str
    offset: int
    rows: int
    columns: int
    has_lesion: bool


@dataclass(frozen=True)
class Selected:
    """A cohort row that takes part in the training, with what is known before its image is read."""

    row: CohortRow
    name: str
    patient: str
    domain: str
    split: str
    group: str


class Frames:
    """The prepared frames of a training, memory-mapped: memory use does not grow with the cohort."""

    def __init__(self, folder: Path) -> None:
        self.items = [Item(**entry) for entry in json.loads((folder / "index.json").read_text("utf-8"))["items"]]
        self._pixels = np.memmap(folder / "pixels.bin", dtype=np.uint8, mode="r")
        self._masks = np.memmap(folder / "masks.bin", dtype=np.uint8, mode="r")

    def arrays(self, item: Item) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """(rows, columns) pixels and mask bits (``VALID``, ``LESION``)."""
        part = slice(item.offset, item.offset + item.rows * item.columns)
        shape = (item.rows, item.columns)
        return self._pixels[part].reshape(shape), self._masks[part].reshape(shape)

    def frame(self, item: Item) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        """(rows, columns) brightness in [0, 1], valid, lesion."""
        pixels, masks = self.arrays(item)
        return pixels.astype(np.float32) / np.float32(255), (masks & VALID) > 0, (masks & LESION) > 0


def select(
    rows: Sequence[CohortRow], source: str, target: str, balance: str, root: Path
) -> tuple[list[Selected], list[str]]:
    """The rows of both scanners for training and validation, and remarks for the log; ``test`` is never touched.

    Without any split in the cohort, patients whose pseudonym hashes into the last fifth are for validation. An image
    without patient counts as a patient of its own.

    Args:
        root: the cohort's folder; names of images are kept relative to it.

    Raises:
        UsageError: source is target, a scanner has no rows, or the column to balance is missing.
    """
    if source == target:
        raise UsageError(f"source and target are both {source}; needed: two scanners")
    scanners = [row.scanner or _detected(row) for row in rows]
    present = sorted({scanner for scanner in scanners if scanner})
    for wanted in (source, target):
        if wanted not in present:
            raise UsageError(f"the cohort has no image of scanner {wanted}; it has: {', '.join(present) or 'none'}")
    if balance and balance not in rows[0].others:
        columns = ", ".join(sorted(rows[0].others)) or "no other columns"
        raise UsageError(f"the cohort has no column {balance} to balance; it has: {columns}")
    remarks = []
    split_given = any(row.split for row in rows)
    if not split_given:
        remarks.append("the cohort has no split: one patient in five, chosen by hash, is kept for validation")
    elif any(not row.split for row in rows):
        remarks.append("rows without split are left out")
    selected = []
    for row, scanner in zip(rows, scanners, strict=True):
        if scanner not in (source, target):
            continue
        name = relative(row.image, root)
        patient = row.patient or pseudonym(f"image {name}")
        split = row.split or ""
        if not split_given:
            split = "validation" if _fraction(patient) >= 0.8 else "train"
        if split in ("train", "validation"):
            domain = "source" if scanner == source else "target"
            selected.append(Selected(row, name, patient, domain, split, row.others[balance] if balance else ""))
    return selected, remarks


def _detected(row: CohortRow) -> str | None:
    from ..files import read_image
    from ..scanners import catalogue

    try:
        return catalogue().detect(read_image(row.image)).scanner_id
    except InputError:
        return None  # Preparing the images reports it, where its scanner takes part.


def _fraction(text: str) -> float:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32


def prepare(
    selected: Sequence[Selected], folder: Path, report: Callable[[int, int], None], warn: Callable[[str], None]
) -> Frames:
    """Read, mask and fill every selected image once; go on with what ``folder`` holds when the inputs are the same.

    Args:
        report: called with (images done, images in all).
        warn: called with one line for each image that had to be left out.
    """
    if is_prepared(selected, folder):
        return Frames(folder)
    items: list[Item] = []
    offset, left_out = 0, ""
    with atomic_path(folder / "pixels.bin") as pixels_path, atomic_path(folder / "masks.bin") as masks_path:
        with open(pixels_path, "wb") as pixels_file, open(masks_path, "wb") as masks_file:
            for done, entry in enumerate(selected):
                report(done, len(selected))
                try:
                    for pixels, masks in prepared_frames(entry.row):
                        rows, columns = pixels.shape
                        pixels_file.write(pixels.tobytes())
                        masks_file.write(masks.tobytes())
                        items.append(
                            Item(
                                image=entry.name,
                                patient=entry.patient,
                                domain=entry.domain,
                                split=entry.split,
                                group=entry.group,
                                offset=offset,
                                rows=rows,
                                columns=columns,
                                has_lesion=bool((masks & LESION).any()),
                            )
                        )
                        offset += rows * columns
                except HarmonizationError as error:
                    left_out = str(error)
                    warn(left_out)
            report(len(selected), len(selected))
        if not items:
            raise UsageError(f"none of the cohort's images of these scanners can be used; the last: {left_out}")
    content = {"inputs": _inputs_hash(selected), "items": [asdict(item) for item in items]}
    write_text(folder / "index.json", json.dumps(content))
    return Frames(folder)


def is_prepared(selected: Sequence[Selected], folder: Path) -> bool:
    """Whether ``folder`` holds the frames of exactly these images, as they are now."""
    index = folder / "index.json"
    return index.is_file() and bool(json.loads(index.read_text("utf-8"))["inputs"] == _inputs_hash(selected))


def prepared_frames(row: CohortRow) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """(rows, columns) filled brightness 0 to 255 and mask bits of each frame of an image, at most ``FRAMES_PER_IMAGE``.

    Only the box around the valid pixels is kept, which is also all that a network gets to see of a frame later.

    Raises:
        InputError: the image or its mask cannot be read or used.
    """
    from ..files import read_image
    from ..harmonizers.reference import box
    from ..preparation import prepare_frame, read_lesion
    from ..sector import find_sector

    image = read_image(row.image)
    lesion = read_lesion(row.mask, row.label, image.size) if row.mask else np.zeros(image.size, dtype=bool)
    sector = find_sector(image)
    used = 0
    for index in np.unique(np.linspace(0, image.frames - 1, min(image.frames, FRAMES_PER_IMAGE)).round().astype(int)):
        frame = prepare_frame(image, int(index), sector)
        if frame.valid.mean() < LEAST_VALID:
            continue
        used += 1
        window = box(frame.valid)
        masks = (frame.valid * VALID + (lesion & sector) * LESION).astype(np.uint8)
        yield np.rint(frame.filled[window] * 255).astype(np.uint8), masks[window]
    if not used:
        raise InputError(f"{row.image}: less than {LEAST_VALID:.0%} of it is imaged tissue")


def _inputs_hash(selected: Sequence[Selected]) -> str:
    def stamp(path: Path | None) -> list[object]:
        if path is None or not path.is_file():
            return [str(path)]
        return [str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns]

    entries = [
        [stamp(s.row.image), stamp(s.row.mask), s.row.label, s.patient, s.domain, s.split, s.group] for s in selected
    ]
    return hashlib.sha256(json.dumps([CACHE_FORMAT, entries]).encode()).hexdigest()


class Sampler:
    """Draws batches: first a group (where one is balanced), then a patient, then an image of it, then a crop.

    The batch of a step depends on nothing but the seed and the step (and the device's rank), so that a resumed training
    goes on exactly.

    Raises:
        UsageError: a domain has too few training images, or a group is missing in one domain.
    """

    def __init__(self, frames: Frames, settings: TrainingSettings) -> None:
        self._frames = frames
        self._settings = settings
        self._tree: dict[str, list[list[list[Item]]]] = {}
        groups: dict[str, set[str]] = {}
        for domain in DOMAINS:
            items = [item for item in frames.items if item.domain == domain and item.split == "train"]
            count = len({item.image for item in items})
            if count < settings.minimum_images:
                raise UsageError(
                    f"{count} training images of the {domain} scanner; needed: at least {settings.minimum_images} "
                    "(setting minimum_images)"
                )
            tree: dict[str, dict[str, list[Item]]] = defaultdict(lambda: defaultdict(list))
            for item in items:
                tree[item.group][item.patient].append(item)
            groups[domain] = set(tree)
            self._tree[domain] = [
                [patients[patient] for patient in sorted(patients)] for _, patients in sorted(tree.items())
            ]
        if groups["source"] != groups["target"]:
            lonely = sorted(groups["source"] ^ groups["target"])
            raise UsageError(
                f"{settings.balance} has no training image of value {lonely[0]!r} in one of the two scanners; "
                "balancing needs every value in both"
            )

    def batch(self, step: int, rank: int = 0) -> Batch:
        """The batch of a step, on the CPU."""
        pixels: dict[str, torch.Tensor] = {}
        valid: dict[str, torch.Tensor] = {}
        lesion: dict[str, torch.Tensor] = {}
        for index, domain in enumerate(DOMAINS):
            chance = np.random.default_rng([self._settings.seed, step, index, rank])
            crops = [self._crop(self._draw(domain, chance), chance) for _ in range(self._settings.batch)]
            pixels[domain] = torch.from_numpy(np.stack([crop for crop, _ in crops])[:, None])
            masks = torch.from_numpy(np.stack([mask for _, mask in crops])[:, None])
            valid[domain], lesion[domain] = (masks & VALID) > 0, (masks & LESION) > 0
        return Batch(
            source=pixels["source"].float() / 127.5 - 1.0,
            target=pixels["target"].float() / 127.5 - 1.0,
            source_valid=valid["source"],
            target_valid=valid["target"],
            source_lesion=lesion["source"],
            target_lesion=lesion["target"],
        )

    def _draw(self, domain: str, chance: np.random.Generator) -> Item:
        patients = self._tree[domain][chance.integers(len(self._tree[domain]))]
        items = patients[chance.integers(len(patients))]
        return items[chance.integers(len(items))]

    def _crop(self, item: Item, chance: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        settings = self._settings
        pixels, masks = padded(*self._frames.arrays(item), settings.crop)
        on_lesion = item.has_lesion and chance.random() < settings.lesion_share
        row, column = _position(masks, settings.crop, on_lesion, settings.valid_share, chance)
        window = (slice(row, row + settings.crop), slice(column, column + settings.crop))
        pixels, masks = pixels[window], masks[window]
        if settings.flip and chance.random() < 0.5:
            pixels, masks = pixels[:, ::-1], masks[:, ::-1]
        return np.ascontiguousarray(pixels), np.ascontiguousarray(masks)


def padded(
    pixels: NDArray[np.uint8], masks: NDArray[np.uint8], size: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both at least ``size`` in each direction: mirrored at the far borders, which are neither valid nor lesion."""
    rows, columns = (max(0, size - length) for length in pixels.shape)
    if not rows and not columns:
        return pixels, masks
    amount = ((0, rows), (0, columns))
    return np.pad(pixels, amount, mode="reflect"), np.pad(masks, amount)


def _position(
    masks: NDArray[np.uint8], size: int, on_lesion: bool, valid_share: float, chance: np.random.Generator
) -> tuple[int, int]:
    """Upper left corner of a crop: a lesion pixel in its middle half, or the first of 8 draws that is valid enough."""
    free = masks.shape[0] - size, masks.shape[1] - size
    if on_lesion:
        pixels = np.argwhere(masks & LESION)
        centre = pixels[chance.integers(len(pixels))]
        shift = chance.integers(size // 4, size - size // 4, size=2)
        return int(np.clip(centre[0] - shift[0], 0, free[0])), int(np.clip(centre[1] - shift[1], 0, free[1]))
    best, best_share = (0, 0), -1.0
    for _ in range(8):
        row, column = int(chance.integers(free[0] + 1)), int(chance.integers(free[1] + 1))
        share = float((masks[row : row + size, column : column + size] & VALID).mean())
        if share > best_share:
            best, best_share = (row, column), share
        if share >= valid_share:
            break
    return best


def validation_items(frames: Frames, domain: str, limit: int, split: str = "validation") -> list[Item]:
    """At most ``limit`` frames of a domain, spread evenly over groups and patients; always the same ones.

    One frame an image; each group gives the same number where it can, so that prevalence does not pass for style.
    """
    queues: dict[str, list[Item]] = {}
    for group in sorted({item.group for item in frames.items}):
        items = [i for i in frames.items if i.domain == domain and i.split == split and i.group == group]
        seen: dict[str, int] = defaultdict(int)
        ranked = []
        for item in {item.image: item for item in items}.values():
            seen[item.patient] += 1
            ranked.append((seen[item.patient], _fraction(item.image), item))
        queues[group] = [item for _, _, item in sorted(ranked, key=lambda entry: entry[:2])]
    chosen: list[Item] = []
    most = max((len(queue) for queue in queues.values()), default=0)
    for position in range(most):
        chosen += [queue[position] for queue in queues.values() if position < len(queue)]
    return chosen[:limit]
