"""What is seen in an image file, as plain values that JSON can hold."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .files import read_image
from .preparation import prepare_frame
from .scanners import Catalogue
from .sector import find_sector

# Frames of a cine that overlays are looked for in; their mean is what is shown.
FRAMES = 5


def inspect_image(path: Path, scanners: Catalogue) -> dict[str, Any]:
    """What ``path`` shows: sizes in pixels, spacing in mm (height, width of a pixel), shares from 0 to 1.

    ``sector`` is the imaged area's share of the frame; ``overlay`` and ``coloured`` are shares of the imaged area.
    Nothing about the patient is in it.

    Raises:
        InputError: the file cannot be used.
    """
    image = read_image(path)
    detection = scanners.detect(image)
    sector = find_sector(image)
    chosen = np.unique(np.linspace(0, image.frames - 1, FRAMES).round().astype(int))
    frames = [prepare_frame(image, int(index), sector) for index in chosen]
    area = max(1, int(sector.sum()))
    coloured = sum(int(frame.coloured.sum()) for frame in frames) / len(frames) / area
    overlay = sum(int((sector & ~frame.valid & ~frame.coloured).sum()) for frame in frames) / len(frames) / area
    warnings = list(image.notes)
    if detection.scanner_id is None:
        warnings.append(f"scanner unknown: {detection.why}")
    return {
        "path": str(path),
        "frames": image.frames,
        "size": list(image.size),
        "type": str(image.pixels.dtype),
        "intensity_range": list(image.intensity_range),
        "photometric": image.photometric,
        "modality": image.modality,
        "spacing_mm": None if image.spacing_mm is None else list(image.spacing_mm),
        "regions": [asdict(region) for region in image.regions],
        "manufacturer": image.manufacturer,
        "model": image.model,
        "scanner": detection.scanner_id,
        "confidence": detection.confidence,
        "why": detection.why,
        "sector": float(sector.mean()),
        "overlay": overlay,
        "coloured": coloured,
        "warnings": warnings,
    }
