"""Harmonize one volume or cine: a child process does the work, the result becomes a node only when all went well."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .detection import detect
from .errors import LogicError
from .models import Model
from .outputs import checkOutput, createOutput
from .process import CANCELLED, FAILED, ChildProcess, temporaryFolder
from .segments import segmentMask
from .verdict import Verdict, verdictOf
from .volumes import checkVolume, readPixels, writeMask, writeVolume

PLAIN_METHODS = ("fda", "histogram")
IMAGE, MASK, COHORT, RESULTS, TABLE = "image.nrrd", "mask.nrrd", "inputs.csv", "results", "apply.csv"

# Attributes of a harmonized node, each with this before its name.
PREFIX = "USHarmonization."
SOURCE_ROLE = f"{PREFIX}source"


@dataclass(frozen=True)
class HarmonizeResult:
    """A harmonized volume and whether to trust it.

    Attributes:
        outputVolume: the node; of a cine its proxy.
        verdict: one sentence; colour: ``good``, ``doubtful`` or ``bad``.
        warnings: all that the checks found; figures: name -> value.
    """

    outputVolume: Any
    verdict: str
    colour: str
    warnings: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class HarmonizeJob:
    """What ``finishHarmonize`` needs to know of a process.

    Attributes:
        inputVolume, outputVolume: nodes; the latter None for a new one.
        modelName, target, targetName: the model, and id and name of its target scanner.
        folder: of the files.
    """

    inputVolume: Any
    outputVolume: Any
    modelName: str
    target: str
    targetName: str
    folder: Path


class HarmonizeLogic:
    """Methods of ``USHarmonizationLogic`` that harmonize one volume."""

    def harmonize(
        self,
        inputVolume: Any,
        model: str | Path | Model,
        outputVolume: Any = None,
        *,
        sourceScanner: str | None = None,
        segmentation: Any = None,
        segmentId: str = "",
        reference: Path | str | None = None,
        device: str = "auto",
    ) -> HarmonizeResult:
        """Harmonize a volume or cine and wait for it; for scripts. The panel starts, polls and finishes.

        Args:
            inputVolume: an ultrasound volume, grey or RGB, or a cine's proxy volume.
            model: name, folder or ``Model`` of a bundle, or ``fda`` or ``histogram``.
            outputVolume: a volume to fill in place of a new one.
            sourceScanner: which scanner made it; detected unless given.
            segmentation, segmentId: the lesion, for the checks of the result; without an id, all segments together.
            reference: for ``fda`` and ``histogram``: image or folder of images of the scanner to imitate.
            device: ``auto``, ``cpu`` or ``cuda``.

        Raises:
            LogicError: a sentence that says what does not fit, or why it failed.

        Example:
            >>> result = logic.harmonize(volume, "ge-logiq-5-to-ge-logiq-7")
            >>> result.outputVolume.GetName(), result.colour
            ('US 1 (harmonized to GE LOGIQ 7)', 'good')
        """
        process = self.startHarmonize(
            inputVolume,
            model,
            outputVolume,
            sourceScanner=sourceScanner,
            segmentation=segmentation,
            segmentId=segmentId,
            reference=reference,
            device=device,
        )
        process.wait()
        result = self.finishHarmonize(process)
        if result is None:
            raise LogicError("The volume was removed while it was being harmonized.")
        return result

    def startHarmonize(
        self,
        inputVolume: Any,
        model: str | Path | Model,
        outputVolume: Any = None,
        *,
        sourceScanner: str | None = None,
        segmentation: Any = None,
        segmentId: str = "",
        reference: Path | str | None = None,
        device: str = "auto",
    ) -> ChildProcess:
        """Begin to harmonize, as ``harmonize``; poll the process until it has ended, then call ``finishHarmonize``.

        Raises:
            LogicError: a sentence that says what does not fit; nothing was started.

        Example:
            >>> process = logic.startHarmonize(volume, "ge-logiq-5-to-ge-logiq-7")
            >>> process.poll(), process.progress
            (False, None)
        """
        checkVolume(inputVolume)
        checkOutput(inputVolume, outputVolume)
        source = sourceScanner or detect(inputVolume).scannerId
        name, folderOrName, target = self._method(model, source, reference)
        mask = None
        if segmentation is not None:
            mask = segmentMask(segmentation, segmentId, inputVolume)
        self.checkDependencies("harmonize")
        folder = temporaryFolder()
        try:
            writeVolume(inputVolume, folder / IMAGE)
            if mask is not None:
                writeMask(mask, inputVolume, folder / MASK)
            row = f"{IMAGE},{MASK if mask is not None else ''},1,{source or ''}"
            (folder / COHORT).write_text(f"image,mask,label,scanner\n{row}\n", encoding="utf-8")
            arguments: list[str | Path] = ["apply", folder / COHORT, "--model", folderOrName]
            arguments += ["--out", folder / RESULTS, "--device", device, "--jobs", "1", "--json"]
            arguments += [] if reference is None else ["--reference", Path(reference).absolute()]
            process = ChildProcess(arguments, folder=folder)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise LogicError(f"{folder.parent} cannot be written to ({error.strerror}).") from None
            raise
        process.job = HarmonizeJob(inputVolume, outputVolume, name, *target, folder)
        return process.start()

    def finishHarmonize(self, process: ChildProcess) -> HarmonizeResult | None:
        """Make the output of a process of ``startHarmonize`` that has ended; its files are removed.

        Returns:
            None when it was cancelled, or the input is no longer in the scene: then the scene stays as it is.

        Raises:
            LogicError: it failed; a sentence says why, and the scene stays as it is.

        Example:
            >>> while not process.poll():
            ...     pass
            >>> logic.finishHarmonize(process).verdict
            'Checks passed: no change of structures was found but in brightness and texture.'
        """
        if not process.poll():
            raise LogicError("The volume is still being harmonized.")
        job: HarmonizeJob = process.job
        try:
            if process.state == CANCELLED or job.inputVolume.GetScene() is None:
                return None
            if process.state == FAILED:
                raise LogicError(_reason(process, job))
            row = _row(job.folder / RESULTS / TABLE)
            verdict = verdictOf(row, job.targetName)
            pixels = readPixels(job.folder / RESULTS / row["output"])
            gone = job.outputVolume is not None and job.outputVolume.GetScene() is None
            name = f"{job.inputVolume.GetName()} (harmonized to {job.targetName or job.modelName})"
            output = createOutput(job.inputVolume, pixels, name, None if gone else job.outputVolume)
            recordOrigin(output, job.inputVolume, job.targetName, row, verdict)
            return HarmonizeResult(output, verdict.sentence, verdict.colour, verdict.warnings, verdict.figures)
        finally:
            process.release()

    def checkDependencies(self, for_: str = "harmonize") -> None:
        """Refuse to start what cannot run for want of Python packages; ``dependencies.install`` brings them.

        Raises:
            MissingPackages: a sentence that names them.

        Example:
            >>> logic.checkDependencies("train")
        """
        from .dependencies import check

        check(for_)

    def installDependencies(
        self,
        for_: str = "harmonize",
        confirm: Callable[[str], bool] | None = None,
        wheelFolder: Path | str | None = None,
    ) -> None:
        """Install the Python packages that are missing; nothing happens, and nothing is asked, when none is.

        Args:
            for_: ``harmonize``, ``train``, ``radiomics`` or ``evaluate``.
            confirm: asked once, with a text; None does not ask.
            wheelFolder: a folder with wheels, to install from in place of the network.

        Raises:
            LogicError: a sentence: declined, or why it failed.

        Example:
            >>> logic.installDependencies("train", confirm=slicer.util.confirmOkCancelDisplay)
        """
        from .dependencies import install

        install(for_, confirm, wheelFolder)

    def _method(
        self, model: str | Path | Model, source: str | None, reference: Path | str | None
    ) -> tuple[str, str | Path, tuple[str, str]]:
        """Name for people, what the command line takes, id and name of the target scanner."""
        if model in PLAIN_METHODS:
            if reference is None:
                raise LogicError(f"{model} needs a reference: an image, or a folder of images, of the other scanner.")
            return str(model), str(model), ("", "")
        if not model:
            raise LogicError(
                "No model is chosen; install one for this scanner, or choose another scanner."
                if source
                else "No model is chosen; choose the scanner that made the image first."
            )
        found = self.model(model)
        if source == found.target:
            raise LogicError(
                f"The image was made by {found.targetName}, the target of {found.name}: there is nothing to do."
            )
        return found.name, found.folder, (found.target, found.targetName)


def _row(path: Path) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return next(csv.DictReader(stream))
    except (OSError, StopIteration):
        raise LogicError("The result is not there; try again.") from None


def _reason(process: ChildProcess, job: HarmonizeJob) -> str:
    """Why it failed, with the volume's name in place of files that nobody has ever seen."""
    failures = (process.answer or {}).get("failures") if isinstance(process.answer, dict) else None
    text = failures[0]["reason"] if failures else process.message
    for name, what in ((IMAGE, job.inputVolume.GetName()), (MASK, "the segment")):
        text = text.replace(f"{job.folder / name}:", what).replace(str(job.folder / name), what)
    return text.replace(str(job.folder), "the temporary folder")


def recordOrigin(output: Any, source: Any, targetName: str, row: Mapping[str, str], verdict: Verdict) -> None:
    """How a node was made, in its attributes; nothing about the patient."""
    from USHarmonizationLib.bundle import RESEARCH_USE

    said = {
        "Model": row["harmonizer"],
        "ModelVersion": row["harmonizer_version"],
        "SoftwareVersion": row["software_version"],
        "SourceScanner": row["scanner"],
        "TargetScanner": targetName,
        "QA": verdict.sentence,
        "QAColour": verdict.colour,
        "Warnings": "; ".join(verdict.warnings),
        "Note": RESEARCH_USE,
    }
    for name, value in said.items():
        output.SetAttribute(PREFIX + name, value)
    output.SetNodeReferenceID(SOURCE_ROLE, source.GetID())
