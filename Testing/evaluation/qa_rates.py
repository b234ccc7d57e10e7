"""How often the quality checks warn when they should not, and when they should.

    python Testing/evaluation/qa_rates.py --busbra DIR --cache DIR --model BUNDLE --out rates.json [--plus DIR]

Good frames are those of patients of the source scanner that training never saw. What must be noticed is put in their
place: frames of other anatomies and devices (the real DICOM files of PyPI packages; with ``--plus`` phantoms), of the
target scanner, of the other scanners of BUS-BRA, inverted frames, noise; or into the generated frame: a dark ellipse
painted where tissue is bright, and the lesion erased. From Python: ``measure(...)``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from held_out import Frame, HeldOut, Mask

from USHarmonizationLib.atomic import write_text
from USHarmonizationLib.domain import DomainDescription
from USHarmonizationLib.errors import HarmonizationError
from USHarmonizationLib.files import find_images, read_image
from USHarmonizationLib.fill import fill
from USHarmonizationLib.harmonizers import PLAIN_METHODS, load_harmonizer
from USHarmonizationLib.preparation import prepare_frame
from USHarmonizationLib.qa import QAResult, check_frame
from USHarmonizationLib.sector import find_sector

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # Testing: its helpers

from real_dicom import real_dicom, real_dicom_names
from tampering import erase, paint

# Frames of one cine: neighbours are nearly alike.
FRAMES_PER_FILE = 6
# Brightness in the painted ellipse, over what was there.
PAINTED = (0.4, 0.6)

Check = Callable[..., QAResult]


def fit_domains(data: HeldOut) -> tuple[DomainDescription, DomainDescription]:
    """Source and target as a bundle describes them: by the training patients."""
    found = []
    for scanner in (data.source, data.target_scanner):
        cases = [case for case in data.all_cases if case.scanner == scanner and case.split == "train"]
        frames = ((frame, valid) for _, frame, valid in data.prepared(cases))
        found.append(DomainDescription.fit(frames, [case.patient for case in cases]))
    return found[0], found[1]


def measure(data: HeldOut, harmonize: Callable[[Frame, Mask], Frame], check: Check, plus: Path | None = None) -> dict:
    """Kind of frame -> number, share with a warning, and share with each warning.

    Args:
        data: whose held-out frames are the good ones.
        harmonize: as ``Harmonizer.harmonize``.
        check: ``qa.check_frame`` with the domains bound.
        plus: folder with further images of other devices.
    """
    chance = np.random.default_rng(0)
    results: dict[str, list[QAResult]] = {}

    def judge(kind: str, original: Frame, generated: Frame, valid: Mask, lesion: Mask | None = None) -> None:
        results.setdefault(kind, []).append(check(original, generated, valid, lesion=lesion))

    def transfer(kind: str, frame: Frame, valid: Mask) -> None:
        judge(kind, frame, harmonize(fill(frame, ~valid), valid), valid)

    for case, (_, frame, valid) in zip(data.cases, data.prepared(data.cases), strict=True):
        lesion = case.read()[1]
        generated = harmonize(frame, valid)
        judge("good", frame, generated, valid)
        judge("good, lesion given", frame, generated, valid, lesion)
        for factor in PAINTED:
            painted, ellipse = paint(generated, valid, lesion, factor, chance)
            judge(f"lesion painted (x {factor})", frame, painted, valid)
            judge(f"lesion painted (x {factor}), given", frame, painted, valid, ellipse)
        judge("lesion erased", frame, erase(generated, valid, lesion), valid)
        judge("lesion erased, given", frame, erase(generated, valid, lesion), valid, lesion)
        transfer("inverted", 1 - frame, valid)
        transfer("noise, uniform", chance.random(frame.shape, dtype=np.float32), valid)
        speckle = np.clip(chance.rayleigh(0.2, frame.shape), 0, 1).astype(np.float32)
        transfer("noise, speckle", speckle, valid)
        transfer("upside down", frame[::-1].copy(), valid[::-1].copy())
    for scanner in sorted({case.scanner for case in data.all_cases} - {data.source}):
        cases = [case for case in data.all_cases if case.scanner == scanner and case.split == data.split]
        if len(cases) < 50:
            cases = [case for case in data.all_cases if case.scanner == scanner]
        for _, frame, valid in data.prepared(cases):
            transfer(f"scanner {scanner}", frame, valid)
    for frame, valid in other_frames(plus):
        transfer("other anatomy and device", frame, valid)
    return {kind: _rates(found) for kind, found in results.items()}


def other_frames(plus: Path | None) -> Iterator[tuple[Frame, Mask]]:
    """Frames that show no breast: of the DICOM files of PyPI packages that are installed, and of a folder."""
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    paths = []
    for name in real_dicom_names():
        try:
            if dcmread(real_dicom(name), stop_before_pixels=True).get("Modality") == "US":
                paths.append(real_dicom(name))
        except InvalidDicomError:
            continue
    for path in paths + (find_images(plus) if plus else []):
        try:
            image = read_image(path)
        except HarmonizationError:
            continue
        sector = find_sector(image)
        for index in np.unique(np.linspace(0, image.frames - 1, FRAMES_PER_FILE).round().astype(int)).tolist():
            prepared = prepare_frame(image, index, sector)
            if np.count_nonzero(prepared.valid) >= 4096:
                yield prepared.original, prepared.valid


def _rates(found: list[QAResult]) -> dict[str, object]:
    counts = Counter(warning for result in found for warning in result.warnings)
    names = dict.fromkeys(name for result in found for name in result.figures)
    values = {name: [result.figures[name] for result in found if name in result.figures] for name in names}
    return {
        "frames": len(found),
        "warned": float(np.mean([bool(result.warnings) for result in found])),
        "warnings": {warning: count / len(found) for warning, count in counts.most_common()},
        "figures": {name: np.round(np.quantile(v, [0.03, 0.5, 0.97]), 4).tolist() for name, v in values.items()},
    }


def print_rates(rates: dict) -> None:
    """A line a kind of frame, and its warnings below."""
    for kind, row in rates.items():
        print(f"{kind:34} {row['frames']:4} frames   warned {row['warned']:6.1%}")
        for warning, share in row["warnings"].items():
            print(f"{'':40}{share:6.1%}  {warning[:78]}")


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0, or 2 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busbra", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.add_argument("--cache", type=Path, required=True, help="folder for masks, by content")
    parser.add_argument("--model", required=True, help="bundle, histogram or fda")
    parser.add_argument("--source", default="ge-logiq-5")
    parser.add_argument("--target", default="ge-logiq-7")
    parser.add_argument("--split", default="test", choices=["test", "validation"])
    parser.add_argument("--plus", type=Path, help="folder with images of other devices, e.g. phantoms")
    given = parser.parse_args(arguments)
    try:
        data = HeldOut(given.busbra, given.cache, given.source, given.target, given.split)
        if given.model in PLAIN_METHODS:
            harmonize, stored = data.plain(given.model), {}
        else:
            harmonizer = load_harmonizer(given.model)
            harmonize, stored = harmonizer.harmonize, harmonizer.bundle.domain
        if {"source", "target"} <= set(stored):
            source, target = (DomainDescription.from_json(stored[key]) for key in ("source", "target"))
        else:
            source, target = fit_domains(data)
        rates = measure(data, harmonize, bound_check(source, target), given.plus)
    except HarmonizationError as error:
        print(f"qa_rates: {error}", file=sys.stderr)
        return 2
    write_text(given.out, json.dumps({"model": Path(given.model).name, "rates": rates}, indent=2) + "\n")
    print_rates(rates)
    return 0


def bound_check(source: DomainDescription | None, target: DomainDescription | None) -> Check:
    """``check_frame`` that knows these domains."""

    def check(original: Frame, generated: Frame, valid: Mask, lesion: Mask | None = None) -> QAResult:
        return check_frame(original, generated, valid, source_domain=source, target_domain=target, lesion=lesion)

    return check


if __name__ == "__main__":
    sys.exit(main())
