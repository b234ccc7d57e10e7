"""The main job on real files: ultrasound DICOM of one scanner in, the same images in the style of another out.

The files are those of a GE LOGIQ 700 in the PyPI package pydicom-data: one power Doppler picture of a lymph node, stored
uncompressed and as JPEG 2000. No model was trained for that scanner or that anatomy, so the quality checks have to object;
the demo shows that they do, and fails if they do not.

    python examples/demo.py OUT
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

MODEL = "ge-logiq-5-to-ge-logiq-7"


def usharmonize(*arguments: object) -> None:
    """Run the command as a user would, and show it."""
    command = ["usharmonize", *map(str, arguments)]
    print("$", *command, flush=True)
    subprocess.run([Path(sys.executable).with_name("usharmonize"), *command[1:]], check=True)


def main(out: Path) -> int:
    originals, generated = out / "original", out / "generated"
    originals.mkdir(parents=True, exist_ok=True)
    files = sorted(DataStore().data_path.glob("US1_*.dcm"))
    for file in files:
        shutil.copyfile(file, originals / file.name)
    print(f"{len(files)} real ultrasound files (GE LOGIQ 700, lymph node, power Doppler), unchanged: {originals}\n")

    usharmonize("apply", originals, "--model", MODEL, "--out", generated, "--pictures")

    with open(generated / "apply.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        result = generated / row["output"]
        image = read_image(result)
        write_image(replace(image, container=None), result.with_suffix(".png"))
        print(f"\n{row['output']}: {row['status']}, scanner recognised: {row['scanner'] or 'none'}")
        print(f"  written       {result} and {result.with_suffix('.png').name}")
        print(f"  side by side  {generated / row['picture']}")
        for warning in filter(None, row["warnings"].split("; ")):
            print(f"  QA: {warning}")

    unnoticed = [row["output"] for row in rows if not row["warnings"]]
    if unnoticed:
        print(f"\nQA should have noticed that {MODEL} was not trained for these images: {', '.join(unnoticed)}")
        return 1
    print("\nNo model was trained for this scanner. QA noticed: these results are to be looked at, not measured in.")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/demo.py OUT")
    sys.exit(main(Path(sys.argv[1])))
