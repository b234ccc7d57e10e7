"""How good a generator is, by figures that matter: texture as radiomics sees it, and contrast that must stay.

The distance is the Frechet distance of the texture features of harmonized source regions to those of target regions;
the content agreement is the rank correlation, over regions, of their contrast before and after. Regions are the
lesions, or, where the cohort has no masks, squares of imaged tissue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..harmonizers.base import Harmonizer
from .data import DOMAINS, Frames, Item, validation_items
from .preview import write_preview
from .report import Reporter
from .settings import TrainingSettings

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]

# A region of fewer pixels has no texture to speak of.
LEAST_PIXELS = 64

# Side of the squares that stand in for lesions, and how far a region's surroundings reach; pixels.
SQUARE = 64
RING = 12

PREVIEWS = 4


@dataclass(frozen=True)
class Figures:
    """A validation.

    Attributes:
        distance: Frechet distance of texture features, harmonized source to target; lower is better.
        content: rank correlation of region contrast before and after, -1 to 1; 1 is perfect.
        change: mean absolute change of the brightness of imaged tissue, in [0, 1].
        images: of the source domain that were judged.
    """

    distance: float
    content: float
    change: float
    images: int

    def row(self) -> dict[str, float]:
        return asdict(self)

    def __str__(self) -> str:
        return f"texture distance {self.distance:.2f}, content agreement {self.content:.3f}, change {self.change:.3f}"


class Validator:
    """Judges generators on frames of the validation patients; target features are computed once.

    Raises:
        UsageError: a domain has fewer than two validation images with a usable region.
    """

    def __init__(self, frames: Frames, settings: TrainingSettings, previews: Path, reporter: Reporter) -> None:
        self._frames, self._previews, self._reporter = frames, previews, reporter
        chosen = {domain: validation_items(frames, domain, settings.validation_images) for domain in DOMAINS}
        self._on_lesions = all(any(item.has_lesion for item in items) for items in chosen.values())
        self._items: dict[str, list[tuple[Item, Mask]]] = {}
        for domain, items in chosen.items():
            regions = [(item, self._region(item)) for item in items]
            usable = [(item, region) for item, region in regions if region.sum() >= LEAST_PIXELS]
            if len(usable) < 2:
                raise UsageError(f"{len(usable)} validation images of the {domain} scanner; needed: at least 2")
            self._items[domain] = usable
        self._target: NDArray[np.float64] | None = None

    def judge(self, harmonizer: Harmonizer | None, step: int, stop_requested: Callable[[], int]) -> Figures | None:
        """Figures of a harmonizer (None: of the images as they are); None when asked to stop in the middle.

        Also writes the preview ``step-NNNNNN.png``: rows of original, harmonized, and a target frame.
        """
        from scipy.stats import spearmanr

        from ..metrics.frechet import frechet_distance

        features, contrasts, changes = [], [], []
        shown: list[list[Frame]] = []
        for done, (item, region) in enumerate(self._items["source"]):
            if stop_requested():
                return None
            self._reporter.progress("validation", done, len(self._items["source"]))
            frame, valid, _ = self._frames.frame(item)
            output = frame if harmonizer is None else np.where(valid, harmonizer.harmonize(frame, valid), frame)
            features.append(region_features(output, region))
            contrasts.append([contrast(image, region, valid) for image in (frame, output)])
            changes.append(float(np.abs(output - frame)[valid].mean()))
            if len(shown) < PREVIEWS:
                target = self._items["target"][len(shown) % len(self._items["target"])][0]
                shown.append([frame, output, self._frames.frame(target)[0]])
        if self._target is None:
            self._target = np.array(
                [region_features(self._frames.frame(item)[0], region) for item, region in self._items["target"]]
            )
        write_preview(self._previews / f"step-{step:06d}.png", shown)
        before, after = np.array(contrasts).T
        # A generator that makes everything alike has no contrast left to correlate.
        content = float(spearmanr(before, after).statistic) if np.ptp(after) > 0 and np.ptp(before) > 0 else 0.0
        return Figures(
            distance=frechet_distance(np.array(features), self._target),
            content=content,
            change=float(np.mean(changes)),
            images=len(features),
        )

    def _region(self, item: Item) -> Mask:
        _, valid, lesion = self._frames.frame(item)
        return lesion & valid if self._on_lesions else square(valid, item.image)


def square(valid: Mask, name: str) -> Mask:
    """(rows, columns) True in a square of imaged tissue; the same for the same frame name, another for another."""
    region = np.zeros_like(valid)
    side = min(SQUARE, *valid.shape)
    chance = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    best, best_share = (0, 0), -1.0
    for _ in range(32):
        row, column = (int(chance.integers(length - side + 1)) for length in valid.shape)
        share = float(valid[row : row + side, column : column + side].mean())
        if share > best_share:
            best, best_share = (row, column), share
        if share == 1.0:
            break
    region[best[0] : best[0] + side, best[1] : best[1] + side] = True
    return region & valid


def contrast(frame: Frame, region: Mask, valid: Mask) -> float:
    """Mean brightness in the region minus that of valid pixels within ``RING`` around it."""
    from scipy.ndimage import binary_dilation

    around = binary_dilation(region, iterations=RING) & ~region & valid
    return float(frame[region].mean() - (frame[around].mean() if around.any() else frame[valid].mean()))


def region_features(frame: Frame, region: Mask) -> NDArray[np.float64]:
    """Texture features of a region of a frame in [0, 1], on the 8-bit scale that radiomics uses."""
    from ..texture import texture_features

    return np.array(list(texture_features(frame * 255, region).values()))
