"""The preview sheet: frames stand where they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from USHarmonizationLib.training.preview import GAP, write_preview


def test_rows_of_frames_of_different_sizes(tmp_path: Path) -> None:
    def flat(value: float, rows: int, columns: int) -> np.ndarray:
        return np.full((rows, columns), value, np.float32)

    write_preview(tmp_path / "a.png", [[flat(0.2, 3, 5), flat(2.0, 4, 2)], [flat(1.0, 2, 2), flat(0.4, 1, 3)]])
    sheet = np.asarray(Image.open(tmp_path / "a.png"))
    assert sheet.shape == (4 + GAP + 2, 5 + GAP + 3)
    assert (sheet[:3, :5] == 51).all()
    assert (sheet[:4, 5 + GAP : 7 + GAP] == 255).all()
    assert sheet[4 + GAP, 5 + GAP] == 102
    assert sheet.sum() == 15 * 51 + 8 * 255 + 4 * 255 + 3 * 102
