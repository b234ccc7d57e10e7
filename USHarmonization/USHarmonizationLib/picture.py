"""One frame before and after harmonization, side by side, with what changed and what quality control says.

The third picture is the difference that is left after the brightness curve that fits best (``qa.beyond_brightness``):
the plain difference of two scanners is one colour all over, and hides what matters; so does the change of every
speckle, which is smoothed away.

Only the imaged area is shown: what a scanner writes around it may name the patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .atomic import atomic_path
from .errors import InputError
from .qa import QAResult, beyond_brightness

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]
Colour = tuple[int, int, int]

NOTICE = "Research use only, not for diagnosis"
PANELS = ("Original", "Generated", "Difference beyond overall brightness")

# A frame is shown this large at most (columns, rows), and this high at least.
LARGEST = (560, 560)
LEAST_ROWS = 300
MARGIN, GAP = 24, 16
# Standard deviation of the smoothing, as a share of the shorter side.
SMOOTHED = 0.008
# Fewer tell no brightness curve.
LEAST_PIXELS = 100
BAR, INDENT = 12, 28
# The colour scale of the difference reaches one of these (8-bit grey levels): the first that holds 99 % of all changes.
SCALES = (32, 64, 128, 255)

BACKGROUND: Colour = (18, 21, 26)
INK: Colour = (236, 239, 244)
FAINT: Colour = (150, 158, 170)
OUTLINE: Colour = (70, 132, 140)
LESION: Colour = (255, 208, 64)
GOOD: Colour = (98, 196, 132)
BAD: Colour = (255, 176, 72)
DARKER: Colour = (64, 150, 255)
BRIGHTER: Colour = (255, 112, 56)


def side_by_side(
    original: Frame,
    generated: Frame,
    valid: Mask,
    result: QAResult,
    path: Path,
    *,
    title: Sequence[str] = (),
    lesion: Mask | None = None,
) -> None:
    """Write a PNG: original, generated, and their signed difference beyond the overall brightness; below, the warnings,
    or that there are none. Places that a warning speaks of are circled.

    Args:
        original, generated: (rows, columns) brightness in [0, 1].
        valid: (rows, columns), True where the frame was harmonized; its outline is drawn.
        result: what ``qa`` found.
        path: file to write, ``.png``.
        title: lines above the pictures: the file, the scanners, the model. No patient's name.
        lesion: (rows, columns) True in the lesion, whose outline is drawn.

    Raises:
        InputError: sizes differ.
        OSError: the file cannot be written.
    """
    from PIL import Image, ImageDraw

    if not original.shape == generated.shape == valid.shape or (lesion is not None and lesion.shape != valid.shape):
        raise InputError(f"a generated frame of {generated.shape} pixels for an original of {original.shape}")
    window = _box(valid)
    original, generated, valid = original[window], np.clip(generated[window], 0, 1), valid[window]
    change = _change(original, generated, valid)
    scale = _scale(change[valid])
    size = _shown_size(original.shape)
    outline = _outline(valid, size)
    lesion_outline = None if lesion is None else _outline(lesion[window], size)
    before, after = (_shown(np.clip(frame, 0, 1), size) for frame in (original, generated))
    panels = [_grey(before), _grey(after), _coloured(before, _shown(change, size) * np.float32(255 / scale))]
    for panel in panels:
        panel[outline] = (panel[outline] + np.array(OUTLINE)) // 2
        if lesion_outline is not None:
            panel[lesion_outline] = LESION

    columns, rows = size
    width = 2 * MARGIN + 3 * columns + 2 * GAP + 64
    verdict = _verdict(result, width - 2 * MARGIN - INDENT)
    summary = _wrapped(_summary(result), 13, width - 2 * MARGIN - INDENT, "   |   ")
    top = MARGIN + 26 * len(title) + (10 if title else 0) + 28
    height = top + rows + 24 + 26 * len(verdict) + 20 * len(summary) + 28 + MARGIN

    image = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    for line, text in enumerate(title):
        draw.text((MARGIN, MARGIN + 26 * line - 4), text, font=_font(15 if line else 18), fill=FAINT if line else INK)
    for place, (name, panel) in enumerate(zip(PANELS, panels, strict=True)):
        left = MARGIN + place * (columns + GAP)
        draw.text((left, top - 26), name, font=_font(16), fill=INK)
        shown = Image.fromarray(panel)
        _draw_marks(ImageDraw.Draw(shown), result, (window[0].start, window[1].start), columns / valid.shape[1])
        image.paste(shown, (left, top))
    _draw_scale(image, draw, (MARGIN + 3 * columns + 2 * GAP + 8, top), rows, scale)

    line_top = top + rows + 18
    colour = BAD if result.warnings else GOOD
    for first, text in verdict:
        if first:
            _draw_sign(draw, (MARGIN, line_top + 2), colour, good=not result.warnings)
        draw.text((MARGIN + INDENT, line_top), text, font=_font(16), fill=colour)
        line_top += 26
    for text in summary:
        draw.text((MARGIN + INDENT, line_top + 2), text, font=_font(13), fill=FAINT)
        line_top += 20
    draw.text((MARGIN, line_top + 10), NOTICE, font=_font(13), fill=FAINT)
    with atomic_path(path) as temporary:
        image.save(temporary, format="PNG", compress_level=2)


def _shown_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Columns and rows on the picture: as they are where they fit, thin ones at least two pixels."""
    rows, columns = shape
    factor = min(LARGEST[0] / columns, LARGEST[1] / rows, max(1.0, LEAST_ROWS / rows))
    return max(2, round(columns * factor)), max(2, round(rows * factor))


def _shown(frame: NDArray[np.floating], size: tuple[int, int]) -> Frame:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(frame, dtype=np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR), dtype=np.float32)


def _box(valid: Mask) -> tuple[slice, slice]:
    """The imaged area; everything where there is none."""
    rows, columns = np.flatnonzero(valid.any(axis=1)), np.flatnonzero(valid.any(axis=0))
    if not len(rows):
        return slice(0, valid.shape[0]), slice(0, valid.shape[1])
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _change(original: Frame, generated: Frame, valid: Mask) -> Frame:
    from scipy.ndimage import gaussian_filter

    if np.count_nonzero(valid) < LEAST_PIXELS:
        return np.zeros_like(original)
    deviation = max(1.0, min(valid.shape) * SMOOTHED)
    total, weight = (
        gaussian_filter(values.astype(np.float32), deviation, truncate=2.5)
        for values in (beyond_brightness(original, generated, valid), valid)
    )
    return np.where(valid, total / np.maximum(weight, np.float32(1e-3)), np.float32(0))


def _scale(change: Frame) -> int:
    most = float(np.quantile(np.abs(change[:: 1 + change.size // 20000]), 0.99)) * 255 if change.size else 0.0
    return next(scale for scale in SCALES if scale >= min(most, SCALES[-1]))


def _outline(mask: Mask, size: tuple[int, int]) -> Mask:
    """The rim of a mask, one pixel wide, inside it."""
    shown = _shown(mask.astype(np.float32), size) >= 0.5
    padded = np.pad(shown, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(shown & ~inner)


def _grey(frame: Frame) -> NDArray[np.uint8]:
    return np.repeat(np.rint(frame[..., None] * 255).astype(np.uint8), 3, axis=2)


def _coloured(frame: Frame, change: Frame) -> NDArray[np.uint8]:
    """Blue where it got darker, red where brighter, over a dimmed original."""
    base = frame[..., None] * np.float32(70) + np.float32(14)
    strength = np.clip(np.abs(change), 0, 1)[..., None]
    colour = np.where(change[..., None] < 0, np.array(DARKER, dtype=np.float32), np.array(BRIGHTER, dtype=np.float32))
    return np.asarray(np.rint(base * (1 - strength) + colour * strength), dtype=np.uint8)


def _draw_scale(image: Any, draw: Any, corner: tuple[int, int], rows: int, scale: int) -> None:
    from PIL import Image

    left, top = corner
    height = min(rows, 220)
    top += (rows - height) // 2
    ramp = np.repeat(np.linspace(1, -1, height, dtype=np.float32)[:, None], BAR, axis=1)
    image.paste(Image.fromarray(_coloured(np.zeros_like(ramp), ramp)), (left, top))
    for text, place in ((f"+{scale}", 0.0), ("0", 0.5), (f"-{scale}", 1.0)):
        draw.text((left + BAR + 6, top + place * height), text, font=_font(13), fill=FAINT, anchor="lm")
    draw.text((left - 2, top - 16), "brighter", font=_font(12), fill=FAINT, anchor="ls")
    draw.text((left - 2, top + height + 24), "darker", font=_font(12), fill=FAINT, anchor="ls")


def _draw_sign(draw: Any, corner: tuple[int, int], colour: Colour, good: bool) -> None:
    left, top = corner
    if good:
        draw.line([(left + 2, top + 9), (left + 7, top + 15), (left + 17, top + 2)], fill=colour, width=3)
        return
    draw.polygon([(left + 9, top), (left + 19, top + 17), (left - 1, top + 17)], outline=colour, width=2)
    draw.line([(left + 9, top + 6), (left + 9, top + 11)], fill=colour, width=2)
    draw.line([(left + 9, top + 13), (left + 9, top + 14)], fill=colour, width=2)


def _draw_marks(draw: Any, result: QAResult, corner: tuple[int, int], factor: float) -> None:
    for row, column, radius in result.marks:
        y, x, size = (row - corner[0] + 0.5) * factor, (column - corner[1] + 0.5) * factor, radius * factor
        for start in range(0, 360, 30):
            draw.arc([x - size, y - size, x + size, y + size], start, start + 18, fill=BAD, width=2)


def _verdict(result: QAResult, width: int) -> list[tuple[bool, str]]:
    """Lines that fit, and whether each is the first of a sentence."""
    if not result.warnings:
        return [(True, "Quality control found nothing to object to. Compare the pictures all the same.")]
    lines = []
    for warning in result.warnings:
        sentence = _wrapped(warning[:1].upper() + warning[1:] + ".", 16, width)
        lines += [(place == 0, line) for place, line in enumerate(sentence)]
    return lines


def _wrapped(text: str, size: int, width: int, between: str = " ") -> list[str]:
    lines: list[str] = []
    for part in filter(None, text.split(between)):
        if lines and _font(size).getlength(lines[-1] + between + part) <= width:
            lines[-1] += between + part
        else:
            lines.append(part)
    return lines


def _summary(result: QAResult) -> str:
    figures, parts = result.figures, []
    if "source_distance" in figures:
        parts.append(f"distance from source scanner {figures['source_distance']:.2f}")
    if "target_distance_after" in figures:
        parts.append(
            f"from target scanner {figures['target_distance_before']:.2f} before, "
            f"{figures['target_distance_after']:.2f} after (usual: below 1)"
        )
    if "structure" in figures:
        largest = max(figures["darkened"], figures["brightened"])
        parts.append(f"structures agree {figures['structure']:.3f}")
        parts.append(f"largest unexplained change {largest:.0%}")
    if "lesion_contrast_before" in figures:
        contrast = [figures[f"lesion_contrast_{when}"] * 255 for when in ("before", "after")]
        parts.append(f"lesion contrast {contrast[0]:+.0f} before, {contrast[1]:+.0f} after")
    return "   |   ".join(parts)


@lru_cache
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
