"""Harmonizer bundles: those that ship and those a person has installed. Looked at, copied, removed, never executed."""

from __future__ import annotations

import html
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .errors import LogicError

MODEL_FILE, WEIGHTS = "model.json", ".safetensors"
# A bundle is a JSON file and one or two networks.
MAX_ENTRIES, MAX_BYTES, MAX_JSON = 1000, 2**30, 2**24


@dataclass(frozen=True)
class Model:
    """An installed harmonizer, as its card describes it.

    Attributes:
        name: of its folder.
        folder: where it lies.
        source, target: scanner ids; sourceName, targetName: the same for people.
        variant, version, licence, intendedUse, citation: as in the bundle.
        trainingPatients: how many it was trained on.
        training, metrics: settings, and figures on validation and held-out patients.
        removable: installed by the person, not shipped.
        error: why it cannot be used, "" when it can.
    """

    name: str
    folder: Path
    source: str = ""
    target: str = ""
    sourceName: str = ""
    targetName: str = ""
    variant: str = ""
    version: str = ""
    licence: str = ""
    intendedUse: str = ""
    citation: str = ""
    trainingPatients: int = 0
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    removable: bool = False
    error: str = ""

    @property
    def title(self) -> str:
        """``GE LOGIQ 5 to GE LOGIQ 7 (texture, 1a2b3c4d5e6f)``"""
        if self.error:
            return f"{self.name} (broken)"
        return f"{self.sourceName} to {self.targetName} ({self.variant}, {self.version})"


class ModelsLogic:
    """Methods of ``USHarmonizationLogic`` that keep bundles."""

    def models(self) -> list[Model]:
        """All installed bundles, those that ship first; a broken one has its ``error``.

        Example:
            >>> [model.name for model in logic.models()]
            ['ge-logiq-5-to-ge-logiq-7', 'toshiba-aplio-300-to-ge-logiq-7']
        """
        from USHarmonizationLib.bundle import bundle_folders

        return [_model(folder) for folder in bundle_folders()]

    def bundlesFor(self, sourceScanner: str | None) -> list[Model]:
        """The bundles that fit images of this scanner: made for it, and whole. None and "" fit nothing.

        Example:
            >>> [model.targetName for model in logic.bundlesFor("ge-logiq-5")]
            ['GE LOGIQ 7']
        """
        return [one for one in self.models() if sourceScanner and one.source == sourceScanner and not one.error]

    def model(self, name: str | Path | Model) -> Model:
        """The installed bundle of this name, or the bundle in this folder.

        Raises:
            LogicError: there is none, or it is broken.

        Example:
            >>> logic.model("ge-logiq-5-to-ge-logiq-7").target
            'ge-logiq-7'
        """
        if isinstance(name, Model):
            name = name.folder
        installed = {one.name: one for one in reversed(self.models())}
        found = installed.get(str(name)) or (_model(Path(name)) if str(name) and Path(name).is_dir() else None)
        if found is None:
            known = ", ".join(sorted(installed)) or "none"
            raise LogicError(f"There is no model {str(name)!r}; installed: {known}.")
        if found.error:
            raise LogicError(found.error)
        return found

    def installModel(self, path: Path | str) -> Model:
        """Install a bundle from its folder or a zip of it: checked, copied whole or not at all, nothing of it is run.

        Only ``model.json`` and the weight files are taken over.

        Raises:
            LogicError: it is no bundle, is damaged or too large, or one of its name is installed.

        Example:
            >>> logic.installModel("Downloads/my-scanner-to-ge-logiq-7.zip").name
            'my-scanner-to-ge-logiq-7'
        """
        from USHarmonizationLib.bundle import bundle_folders, user_models

        path = Path(path)
        place = user_models()[0]
        try:
            place.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=place))
        except OSError as error:
            raise LogicError(f"{place} cannot be written to ({error.strerror}).") from None
        try:
            _copy(path, partial)
            name = _checked(partial, path)
            if name in {folder.name for folder in bundle_folders()} or (place / name).exists():
                raise LogicError(f"A model {name} is installed already; remove it first.")
            partial.chmod(0o755)
            os.replace(partial, place / name)
        except OSError as error:
            raise LogicError(f"{path} cannot be installed in {place} ({error.strerror or error}).") from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return _model(place / name)

    def removeModel(self, name: str) -> None:
        """Remove a bundle that a person has installed.

        Raises:
            LogicError: there is none of this name, or it ships with the extension.

        Example:
            >>> logic.removeModel("my-scanner-to-ge-logiq-7")
        """
        found = [one for one in self.models() if one.name == name]
        if not found:
            raise LogicError(f"There is no model {name!r}.")
        own = [one for one in found if one.removable]
        if not own:
            raise LogicError(f"The model {name} ships with the extension and cannot be removed.")
        folder = own[0].folder
        gone = folder.with_name(f".partial-{folder.name}")
        try:
            os.replace(folder, gone)
            shutil.rmtree(gone)
        except OSError as error:
            raise LogicError(f"{folder} cannot be removed ({error.strerror or error}).") from None

    def modelCard(self, name: str | Path | Model) -> str:
        """The card of a bundle as HTML: scanners, training, figures, intended use, licence.

        Raises:
            LogicError: as ``model``.

        Example:
            >>> "Research use only" in logic.modelCard("ge-logiq-5-to-ge-logiq-7")
            True
        """
        return _card(self.model(name))


def _model(folder: Path) -> Model:
    from USHarmonizationLib.bundle import read_bundle
    from USHarmonizationLib.errors import UsageError
    from USHarmonizationLib.resources import resource_path
    from USHarmonizationLib.scanners import catalogue

    removable = not folder.resolve().is_relative_to(resource_path("Models").resolve())
    try:
        bundle = read_bundle(folder)
    except UsageError as error:
        return Model(folder.name, folder, removable=removable, error=str(error))
    known = catalogue().scanners
    names = [known[one].name if one in known else one for one in (bundle.source, bundle.target)]
    return Model(
        name=folder.name,
        folder=folder,
        source=bundle.source,
        target=bundle.target,
        sourceName=names[0],
        targetName=names[1],
        variant=bundle.variant,
        version=bundle.version,
        licence=bundle.licence,
        intendedUse=bundle.intended_use,
        citation=bundle.citation,
        trainingPatients=len(bundle.training_patients),
        training=bundle.training,
        metrics=bundle.metrics,
        removable=removable,
    )


def _checked(folder: Path, path: Path) -> str:
    """The name under which a bundle is installed, after all that is in it has been read once."""
    from USHarmonizationLib.bundle import read_bundle
    from USHarmonizationLib.errors import UsageError

    try:
        bundle = read_bundle(folder)
        for role in bundle.networks:
            bundle.weights(role)
    except UsageError as error:
        raise LogicError(str(error).replace(str(folder), str(path))) from None
    except ImportError:
        raise LogicError("The Python package safetensors is missing; install what the module needs.") from None
    # What the bundle does not name is not wanted.
    wanted = {MODEL_FILE, *(entry.file for entry in bundle.networks.values())}
    for left in folder.iterdir():
        if left.name not in wanted:
            left.unlink()
    return bundle.name


def _copy(path: Path, to: Path) -> None:
    """The files of a bundle, from a folder or a zip, side by side into ``to``."""
    if path.is_dir():
        _copyFolder(path, to)
    elif path.is_file() and zipfile.is_zipfile(path):
        try:
            _unpack(path, to)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            raise LogicError(f"{path} cannot be unpacked ({error}).") from None
    elif path.exists():
        raise LogicError(f"{path} is no model; needed: the folder of a bundle, or a zip of it.")
    else:
        raise LogicError(f"{path} does not exist.")


def _copyFolder(path: Path, to: Path) -> None:
    if not (path / MODEL_FILE).is_file():
        raise LogicError(f"{path} is no model; needed: a folder with {MODEL_FILE}.")
    total = 0
    for one in sorted(path.iterdir()):
        if not _belongs(one.name):
            continue
        if not stat.S_ISREG(one.lstat().st_mode):
            raise LogicError(f"{one} is no plain file; links are not followed.")
        total += one.stat().st_size
        _checkSize(path, one.name, one.stat().st_size, total)
        shutil.copyfile(one, to / one.name)


def _unpack(path: Path, to: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise LogicError(f"{path} holds {len(entries)} files; a model has a few.")
        for entry in entries:
            _checkEntry(path, entry)
        homes = [PurePosixPath(entry.filename).parent for entry in entries if _leaf(entry) == MODEL_FILE]
        if len(homes) != 1:
            raise LogicError(f"{path} holds {len(homes)} files {MODEL_FILE}; needed: the zip of one bundle.")
        total = 0
        for entry in _inside(entries, homes[0]):
            with archive.open(entry) as packed, open(to / _leaf(entry), "xb") as stream:
                total += _stream(path, _leaf(entry), packed, stream, total)


def _inside(entries: list[zipfile.ZipInfo], home: PurePosixPath) -> Iterator[zipfile.ZipInfo]:
    for entry in entries:
        if not entry.is_dir() and PurePosixPath(entry.filename).parent == home and _belongs(_leaf(entry)):
            yield entry


def _stream(path: Path, name: str, packed: IO[bytes], stream: IO[bytes], before: int) -> int:
    """Unpack one file, counting what really comes: the sizes in an archive are only what it says."""
    size = 0
    while block := packed.read(2**20):
        size += len(block)
        _checkSize(path, name, size, before + size)
        stream.write(block)
    return size


def _checkEntry(path: Path, entry: zipfile.ZipInfo) -> None:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or (name.parts and ":" in name.parts[0]):
        raise LogicError(f"{path} is refused: it would write outside of its folder ({entry.filename}).")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise LogicError(f"{path} is refused: it holds a link ({entry.filename}).")


def _checkSize(path: Path, name: str, size: int, total: int) -> None:
    if total > MAX_BYTES or (name == MODEL_FILE and size > MAX_JSON):
        raise LogicError(f"{path} is larger than a model can be ({MAX_BYTES // 2**20} MB).")


def _leaf(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).name


def _belongs(name: str) -> bool:
    return name == MODEL_FILE or (name.endswith(WEIGHTS) and not name.startswith("."))


# Figures on held-out patients that a card shows, and what they mean; more of them stand in model.json.
FIGURES = (
    ("frechet", "distance of texture features to the target scanner's (Fréchet, 0: the same)"),
    ("scanner", "balanced accuracy of telling its images from the target scanner's (0.5: chance)"),
    ("malignancy", "AUC of a malignancy model made on the target scanner"),
)


def _card(model: Model) -> str:
    rows = [
        ("From", model.sourceName),
        ("To", model.targetName),
        ("Method", model.variant),
        ("Version", model.version),
        ("Trained on", f"{model.trainingPatients} patients" if model.trainingPatients else "not said"),
        ("Training", _training(model.training)),
        *_figures(model),
        ("Intended use", model.intendedUse),
        ("Licence", model.licence),
        ("Cite", model.citation),
    ]
    cells = "".join(
        f"<tr><td><b>{html.escape(name)}</b>&nbsp;&nbsp;</td><td>{html.escape(str(text))}</td></tr>"
        for name, text in rows
        if text
    )
    return (
        f"<h3>{html.escape(model.title)}</h3><p><b>Research use only, not for diagnosis.</b></p><table>{cells}</table>"
    )


def _training(training: Mapping[str, Any]) -> str:
    wanted = ("steps_done", "best_step", "seed")
    return ", ".join(f"{name.replace('_', ' ')} {training[name]}" for name in wanted if name in training)


def _figures(model: Model) -> Iterator[tuple[str, str]]:
    """Figures on held-out patients, before and after; where there are none, those of the validation."""
    methods = _object(_object(model.metrics.get("held_out")).get("figures"))
    before, after = _object(methods.get("original")), _object(methods.get(model.variant))
    if after:
        yield "Held-out patients", f"{after.get('patients', '?')} ({after.get('images', '?')} images)"
        for name, meaning in FIGURES:
            if name in before and name in after:
                yield "Original, harmonized", f"{_number(before[name])}, {_number(after[name])}: {meaning}"
        return
    for name, value in _object(model.metrics.get("validation")).items():
        yield "Validation", f"{name.replace('_', ' ')} {_number(value)}"


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
