"""What a person did that cannot work, said in a sentence that a panel shows as it is."""

from __future__ import annotations


class LogicError(ValueError):
    """Something is missing or does not fit (no volume, a 3D CT, no model for the scanner, ...); nothing was changed."""
