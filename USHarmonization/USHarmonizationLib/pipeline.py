"""One image after the other through read, mask, transfer, check and write, three stages at a time.

While the network of one frame runs, a thread of its own reads and masks the next, and the last one is checked and
written. Frames come and go one by one, so that memory does not grow with the number of images.
"""

from __future__ import annotations

import errno
import hashlib
import os
import pickle
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from shutil import disk_usage
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import __version__
from .cohort import relative
from .derivation import Derivation
from .errors import DEBUG_VARIABLE, HarmonizationError, InputError
from .files import read_image, write_image
from .harmonizers.base import Harmonizer
from .image import UltrasoundImage
from .inputs import Input
from .jobs import read_ahead
from .preparation import PreparedFrame, prepare_frame, read_lesions
from .qa import QAResult, check_with
from .records import DONE, FAILED, Applied, Ledger, sha256
from .scanners import DOUBTFUL, Catalogue, Detection
from .sector import find_sector

Result = TypeVar("Result")

# Inside the output folder.
PICTURES = "pictures"

# A frame with fewer pixels of grey tissue than this has nothing to be harmonized.
MIN_TISSUE = 16

# Of the imaged area; less than this is the odd pixel that a lossy compression tinted.
MIN_COLOURED = 0.001

# Frames that wait between reading and network, and between network and writing.
READ_AHEAD = 1

_ONE_AT_A_TIME = threading.Lock()

# Begins the warning of an image of a patient whom the harmonizer has learned from.
TRAINING_TEXT = "this patient was in the training of"


@dataclass(frozen=True)
class Recipe:
    """What is done to every image of a run; everything that a worker process needs to know. Can be pickled.

    Attributes:
        harmonizer: what ``load_harmonizer`` gave, or any other that can be pickled.
        out: output folder, from the root.
        scanners: the catalogue in use.
        pictures: whether to write a side-by-side picture of each image (of a cine: its middle frame).
    """

    harmonizer: Harmonizer
    out: Path
    scanners: Catalogue
    pictures: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """What a result depends on besides the input and the harmonizer's version, as JSON can hold it."""
        return dict(getattr(self.harmonizer, "settings", {}))

    def state(self, task: Input) -> str:
        """Hash of all that the result of ``task`` depends on, its file aside."""
        lesions = [(sha256(mask) if mask.is_file() else "", label) for mask, label in task.lesions]
        made_with = (self.harmonizer.name, self.harmonizer.version, __version__, sorted(self.settings.items()))
        known = (self.scanners, task.scanner, task.patient, lesions)
        return hashlib.sha256(repr((made_with, self.pictures, known)).encode()).hexdigest()


@lru_cache(maxsize=1)
def _unpickled(recipe: bytes) -> Recipe:
    loaded: Recipe = pickle.loads(recipe)
    return loaded


def harmonize_input(recipe: bytes, task: Input) -> Applied:
    """``harmonize_inputs`` for one image and a pickled recipe: what a worker process does.

    The recipe, and with it the network, is loaded once a process. One image at a time: a Dask worker may have several
    threads, a network takes one frame at a time.
    """
    with _ONE_AT_A_TIME:
        return next(harmonize_inputs([task], _unpickled(recipe)))


def harmonize_inputs(
    tasks: Iterable[Input], recipe: Recipe, partly: Callable[[float], None] = lambda share: None
) -> Iterator[Applied]:
    """One row an input, in order. An input that cannot be processed gives a row that says why.

    ``partly`` is called after each frame of a cine, with the share of its frames that are done.

    Three stages run at a time, in a thread each: reading and masking, the harmonizer, checking and writing (here, in
    the caller's thread). One frame after the other, so that memory does not grow with the number of images.

    Raises:
        OSError: the disk is full.
    """
    prepared = read_ahead(_prepared(tasks, recipe), READ_AHEAD)
    for image, frame in read_ahead(_generated(prepared, recipe), READ_AHEAD):
        if frame is None:
            yield image.finished()
        else:
            image.attempt(partial(image.accept, frame))
            if image.frames > 1:
                partly((frame.index + 1) / image.frames)


def _prepared(tasks: Iterable[Input], recipe: Recipe) -> Iterator[tuple[_Image, _Frame | None]]:
    for task in tasks:
        image = _Image(task, recipe)
        image.attempt(image.open)
        for index in range(image.frames):
            frame = image.attempt(partial(image.prepare, index))
            if frame is not None:
                yield image, frame
        yield image, None


def _generated(
    prepared: Iterable[tuple[_Image, _Frame | None]], recipe: Recipe
) -> Iterator[tuple[_Image, _Frame | None]]:
    harmonizer = recipe.harmonizer
    for image, frame in prepared:
        if frame is None or image.attempt(partial(frame.generate, harmonizer)) is not None:
            yield image, frame


@dataclass
class _Frame:
    """One frame on its way from reading to writing."""

    index: int
    prepared: PreparedFrame
    generated: NDArray[np.float32] | None = None

    def generate(self, harmonizer: Harmonizer) -> bool:
        if self.prepared.valid.sum() < MIN_TISSUE:
            return True  # nothing to do: it stays as it is
        generated = harmonizer.harmonize(self.prepared.filled, self.prepared.valid)
        if generated.shape != self.prepared.filled.shape or not np.isfinite(generated[self.prepared.valid]).all():
            raise InputError(f"{harmonizer.name} gave no image for frame {self.index + 1} (wrong size, or not finite)")
        self.generated = generated
        return True


class _Image:
    """One input on its way through the stages. After a failure it is only carried to its end."""

    image: UltrasoundImage
    sector: NDArray[np.bool_]
    lesions: list[NDArray[np.bool_]]
    detection: Detection
    sha256: str

    def __init__(self, task: Input, recipe: Recipe) -> None:
        self.task, self.recipe = task, recipe
        self.out = recipe.out / task.relative
        self.frames = self.generated = 0
        self.failure = self.picture = ""
        self.coloured = 0.0
        self.figures: list[Mapping[str, float]] = []
        self.frame_warnings: dict[str, int] = {}

    def attempt(self, step: Callable[[], Result]) -> Result | None:
        """The result of ``step``; None when it fails, or something has failed before."""
        if self.failure:
            return None
        try:
            return step()
        except HarmonizationError as error:
            self.failure = str(error)
        except Exception as error:
            if isinstance(error, OSError) and is_full(error):
                raise
            if os.environ.get(DEBUG_VARIABLE):
                traceback.print_exc()
            self.failure = f"{self.task.path}: {type(error).__name__}: {' '.join(str(error).split())}"
        return None

    def open(self) -> None:
        """Read the image, and find out what is the same for all its frames."""
        self.image = read_image(self.task.path)
        self.sha256 = sha256(self.task.path)
        shape = (self.image.frames, *self.image.size)
        self.lesions = [read_lesions(path, label, shape) for path, label in self.task.lesions]
        self.detection = (
            self.recipe.scanners.detect(self.image)
            if self.task.scanner is None
            else Detection(self.task.scanner, 1.0, "the cohort table says so")
        )
        self.sector = find_sector(self.image)
        if not self.image.pixels.flags.writeable:
            self.image = replace(self.image, pixels=self.image.pixels.copy())
        self.frames = self.image.frames

    def prepare(self, index: int) -> _Frame:
        return _Frame(index, prepare_frame(self.image, index, self.sector))

    def _lesion(self, index: int) -> NDArray[np.bool_] | None:
        """Where the lesions are in this frame, None when no mask is given."""
        if not self.lesions:
            return None
        return np.asarray(np.logical_or.reduce([lesion[min(index, len(lesion) - 1)] for lesion in self.lesions]))

    def accept(self, frame: _Frame) -> None:
        """Check a frame, and put it in the place of the original.

        In place, to hold a long cine only once: frames still to come have not been touched yet.
        """
        prepared, generated = frame.prepared, frame.generated
        self.coloured += float(prepared.coloured.sum() / max(1, self.sector.sum()))
        if generated is None:
            return
        self.generated += 1
        lesion = self._lesion(frame.index)
        result = check_with(self.recipe.harmonizer, prepared.original, generated, prepared.valid, lesion)
        self.figures.append(result.figures)
        for warning in result.warnings:
            self.frame_warnings[warning] = self.frame_warnings.get(warning, 0) + 1
        one = replace(self.image, pixels=self.image.pixels[frame.index : frame.index + 1])
        changed = one.replaced(generated[None], prepared.valid[None])
        self.image.pixels[frame.index] = changed.pixels[0]
        if self.recipe.pictures and frame.index == self.frames // 2:
            self._draw(frame, changed.luma(0), result, lesion)

    def _draw(
        self, frame: _Frame, generated: NDArray[np.float32], result: QAResult, lesion: NDArray[np.bool_] | None
    ) -> None:
        from .picture import side_by_side

        harmonizer = self.recipe.harmonizer
        made, target = self.detection.scanner_id or "unknown scanner", getattr(harmonizer, "target", "")
        number = f", frame {frame.index + 1} of {self.frames}" if self.frames > 1 else ""
        title = (
            f"{self.task.relative}{number}",
            f"{made}{f' to {target}' if target else ''} by {harmonizer.name} {harmonizer.version}",
        )
        self.picture = f"{PICTURES}/{self.task.relative}.png"
        side_by_side(
            frame.prepared.original,
            generated,
            frame.prepared.valid,
            QAResult(result.figures, (*self._doubts(), *result.warnings), result.marks),
            self.recipe.out / self.picture,
            title=title,
            lesion=lesion,
        )

    def finished(self) -> Applied:
        """Write the image; say what became of it."""
        row = self.attempt(self._write)
        if row is None:
            return row_of(self.task, self.recipe, FAILED, self.failure)
        self.attempt(partial(Ledger(self.recipe.out).write, row, self.recipe.state(self.task)))
        return row

    def _write(self) -> Applied:
        if not self.generated:
            raise InputError(f"{self.task.path}: no grey tissue to harmonize (all black, coloured or overlay)")
        harmonizer = self.recipe.harmonizer
        scanner, target = self.detection.scanner_id or "", getattr(harmonizer, "target", "")
        warnings = (*self._doubts(), *self._untouched(), *self._counted())
        derivation = Derivation(
            model=harmonizer.name,
            model_version=harmonizer.version,
            software_version=__version__,
            source_scanner=scanner,
            target_scanner=target,
            warnings=warnings,
            settings=self.recipe.settings,
        )
        try:
            write_image(self.image, self.out, derivation)
        except OSError as error:
            # Not every library says plainly that the disk is full.
            if disk_usage(self.recipe.out).free < self.image.pixels.nbytes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise
        names = dict.fromkeys(name for figures in self.figures for name in figures)
        return replace(
            row_of(self.task, self.recipe, DONE),
            frames=self.frames,
            scanner=scanner,
            confidence=self.detection.confidence,
            coloured=self.coloured / self.frames,
            harmonizer=harmonizer.name,
            harmonizer_version=harmonizer.version,
            software_version=__version__,
            figures={n: float(np.mean([figures[n] for figures in self.figures if n in figures])) for n in names},
            warnings=warnings,
            notes=self.image.notes,
            picture=self.picture,
            input_sha256=self.sha256,
            output_sha256=sha256(self.out),
            settings=self.recipe.settings,
        )

    def _doubts(self) -> Iterator[str]:
        """Whether this harmonizer is for this image."""
        harmonizer = self.recipe.harmonizer
        source = getattr(harmonizer, "source", "")
        made, confidence = self.detection.scanner_id, self.detection.confidence
        if made is None and source:
            yield f"scanner unknown ({self.detection.why}), and {harmonizer.name} is for {source}"
        elif made is not None and source not in ("", made):
            yield f"made by {made}, but {harmonizer.name} is for {source}"
        if made is not None and confidence < DOUBTFUL:
            yield f"scanner doubtful: {self.detection.why}"
        if self.task.patient and self.task.patient in getattr(harmonizer, "training_patients", ()):
            yield f"{TRAINING_TEXT} {harmonizer.name}, so keep the result out of any test of it"

    def _untouched(self) -> Iterator[str]:
        """What was left as it was."""
        if self.coloured / self.frames > MIN_COLOURED:
            yield f"{self.coloured / self.frames:.1%} of the imaged area is coloured and was left as it is"
        if self.generated < self.frames:
            left = self.frames - self.generated
            yield f"{left} of {self.frames} frames show no grey tissue and were left as they are"

    def _counted(self) -> Iterator[str]:
        for warning, count in self.frame_warnings.items():
            yield warning if self.frames == 1 else f"{warning} ({count} of {self.frames} frames)"


def row_of(task: Input, recipe: Recipe, status: str, reason: str = "") -> Applied:
    """The row of an input of which nothing more is known."""
    return Applied(relative(task.path, recipe.out), task.relative if status == DONE else "", status, reason)


def is_full(error: OSError) -> bool:
    """Whether ``error`` says that the disk is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
