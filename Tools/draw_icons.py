"""Draw the icons of the extension and of its modules.

    python Tools/draw_icons.py    writes the PNG files, always with the same pixels

The harmonization icon is one ultrasound sector in the looks of two scanners, with one lesion across both; the radiomics
icon is a lymph node beside the bars of its features.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
SIZE, SCALE = 128, 8  # pixels of the icon; each is drawn as SCALE x SCALE and averaged
BIG = SIZE * SCALE
NAVY, AMBER, TEAL, WHITE = (16, 27, 48), (244, 166, 56), (38, 178, 178), (255, 255, 255)

Mask = NDArray[np.bool_]
Picture = NDArray[np.float64]


def grid() -> tuple[Picture, Picture]:
    """x and y of each drawn pixel's middle, in icon pixels (0 to 128, y downwards)."""
    y, x = (np.mgrid[0:BIG, 0:BIG] + 0.5) / SCALE
    return x, y


def sector(apex: tuple[float, float], inner: float, outer: float, half_angle: float) -> tuple[Mask, Picture, Picture]:
    """Where a sector lies, and the distance from its apex and the angle (degrees, 0 downwards) of each pixel."""
    x, y = grid()
    radius = np.hypot(x - apex[0], y - apex[1])
    angle = np.degrees(np.arctan2(x - apex[0], y - apex[1]))
    return (radius >= inner) & (radius <= outer) & (np.abs(angle) <= half_angle), radius, angle


def speckle(radius: Picture, angle: Picture, axial: float, lateral: float, seed: int) -> Picture:
    """Grains of ``axial`` icon pixels by ``lateral`` degrees, from 0 to 1, along the beams as a scanner has them."""
    cells = np.random.default_rng(seed).random((256, 256))
    return cells[(radius / axial).astype(int) % 256, ((angle + 90) / lateral).astype(int) % 256]


def paint(canvas: Picture, mask: Mask, colour: tuple[int, int, int], brightness: Picture | float = 1.0) -> None:
    """Cover the pixels of ``mask`` with the colour, times the brightness of each."""
    shade = np.broadcast_to(np.asarray(brightness, dtype=float), mask.shape)[mask]
    canvas[mask, :3] = np.clip(np.asarray(colour) * shade[:, None], 0, 255)
    canvas[mask, 3] = 255


def finished(canvas: Picture) -> Image.Image:
    """The icon, each pixel the average of what was drawn in it (colours weighted by how much they cover)."""
    cover = canvas[..., 3:] / 255
    small = np.concatenate([canvas[..., :3] * cover, cover], axis=2).reshape(SIZE, SCALE, SIZE, SCALE, 4).mean((1, 3))
    colour = np.divide(small[..., :3], small[..., 3:], out=np.zeros_like(small[..., :3]), where=small[..., 3:] > 0)
    return Image.fromarray(np.round(np.concatenate([colour, small[..., 3:] * 255], axis=2)).astype(np.uint8), "RGBA")


def two_looks(canvas: Picture, apex: tuple[float, float], inner: float, outer: float, half_angle: float) -> None:
    """One sector, the left half coarse and amber, the right one fine and teal, with a dark lesion across the seam."""
    inside, radius, angle = sector(apex, inner, outer, half_angle)
    depth = (radius - inner) / (outer - inner)
    left = 0.62 + 0.5 * speckle(radius, angle, 6.5, 8.0, 1) - 0.18 * depth
    right = 0.72 + 0.34 * speckle(radius, angle, 2.6, 3.2, 2) - 0.1 * depth
    paint(canvas, inside & (angle < 0), AMBER, left)
    paint(canvas, inside & (angle >= 0), TEAL, right)
    x, y = grid()
    middle = apex[1] + inner + 0.56 * (outer - inner)
    reach = np.hypot((x - apex[0]) / 19, (y - middle) / 13.5)
    paint(canvas, inside & (np.abs(x - apex[0]) <= 1.7), WHITE)
    paint(canvas, inside & (reach <= 1.18), WHITE)
    paint(canvas, inside & (reach <= 1), NAVY)


def harmonization() -> Image.Image:
    """Icon of the module USHarmonization."""
    canvas = np.zeros((BIG, BIG, 4))
    two_looks(canvas, (64, -36), 46, 160, 23)
    return finished(canvas)


def extension() -> Image.Image:
    """Icon of the extension: the same on a dark tile."""
    canvas = np.zeros((BIG, BIG, 4))
    tile = Image.new("1", (BIG, BIG))
    ImageDraw.Draw(tile).rounded_rectangle((0, 0, BIG - 1, BIG - 1), radius=24 * SCALE, fill=1)
    paint(canvas, np.asarray(tile), NAVY)
    two_looks(canvas, (64, -22), 42, 136, 24)
    return finished(canvas)


def radiomics() -> Image.Image:
    """Icon of the module USRadiomicsLNM."""
    canvas = np.zeros((BIG, BIG, 4))
    x, y = grid()
    # A bean: an ellipse, tilted, with the hilum cut out of its side.
    turn = np.radians(-28)
    along = (x - 54) * np.cos(turn) + (y - 46) * np.sin(turn)
    across = (y - 46) * np.cos(turn) - (x - 54) * np.sin(turn)
    bend = across - 0.005 * along**2
    for grow, colour in ((4.0, NAVY), (0.0, AMBER)):
        paint(canvas, np.hypot(along / (50 + grow), (bend + 4) / (33 + grow)) <= 1, colour)
    node = np.hypot(along / 50, (bend + 4) / 33)
    grain = 0.74 + 0.32 * speckle(np.hypot(x, y + 30), np.degrees(np.arctan2(x - 64, y + 30)), 5.0, 3.4, 3)
    paint(canvas, node <= 1, AMBER, grain)
    paint(canvas, node <= 0.62, NAVY)
    paint(canvas, node <= 0.5, AMBER, 0.62)
    for number, height in enumerate((30, 52, 76)):
        start = 62 + 22 * number
        edge = (x >= start - 3) & (x <= start + 19) & (y >= 122 - height) & (y <= 125)
        bar = (x >= start) & (x <= start + 16) & (y >= 125 - height) & (y <= 125)
        paint(canvas, edge, WHITE)
        paint(canvas, bar, TEAL, 0.72 + 0.14 * number)
    return finished(canvas)


ICONS = {
    "Resources/USHarmonization.png": extension,
    "USHarmonization/Resources/Icons/USHarmonization.png": harmonization,
    "USRadiomicsLNM/Resources/Icons/USRadiomicsLNM.png": radiomics,
}


def main() -> None:
    """Write all icons."""
    for name, draw in ICONS.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw().save(path, optimize=True)
        print(name)


if __name__ == "__main__":
    main()
