"""How far texture features move when a bundle's network works in bf16 instead of float32.

    python Testing/evaluation/reduced_precision.py --busbra DIR --cache DIR --model BUNDLE --out checks.json \
        [--images 24]

The largest change of any of the 465 features over the lesions of validation patients, as a share of its value in
float32, goes into a bundle's ``checks`` (``ship.py --checks``): only where it is at most 1 % may ``apply`` use bf16.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from held_out import HeldOut
from numpy.typing import NDArray

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.bundle import Bundle, read_bundle
from USHarmonizationLib.errors import HarmonizationError
from USHarmonizationLib.harmonizers.network import NetworkHarmonizer
from USHarmonizationLib.texture import texture_table

CHECK = "bf16_max_feature_change"


def feature_change(data: HeldOut, bundle: Bundle, images: int) -> dict[str, float]:
    """``bf16_max_feature_change``, and the share of features that move by more than 1 % in some lesion."""
    tables = []
    for change in (None, 0.0):  # what the bundle's own check says decides on the precision
        harmonizer = NetworkHarmonizer(replace(bundle, checks={} if change is None else {CHECK: change}), "cpu")
        if change is not None and "bf16" not in harmonizer.engine:
            raise HarmonizationError(f"this processor has no bf16 of its own ({harmonizer.engine})")
        lesions = []
        chosen = data.cases[:: max(1, len(data.cases) // images)][:images]
        for case, (grey, frame, valid) in zip(chosen, data.prepared(chosen), strict=True):
            made = np.rint(np.clip(harmonizer.harmonize(frame, valid), 0, 1) * 255)
            lesions.append((np.where(valid, made, grey).astype(np.float32), case.read()[1]))
        tables.append(texture_table(lesions, wavelet=True)[1])
    return changes(*tables)


def changes(exact: NDArray[np.float64], reduced: NDArray[np.float64]) -> dict[str, float]:
    """The largest relative change, and the share of columns with one beyond 1 %; a change from 0 counts as 100 %."""
    scale = np.where(exact == 0, np.maximum(np.abs(reduced), 1e-12), np.abs(exact))
    moved = np.abs(reduced - exact) / scale
    return {CHECK: float(moved.max()), "bf16_share_of_features_moved": float((moved.max(axis=0) > 0.01).mean())}


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0, or 2 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--busbra", "--cache", "--model", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--images", type=int, default=24)
    given = parser.parse_args(arguments)
    try:
        bundle = read_bundle(given.model)
        data = HeldOut(given.busbra, given.cache, bundle.source, bundle.target, "validation")
        found = feature_change(data, bundle, given.images)
    except HarmonizationError as error:
        print(f"reduced_precision: {error}", file=sys.stderr)
        return 2
    write_text(given.out, json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
