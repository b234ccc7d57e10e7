"""What an evaluation is asked to do."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError

ORIGINAL, TARGET = "original", "target"
NAME = re.compile(r"[\w][\w +.,()-]*")


@dataclass(frozen=True)
class Evaluation:
    """Folders of images, and how to compare them. Images belong together by their paths inside their folders, suffixes
    aside.

    Attributes:
        original: folder of the images as they were.
        generated: name and folder of each method's images; the same names of files as in ``original``.
        target: folder of images of the scanner that is imitated; None: methods are only compared with the originals.
        paired: whether target images show the same as the originals of their names, registered on the same grid.
        masks: folder of label masks for ``original`` (and generated) images: regions whose texture features are
            measured; None: no features.
        target_masks: the same for an unpaired target; None: they lie in ``masks`` too.
        overlap: folder of masks of where an original and its paired target both show something, not 0 inside; None:
            where the imaged areas of both are, without burned-in graphics.
        labels: values of the regions in the masks; (): each value but 0.
        patients: cohort table that names the patient of each image; None: each image counts as a patient.
        wavelet: also features of the wavelet bands.
        extractor: network of FID and KID (``metrics.extractors``), None: neither.
        weights: file with its weights, for ``inception``.
        examples: how many images the side-by-side panel shows.
        seed: of folds, subsets and bootstrap.

    Raises:
        UsageError: folders or names do not make an evaluation.
    """

    original: Path
    generated: tuple[tuple[str, Path], ...]
    target: Path | None = None
    paired: bool = False
    masks: Path | None = None
    target_masks: Path | None = None
    overlap: Path | None = None
    labels: tuple[int, ...] = ()
    patients: Path | None = None
    wavelet: bool = False
    extractor: str | None = "efficientnet-lite0"
    weights: Path | None = None
    examples: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.generated:
            raise UsageError("no folder of generated images; needed: at least one --generated NAME=DIR")
        names = [name for name, _ in self.generated]
        for name in names:
            if name in (ORIGINAL, TARGET) or not NAME.fullmatch(name):
                raise UsageError(f"method name {name!r}; needed: letters, digits, blanks and + . , ( ) - _, not target")
        if twice := [name for name in names if names.count(name) > 1]:
            raise UsageError(f"two folders of generated images are named {twice[0]!r}; name them --generated NAME=DIR")
        for option, folder in self.folders.items():
            if not folder.is_dir():
                raise UsageError(f"{option} {folder} is not a folder")
        images = [self.original, *(folder for _, folder in self.generated), *([self.target] if self.target else [])]
        seen: set[Path] = set()
        for folder in images:
            if folder.resolve() in seen:
                raise UsageError(
                    f"{folder} is given twice; originals, generated and target lie in folders of their own"
                )
            seen.add(folder.resolve())
        if self.paired and self.target is None:
            raise UsageError("--paired without --target; needed: the folder of the registered target images")
        if self.overlap is not None and not self.paired:
            raise UsageError("--overlap without --paired; only registered pairs overlap")
        if self.target_masks is not None and (self.target is None or self.paired or self.masks is None):
            raise UsageError("--target-masks is for an unpaired --target, beside --masks")
        if any(label < 1 for label in self.labels):
            raise UsageError(f"label {min(self.labels)}; needed: at least 1")
        if self.weights is not None and not self.weights.is_file():
            raise UsageError(f"--weights {self.weights} is not a file")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"seed is {self.seed}; needed: from 0 to 4294967295")
        if self.examples < 0:
            raise UsageError(f"{self.examples} examples; needed: 0 or more")

    @property
    def methods(self) -> tuple[str, ...]:
        """``original`` and the names of all methods, in the order of all tables and figures."""
        return (ORIGINAL, *(name for name, _ in self.generated))

    @property
    def folders(self) -> dict[str, Path]:
        """All folders that are named, by their option."""
        named = {
            "--original": self.original,
            **{f"--generated {name}:": folder for name, folder in self.generated},
            "--target": self.target,
            "--masks": self.masks,
            "--target-masks": self.target_masks,
            "--overlap": self.overlap,
        }
        return {option: folder for option, folder in named.items() if folder is not None}

    def as_json(self) -> dict[str, Any]:
        """All settings, as JSON can hold them."""
        content = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}
        return {**content, "generated": {name: str(folder) for name, folder in self.generated}}
