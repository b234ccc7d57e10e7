"""The two ways in which something the user gave can be wrong."""

from __future__ import annotations

# Set to anything, an unexpected error also shows where in the code it arose.
DEBUG_VARIABLE = "USHARMONIZATION_DEBUG"


class HarmonizationError(Exception):
    """Base of every error that is shown to a person: one line that names the thing and what would be right."""


class UsageError(HarmonizationError):
    """The request itself is wrong (unknown scanner, bad option, broken bundle): nothing was started, exit code 2."""


class InputError(HarmonizationError):
    """One input cannot be processed (missing, truncated, pure Doppler, empty mask): the others go on, exit code 1."""
