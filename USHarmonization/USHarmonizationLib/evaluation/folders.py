"""Which files belong together: by their paths inside their folders, suffixes aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..cohort import absolute, read_cohort
from ..errors import UsageError
from ..files import find_images, suffix
from .settings import ORIGINAL, TARGET, Evaluation

# What the command apply writes beside its images.
PICTURES = "pictures/"


@dataclass(frozen=True)
class Task:
    """What belongs to one original, or to one image of an unpaired target.

    Attributes:
        name: path inside its folder, without suffix.
        images: files by role: ``original``, methods' names, ``target`` (paired); or ``target`` alone.
        mask, overlap: of its regions, and of where original and target overlap.
        patient: pseudonym or, where no table names patients, ``name``.
    """

    name: str
    images: Mapping[str, Path]
    mask: Path | None = None
    overlap: Path | None = None
    patient: str = ""


@dataclass(frozen=True)
class Matched:
    """What is to be measured.

    Attributes:
        tasks: one an original; targets: one an image of an unpaired target.
        left_out: original's name -> why it cannot be measured.
        warnings: what else was left out.
    """

    tasks: tuple[Task, ...]
    targets: tuple[Task, ...]
    left_out: Mapping[str, str]
    warnings: tuple[str, ...]


def match_folders(settings: Evaluation) -> Matched:
    """Find what belongs together.

    Raises:
        UsageError: a folder holds no images, two files have the same name, or folders have no name in common.
    """
    originals = by_name(settings.original)
    partners = {name: by_name(folder) for name, folder in settings.generated}
    if settings.paired and settings.target is not None:
        partners[TARGET] = by_name(settings.target)
    masks = by_name(settings.masks) if settings.masks else None
    overlaps = by_name(settings.overlap) if settings.overlap else None
    needed = {**partners, **({"mask": masks} if masks else {}), **({"overlap mask": overlaps} if overlaps else {})}
    warnings = []
    for role, found in needed.items():
        if not originals.keys() & found.keys():
            hint = "; an unpaired target is given without --paired" if role == TARGET else ""
            example = f"e.g. {next(iter(originals))} and {next(iter(found))}"
            raise UsageError(f"no {role} has the name of an image in {settings.original} ({example}){hint}")
        extra = found.keys() - originals.keys()
        if role in partners and extra:
            warnings.append(f"{role}: {len(extra)} images have no original of their name and are left out")
    left_out, tasks = {}, []
    patients = _patients(settings)
    for name, path in originals.items():
        missing = [role for role, found in needed.items() if name not in found]
        if missing:
            left_out[name] = f"no {' and no '.join(missing)} of this name"
            continue
        images = {ORIGINAL: path, **{role: found[name] for role, found in partners.items()}}
        tasks.append(
            Task(
                name=name,
                images=images,
                mask=masks[name] if masks else None,
                overlap=overlaps[name] if overlaps else None,
                patient=_patient(patients, path, name),
            )
        )
    return Matched(tuple(tasks), _targets(settings, masks, patients, left_out), left_out, tuple(warnings))


def by_name(folder: Path) -> dict[str, Path]:
    """Images of a folder by their path in it, without suffix, sorted; pictures that ``apply`` drew are no images.

    Raises:
        UsageError: there are none, or two have the same name.
    """
    found: dict[str, Path] = {}
    for path in find_images(folder):
        inside = path.relative_to(folder).as_posix()
        if inside.startswith(PICTURES) and (folder / "apply.csv").is_file():
            continue
        name = inside.removesuffix(path.name) + path.name[: len(path.name) - len(suffix(path))]
        if name in found:
            raise UsageError(f"{found[name]} and {path} have the same name but for the suffix; needed: one of them")
        found[name] = path
    if not found:
        raise UsageError(f"{folder} holds no images")
    return found


def _targets(
    settings: Evaluation,
    masks: Mapping[str, Path] | None,
    patients: Mapping[Path, str] | None,
    left_out: dict[str, str],
) -> tuple[Task, ...]:
    """Images of an unpaired target; those without a mask join ``left_out``."""
    if settings.target is None or settings.paired:
        return ()
    if settings.target_masks is not None:
        masks = by_name(settings.target_masks)
    tasks = []
    for name, path in by_name(settings.target).items():
        if masks is not None and name not in masks:
            left_out[f"{TARGET}: {name}"] = "no mask of this name"
            continue
        tasks.append(
            Task(
                name, {TARGET: path}, masks[name] if masks else None, None, _patient(patients, path, f"target: {name}")
            )
        )
    if not tasks:
        raise UsageError(f"no mask has the name of an image in {settings.target}; name their folder in --target-masks")
    return tuple(tasks)


def _patients(settings: Evaluation) -> dict[Path, str] | None:
    if settings.patients is None:
        return None
    return {absolute(row.image).resolve(): row.patient for row in read_cohort(settings.patients) if row.patient}


def _patient(patients: Mapping[Path, str] | None, path: Path, name: str) -> str:
    if patients is None:
        return name
    known = patients.get(path.resolve())
    if known is None:
        raise UsageError(f"the table of patients names no patient for {path}; needed: one for each image")
    return known
