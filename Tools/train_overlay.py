"""Train the small network by which ``find_overlay`` knows burned-in graphics.

    python Tools/train_overlay.py BUSBRA_FOLDER --out USHarmonization/Resources/overlay.safetensors

It learns from the development half of ``Testing/data/overlay_annotations.json`` and from text, callipers and rulers
drawn over frames; of the frames without annotation only patients that have none in the held-out half are used. In a
second round the network's own sure answers label those frames (Lee, ICML workshop 2013: pseudo-labels).
About an hour on one core.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "USHarmonization"), str(ROOT / "Testing" / "benchmarks")]

from overlay_accuracy import ANNOTATIONS, marked_pixels  # noqa: E402

from USHarmonizationLib.overlay import LAYERS, overlay_logits  # noqa: E402

CROP, BATCH = 128, 16
# Labels: no graphics, graphics, not counted.
TISSUE, GRAPHICS, UNKNOWN = 0, 1, 2
SURE = 0.1


@dataclass
class Frame:
    luma: NDArray[np.uint8]
    label: NDArray[np.uint8]


def annotated_frames(folder: Path, split: str) -> list[Frame]:
    frames = []
    for entry in json.loads(ANNOTATIONS.read_text())["frames"]:
        if entry["split"] == split:
            luma = np.array(Image.open(folder / "Images" / f"{entry['image']}.png"))
            marked, ignored = marked_pixels(luma, entry["items"])
            label = marked.astype(np.uint8)
            # The halo of a stroke is neither clearly graphics nor clearly tissue.
            label[(ndimage.binary_dilation(marked, np.ones((3, 3))) & ~marked) | (ignored & ~marked)] = UNKNOWN
            frames.append(Frame(luma, label))
    return frames


def other_frames(folder: Path) -> list[NDArray[np.uint8]]:
    """Frames of patients that have no annotated frame."""
    import pandas as pd

    table = pd.read_csv(folder / "bus_data.csv")
    marked = {entry["image"] for entry in json.loads(ANNOTATIONS.read_text())["frames"]}
    cases = set(table.Case[table.ID.isin(marked)])
    names = table.ID[~table.Case.isin(cases)]
    return [np.array(Image.open(folder / "Images" / f"{name}.png")) for name in names]


def synthetic_frames(count: int, seed: int) -> list[Frame]:
    """Speckle of many sizes and contrasts with bright layers, so that tissue of other scanners is tissue too."""
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        size = (192, 192)
        grain = rng.uniform(0.6, 2.5), rng.uniform(0.8, 4.0)
        amplitude = np.hypot(*ndimage.gaussian_filter(rng.normal(size=(2, *size)), (0, *grain)))
        slow = ndimage.gaussian_filter(rng.normal(size=size), (rng.uniform(4, 20), rng.uniform(8, 40)))
        level = rng.uniform(0.05, 0.6) * np.exp(rng.uniform(0.2, 1.2) * slow / slow.std())
        tissue = level * (amplitude / amplitude.mean()) ** rng.uniform(0.4, 1.2)
        rows, columns = np.mgrid[: size[0], : size[1]]
        for _ in range(rng.integers(0, 4)):
            bend = rng.normal(0, 8) * np.sin(columns / rng.uniform(20, 80) + rng.uniform(0, 6))
            layer = (rows - rng.uniform(0, size[0]) - rng.normal(0, 0.2) * columns - bend) / rng.uniform(0.8, 4)
            tissue = tissue + rng.uniform(0.2, 1) * np.exp(-(layer**2)) * (0.6 + 0.4 * amplitude / amplitude.mean())
        luma = (np.clip(tissue, 0, 1) * 255).astype(np.uint8)
        frames.append(Frame(luma, np.zeros(size, dtype=np.uint8)))
    return frames


def drawn(rng: np.random.Generator, luma: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The crop with random graphics drawn on it, and where they are."""
    height, width = luma.shape
    picture = luma.astype(np.float32)
    bar = np.zeros(luma.shape, dtype=bool)
    if rng.random() < 0.12:
        _draw_scale(rng, picture, bar)
    strokes = Image.new("L", (width * 2, height * 2))  # twice as fine, for antialiasing
    for _ in range(rng.integers(1, 4)):
        _draw_item(rng, strokes)
    soft = strokes.resize((width, height), Image.Resampling.BOX)
    if rng.random() < 0.4:
        soft = soft.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, 0.7))))
    opacity = np.asarray(soft, dtype=np.float32) / 255
    level = float(rng.choice([rng.uniform(120, 255), 255.0]))
    if rng.random() < 0.35:  # a dark outline or shadow, as many scanners draw it
        shift = rng.integers(0, 2, 2)
        around = ndimage.maximum_filter(opacity, 3)
        around = np.roll(around, shift, (0, 1))
        picture *= 1 - around * rng.uniform(0.4, 1.0)
    if rng.random() < 0.08 and level > 200:  # dark glyphs on bright tissue
        level = float(rng.uniform(0, 60))
    picture = picture * (1 - opacity) + level * opacity
    where = opacity > 0.45
    # What stands out less than the eye can see is not asked for.
    seen = np.abs(picture - luma) > 12
    where &= ndimage.binary_dilation(where & seen, iterations=2)
    return np.clip(picture, 0, 255).astype(np.uint8), where | bar


def _draw_scale(rng: np.random.Generator, picture: NDArray[np.float32], bar: NDArray[np.bool_]) -> None:
    """A grey scale: bright to dark from top to bottom, or one dark grey, upright, as long as the crop or shorter."""
    length, width = int(rng.integers(40, 160)), int(rng.integers(6, 16))
    row, column = int(rng.integers(-length // 2, CROP - 30)), int(rng.integers(-4, CROP - 4))
    top, bottom = (rng.uniform(170, 255), rng.uniform(0, 40)) if rng.random() < 0.8 else [rng.uniform(0, 25)] * 2
    part = np.s_[max(row, 0) : row + length, max(column, 0) : column + width]
    shades = np.linspace(top, bottom, length)[:, None][max(-row, 0) :]
    shades = shades[: picture[part].shape[0]]
    picture[part] = shades + rng.normal(0, rng.uniform(0, 3), picture[part].shape)
    bar[part] = True


def _draw_item(rng: np.random.Generator, image: Image.Image) -> None:
    draw = ImageDraw.Draw(image)
    width, height = image.size
    x, y = int(rng.integers(-20, width)), int(rng.integers(-10, height))
    thick = int(rng.integers(2, 6))
    kind = rng.choice(["text", "text", "text", "cross", "cross", "cross", "dots", "ruler", "arrow", "bar", "box"])
    if kind == "text":
        _draw_text(rng, image, x, y)
    elif kind == "cross":
        arm = int(rng.integers(5, 18))
        shape = rng.choice(["plus", "x", "star", "gap"])
        if shape in ("plus", "star", "gap"):
            draw.line((x - arm, y, x + arm, y), fill=255, width=thick)
            draw.line((x, y - arm, x, y + arm), fill=255, width=thick)
        if shape in ("x", "star"):
            draw.line((x - arm, y - arm, x + arm, y + arm), fill=255, width=thick)
            draw.line((x - arm, y + arm, x + arm, y - arm), fill=255, width=thick)
        if shape == "gap":
            draw.rectangle((x - arm // 3, y - arm // 3, x + arm // 3, y + arm // 3), fill=0)
        if rng.random() < 0.5:
            _draw_text(rng, image, x + int(rng.integers(-25, 15)), y + int(rng.integers(-25, 15)), "12AB3C4D")
    elif kind == "dots":
        far = rng.normal(0, 90, 2)
        count = int(rng.integers(1, 30))
        radius = float(rng.uniform(1.5, 4.5))
        bend = rng.normal(0, 20)
        for step in np.linspace(0, 1, count):
            dx, dy = far * step + np.array([-far[1], far[0]]) / 90 * bend * np.sin(np.pi * step)
            draw.ellipse((x + dx - radius, y + dy - radius, x + dx + radius, y + dy + radius), fill=255)
    elif kind == "ruler":
        pitch, long = int(rng.integers(12, 50)), int(rng.integers(4, 14))
        mark = rng.choice(["tick", "diamond", "dot"])
        for index, place in enumerate(range(y % pitch, height, pitch)):
            if mark == "tick":
                draw.line((x, place, x + long * (1 + (index % 2)), place), fill=255, width=thick)
            elif mark == "diamond" and index % 2:
                corners = [(x - 7, place), (x, place - 7), (x + 7, place), (x, place + 7), (x - 7, place)]
                draw.line(corners, fill=255, width=min(thick, 4))
            else:
                draw.ellipse((x - 3, place - 3, x + 3, place + 3), fill=255)
            if index % 4 == 0 and rng.random() < 0.7:
                _draw_text(rng, image, x + 14, place - 12, "0123456789")
    elif kind == "arrow":
        size, side = int(rng.integers(8, 24)), int(rng.choice([-1, 1]))
        notch = int(rng.integers(0, size))
        draw.polygon(
            [(x, y), (x + side * size, y - size // 2), (x + side * notch, y), (x + side * size, y + size // 2)],
            fill=255,
        )
    elif kind == "bar":
        draw.rectangle((x, y, x + int(rng.integers(10, 40)), y + int(rng.integers(3, 12))), fill=255)
    else:
        far_x, far_y = x + int(rng.integers(20, 120)), y + int(rng.integers(20, 120))
        draw.rectangle((x, y, far_x, far_y), outline=255, width=min(thick, 4))


def _draw_text(rng: np.random.Generator, image: Image.Image, x: int, y: int, letters: str | None = None) -> None:
    if letters is None:
        alphabet = np.array(
            list("ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 3 + "abcdefghijklmnopqrstuvwxyz0123456789" + " ./:-" * 4)
        )
        text = "".join(rng.choice(alphabet, int(rng.integers(2, 22))))
    else:
        text = str(rng.choice(list(letters)))
    if rng.random() < 0.35:
        font, bold = ImageFont.load_default_imagefont(), 0
        scale = rng.choice([2, 3, 4]), rng.choice([2, 3, 4])
    else:
        font = ImageFont.load_default(int(rng.integers(16, 40)))
        bold = int(rng.integers(0, 2))
        scale = rng.uniform(0.8, 1.4), 1
    left, top, right, bottom = ImageDraw.Draw(image).textbbox((0, 0), text, font=font, stroke_width=bold)
    picture = Image.new("L", (max(int(right - left), 1), max(int(bottom - top), 1)))
    ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=font, stroke_width=bold)
    size = max(1, round(picture.width * scale[0])), max(1, round(picture.height * scale[1]))
    picture = picture.resize(size, Image.Resampling.NEAREST if bold == 0 else Image.Resampling.BILINEAR)
    image.paste(255, (x, y), picture)


def sample(rng: np.random.Generator, frame: Frame, draw: float) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """One augmented crop: luma in [0, 1] and labels."""
    scale = np.exp(rng.uniform(np.log(0.75), np.log(1.6), 2)) if rng.random() < 0.6 else np.ones(2)
    height, width = (np.array([CROP, CROP]) / scale).astype(int)
    rows, columns = frame.luma.shape
    if rng.random() < 0.5 and (frame.label == GRAPHICS).any():
        marked = np.argwhere(frame.label == GRAPHICS)
        row, column = marked[rng.integers(len(marked))] - rng.integers(0, (height, width))
    else:
        row, column = rng.integers(-16, max(rows - height, 0) + 17), rng.integers(-16, max(columns - width, 0) + 17)
    row, column = np.clip(row, -16, max(rows - height, 0) + 16), np.clip(column, -16, max(columns - width, 0) + 16)
    box = (int(column), int(row), int(column) + width, int(row) + height)
    luma = np.asarray(Image.fromarray(frame.luma).crop(box).resize((CROP, CROP), Image.Resampling.BICUBIC))
    label = np.asarray(Image.fromarray(frame.label).crop(box).resize((CROP, CROP), Image.Resampling.NEAREST)).copy()
    if rng.random() < 0.5:
        luma, label = luma[:, ::-1], label[:, ::-1].copy()
    if rng.random() < 0.15:
        luma, label = _cut(rng, luma, label)
    if rng.random() < draw:
        luma, where = drawn(rng, luma)
        halo = ndimage.binary_dilation(where, np.ones((3, 3))) & ~where
        label[halo & (label == TISSUE)] = UNKNOWN
        label[where] = GRAPHICS
    if rng.random() < 0.3:
        stream = io.BytesIO()
        Image.fromarray(luma).save(stream, "JPEG", quality=int(rng.integers(50, 96)))
        luma = np.asarray(Image.open(stream))
    values = luma.astype(np.float32) / 255
    values = values ** np.exp(rng.uniform(-0.5, 0.5)) * rng.uniform(0.75, 1.15)
    if rng.random() < 0.3:
        values = ndimage.gaussian_filter(values, rng.uniform(0.2, 0.8))
    if rng.random() < 0.3:
        values = values + rng.normal(0, rng.uniform(0.005, 0.03), values.shape)
    return np.clip(values, 0, 1).astype(np.float32), label


def _cut(
    rng: np.random.Generator, luma: NDArray[np.uint8], label: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The crop with an edge of a sector through it: beyond a straight line or an arc all is dark, or another tissue."""
    rows, columns = np.mgrid[:CROP, :CROP] - rng.uniform(0, CROP, 2)[:, None, None]
    angle = float(rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)]))
    beyond = rows * np.sin(angle) + columns * np.cos(angle) > (rng.choice([0, 0.003]) * (rows**2 + columns**2))
    other = np.roll(luma, rng.integers(20, 100, 2), (0, 1)) if rng.random() < 0.3 else np.uint8(rng.integers(0, 8))
    unknown = np.where(label == TISSUE, label, np.uint8(UNKNOWN))
    rolled = np.uint8(TISSUE) if np.ndim(other) == 0 else np.uint8(UNKNOWN)
    near = ndimage.binary_dilation(beyond, iterations=2)
    return np.where(beyond, other, luma), np.where(beyond, rolled, np.where(near, unknown, label))


def batches(
    rng: np.random.Generator, frames: list[Frame], others: list[Frame]
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    synthetic = synthetic_frames(64, seed=0)
    while True:
        chosen = []
        for index in range(BATCH):
            pool = others if others and index % 2 else frames
            if index == 0:
                pool = synthetic
            chosen.append(sample(rng, pool[rng.integers(len(pool))], 0.6))
        yield (
            torch.from_numpy(np.stack([c[0] for c in chosen]))[:, None],
            torch.from_numpy(np.stack([c[1] for c in chosen])),
        )


def start() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for name, (inputs, outputs, size, _, _) in LAYERS.items():
        spread = (2 / (inputs * size * size)) ** 0.5
        weights[f"{name}.weight"] = torch.randn(outputs, inputs, size, size, generator=generator) * spread
        weights[f"{name}.bias"] = torch.zeros(outputs)
    weights["out.bias"] -= 3.0
    return weights


def loss_of(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    known = (label != UNKNOWN).float()
    truth = (label == GRAPHICS).float()
    chance = logits[:, 0].sigmoid()
    entropy = F.binary_cross_entropy_with_logits(logits[:, 0], truth, reduction="none")
    focus = ((truth - chance).abs() ** 1.0).detach() + 0.1
    hit = (chance * truth * known).sum()
    dice = 1 - (2 * hit + 1) / ((chance * known).sum() + (truth * known).sum() + 1)
    return (entropy * known * focus).sum() / known.sum() * 8 + 0.5 * dice


def train(
    weights: dict[str, torch.Tensor], frames: list[Frame], others: list[Frame], steps: int, rate: float, seed: int
) -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(seed)
    weights = {name: value.clone().requires_grad_() for name, value in weights.items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    began, mean = time.time(), 0.0
    for step, (luma, label) in zip(range(steps), batches(rng, frames, others), strict=False):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=True):
            loss = loss_of(overlay_logits(luma, weights).float(), label)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(weights.values()), 1.0)
        optimizer.step()
        schedule.step()
        mean += (loss.item() - mean) * (0.02 if step else 1)
        if step % 100 == 99:
            print(f"step {step + 1} of {steps}: loss {mean:.4f}, {time.time() - began:.0f} s", flush=True)
    return {name: value.detach() for name, value in weights.items()}


def self_labelled(weights: dict[str, torch.Tensor], lumas: list[NDArray[np.uint8]]) -> list[Frame]:
    frames = []
    for luma in lumas:
        padded = np.pad(luma, ((0, -luma.shape[0] % 4), (0, -luma.shape[1] % 4)), mode="edge")
        with torch.inference_mode():
            logits = overlay_logits(torch.from_numpy(padded.astype(np.float32) / 255)[None, None], weights)
        chance = logits[0, 0].sigmoid().numpy()[: luma.shape[0], : luma.shape[1]]
        label = np.full(luma.shape, UNKNOWN, dtype=np.uint8)
        label[ndimage.maximum_filter(chance, 3) < SURE] = TISSUE
        label[chance > 1 - SURE] = GRAPHICS
        frames.append(Frame(luma, label))
    return frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("busbra", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--begin", type=Path, help="go on from these weights")
    parser.add_argument("--steps", type=int, nargs=2, default=(3000, 4000), help="of the first and the second round")
    arguments = parser.parse_args()
    from safetensors.torch import load_file, save_file

    frames = annotated_frames(arguments.busbra, "development")
    weights = load_file(arguments.begin) if arguments.begin else start()
    if arguments.steps[0]:
        weights = train(weights, frames, [], arguments.steps[0], 3e-3, seed=1)
        save_file(weights, arguments.out)
    if arguments.steps[1]:
        others = self_labelled(weights, other_frames(arguments.busbra))
        weights = train(weights, frames, others, arguments.steps[1], 2e-3, seed=2)
    # Half precision halves the file; what the network says moves less than its threshold matters.
    save_file({name: value.half() for name, value in weights.items()}, arguments.out)


if __name__ == "__main__":
    main()
