"""Whether to trust one harmonized frame: figures, and warnings in sentences.

A harmonizer should change brightness (by one curve for the whole frame) and texture, and move or invent nothing. So
the low-pass of the result is compared with the low-pass of the original after the rising curve that fits best; what
that curve does not explain at the size of a lesion is what a generator painted or erased. And the frame is compared
with what the model knows: frames of its source scanner, and of its target scanner (``domain.py``).

The cycle error (there and back) is reported as a figure only. It is no evidence of faithfulness: a generator can hide
what it needs for the way back (Chu et al. 2017, arXiv 1712.02950).

The limits were set on validation patients of BUS-BRA (GE Logiq 5 to 7) and measured on its test patients by
``Testing/evaluation/qa_rates.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .domain import DomainDescription, frame_features
from .errors import InputError
from .harmonizers.base import Harmonizer
from .structures import region, region_kept

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]

# A frame is compared on a grid of blocks, this many along its shorter side, of at least LEAST_BLOCK pixels.
GRID = 64
LEAST_BLOCK = 4
# Standard deviation, in blocks, of the low-pass, and of the window that collects what a lesion's size of it does.
LOWPASS = 1.0
LESION_SIZE = 2.0
# Pieces of the curve from original to generated brightness.
PIECES = 24
# Brightness that varies by less than this does not vary.
FLAT = 1e-4
LARGEST_SAMPLE = 2**15
# Pieces that give the curve's slope at its ends.
ENDS = 4
# Brightness that is added to a place's own before changes are related to it, so that noise in shadows counts for
# little: this share of the frame's mean, and at least that much.
DARKNESS = 0.3
LEAST_DARKNESS = 0.08
# Side of the window that is sent there and back, pixels: the way back costs as much as the way there.
CYCLE_SIDE = 96
# A pixel counts as changed beyond this many 8-bit grey levels.
CHANGED = 2 / 255
LEAST_BLOCKS = 4 * PIECES

# Limits, see the module's docstring. Distances: 1 is what 95 % of a scanner's own frames stay below.
FOREIGN = 1.05
LIKE_TARGET = 1.0
UNREACHED = 1.6
STRUCTURE = 0.96
EDGES = 0.92
DARKENED = 0.22
BRIGHTENED = 0.22
LESION = 0.10
# Of the lesion's outline: how far its middle may move and its diameter differ, as shares of the diameter; said only of
# lesions that differ by this contrast (Michelson) from what surrounds them.
OUTLINE, CLEAR = 0.08, 0.1

FOREIGN_TEXT = (
    "does not look like the images that the model was trained to harmonize "
    "(other scanner, anatomy, settings or magnification): the result is a guess"
)
LIKE_TARGET_TEXT = "already looks like images of the target scanner: harmonizing can only spoil it"
UNREACHED_TEXT = "the result does not look like images of the target scanner"
STRUCTURE_TEXT = "structures have changed, not only brightness and texture: compare with the original"
DARKENED_TEXT = "a dark area has appeared or deepened that brightness mapping does not explain: do not measure there"
BRIGHTENED_TEXT = "a dark area has faded or vanished more than brightness mapping explains: do not measure there"
OUTLINE_TEXT = "the lesion has moved, grown, shrunk, faded or turned from dark to bright: compare with the original"
LESION_TEXT = "the lesion has changed otherwise than what surrounds it: its measurements may not be trusted"


@dataclass(frozen=True)
class QAResult:
    """What was found about one frame.

    Attributes:
        figures: name -> value; those that could not be measured (no lesion given, no domain known) are absent.
        warnings: sentences for people, the same words each time; empty when nothing was found.
        marks: (row, column, radius) in pixels of places that warnings speak of.
    """

    figures: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    marks: tuple[tuple[int, int, int], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "figures", MappingProxyType(dict(self.figures)))


def check_frame(
    original: Frame,
    generated: Frame,
    valid: Mask,
    *,
    source_domain: DomainDescription | None = None,
    target_domain: DomainDescription | None = None,
    back: Callable[[Frame, Mask], Frame] | None = None,
    lesion: Mask | None = None,
) -> QAResult:
    """Compare a generated frame with its original and with what its model knows.

    Args:
        original, generated: (rows, columns) brightness in [0, 1]; pixels that are not valid are not looked at.
        valid: (rows, columns), True for tissue.
        source_domain, target_domain: what frames of the model's scanners look like, None when unknown.
        back: the way back, target to source, as ``Harmonizer.harmonize``; None when there is none.
        lesion: (rows, columns), True in the lesion, None when not given.

    Returns:
        Warnings, and these figures: ``source_distance``, ``target_distance_before``, ``target_distance_after`` (1 is
        what 95 % of a scanner's own frames stay below); ``structure`` (correlation of low-passes after the fitted
        curve) and ``edges`` (agreement of their gradients), 1 at best; ``darkened``, ``brightened`` (largest change at
        a lesion's size that the curve does not explain, as a share of the brightness there); ``changed`` (share of
        pixels that differ); ``change`` (mean difference); ``sharpness`` (differences of neighbours, generated over
        original); ``lesion_contrast_before``, ``lesion_contrast_after`` (brightness of the lesion minus that around
        it); ``lesion_change``, ``around_change`` (what the curve does not explain, as a share); ``lesion_shift``,
        ``lesion_growth`` (of the middle and the diameter of what looks like the lesion, as shares of the diameter) and
        ``lesion_kept`` (1, or 0 when most of its contrast is lost or turned round), see ``structures``;
        ``cycle_error`` (mean difference there and back, in a window of 96 pixels).

    Raises:
        InputError: sizes differ.
    """
    if not original.shape == generated.shape == valid.shape or (lesion is not None and lesion.shape != valid.shape):
        raise InputError(f"a generated frame of {generated.shape} pixels for an original of {original.shape}")
    generated = np.clip(generated, 0, 1)
    figures: dict[str, float] = {}
    if not valid.any():
        return QAResult(figures)
    figures |= _distances(original, generated, valid, source_domain, target_domain)
    structure, marks = _structure(original, generated, valid, lesion)
    figures |= structure
    figures |= _change(original, generated, valid)
    if lesion is not None:
        figures |= _outline(original, generated, valid, lesion)
    if back is not None:
        figures["cycle_error"] = _cycle_error(original, generated, valid, lesion, back)
    return QAResult(figures, tuple(_warnings(figures)), marks)


def check_with(
    harmonizer: Harmonizer, original: Frame, generated: Frame, valid: Mask, lesion: Mask | None = None
) -> QAResult:
    """``check_frame`` with what a harmonizer knows: the domains in its bundle, and its way back.

    Raises:
        UsageError: the domains in the bundle are damaged.
    """
    source, target = _domains(harmonizer)
    reverse = getattr(harmonizer, "reverse", None)
    return check_frame(
        original,
        generated,
        valid,
        source_domain=source,
        target_domain=target,
        back=None if reverse is None else reverse.harmonize,
        lesion=lesion,
    )


_known: WeakKeyDictionary[Harmonizer, tuple[DomainDescription | None, DomainDescription | None]] = WeakKeyDictionary()


def _domains(harmonizer: Harmonizer) -> tuple[DomainDescription | None, DomainDescription | None]:
    if harmonizer not in _known:
        stored = getattr(getattr(harmonizer, "bundle", harmonizer), "domain", None) or {}
        source, target = (
            DomainDescription.from_json(stored[key]) if stored.get(key) else None for key in ("source", "target")
        )
        _known[harmonizer] = source, target
    return _known[harmonizer]


def _warnings(figures: Mapping[str, float]) -> list[str]:
    found = []
    source, before = figures.get("source_distance"), figures.get("target_distance_before")
    like_target = before is not None and before < min(LIKE_TARGET, np.inf if source is None else source)
    if like_target:
        found.append(LIKE_TARGET_TEXT)
    elif source is not None and source > FOREIGN:
        found.append(FOREIGN_TEXT)
    if figures.get("target_distance_after", 0) > UNREACHED:
        found.append(UNREACHED_TEXT)
    if figures.get("structure", 1) < STRUCTURE or figures.get("edges", 1) < EDGES:
        found.append(STRUCTURE_TEXT)
    if figures.get("darkened", 0) > DARKENED:
        found.append(DARKENED_TEXT)
    if figures.get("brightened", 0) > BRIGHTENED:
        found.append(BRIGHTENED_TEXT)
    if abs(figures.get("lesion_change", 0) - figures.get("around_change", 0)) > LESION:
        found.append(LESION_TEXT)
    outline = max(figures.get("lesion_shift", 0), abs(figures.get("lesion_growth", 0)))
    if outline > OUTLINE or figures.get("lesion_kept", 1) < 1:
        found.append(OUTLINE_TEXT)
    return found


def _distances(
    original: Frame,
    generated: Frame,
    valid: Mask,
    source: DomainDescription | None,
    target: DomainDescription | None,
) -> dict[str, float]:
    if source is None and target is None:
        return {}
    try:
        before = frame_features(original, valid)
    except InputError:  # too little tissue to say
        return {}
    found = {}
    if source is not None:
        found["source_distance"] = source.distance_of(before)
    if target is not None:
        found["target_distance_before"] = target.distance_of(before)
        found["target_distance_after"] = target.distance(generated, valid)
    return found


def _structure(
    original: Frame, generated: Frame, valid: Mask, lesion: Mask | None
) -> tuple[dict[str, float], tuple[tuple[int, int, int], ...]]:
    """Figures of what has changed beyond brightness, and where that was too much."""
    from scipy.ndimage import grey_dilation

    window = _box(valid)
    original, generated, valid = original[window], generated[window], valid[window]
    side = max(LEAST_BLOCK, round(min(valid.shape) / GRID))
    weight = _block_sums(valid, side)
    there = weight > 0.3 * side**2
    if np.count_nonzero(there) < LEAST_BLOCKS:
        return {}, ()
    low, made = (
        _smooth(_block_sums(np.where(valid, frame, 0), side), weight, LOWPASS) for frame in (original, generated)
    )
    left = beyond_brightness(low, made, there)
    explained = made - left
    presence = there.astype(np.float32)
    darkness = max(LEAST_DARKNESS, DARKNESS * float(made[there].mean()))
    level = _smooth((explained + made) / 2 * there, presence, LESION_SIZE) + darkness
    share = np.where(there, _smooth(left, presence, LESION_SIZE) / level, 0)
    figures = {
        "structure": _correlation(explained[there], made[there], low[there]),
        "edges": _edge_agreement(explained, made, low, there),
        "darkened": float(max(-share.min(), 0)),
        "brightened": float(max(share.max(), 0)),
    }
    if lesion is not None and (inside := _block_sums(lesion[window] & valid, side) * there).any():
        around = np.clip(np.minimum(grey_dilation(inside, size=(5, 5)), 1) * weight * there - inside, 0, None)
        for name, part in (("lesion_change", inside), ("around_change", around)):
            figures[name] = float((part * left).sum() / max(float((part * level).sum()), 1e-6))
        ring = np.zeros_like(valid)
        blocks = np.repeat(np.repeat(around > 0, side, axis=0), side, axis=1)
        ring[: blocks.shape[0], : blocks.shape[1]] = blocks
        figures |= _contrasts(original, generated, lesion[window] & valid, ring & valid & ~lesion[window])
    marks = []
    for part, limit in ((-share, DARKENED), (share, BRIGHTENED)):
        if part.max() > limit:
            row, column = np.unravel_index(part.argmax(), part.shape)
            place = [int((k + 0.5) * side) + at.start for k, at in zip((row, column), window, strict=True)]
            marks.append((place[0], place[1], round(3 * LESION_SIZE * side)))
    return figures, tuple(marks)


def _contrasts(original: Frame, generated: Frame, lesion: Mask, ring: Mask) -> dict[str, float]:
    if not ring.any():
        return {}
    pairs = (("lesion_contrast_before", original), ("lesion_contrast_after", generated))
    return {name: float(frame[lesion].mean() - frame[ring].mean()) for name, frame in pairs}


def _outline(original: Frame, generated: Frame, valid: Mask, lesion: Mask) -> dict[str, float]:
    """What became of the lesion's place, size and contrast; nothing where it hardly differs from what is around."""
    try:
        before, after = (region(frame, lesion & valid, valid) for frame in (original, generated))
    except InputError:  # too small to say
        return {}
    if abs(before.contrast) < CLEAR or not before.diameter > 0:
        return {}
    found = {"lesion_kept": float(region_kept(before, after))}
    if after.diameter > 0:
        found["lesion_shift"] = float(np.hypot(after.row - before.row, after.column - before.column) / before.diameter)
        found["lesion_growth"] = after.diameter / before.diameter - 1
    return found


def _change(original: Frame, generated: Frame, valid: Mask) -> dict[str, float]:
    window = _box(valid)
    original, generated, valid = original[window], generated[window], valid[window]
    difference = np.abs(generated - original)[valid]
    pair = valid[:, 1:] & valid[:, :-1]
    steps = [np.abs(frame[:, 1:] - frame[:, :-1])[pair] for frame in (original, generated)]
    before, after = (float(step.mean()) if step.size else 0.0 for step in steps)
    return {
        "changed": float(np.count_nonzero(difference > CHANGED) / difference.size),
        "change": float(difference.mean()),
        "sharpness": after / before if before > 0 else 1.0,
    }


def _cycle_error(
    original: Frame,
    generated: Frame,
    valid: Mask,
    lesion: Mask | None,
    back: Callable[[Frame, Mask], Frame],
) -> float:
    from .fill import fill

    centre = lesion if lesion is not None and (lesion & valid).any() else valid
    spans = []
    for part, length in zip(_box(centre), valid.shape, strict=True):
        first = max(0, min((part.start + part.stop - CYCLE_SIDE) // 2, length - CYCLE_SIDE))
        spans.append(slice(first, min(length, first + CYCLE_SIDE)))
    window = (spans[0], spans[1])
    inside = valid[window]
    if not inside.any():
        return 0.0
    returned = back(fill(np.ascontiguousarray(generated[window]), ~inside), inside)
    return float(np.abs(returned - original[window])[inside].mean())


def _box(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _block_sums(values: NDArray[np.generic], side: int) -> Frame:
    rows, columns = (length // side * side for length in values.shape)
    blocks = values[:rows, :columns].reshape(rows // side, side, columns // side, side)
    return np.asarray(blocks.sum(axis=(1, 3)), dtype=np.float32)


def _smooth(sums: Frame, weight: Frame, deviation: float) -> Frame:
    """Weighted mean of the surroundings."""
    from scipy.ndimage import gaussian_filter

    total = gaussian_filter(sums, deviation, mode="constant")
    return np.asarray(total / np.maximum(gaussian_filter(weight, deviation, mode="constant"), 1e-6), dtype=np.float32)


def beyond_brightness(original: Frame, generated: Frame, valid: Mask) -> Frame:
    """``generated`` minus ``original`` through the rising brightness curve that brings it closest; 0 where not valid.

    The curve goes through the medians of 24 parts of the valid pixels, dark to bright, of equal size, made to rise.
    Medians, since a painted lesion is no part of the curve. Of the few pixels that are darker or brighter than its ends
    the curve knows nothing: there all is explained from going on level to going on with its slope, or staying the same.

    Args:
        original, generated: (rows, columns); valid: (rows, columns), at least 24 pixels.
    """
    x, y = original[valid], generated[valid]
    thin = slice(None, None, 1 + x.size // LARGEST_SAMPLE)
    x, y = x[thin], y[thin]
    order = np.argsort(x, kind="stable")
    knots = np.array([np.median(part) for part in np.array_split(x[order], PIECES)])
    levels = np.maximum.accumulate([np.median(part) for part in np.array_split(y[order], PIECES)])
    explained = np.interp(original, knots, levels)
    for end, inner, outside in ((0, ENDS, original < knots[0]), (-1, -1 - ENDS, original > knots[-1])):
        span = knots[end] - knots[inner]
        slope = (levels[end] - levels[inner]) / span if span else 0.0
        at = original[outside]
        choices = np.stack([np.full_like(at, levels[end]), levels[end] + slope * (at - knots[end]), at])
        explained[outside] = np.clip(generated[outside], choices.min(axis=0), choices.max(axis=0))
    return np.asarray(np.where(valid, generated - explained, 0), dtype=np.float32)


def _correlation(explained: Frame, made: Frame, low: Frame) -> float:
    """Of two low-passes; where one is flat, 1 if the original is flat as well, else 0."""
    a, b = explained - explained.mean(dtype=np.float64), made - made.mean(dtype=np.float64)
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > FLAT**2 * len(a) else float(np.ptp(low) < FLAT)


def _edge_agreement(explained: Frame, made: Frame, low: Frame, there: Mask) -> float:
    """Cosine of the two gradient fields; where one vanishes, 1 if the original's does as well, else 0."""
    a, b, first = (
        np.concatenate([np.gradient(image, axis=axis)[there] for axis in (0, 1)]) for image in (explained, made, low)
    )
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / size) if size > FLAT**2 * len(a) else float(np.abs(first).max() < FLAT)
