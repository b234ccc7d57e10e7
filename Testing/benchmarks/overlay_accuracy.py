"""How well ``find_overlay`` finds what people marked by hand, and how much of lesions it takes for graphics.

    python Testing/benchmarks/overlay_accuracy.py [BUSBRA_FOLDER] [--lesions] [--json FILE]

Frames, items and the split by patient: ``Testing/data/overlay_annotations.json``. No image is in the repository.

    recall     share of marked pixels that are found, without tolerance (find_overlay grows what it finds by a pixel)
    precision  share of found pixels within 2 pixels of a marked one; pixels marked ``ignore`` count neither way
    lesions    share of the lesions' pixels that are found but not within 2 pixels of a marked one: lost by mistake
    items      share of marked items (a word line, a calliper, a tick) of which at least half the pixels are found
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT / "USHarmonization") not in sys.path:
    sys.path.insert(0, str(ROOT / "USHarmonization"))

from USHarmonizationLib.overlay import find_overlay  # noqa: E402

ANNOTATIONS = ROOT / "Testing" / "data" / "overlay_annotations.json"
TOLERANCE = 2
FOUND = 0.5


def marked_pixels(
    luma: NDArray[np.uint8], items: Iterable[dict[str, Any]]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The pixels of graphics and the pixels that do not count, (rows, columns) each."""
    marked, ignored = np.zeros(luma.shape, dtype=bool), np.zeros(luma.shape, dtype=bool)
    for item in items:
        row0, column0, row1, column1 = item["box"]
        part = np.s_[row0:row1, column0:column1]
        if item["kind"] == "ignore":
            ignored[part] = True
        else:
            marked[part] |= True if item["level"] is None else luma[part] >= item["level"]
    return marked, ignored & ~marked


def measure(busbra: Path, split: str) -> dict[str, Any]:
    """Figures of one half of the annotated frames: pooled, by scanner, and item recall by kind."""
    import pandas as pd

    scanners = pd.read_csv(busbra / "bus_data.csv").set_index("ID").Device.str.split(" @").str[0]
    pixels: dict[str, NDArray[np.int64]] = defaultdict(lambda: np.zeros(6, dtype=np.int64))
    items: dict[str, list[bool]] = defaultdict(list)
    for entry in json.loads(ANNOTATIONS.read_text(encoding="utf-8"))["frames"]:
        if entry["split"] != split:
            continue
        luma = np.array(Image.open(busbra / "Images" / f"{entry['image']}.png"))
        marked, ignored = marked_pixels(luma, entry["items"])
        found = find_overlay(luma.astype(np.float32) / 255, np.ones(luma.shape, dtype=bool))
        near = ndimage.distance_transform_edt(~marked) <= TOLERANCE if marked.any() else marked
        counted = found & ~ndimage.binary_dilation(ignored, iterations=TOLERANCE)
        lesion = np.array(Image.open(busbra / "Masks" / f"{entry['image'].replace('bus', 'mask')}.png")) > 0
        pairs = (found & marked, marked, counted & near, counted, counted & ~near & lesion, lesion)
        figures = np.array([np.count_nonzero(mask) for mask in pairs])
        pixels["all"] += figures
        pixels[scanners[entry["image"]]] += figures
        for item in entry["items"]:
            own, _ = marked_pixels(luma, [item])
            if item["kind"] != "ignore" and own.any():
                items[item["kind"]].append(bool(found[own].mean() >= FOUND))
    everything = [hit for hits in items.values() for hit in hits]
    return {
        "recall": {name: int(f[0]) / max(int(f[1]), 1) for name, f in pixels.items()},
        "precision": {name: int(f[2]) / max(int(f[3]), 1) for name, f in pixels.items()},
        "lesions": {name: int(f[4]) / max(int(f[5]), 1) for name, f in pixels.items()},
        "items": {"all": float(np.mean(everything)), **{kind: float(np.mean(hits)) for kind, hits in items.items()}},
    }


def lesion_share(busbra: Path, every: int = 1) -> dict[str, Any]:
    """Share of lesion pixels taken for graphics, and lesions that lose over 1 % of theirs."""
    taken = total = 0
    shares: dict[str, float] = {}
    for path in sorted((busbra / "Masks").glob("mask_*.png"))[::every]:
        name = path.stem.replace("mask_", "bus_")
        lesion = np.array(Image.open(path)) > 0
        luma = np.array(Image.open(busbra / "Images" / f"{name}.png")).astype(np.float32) / 255
        inside = find_overlay(luma, np.ones(luma.shape, dtype=bool)) & lesion
        taken, total = taken + int(inside.sum()), total + int(lesion.sum())
        shares[name] = float(inside.sum() / lesion.sum())
    worst = sorted(shares, key=lambda name: -shares[name])
    return {
        "images": len(shares),
        "share": taken / total,
        "over_1_percent": sum(share > 0.01 for share in shares.values()),
        "over_5_percent": sum(share > 0.05 for share in shares.values()),
        "worst": {name: round(shares[name], 4) for name in worst[:20]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("USHARMONIZATION_DATA") or ROOT.parent / "shared" / "data"
    parser.add_argument("busbra", type=Path, nargs="?", default=Path(shared) / "busbra")
    parser.add_argument(
        "--lesions", action="store_true", help="also over all images with a lesion mask (a minute or two)"
    )
    parser.add_argument("--json", type=Path, help="write the figures there too")
    arguments = parser.parse_args()
    if not arguments.busbra.is_dir():
        print(f"needs BUS-BRA: no folder {arguments.busbra}")
        return
    result: dict[str, Any] = {split: measure(arguments.busbra, split) for split in ("development", "held-out")}
    if arguments.lesions:
        result["lesions"] = lesion_share(arguments.busbra)
    for part, figures in result.items():
        print(part)
        for name, value in figures.items():
            shown = value if not isinstance(value, dict) else {key: round(v, 4) for key, v in value.items()}
            print(f"  {name:10} {shown}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
