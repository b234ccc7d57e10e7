"""How well a harmonizer worked on a pair: figures before and after, inside what both images show.

The harmonized image lies where the original does, so the same landmarks bring both onto the fixed image. Each is paired
by ``usharmonize pair``, then ``usharmonize evaluate --paired`` measures them; all that was measured stays in a folder::

    pairs/original/, pairs/<method>/      what usharmonize pair wrote, and its inputs
    images/original/, target/, overlap/, <method>/   the frames that are compared, all on the fixed grid
    evaluate.json, evaluate.csv, *.png, *.svg        figures, a row an image, drawings
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .errors import LogicError
from .pairing import INPUTS, RESULT, checkNodes, outputFolder, pairLandmarks, writeInputs
from .planes import ijkToWorld
from .plots import BAR, COLOURS, Series, plotChart
from .process import ChildProcess
from .process_chain import ProcessChain
from .tables import tableFromColumns
from .volumes import checkVolume

ORIGINAL, TARGET, OVERLAP = "original", "target", "overlap"
NAME = "pair.nrrd"
# What is drawn: figure -> title of the chart and of its axis.
CHARTS = {"psnr": ("PSNR", "dB"), "ssim": ("SSIM", ""), "mi": ("Mutual information", "bits")}
# Attributes of volumes that were computed for comparison.
NO_VERSION = (RESULT, "USHarmonization.differenceRange")
# Volumes lie in the same place where their corners differ by less, in mm.
SAME_PLACE = 1e-3


@dataclass(frozen=True, eq=False)
class PairedEvaluation:
    """Figures of a pair before and after harmonization.

    Attributes:
        figures: name of the figure -> method (``original`` first) -> value, None where it is not defined.
        table: the same as a table node; charts: a chart node a figure of ``CHARTS``, in that order.
        warnings: what to know before a figure is quoted.
        folder: where all is.
    """

    figures: Mapping[str, Mapping[str, float | None]]
    table: Any
    charts: tuple[Any, ...]
    warnings: tuple[str, ...]
    folder: Path

    @property
    def sentence(self) -> str:
        """One sentence: did it get closer to the fixed image?"""
        ssim = self.figures["SSIM"]
        before = ssim["original"]
        after = {name: value for name, value in ssim.items() if name != ORIGINAL and value is not None}
        if before is None or not after:
            return "SSIM is not defined here: the images have too little in common."
        best = max(after, key=lambda name: after[name])
        verb = "closer to" if after[best] > before else "no closer to"
        of = f"{best} brings" if len(after) > 1 else "Harmonization brings"
        return f"{of} the moving image {verb} the fixed one: SSIM {before:.3f} before, {after[best]:.3f} after."


def harmonizedOf(scene: Any, movingVolume: Any, fixedVolume: Any = None) -> list[Any]:
    """Volumes of the scene that may be harmonized versions of the moving image: as large, and in the same place.

    Example:
        >>> [node.GetName() for node in harmonizedOf(scene, movingVolume)]
        ['US 1 (harmonized to GE LOGIQ 7)']
    """
    if movingVolume is None:
        return []
    found = []
    for kind in ("vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode"):
        for at in range(scene.GetNumberOfNodesByClass(kind)):
            node = scene.GetNthNodeByClass(at, kind)
            others = (movingVolume, fixedVolume)
            if any(node.GetAttribute(name) for name in NO_VERSION) or node in others:
                continue
            if node.GetClassName() == kind and samePlace(node, movingVolume):
                found.append(node)
    return found


def samePlace(volume: Any, other: Any) -> bool:
    """Whether two volumes have the same grid in the world."""
    images = volume.GetImageData(), other.GetImageData()
    if None in images or images[0].GetDimensions() != images[1].GetDimensions():
        return False
    size = np.array(images[0].GetDimensions())
    corners = np.array([[0, 0, 0, 1], [*size, 1], [size[0], 0, 0, 1]], dtype=float).T
    try:
        return bool(np.allclose(ijkToWorld(volume) @ corners, ijkToWorld(other) @ corners, atol=SAME_PLACE))
    except LogicError:
        return False


def methodNames(volumes: Sequence[Any]) -> list[str]:
    """A name for each volume that tables and folders can have: letters, digits, blanks and + . , ( ) - _; unique."""
    names: list[str] = []
    for volume in volumes:
        plain = re.sub(r"[^\w +.,()-]", "_", volume.GetName() or "").strip(" .") or "harmonized"
        plain = plain if re.match(r"\w", plain) else f"_{plain}"
        taken = {ORIGINAL, TARGET, OVERLAP, *(name.lower() for name in names)}
        name, number = plain, 2
        while name.lower() in taken:
            name, number = f"{plain} {number}", number + 1
        names.append(name)
    return names


class EvaluationLogic:
    """Measure harmonization on registered pairs; a part of ``USHarmonizationLogic``."""

    scene: Any

    def harmonizedOf(self, movingVolume: Any, fixedVolume: Any = None) -> list[Any]:
        """Volumes that may be harmonized versions of the moving image: those of its size, in its place.

        Example:
            >>> logic.harmonizedOf(movingVolume)
        """
        return harmonizedOf(self.scene, movingVolume, fixedVolume)

    def startPairedEvaluation(
        self,
        fixedVolume: Any,
        movingVolume: Any,
        fixedLandmarks: Any,
        movingLandmarks: Any,
        harmonized: Sequence[Any],
        transform: str,
        folder: Path | str,
    ) -> ProcessChain:
        """Measure PSNR, SSIM and mutual information with the fixed image, before and after harmonization.

        Args:
            fixedVolume, movingVolume, fixedLandmarks, movingLandmarks, transform: as for ``pair``.
            harmonized: volumes that methods made of the moving one.
            folder: for all that is written; what an earlier evaluation left there is replaced.

        Raises:
            LogicError, InputError, UsageError: a sentence that says what does not fit.
            OSError: the folder cannot be written to.

        Example:
            >>> chain = logic.startPairedEvaluation(fixed, moving, ours, theirs, [harmonized], "rigid", "pair-1")
            >>> chain.wait()
            'done'
            >>> logic.finishPairedEvaluation(chain).sentence
            'Harmonization brings the moving image closer to the fixed one: SSIM 0.412 before, 0.503 after.'
        """
        harmonized = list(harmonized)
        checkNodes(fixedVolume, movingVolume, fixedLandmarks, movingLandmarks)
        for volume in (fixedVolume, movingVolume, *harmonized):
            checkVolume(volume)
        if not harmonized:
            raise LogicError("Choose the harmonized version of the moving image; make one in the section Harmonize.")
        for volume in harmonized:
            if not samePlace(volume, movingVolume):
                raise LogicError(
                    f"{volume.GetName()} has another size or place than the moving image; needed: an image that was "
                    "made of it."
                )
        folder = outputFolder(folder)
        pairing = pairLandmarks(fixedVolume, movingVolume, fixedLandmarks, movingLandmarks, transform)
        names = methodNames(harmonized)
        for old in ("pairs", "images"):
            shutil.rmtree(folder / old, ignore_errors=True)
        steps: list[Any] = []
        for name, volume in zip((ORIGINAL, *names), (movingVolume, *harmonized), strict=True):
            out = folder / "pairs" / name
            inputs = writeInputs(pairing, fixedVolume, volume, out / INPUTS)
            steps.append(ChildProcess(["pair", *inputs, "--out", str(out), "--json"]))
        steps.append(partial(_measuring, folder, names))
        chain = ProcessChain("measuring", steps)
        chain.job = (folder, names)
        return chain.start()

    def finishPairedEvaluation(self, chain: ProcessChain) -> PairedEvaluation:
        """The figures as a table node and charts, once the chain is done.

        Raises:
            LogicError: it is not done; its own last line says why.

        Example:
            >>> result = logic.finishPairedEvaluation(chain)
            >>> result.figures["PSNR"]
            {'original': 17.2, 'US 1 (harmonized)': 19.8}
        """
        if chain.state != "done" or not isinstance(chain.answer, dict):
            raise LogicError(chain.message or "The evaluation has not ended.")
        folder, names = chain.job
        methods = (ORIGINAL, *names)
        found = [one for one in chain.answer["figures"] if one["against"] == TARGET]
        figures = {
            one["name"]: {other["method"]: other["value"] for other in found if other["figure"] == one["figure"]}
            for one in found
        }
        columns: dict[str, list[Any]] = {"figure": list(figures)}
        columns |= {method: [figures[name].get(method) for name in figures] for method in methods}
        table = tableFromColumns(self.scene, columns, "Evaluation of the pair", self._evaluationTable())
        table.SetAttribute(TABLE_ATTRIBUTE, "1")
        charts = tuple(
            _chart(self.scene, title, unit, key, [one for one in found if one["figure"] == key], methods)
            for key, (title, unit) in CHARTS.items()
        )
        texts = [*chain.answer["warnings"], *(text for one in found for text in one["warnings"])]
        warnings = dict.fromkeys(text for text in texts if text not in ONE_PAIR)
        return PairedEvaluation(figures, table, charts, tuple(warnings), folder)

    def _evaluationTable(self) -> Any:
        for at in range(self.scene.GetNumberOfNodesByClass("vtkMRMLTableNode")):
            node = self.scene.GetNthNodeByClass(at, "vtkMRMLTableNode")
            if node.GetAttribute(TABLE_ATTRIBUTE):
                return node
        return None


TABLE_ATTRIBUTE = "USHarmonization.pairedEvaluation"
# Said of each evaluation of one pair.
ONE_PAIR = (
    "one image: no spread, and no figure that compares sets",
    "one image: no standard deviation",
    "no masks: no texture features",
)


def _measuring(folder: Path, names: Sequence[str]) -> ChildProcess:
    """Collect the frames of all pairs, and measure them."""
    first = folder / "pairs" / ORIGINAL
    collected = {TARGET: first / "fixed.nrrd", OVERLAP: first / "overlap.nrrd", ORIGINAL: first / "moving.nrrd"}
    collected |= {name: folder / "pairs" / name / "moving.nrrd" for name in names}
    images = folder / "images"
    for name, path in collected.items():
        (images / name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, images / name / NAME)
    generated = [text for name in names for text in ("--generated", f"{name}={images / name}")]
    return ChildProcess(
        [
            *("evaluate", "--original", str(images / ORIGINAL), *generated),
            *("--target", str(images / TARGET), "--paired", "--overlap", str(images / OVERLAP)),
            *("--extractor", "none", "--examples", "1", "--jobs", "1", "--out", str(folder), "--json"),
        ]
    )


def _chart(
    scene: Any, title: str, unit: str, key: str, found: Sequence[Mapping[str, Any]], methods: Sequence[str]
) -> Any:
    """Bars: grey for the original, a colour for each method."""
    values = {one["method"]: one["value"] for one in found}
    series = [
        Series(
            method,
            [float("nan") if values.get(method) is None else values[method]],
            kind=BAR,
            labels=[title],
            colour=(0.6, 0.6, 0.6) if method == ORIGINAL else COLOURS[place % len(COLOURS)],
        )
        for place, method in enumerate(methods, start=-1)
    ]
    return plotChart(scene, f"Pair: {title}", series, title=f"{title} with the fixed image", yTitle=unit or title)
