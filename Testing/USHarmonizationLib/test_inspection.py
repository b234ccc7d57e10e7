"""What is seen in a file: figures by hand on a made-up screen, and on real DICOM files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from real_dicom import real_dicom

from USHarmonizationLib.errors import InputError
from USHarmonizationLib.inspection import inspect_image
from USHarmonizationLib.scanners import catalogue


def test_shares_are_of_the_imaged_area(tmp_path: Path) -> None:
    screen = np.zeros((100, 120, 3), np.uint8)
    screen[20:80, 20:100] = np.random.default_rng(0).integers(40, 200, (60, 80, 1), dtype=np.uint8)
    screen[40:60, 40:80] = (200, 40, 0)
    path = tmp_path / "a.png"
    Image.fromarray(screen).save(path)
    seen = inspect_image(path, catalogue())
    assert (seen["frames"], seen["size"], seen["type"], seen["scanner"]) == (1, [100, 120], "uint8", None)
    assert seen["sector"] == pytest.approx(4800 / 12000, abs=0.02)
    assert seen["coloured"] == pytest.approx(800 / 4800, abs=0.02)
    assert 0 <= seen["overlay"] < 0.05
    json.dumps(seen, allow_nan=False)


@pytest.mark.parametrize(
    ("name", "frames", "size", "spacing", "kinds", "scanner", "colour"),
    [
        ("pydicom-data/US1_UNCR.dcm", 1, [480, 640], None, [], "ge-logiq-700", (0.02, 0.3)),
        ("deid-data/RGB_IMAGE.dcm", 1, [768, 1024], 0.23787, ["b-mode"], "siemens-s2000", (0, 0.02)),
        ("deid-data/ultrasound-multiframe.dcm", 30, [600, 800], 0.30760, None, "philips-affiniti-70", (0.01, 0.3)),
    ],
)
def test_real_files(
    name: str,
    frames: int,
    size: list[int],
    spacing: float | None,
    kinds: list[str] | None,
    scanner: str,
    colour: tuple[float, float],
) -> None:
    seen = inspect_image(real_dicom(name), catalogue())
    assert (seen["frames"], seen["size"], seen["scanner"]) == (frames, size, scanner)
    assert seen["spacing_mm"] == (None if spacing is None else pytest.approx([spacing, spacing], abs=1e-4))
    assert kinds is None or [region["kind"] for region in seen["regions"]] == kinds
    assert colour[0] <= seen["coloured"] <= colour[1]
    assert 0.2 < seen["sector"] < 0.8


def test_a_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.dcm: no such file"):
        inspect_image(tmp_path / "none.dcm", catalogue())
