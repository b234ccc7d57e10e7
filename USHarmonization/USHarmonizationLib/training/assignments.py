"""Settings for trainings of several variants: ``NAME=VALUE`` for all that have NAME, ``VARIANT:NAME=VALUE`` for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ..errors import UsageError
from ..variants import variant
from .settings import TrainingSettings, describe, parse_assignments


def assigned_settings(
    name: str, assignments: Sequence[str], defaults: Mapping[str, Any] | None = None, **others: Any
) -> dict[str, Any]:
    """Settings of a variant's training that differ from its own defaults, checked.

    Args:
        name: of the variant.
        assignments: ``NAME=VALUE``, which is left out where the variant has no NAME; ``VARIANT:NAME=VALUE`` for those
            that a name with wildcards means. Later ones count.
        defaults: in place of the variant's own.
        others: settings that no assignment changes; None for those that are not given.

    Raises:
        UsageError: the variant or a setting is unknown, or a value is not allowed.
    """
    entry, known = variant(name), setting_names(name)
    values = dict(defaults or {})
    for assignment in assignments:
        who, colon, what = assignment.partition(":")
        if not colon:
            values |= {key: value for key, value in parse_assignments([assignment]).items() if key in known}
        elif fnmatchcase(name, who):
            values |= parse_assignments([what])
    values |= {key: value for key, value in others.items() if value is not None}
    common = {key: value for key, value in values.items() if key in {row[0] for row in describe(TrainingSettings)}}
    TrainingSettings.from_json(common)
    entry.settings({key: value for key, value in values.items() if key not in common})
    return values


def check_all_used(assignments: Sequence[str], variants: Sequence[str]) -> None:
    """Refuse an assignment that reaches no variant: a slip of the pen would otherwise go unnoticed for days.

    Raises:
        UsageError: there is one.
    """
    known = {name: setting_names(name) for name in variants}
    for assignment in assignments:
        who, colon, _ = assignment.partition(":")
        if colon:
            if not any(fnmatchcase(name, who) for name in variants):
                raise UsageError(f"--set {assignment}: no variant here is {who!r}; there are: {', '.join(known)}")
        elif (setting := assignment.partition("=")[0].strip()) not in set().union(*known.values()):
            raise UsageError(f"--set {assignment}: no variant here has a setting {setting}; see usharmonize train")


def setting_names(name: str) -> set[str]:
    """All settings of a variant's training."""
    both = (TrainingSettings, variant(name).load().settings_class)
    return {row[0] for settings in both for row in describe(settings)}
