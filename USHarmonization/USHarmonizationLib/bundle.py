"""The harmonizer bundle: a folder with ``model.json`` and safetensors files. Reading one runs nothing that it holds.

``model.json`` has exactly the keys of ``Bundle`` (without ``folder``) and ``schema_version``. Same content, same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import __version__
from .errors import UsageError
from .resources import resource_path

SCHEMA_VERSION = 1
MODEL_FILE = "model.json"
ROLES = ("generator", "reverse")
RESEARCH_USE = (
    "Research use only: to bring ultrasound images of one scanner to the style of another before radiomics. "
    "Not a medical device, not for diagnosis or treatment."
)
# Folders with the user's bundles, separated as in PATH, in place of USER_MODELS.
MODELS_VARIABLE = "USHARMONIZATION_MODELS"
# Inside the user's home folder.
USER_MODELS = (".usharmonization", "models")

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,118}[a-z0-9])?")
_WEIGHT_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PSEUDONYM = re.compile(r"sha256:[0-9a-f]{16}")


@dataclass(frozen=True)
class NetworkEntry:
    """One network of a bundle.

    Attributes:
        settings: what ``networks.build_generator`` takes: ``name`` and the network's own settings.
        file: name of its weight file inside the bundle's folder.
        sha256: of that file, 64 hexadecimal digits.
    """

    settings: Mapping[str, Any]
    file: str
    sha256: str

    def __post_init__(self) -> None:
        if not isinstance(self.settings, dict) or not isinstance(self.settings.get("name"), str):
            raise UsageError('network settings without a name; needed: an object like {"name": "resnet", ...}')
        if not isinstance(self.file, str) or not _WEIGHT_FILE.fullmatch(self.file):
            raise UsageError(f"weight file {self.file!r}; needed: the plain name of a .safetensors file in the bundle")
        if not isinstance(self.sha256, str) or not _SHA256.fullmatch(self.sha256):
            raise UsageError(f"SHA-256 of {self.file} is {self.sha256!r}; needed: 64 hexadecimal digits")


@dataclass(frozen=True)
class Bundle:
    """A harmonizer as it is stored; the weights stay on the disk until ``weights`` is called.

    Attributes:
        folder: where it lies.
        name: what tables and DICOM call it; ``<source>-to-<target>`` unless chosen otherwise.
        source, target: scanner ids, or ``unknown``.
        variant: how it was trained, one of ``variants.VARIANTS`` or e.g. ``imported``, ``histogram``.
        networks: ``generator`` (source to target) and, where there is one, ``reverse``.
        intensity_range: the values that the networks take for black and white.
        training: every setting of the training, seed included; empty when unknown.
        training_patients: pseudonyms (``cohort.pseudonym``) of the patients it was trained on.
        metrics: figures on validation and held-out patients.
        domain: what source and target frames look like, as ``domain.py`` describes it.
        checks: results of checks that allow something, e.g. ``bf16_max_feature_change`` (share, 0.01 is 1 %).
        licence, intended_use, citation: text for people.
        software_version: of this library when the bundle was written.

    Raises:
        UsageError: a value is missing, of the wrong kind or not allowed.
    """

    folder: Path
    name: str
    source: str
    target: str
    variant: str
    networks: Mapping[str, NetworkEntry]
    intensity_range: tuple[float, float] = (-1.0, 1.0)
    training: Mapping[str, Any] = field(default_factory=dict)
    training_patients: tuple[str, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    domain: Mapping[str, Any] = field(default_factory=dict)
    checks: Mapping[str, Any] = field(default_factory=dict)
    licence: str = "unknown"
    intended_use: str = RESEARCH_USE
    citation: str = ""
    software_version: str = __version__

    def __post_init__(self) -> None:
        for key in ("source", "target", "variant", "name"):
            value = getattr(self, key)
            if not isinstance(value, str) or not _NAME.fullmatch(value):
                raise UsageError(f"{key} is {value!r}; needed: lower-case letters, digits and . _ - between them")
        for key in ("licence", "intended_use", "citation", "software_version"):
            if not isinstance(getattr(self, key), str):
                raise UsageError(f"{key} is {getattr(self, key)!r}; needed: text")
        for key in ("training", "metrics", "domain", "checks"):
            if not isinstance(getattr(self, key), dict):
                raise UsageError(f"{key} is {getattr(self, key)!r}; needed: an object")
        if "generator" not in self.networks or not set(self.networks) <= set(ROLES):
            raise UsageError(f"networks {sorted(self.networks)}; needed: generator, and reverse where there is one")
        span = self.intensity_range
        if (
            len(span) != 2
            or not all(isinstance(v, (int, float)) and np.isfinite(v) for v in span)
            or not span[0] < span[1]
        ):
            raise UsageError(f"intensity_range is {span!r}; needed: the values of black and white, black < white")
        for patient in self.training_patients:
            if not isinstance(patient, str) or not _PSEUDONYM.fullmatch(patient):
                raise UsageError("training_patients holds something else than pseudonyms (sha256: and 16 digits)")

    @property
    def version(self) -> str:
        """12 hexadecimal digits of what the output depends on: networks, their weights and the intensity range."""
        essence = {"networks": {k: asdict(v) for k, v in self.networks.items()}, "range": list(self.intensity_range)}
        return hashlib.sha256(_json(essence).encode()).hexdigest()[:12]

    def weights(self, role: str = "generator") -> dict[str, NDArray[np.float32]]:
        """Name -> weights of one network, float32, all finite, checked against the SHA-256 of ``model.json``.

        Raises:
            UsageError: the file is missing, changed, damaged, or holds other than finite float32 numbers.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        if role not in self.networks:
            raise UsageError(f"bundle {self.name} has no {role} network; it has: {', '.join(self.networks)}")
        entry = self.networks[role]
        try:
            arrays: dict[str, NDArray[Any]] = load(_checked_bytes(self.folder, entry))
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"bundle {self.folder}: {entry.file} is no safetensors file ({_line(error)})") from None
        for key, values in arrays.items():
            if values.dtype != np.float32:
                raise UsageError(f"bundle {self.folder}: {entry.file}: {key} is {values.dtype}; needed: float32")
            if not np.isfinite(values).all():
                raise UsageError(f"bundle {self.folder}: {entry.file}: {key} holds values that are not finite")
        return arrays


def read_bundle(folder: Path) -> Bundle:
    """Read and check a bundle: its JSON, that its weight files lie inside it, and their SHA-256.

    Raises:
        UsageError: one line that names the bundle and what is wrong with it.
    """
    path = folder / MODEL_FILE
    if not folder.is_dir() or not path.is_file():
        raise UsageError(f"{folder} is no harmonizer bundle; needed: a folder with {MODEL_FILE}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"bundle {folder}: {MODEL_FILE} cannot be read ({_line(error)})") from None
    try:
        bundle = _from_json(folder, content)
        for entry in bundle.networks.values():
            _checked_bytes(folder, entry)
    except UsageError as error:
        raise UsageError(f"bundle {folder}: {str(error).removeprefix(f'bundle {folder}: ')}") from None
    return bundle


def write_bundle(
    folder: Path,
    *,
    source: str,
    target: str,
    variant: str,
    networks: Mapping[str, tuple[Mapping[str, Any], Mapping[str, NDArray[np.float32]]]],
    name: str = "",
    **others: Any,
) -> Bundle:
    """Write a bundle, whole or not at all, and read it back. A bundle that stands there is replaced; nothing else is.

    Args:
        folder: where; its parents are made.
        source, target, variant, name, others: fields of ``Bundle``; no name: ``<source>-to-<target>``.
        networks: role -> settings for ``networks.build_generator`` and float32 weights (``blocks.plain_weights``).

    Raises:
        UsageError: a field is not allowed, or something else than a bundle stands at ``folder``.
        OSError: the folder cannot be written to, or the disk is full.
    """
    from safetensors.numpy import save

    folder = Path(os.path.abspath(folder))
    if folder.is_symlink() or (folder.exists() and not _replaceable(folder)):
        raise UsageError(f"{folder} exists and is no harmonizer bundle; name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        entries = {}
        for role, (settings, weights) in networks.items():
            content = save({key: np.ascontiguousarray(values) for key, values in weights.items()})
            entries[role] = NetworkEntry(dict(settings), f"{role}.safetensors", hashlib.sha256(content).hexdigest())
            _write(partial / f"{role}.safetensors", content)
        bundle = Bundle(partial, name or f"{source}-to-{target}", source, target, variant, networks=entries, **others)
        _write(partial / MODEL_FILE, _json(_to_json(bundle)).encode())
        for role in read_bundle(partial).networks:
            bundle.weights(role)
        umask = os.umask(0)
        os.umask(umask)
        partial.chmod(0o777 & ~umask)
        if folder.exists():
            # A folder cannot be replaced in one step; between these two the old bundle stands under a partial name.
            old = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
            os.replace(folder, old)
            os.replace(partial, folder)
            shutil.rmtree(old)
        else:
            os.replace(partial, folder)
    except UsageError as error:
        raise UsageError(str(error).replace(str(partial), str(folder))) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return read_bundle(folder)


def user_models() -> list[Path]:
    """Folders that hold the user's own bundles: those of USHARMONIZATION_MODELS, else ``~/.usharmonization/models``.

    They need not exist. The first is where a bundle is installed.
    """
    named = [Path(place) for place in os.environ.get(MODELS_VARIABLE, "").split(os.pathsep) if place]
    return named or [Path(os.path.expanduser("~"), *USER_MODELS)]


def bundle_folders() -> list[Path]:
    """Folders of the installed bundles, by name: those that ship, then the user's own (``user_models``)."""
    places = [resource_path("Models"), *user_models()]
    return [folder.parent for place in places if place.is_dir() for folder in sorted(place.glob(f"[!.]*/{MODEL_FILE}"))]


def installed_bundles() -> list[Bundle]:
    """The installed bundles, checked.

    Raises:
        UsageError: one of them is broken.
    """
    return [read_bundle(folder) for folder in bundle_folders()]


def find_bundle(name_or_path: str | Path) -> Bundle:
    """The bundle in this folder or, when it is no folder, the installed one of this name.

    Raises:
        UsageError: there is none; the line lists the installed ones. Or it is broken.
    """
    path = Path(name_or_path)
    if path.is_dir():
        return read_bundle(path)
    folders = {folder.name: folder for folder in reversed(bundle_folders())}
    if str(name_or_path) not in folders:
        known = ", ".join(sorted(folders)) or "none"
        raise UsageError(f"{str(name_or_path)!r} is neither the folder of a bundle nor installed; installed: {known}")
    return read_bundle(folders[str(name_or_path)])


def _json(content: Any) -> str:
    try:
        return json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise UsageError(f"the bundle's description cannot be written as JSON ({_line(error)})") from None


def _to_json(bundle: Bundle) -> dict[str, Any]:
    content = asdict(bundle)
    del content["folder"]
    return {"schema_version": SCHEMA_VERSION, **content}


def _from_json(folder: Path, content: Any) -> Bundle:
    if not isinstance(content, dict):
        raise UsageError(f"{MODEL_FILE} is no JSON object")
    if content.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(f"schema version {content.get('schema_version')!r}; this software reads {SCHEMA_VERSION}")
    keys = {item.name for item in fields(Bundle)} - {"folder"}
    _same_keys(MODEL_FILE, set(content) - {"schema_version"}, keys)
    values = {key: content[key] for key in keys}
    if not isinstance(values["networks"], dict):
        raise UsageError("networks is no JSON object")
    networks = {}
    for role, entry in values["networks"].items():
        if not isinstance(entry, dict):
            raise UsageError(f"network {role} is no JSON object")
        _same_keys(f"network {role}", set(entry), {"settings", "file", "sha256"})
        networks[role] = NetworkEntry(**entry)
    for key in ("intensity_range", "training_patients"):
        if not isinstance(values[key], list):
            raise UsageError(f"{key} is {values[key]!r}; needed: a list")
        values[key] = tuple(values[key])
    return Bundle(folder, **{**values, "networks": networks})


def _same_keys(what: str, found: set[str], needed: set[str]) -> None:
    if found != needed:
        missing, extra = sorted(needed - found), sorted(found - needed)
        parts = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"unknown: {', '.join(extra)}"] * bool(extra)
        raise UsageError(f"{what} has the wrong keys; {'; '.join(parts)}")


def _checked_bytes(folder: Path, entry: NetworkEntry) -> bytes:
    """The content of a weight file that is a plain file of this folder and has the SHA-256 it should have."""
    path = folder / entry.file
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise UsageError(f"bundle {folder}: {entry.file} is no plain file; links are not followed")
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"bundle {folder}: {entry.file} cannot be read ({error.strerror})") from None
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise UsageError(
            f"bundle {folder}: {entry.file} has been changed (SHA-256 {found[:8]}..., should be {entry.sha256[:8]}...)"
        )
    return content


def _replaceable(folder: Path) -> bool:
    return folder.is_dir() and ((folder / MODEL_FILE).is_file() or not any(folder.iterdir()))


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
