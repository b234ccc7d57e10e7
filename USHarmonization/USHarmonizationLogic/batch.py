"""Harmonize many images: a folder, a cohort table, or all volumes of the scene. Started again, a batch goes on."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .detection import RESULT_OF, detect
from .errors import LogicError
from .harmonize import SOURCE_ROLE, recordOrigin
from .models import Model
from .outputs import createOutput
from .process import CANCELLED, ChildProcess, temporaryFolder
from .tables import tableFromColumns
from .verdict import verdictOf
from .volumes import SCALAR, VECTOR, checkVolume, cineOf, readPixels, writeVolume

TABLE, COHORT = "apply.csv", "inputs.csv"
TABLE_NAME = "Harmonization results"
OWNER = "USHarmonization.batch"
VERDICTS = {"good": "good", "doubtful": "use with care", "bad": "do not use"}


@dataclass(frozen=True, eq=False)
class BatchJob:
    """What ``finishBatch`` needs to know of a process.

    Attributes:
        out: the folder of the results.
        volumes: file name of a result -> the volume it is made from; empty for files.
        model, targetName: what was asked for.
    """

    out: Path
    volumes: dict[str, Any]
    model: str
    target: str
    targetName: str


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch.

    Attributes:
        table: the table node: one row an image, with its status, verdict, reason, warnings and figures.
        done, failed, left: how many images; ``left`` were not begun.
        outputs: the volumes that were added to the scene.
        sentence: all of it for a person.
    """

    table: Any
    done: int
    failed: int
    left: int
    outputs: tuple[Any, ...]
    sentence: str


class BatchLogic:
    """Methods of ``USHarmonizationLogic`` that harmonize many images."""

    def ultrasoundVolumes(self) -> list[Any]:
        """The volumes of the scene that can be harmonized: each cine once, nothing that was itself harmonized.

        Example:
            >>> [volume.GetName() for volume in logic.ultrasoundVolumes()]
            ['US 1', 'US 2']
        """
        found: list[Any] = []
        for kind in (SCALAR, VECTOR):
            for at in range(self.scene.GetNumberOfNodesByClass(kind)):
                node = self.scene.GetNthNodeByClass(at, kind)
                if node.GetClassName() != kind or node.GetHideFromEditors() or node.GetAttribute(RESULT_OF):
                    continue
                try:
                    checkVolume(node)
                except LogicError:
                    continue
                found.append(node)
        return found

    def startBatch(
        self,
        inputs: Path | str | Sequence[Any] | None,
        model: str | Path | Model,
        out: Path | str,
        *,
        reference: Path | str | None = None,
        jobs: int | None = None,
        device: str = "auto",
    ) -> ChildProcess:
        """Begin to harmonize many images into a folder; what an earlier batch did there is not done again.

        Args:
            inputs: a folder, a cohort CSV, volume nodes, or None for all ultrasound volumes of the scene.
            model: as ``harmonize`` takes it.
            out: the folder of the results, which also gets ``apply.csv``.
            reference: for ``fda`` and ``histogram``.
            jobs: processes; as many as are worth it unless given.
            device: ``auto``, ``cpu`` or ``cuda``.

        Raises:
            LogicError: a sentence that says what does not fit; nothing was started.

        Example:
            >>> process = logic.startBatch("study", "ge-logiq-5-to-ge-logiq-7", "study-harmonized")
            >>> process.wait()
            'done'
            >>> logic.finishBatch(process).sentence
            '12 harmonized, 3 of them to be looked at; 0 failed.'
        """
        if not str(out).strip():
            raise LogicError("Choose a folder for the results first.")
        out = Path(out).absolute()
        if out.exists() and not out.is_dir():
            raise LogicError(f"{out} is a file; choose a folder for the results.")
        name, folderOrName, target = self._method(model, None, reference)
        files = isinstance(inputs, (str, Path))
        if files:
            _checkFiles(str(inputs), out)
        volumes = {} if files else _named(self.ultrasoundVolumes() if inputs is None else list(inputs))
        self.checkDependencies("harmonize")
        folder = None if files else temporaryFolder()
        try:
            source = Path(inputs).absolute() if files else _write(volumes, folder)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise LogicError(f"{folder.parent} cannot be written to ({error.strerror}).") from None
            raise
        arguments: list[str | Path] = ["apply", source, "--model", folderOrName, "--out", out, "--device", device]
        arguments += [] if jobs is None else ["--jobs", str(jobs)]
        arguments += [] if reference is None else ["--reference", Path(reference).absolute()]
        process = ChildProcess([*arguments, "--json"], folder=folder)
        process.job = BatchJob(out, volumes, name, *target)
        return process.start()

    def finishBatch(self, process: ChildProcess, table: Any = None, load: bool = True) -> BatchResult:
        """The table of a batch that has ended, or was cancelled: what is done is in it, and need not be done again.

        Args:
            process: of ``startBatch``.
            table: a table node to fill anew; that of the batch before unless given.
            load: whether the results of volumes of the scene become volumes beside them.

        Raises:
            LogicError: nothing could be started; a sentence says why.

        Example:
            >>> result = logic.finishBatch(process)
            >>> result.done, result.failed
            (12, 0)
        """
        if not process.poll():
            raise LogicError("The batch is still running.")
        job: BatchJob = process.job
        process.release()
        begun = process.state == CANCELLED or isinstance(process.answer, dict)
        if not begun:
            raise LogicError(process.message)
        rows = _rows(job.out / TABLE) if (job.out / TABLE).is_file() else []
        table = self._batchTable(rows, job, table)
        outputs = tuple(self._loaded(rows, job)) if load and process.state != CANCELLED else ()
        return BatchResult(table, *_counts(rows), outputs, _sentence(rows, job, process.state == CANCELLED))

    def _batchTable(self, rows: Sequence[dict[str, str]], job: BatchJob, table: Any) -> Any:
        if table is None:
            found = [
                self.scene.GetNthNodeByClass(at, "vtkMRMLTableNode")
                for at in range(self.scene.GetNumberOfNodesByClass("vtkMRMLTableNode"))
            ]
            table = next((node for node in found if node.GetAttribute(OWNER)), None)
        node = tableFromColumns(self.scene, _columns(rows, job), TABLE_NAME, table)
        node.SetAttribute(OWNER, "1")
        return node

    def _loaded(self, rows: Sequence[dict[str, str]], job: BatchJob) -> list[Any]:
        """Volumes for results of volumes; those that are in the scene from an earlier batch are filled anew."""
        outputs = []
        for row in rows:
            volume = job.volumes.get(Path(row["output"]).name) if row["status"] == "done" else None
            if volume is None or volume.GetScene() is not self.scene:
                continue
            name = f"{volume.GetName()} (harmonized to {job.targetName or job.model})"
            output = createOutput(volume, readPixels(job.out / row["output"]), name, _earlier(self.scene, volume, name))
            recordOrigin(output, volume, job.targetName, row, verdictOf(row, job.targetName))
            outputs.append(output)
        return outputs


def _checkFiles(inputs: str, out: Path) -> None:
    if not inputs.strip():
        raise LogicError("Choose a folder or a cohort table first.")
    path = Path(inputs).absolute()
    if not path.exists():
        raise LogicError(f"{path} does not exist; choose a folder or a cohort table.")
    if path.is_file() and path.suffix.lower() != ".csv":
        raise LogicError(f"{path} is no table; choose a folder, or a cohort table that ends in .csv.")
    if path == out:
        raise LogicError(f"{path} is both input and output; choose another folder for the results.")


def _named(volumes: Sequence[Any]) -> dict[str, Any]:
    """A file name for each volume: its own name, as far as file systems take it, once each."""
    if not volumes:
        raise LogicError("There is no ultrasound volume in the scene; load one first.")
    named: dict[str, Any] = {}
    taken = set()
    for volume in volumes:
        checkVolume(volume)
        base = re.sub(r"[^\w.()+-]+", "_", volume.GetName()).strip("._") or "volume"
        name, number = base, 1
        while name.lower() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.lower())
        named[f"{name}.nrrd"] = volume
    return named


def _write(volumes: dict[str, Any], folder: Path) -> Path:
    with open(folder / COHORT, "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["image", "scanner"])
        for name, volume in volumes.items():
            writeVolume(volume, folder / name)
            table.writerow([name, detect(volume).scannerId or ""])
    return folder / COHORT


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except OSError as error:
        raise LogicError(f"The table {path} cannot be read ({error.strerror}).") from None


def _columns(rows: Sequence[dict[str, str]], job: BatchJob) -> dict[str, list[Any]]:
    verdicts = [verdictOf(row, job.targetName) if row["status"] == "done" else None for row in rows]
    columns: dict[str, list[Any]] = {
        "image": [_imageName(row, job) for row in rows],
        "status": [row["status"] for row in rows],
        "verdict": [VERDICTS[verdict.colour] if verdict else "" for verdict in verdicts],
        "reason": [_reason(row, job) for row in rows],
        "warnings": [row["warnings"] for row in rows],
        "scanner": [row["scanner"] for row in rows],
        "frames": [int(row["frames"]) for row in rows],
    }
    for name in rows[0] if rows else ():
        if name.startswith("qa_"):
            columns[name.removeprefix("qa_")] = [float("nan") if not row[name] else float(row[name]) for row in rows]
    columns["result"] = [row["output"] for row in rows]
    return columns


def _imageName(row: dict[str, str], job: BatchJob) -> str:
    name = Path(row["input"]).name
    volume = job.volumes.get(name)
    return volume.GetName() if volume is not None else row["input"]


def _reason(row: dict[str, str], job: BatchJob) -> str:
    """Why an image failed, without its path, which stands in another column."""
    return re.sub(r"^.*?" + re.escape(Path(row["input"]).name) + r": ", "", row["reason"], count=1)


def _counts(rows: Sequence[dict[str, str]]) -> tuple[int, int, int]:
    states = [row["status"] for row in rows]
    return states.count("done"), states.count("failed"), states.count("not done")


def _sentence(rows: Sequence[dict[str, str]], job: BatchJob, cancelled: bool) -> str:
    done, failed, left = _counts(rows)
    warned = sum(row["status"] == "done" and verdictOf(row, job.targetName).colour != "good" for row in rows)
    looked = f", {warned} of them to be looked at" if warned else ""
    text = f"{done} harmonized{looked}; {failed} failed."
    return f"{text} {left} are left: start again to go on." if left or cancelled else text


def _earlier(scene: Any, volume: Any, name: str) -> Any:
    """The result of an earlier batch for this volume, which has the name that this one's has."""
    for at in range(scene.GetNumberOfNodesByClass(volume.GetClassName())):
        node = scene.GetNthNodeByClass(at, volume.GetClassName())
        same = node.GetName() == name and (cineOf(node) is None) == (cineOf(volume) is None)
        if same and node.GetNodeReference(SOURCE_ROLE) is volume:
            return node
    return None
