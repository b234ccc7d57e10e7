"""The main job on real files: ultrasound DICOM of one scanner in, the same images in the style of another out.

The files are those of a GE LOGIQ 700 in the PyPI package pydicom-data: one power Doppler picture of a lymph node,
stored uncompressed and as JPEG 2000. No model was trained for that scanner or that anatomy, so the quality checks have
to object; the demo shows that they do, and fails if they do not.

    python examples/demo.py OUT [MODEL]
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from data_store import DataStore  # pydicom-data

from USHarmonizationLib.files import read_image, write_image
from USHarmonizationLib.qa import FOREIGN_TEXT

MODEL = "ge-logiq-5-to-ge-logiq-7"


def usharmonize(*arguments: object) -> None:
    """Run the command as a user would, and show it."""
    command = ["usharmonize", *map(str, arguments)]
    print("$", *command, flush=True)
    code = subprocess.run([Path(sys.executable).with_name("usharmonize"), *command[1:]], check=False).returncode
    if code:
        sys.exit(code)


def main(out: Path, model: str = MODEL) -> int:
    originals, generated = out / "original", out / "generated"
    originals.mkdir(parents=True, exist_ok=True)
    for file in sorted(DataStore().data_path.glob("US1_*.dcm")):
        shutil.copyfile(file, originals / file.name)
    print(f"Real ultrasound files (GE LOGIQ 700, lymph node, power Doppler): {originals}")
    usharmonize("apply", originals, "--model", model, "--out", generated, "--pictures")

    with open(generated / "apply.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    warnings: dict[str, int] = {}
    print("\nWritten, as DICOM and PNG, and side by side with the original:")
    for row in rows:
        result = generated / row["output"]
        write_image(replace(read_image(result), container=None), result.with_suffix(".png"))
        print(f"  {result}  {result.with_suffix('.png').name}  {generated / row['picture']}")
        for warning in row["warnings"].split("; "):
            warnings[warning] = warnings.get(warning, 0) + 1
    print("What the quality checks say:")
    for warning, count in warnings.items():
        print(f"  {count} of {len(rows)}: {warning}")

    unnoticed = [row["output"] for row in rows if "made by ge-logiq-700" not in row["warnings"]]
    if unnoticed:
        print(f"\n{model} was not trained for the scanner of {', '.join(unnoticed)}, and nobody noticed.")
        return 1
    print("\nNo model was trained for this scanner: noticed by the scanner's name in the files", end="")
    print(", and by how the images look." if all(FOREIGN_TEXT in row["warnings"] for row in rows) else ".")
    print("Look at these results, but do not measure in them. Research use only.")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python examples/demo.py OUT [MODEL]")
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
