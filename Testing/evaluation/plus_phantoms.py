"""How exactly landmark registration brings two real scanners onto each other: N-wire phantoms of the Plus toolkit.

    python Testing/evaluation/plus_phantoms.py --plus DIR --out DIR

Two transrectal sequences show wires in water: one of a BK scanner (6 frames, grabbed from its screen, probe below, two
N of three wires each) and one of an Ultrasonix scanner (212 frames, probe above, three N). The rows of the two N that
lie next to the probe are about 20 mm apart and 40 mm long in both; whether it was one specimen is not known.

The outer wires of an N are parallel: they are at the same place in every frame of every scanner. The middle one wanders
with the position along the phantom, so that a frame of one scanner belongs to that frame of the other in which both
middle wires lie alike. The size of a pixel is read off the BK's own depth scale (its files say 1 mm, which is wrong);
that of the Ultrasonix is not known. Errors are therefore those of similarity and affine transforms from the Ultrasonix
to the BK, in mm of the BK.

Nor is it known from which end of the phantom each scanner looked. Turned by 180 degrees the images fit, and mirrored
they do, since the two N are nearly mirror images of each other; both readings are reported.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.files import read_image
from USHarmonizationLib.landmarks import pictures
from USHarmonizationLib.landmarks.geometry import Geometry
from USHarmonizationLib.landmarks.registration import Registration, register

BK = "SegmentationTest_BKMedical_RandomStepperMotionData2_Trimmed.igs.mha"
ULTRASONIX = "USTC_3NWires_RandomStepperMotionCalibration.igs.mha"

# Ticks of 1 cm on the BK's screen: the first and the last, and how many lie between; vertical, horizontal.
BK_SPACING_MM = (10 * 8 / (376.5 - 64.5), 10 * 10 / (577.5 - 179.5))
WIRES = ("near left", "near middle", "near right", "far left", "far middle", "far right")
OUTER = (0, 2, 3, 5)
# The wires from left to right when an image is flipped.
FLIPPED = (2, 1, 0, 5, 4, 3)

# Width of a wire's echo and of what is looked at around its peak, as shares of the image's height.
BLUR, AROUND = 0.004, 0.02
CANDIDATES = 24
# What two rows of wires look like: their length as a share of the image's width, the distance between them and its
# slant as a share of their length, by how much their lengths differ, how far a middle wire lies beside its row.
LENGTH, APART, SLANT, DIFFERENCE, BESIDE = (0.2, 0.5), (0.4, 0.65), 0.2, 0.12, 0.05
# Where between the outer wires the middle one may lie.
MIDDLE = (0.1, 0.9)

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Wires:
    """The wires of one frame: (6, 2) column, row in the order of ``WIRES``, as seen from the probe."""

    frame: int
    points: Points

    def middles(self) -> tuple[float, float]:
        """Where the two middle wires lie between the outer ones, 0 left to 1 right."""
        return _share(self.points[:3]), _share(self.points[3:])

    def flipped(self) -> Wires:
        """The same in an image that is flipped left to right about its first column."""
        return Wires(self.frame, self.points[list(FLIPPED)] * np.array([-1.0, 1.0]))


def find_wires(frame: NDArray[np.float32], probe_below: bool) -> Points | None:
    """(6, 2) column, row of the wires at sub-pixel precision, or None where no two rows of three are seen.

    Of all ways to choose two parallel rows of equal length, one above the other, from the brightest spots, the one
    whose faintest wire is brightest.

    Args:
        frame: (rows, columns) brightness in [0, 1].
        probe_below: whether the probe is at the lower edge; left and right are as seen from the probe.
    """
    spots, strength = _spots(frame)
    if probe_below:  # turned by 180 degrees the near row is the upper one again
        spots = -spots
    rows = list(_rows(spots, frame.shape[1]))
    best, found = 0.0, None
    for near, far in itertools.permutations(rows, 2):
        if len({*near, *far}) < 6:
            continue
        faintest = float(strength[[*near, *far]].min())
        if faintest > best and _belong(spots[list(near)], spots[list(far)]):
            best, found = faintest, spots[[*near, *far]]
    if found is None:
        return None
    return -found if probe_below else found


def sequence(path: Path, probe_below: bool, step: int = 1) -> tuple[list[NDArray[np.float32]], list[Wires]]:
    """Frames of a file, and the wires of those in which they are seen."""
    image = read_image(path)
    frames = [image.luma(index) for index in range(0, image.frames, step)]
    found = [(index, find_wires(frame, probe_below)) for index, frame in enumerate(frames)]
    return frames, [Wires(index, points) for index, points in found if points is not None]


def across_scanners(bk: list[Wires], ultrasonix: list[Wires], kind: str) -> list[tuple[Wires, Wires, Registration]]:
    """Each frame of the BK (moving) with that of the Ultrasonix (fixed) whose middle wires lie most alike."""
    pairs = []
    for moving in bk:
        fixed = min(ultrasonix, key=lambda one: _unlike(one, moving))
        pairs.append((fixed, moving, register(kind, fixed.points, to_mm(moving.points), WIRES)))
    return pairs


def within_scanner(wires: list[Wires]) -> list[Registration]:
    """Outer wires of each frame of the BK onto those of the next, rigid: how exactly wires are found."""
    names = [WIRES[place] for place in OUTER]
    return [
        register("rigid", to_mm(one.points[list(OUTER)]), to_mm(other.points[list(OUTER)]), names)
        for one, other in itertools.pairwise(wires)
    ]


def to_mm(points: Points) -> Points:
    """Points of the BK in mm."""
    return points * np.array(BK_SPACING_MM[::-1])


def summary(registrations: list[Registration]) -> dict[str, float]:
    """Mean and standard deviation over the pairs of frames, in mm."""
    fre = np.array([one.fre for one in registrations])
    left_out = np.array([one.target_error for one in registrations], dtype=float)
    scale = np.array([one.transform.linear.scale for one in registrations])
    return {
        "pairs": len(registrations),
        "fre_mm": float(fre.mean()),
        "fre_sd_mm": float(fre.std(ddof=1)),
        "left_out_tre_mm": float(left_out.mean()),
        "left_out_tre_sd_mm": float(left_out.std(ddof=1)),
        "scale": float(scale.mean()),
    }


def measure(plus: Path, step: int = 1) -> dict[str, Any]:
    """All figures; of the Ultrasonix every ``step``-th frame."""
    _, bk = sequence(plus / BK, probe_below=True)
    frames, ultrasonix = sequence(plus / ULTRASONIX, probe_below=False, step=step)
    result: dict[str, Any] = {
        "found": {"bk": len(bk), "ultrasonix": len(ultrasonix), "of": len(frames)},
        "within_bk_rigid": summary(within_scanner(bk)),
    }
    for reading, fixed in (("turned", ultrasonix), ("mirrored", [one.flipped() for one in ultrasonix])):
        pairs = across_scanners(bk, fixed, "similarity")
        result[reading] = {
            "middles_differ_by": float(np.mean([_unlike(one, other) for one, other, _ in pairs])),
            "similarity": summary([one for _, _, one in pairs]),
            "affine": summary([one for _, _, one in across_scanners(bk, fixed, "affine")]),
        }
    return result


def _spots(frame: NDArray[np.float32]) -> tuple[Points, Points]:
    """(spots, 2) column, row of the brightest compact echoes, and how far each stands out."""
    rows = frame.shape[0]
    fine, coarse = (ndimage.gaussian_filter(frame, factor * BLUR * rows) for factor in (1, 4))
    contrast = fine - coarse
    radius = max(2, round(AROUND * rows))
    peaks = np.argwhere((contrast == ndimage.maximum_filter(contrast, 2 * radius + 1)) & (contrast > 0.02))
    peaks = peaks[np.argsort(-contrast[tuple(peaks.T)])][:CANDIDATES]
    return np.array([_centre(contrast, peak, radius) for peak in peaks]).reshape(-1, 2), contrast[tuple(peaks.T)]


def _centre(contrast: NDArray[np.float32], peak: NDArray[np.int64], radius: int) -> tuple[float, float]:
    """Column, row of the centre of mass of the echo around a peak: what is above half its height."""
    row, column = peak.tolist()
    top, left = max(0, row - radius), max(0, column - radius)
    part = contrast[top : row + radius + 1, left : column + radius + 1]
    weight = np.clip(part - contrast[row, column] / 2, 0, None)
    labels, _ = ndimage.label(weight > 0)
    weight = np.where(labels == labels[row - top, column - left], weight, 0)
    y, x = ndimage.center_of_mass(weight)
    return left + x, top + y


def _rows(spots: Points, width: int) -> Iterator[tuple[int, int, int]]:
    """Triples of spots on a nearly level line, from left to right."""
    for left, right in itertools.permutations(range(len(spots)), 2):
        across = spots[right] - spots[left]
        if not (LENGTH[0] * width <= across[0] <= LENGTH[1] * width and abs(across[1]) < SLANT * across[0]):
            continue
        for middle in range(len(spots)):
            offset = spots[middle] - spots[left]
            beside = abs(across[0] * offset[1] - across[1] * offset[0]) / (across @ across)
            if MIDDLE[0] < offset @ across / (across @ across) < MIDDLE[1] and beside < BESIDE:
                yield left, middle, right


def _belong(near: Points, far: Points) -> bool:
    """Whether two rows lie as those of the phantom do."""
    ours, theirs = near[2] - near[0], far[2] - far[0]
    length = float(np.linalg.norm(ours))
    if np.linalg.norm(ours - theirs) > DIFFERENCE * length:
        return False
    down = (far[[0, 2]] - near[[0, 2]]).mean(axis=0)
    along, apart = down @ ours / length**2, (ours[0] * down[1] - ours[1] * down[0]) / length**2
    return bool(APART[0] <= apart <= APART[1] and abs(along) < SLANT)


def _unlike(one: Wires, other: Wires) -> float:
    """How far apart the middle wires lie, as a share of a row's length."""
    return float(np.hypot(*np.subtract(one.middles(), other.middles())))


def _share(row: Points) -> float:
    across = row[2] - row[0]
    return float((row[1] - row[0]) @ across / (across @ across))


def _draw(plus: Path, out: Path) -> None:
    """Each BK frame beside its Ultrasonix frame, with wires and residuals."""
    bk_frames, bk = sequence(plus / BK, probe_below=True)
    frames, ultrasonix = sequence(plus / ULTRASONIX, probe_below=False)
    bk_where = Geometry(bk_frames[0].shape[:2], BK_SPACING_MM[::-1])
    for fixed, moving, registration in across_scanners(bk, ultrasonix, "similarity"):
        pictures.landmarks(
            frames[fixed.frame],
            bk_frames[moving.frame],
            (Geometry(frames[0].shape[:2], calibrated=False), bk_where),
            registration,
            out / f"pair_{moving.frame}.png",
            f"Ultrasonix frame {fixed.frame}, BK frame {moving.frame}",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plus", type=Path, required=True, help="folder with the sequences of the Plus toolkit")
    parser.add_argument("--out", type=Path, required=True, help="folder for figures and pictures")
    options = parser.parse_args()
    result = measure(options.plus)
    write_text(options.out / "plus_phantoms.json", json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    _draw(options.plus, options.out)


if __name__ == "__main__":
    main()
