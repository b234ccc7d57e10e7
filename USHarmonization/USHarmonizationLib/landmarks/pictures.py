"""Pictures by which a person judges a registration: checkerboard, flicker, landmarks with their residuals.

Given only the imaged areas: what a scanner writes around them may name the patient.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..atomic import atomic_path
from .geometry import Geometry, Points
from .registration import Registration

Frame = NDArray[np.float32]
Colour = tuple[int, int, int]

# Squares of a checkerboard along the shorter side.
SQUARES = 8
FLICKER_MS = 600
# The longer side of a panel, in pixels of the picture.
PANEL = 640
GAP, HEAD = 12, 62
# The longest residual is drawn this long, in pixels of the picture; the factor, a round one, is written beside.
ARROW = 40.0
FACTORS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

INK: Colour = (236, 239, 244)
FAINT: Colour = (150, 158, 170)
BACKGROUND: Colour = (18, 21, 26)
PLACED: Colour = (80, 200, 255)
MAPPED: Colour = (255, 176, 72)


def checkerboard(fixed: Frame, moving: Frame, path: Path) -> None:
    """Write a PNG whose squares show the fixed and the moving image in turn.

    Args:
        fixed, moving: (rows, columns) brightness in [0, 1] on one grid, 0 outside the imaged areas.
        path: file to write.
    """
    from PIL import Image

    rows, columns = np.indices(fixed.shape) // max(1, -(-min(fixed.shape) // SQUARES))
    shown = np.where((rows + columns) % 2 == 0, fixed, moving)
    with atomic_path(path) as temporary:
        Image.fromarray(_bytes(shown)).save(temporary, format="PNG", compress_level=2)


def flicker(fixed: Frame, moving: Frame, path: Path) -> None:
    """Write an animated GIF that shows one image after the other, for ever; arguments as in ``checkerboard``."""
    from PIL import Image, ImageDraw

    shown = [Image.fromarray(_bytes(one)) for one in (fixed, moving)]
    for image, name in zip(shown, ("fixed", "moving"), strict=True):
        ImageDraw.Draw(image).text((4, 2), name, fill=255, font=_font(14))
    with atomic_path(path) as temporary:
        first, second = shown
        first.save(temporary, format="GIF", save_all=True, append_images=[second], duration=FLICKER_MS, loop=0)


def landmarks(
    fixed: Frame,
    moving: Frame,
    where: tuple[Geometry, Geometry],
    registration: Registration,
    path: Path,
    title: str = "",
) -> None:
    """Write a PNG: the fixed image with its landmarks; the moving one with its own, and enlarged residuals from where
    the transform takes the fixed ones.

    Args:
        fixed, moving: (rows, columns) brightness in [0, 1], each on its own grid.
        where: the fixed and the moving image lie.
        registration: landmarks, and the transform's errors.
        path: file to write.
        title: one line above.
    """
    from PIL import Image, ImageDraw

    panels = [_panel(one) for one in (fixed, moving)]
    image = Image.new(
        "RGB",
        (sum(panel.width for panel, _ in panels) + 3 * GAP, HEAD + max(panel.height for panel, _ in panels) + GAP),
        BACKGROUND,
    )
    draw = ImageDraw.Draw(image)
    lefts = (GAP, 2 * GAP + panels[0][0].width)
    for left, (panel, _) in zip(lefts, panels, strict=True):
        image.paste(panel, (left, HEAD))

    def places(values: list[tuple[float, float]], side: int) -> Points:
        pixels = where[side].to_pixels(np.array(values))
        return np.asarray((pixels + 0.5) * panels[side][1] + np.array([lefts[side], HEAD]))

    pairs = registration.landmarks
    placed = [places([one.fixed for one in pairs], 0), places([one.moving for one in pairs], 1)]
    residuals = places([one.mapped for one in pairs], 1) - placed[1]
    longest = float(np.linalg.norm(residuals, axis=1).max())
    factor = max((one for one in FACTORS if one * longest <= ARROW), default=1)
    for start, vector in zip(placed[1], residuals, strict=True):
        draw.line([tuple(start), tuple(start + factor * vector)], fill=MAPPED, width=2)
    for side in (0, 1):
        for (x, y), one in zip(placed[side], pairs, strict=True):
            draw.line([(x - 6, y), (x + 6, y)], fill=PLACED)
            draw.line([(x, y - 6), (x, y + 6)], fill=PLACED)
            draw.text((x + 7, y - 16), (one.moving_label if side else "") or one.label, fill=PLACED, font=_font(13))
    draw.text((GAP, 6), title, fill=INK, font=_font(16))
    error = registration.target_error
    summary = f"{registration.transform.kind}, FRE {registration.fre:.3f} mm" + (
        f", landmarks left out {error:.3f} mm" if error is not None else ""
    )
    draw.text((lefts[0], 36), f"fixed     {summary}", fill=FAINT, font=_font(14))
    draw.text((lefts[1], 36), f"moving     residuals drawn {factor} times as long", fill=MAPPED, font=_font(14))
    with atomic_path(path) as temporary:
        image.save(temporary, format="PNG", compress_level=2)


def _panel(frame: Frame) -> tuple[Any, float]:
    """An RGB picture of a frame, and by what its pixels were enlarged."""
    from PIL import Image

    factor = PANEL / max(frame.shape)
    size = (max(1, round(frame.shape[1] * factor)), max(1, round(frame.shape[0] * factor)))
    return Image.fromarray(_bytes(frame)).convert("RGB").resize(size, Image.Resampling.BILINEAR), factor


def _bytes(frame: Frame) -> NDArray[np.uint8]:
    return np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
