"""A figure with its confidence interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure and the ends of its confidence interval (95 % unless said otherwise); NaN where it is undefined."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} (95 % CI {self.low:.3f} to {self.high:.3f})"


def as_json(figures: Any) -> Any:
    """Figures (dataclasses, arrays, mappings of them) as JSON can hold them; null for what is undefined or infinite."""
    if is_dataclass(figures) and not isinstance(figures, type):
        return {item.name: as_json(getattr(figures, item.name)) for item in fields(figures)}
    if isinstance(figures, Mapping):
        return {str(name): as_json(value) for name, value in figures.items()}
    if isinstance(figures, np.ndarray):
        return as_json(figures.tolist())
    if isinstance(figures, (list, tuple)):
        return [as_json(value) for value in figures]
    if isinstance(figures, np.generic):
        return as_json(figures.item())
    if isinstance(figures, float) and not np.isfinite(figures):
        return None
    return figures
