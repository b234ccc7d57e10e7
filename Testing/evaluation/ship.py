"""Put a trained bundle among those that ship, with its held-out figures, licence and citation in its card.

    python Testing/evaluation/ship.py BUNDLE FIGURES.json [TISSUE.json] [--checks CHECKS.json] \
        --out USHarmonization/Resources/Models/<source>-to-<target>

The JSON files are what ``held_out.py figures`` wrote, without and with ``--tissue``; the entry of the bundle itself is
the one named like its variant (``--model texture=BUNDLE``).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from USHarmonizationLib.bundle import read_bundle, write_bundle
from USHarmonizationLib.errors import HarmonizationError, UsageError

LICENCE = "MIT"
CITATION = (
    "Trained on BUS-BRA: Gomez-Flores W, Gregorio-Calas MJ, Pereira WCA. BUS-BRA: A breast ultrasound dataset for "
    "assessing computer-aided diagnosis systems. Med Phys 2024;51:3110-3123. doi 10.1002/mp.16812"
)
INTENDED_USE = (
    "Research demonstration, research use only: breast B-mode images of these two scanners, before texture radiomics "
    "of segmented lesions. Not a medical device, not for diagnosis or treatment; other anatomy, settings or scanners "
    "of the same name are outside of what it was trained on."
)


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0, or 2 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("figures", type=Path, nargs="+")
    parser.add_argument("--checks", type=Path, help="what reduced_precision.py wrote")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        ship(given.bundle, given.figures, given.checks, given.out)
    except HarmonizationError as error:
        print(f"ship: {error}", file=sys.stderr)
        return 2
    return 0


def ship(folder: Path, figures: list[Path], checks: Path | None, out: Path) -> None:
    """Write the bundle anew at ``out``.

    Raises:
        UsageError: the figures are not of this bundle's scanners, or lack it.
    """
    bundle = read_bundle(folder)
    metrics = dict(bundle.metrics)
    for path in figures:
        found = json.loads(path.read_text("utf-8"))
        if (found["source"], found["target"]) != (bundle.source, bundle.target):
            raise UsageError(f"{path} is about {found['source']} to {found['target']}, not about {bundle.name}")
        if bundle.variant not in found["figures"]:
            raise UsageError(f"{path} has no entry {bundle.variant}; it has: {', '.join(found['figures'])}")
        metrics["held_out_tissue" if found["tissue"] else "held_out"] = found
    write_bundle(
        out,
        source=bundle.source,
        target=bundle.target,
        variant=bundle.variant,
        networks={role: (entry.settings, bundle.weights(role)) for role, entry in bundle.networks.items()},
        intensity_range=bundle.intensity_range,
        training=bundle.training,
        training_patients=bundle.training_patients,
        metrics=metrics,
        domain=bundle.domain,
        checks={**bundle.checks, **(json.loads(checks.read_text("utf-8")) if checks else {})},
        licence=LICENCE,
        intended_use=INTENDED_USE,
        citation=CITATION,
    )


if __name__ == "__main__":
    sys.exit(main())
