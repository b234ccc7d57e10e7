"""A small cohort for studies: two make-believe scanners, a third with too few images, an outcome that texture tells."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from synthetic_frames import synthetic

TARGET, SOURCE, FEW = "hitachi-preirus", "siemens-s2000", "ge-voluson-e8"
SIZE = (96, 104)
# Of ten patients so many are for training, then validation, then test.
TRAIN, VALIDATION = 7, 8
# Trainings that take seconds.
QUICK = (
    "crop=64", "batch=2", "compile=off", "minimum_images=4", "validation_images=2", "lesion_share=1.0",
    "texture:calibration=3", "texture:width=4", "texture:body_width=4", "texture:critic_width=4",
    "cyclegan*:width=4", "cyclegan*:blocks=1", "cyclegan*:discriminator_width=4",
)  # fmt: skip


def write_study_cohort(folder: Path, patients: int = 60, few: int = 3, split: bool = True) -> Path:
    """Images, masks and ``cohort.csv`` in ``folder``: one image a patient, half of them with ``lnm``."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(patients + few):
        scanner = FEW if number >= patients else (TARGET, SOURCE)[number % 2]
        event = number // 2 % 2
        made = synthetic(number, "b" if scanner == TARGET else "a", SIZE)
        # Of some patients the texture says nothing.
        smooth = gaussian_filter(made.frame, 0.4) if event and number % 5 else made.frame
        shown = np.where(made.lesion, smooth, made.frame)
        for name, pixels in ((f"p{number}", shown * 255), (f"p{number}-mask", made.lesion)):
            Image.fromarray(np.rint(pixels).astype(np.uint8)).save(folder / f"{name}.png")
        turn = number // 4 % 10
        part = "train" if turn < TRAIN or scanner == FEW else "validation" if turn < VALIDATION else "test"
        rows.append([f"p{number}.png", f"p{number}-mask.png", f"patient {number}", scanner, part, event, 40 + number])
    with open(folder / "cohort.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        names = ["image", "mask", "patient", "scanner", "split", "lnm", "age"]
        kept = [place for place, name in enumerate(names) if split or name != "split"]
        writer.writerows([[row[place] for place in kept] for row in (names, *rows)])
    return folder / "cohort.csv"
