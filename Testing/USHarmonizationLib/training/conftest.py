"""Synthetic cohorts: speckle of two make-believe scanners, as prepared frames or as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from USHarmonizationLib.training.data import LESION, VALID, Frames, Item

SOURCE, TARGET = "ge-logiq-5", "ge-logiq-7"


def speckle(scanner: str, number: int, size: tuple[int, int] = (72, 80)) -> NDArray[np.uint8]:
    """Rayleigh speckle with a dark disc, of a gain that differs between images; the source is brighter and coarser."""
    chance = np.random.default_rng([number, scanner == SOURCE])
    rows, columns = np.ogrid[: size[0], : size[1]]
    inside = np.hypot(rows - size[0] // 2, columns - size[1] // 2) < 14
    tissue = np.where(inside, chance.uniform(0.3, 0.45), 0.6) * chance.uniform(0.8, 1.2)
    image = tissue * gaussian_filter(chance.rayleigh(0.7, size), 1.0 if scanner == SOURCE else 0.7)
    return np.rint(np.clip(image ** (0.6 if scanner == SOURCE else 1.3), 0, 1) * 255).astype(np.uint8)


def lesion(size: tuple[int, int] = (72, 80)) -> NDArray[np.uint8]:
    """1 in the dark disc."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    return (np.hypot(rows - size[0] // 2, columns - size[1] // 2) < 14).astype(np.uint8)


@pytest.fixture(scope="session")
def cohort_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``cohort.csv``: 12 training, 4 validation and 2 test images of each of two scanners, with masks."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("cohort")
    rows = []
    for scanner in (SOURCE, TARGET):
        for number in range(18):
            name = f"{scanner}-{number}"
            Image.fromarray(speckle(scanner, number)).save(folder / f"{name}.png")
            Image.fromarray(lesion()).save(folder / f"{name}-mask.png")
            split = "train" if number < 12 else "validation" if number < 16 else "test"
            rows.append([f"{name}.png", f"{name}-mask.png", f"{scanner} {number // 2}", scanner, split, number % 2])
    with open(folder / "cohort.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "mask", "patient", "scanner", "split", "lnm"])
        writer.writerows(rows)
    return folder


FramesMaker = Callable[..., Frames]


@pytest.fixture
def make_frames(tmp_path: Path) -> FramesMaker:
    """Prepared frames from (item without offset, pixels, masks), without reading files."""

    def make(*entries: tuple[dict[str, object], NDArray[np.uint8], NDArray[np.uint8]]) -> Frames:
        folder = tmp_path / "frames"
        folder.mkdir(exist_ok=True)
        items, offset = [], 0
        for values, pixels, masks in entries:
            item = Item(
                **{  # type: ignore[arg-type]
                    "split": "train",
                    "group": "",
                    "offset": offset,
                    "rows": pixels.shape[0],
                    "columns": pixels.shape[1],
                    "has_lesion": bool((masks & LESION).any()),
                    **values,
                }
            )
            items.append(item)
            offset += pixels.size
        (folder / "pixels.bin").write_bytes(b"".join(pixels.tobytes() for _, pixels, _ in entries))
        (folder / "masks.bin").write_bytes(b"".join(masks.tobytes() for _, _, masks in entries))
        (folder / "index.json").write_text(json.dumps({"inputs": "", "items": [asdict(item) for item in items]}))
        return Frames(folder)

    return make


@pytest.fixture
def frames(make_frames: FramesMaker) -> Frames:
    """Eight training and four validation frames of each domain, one a patient."""
    entries = []
    for domain, scanner in (("source", SOURCE), ("target", TARGET)):
        for number in range(12):
            split = "train" if number < 8 else "validation"
            values = {"image": f"{domain}{number}", "patient": f"{domain} {number}", "domain": domain, "split": split}
            entries.append((values, speckle(scanner, number), VALID | (lesion() * np.uint8(LESION))))
    return make_frames(*entries)
