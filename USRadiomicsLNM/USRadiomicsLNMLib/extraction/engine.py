"""What computes features: the interface, and which engine is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.resources import resource_path

# The parameter file that is taken unless another is named.
DEFAULT = "ultrasound-8bit"

# What an engine can be asked for by; and what the project's own calls itself in tables and models, before its version.
ENGINES = PYRADIOMICS, NUMPY = ("pyradiomics", "numpy")
NUMPY_ENGINE = "usharmonization-numpy"


@dataclass(frozen=True)
class Parameters:
    """How features are computed.

    Attributes:
        name: of the file they come from, for people.
        content: all that a value depends on, defaults included, as one JSON object: ``setting``, ``imageType``,
            ``featureClass``, as in the file.
    """

    name: str
    content: str = field(repr=False)

    @property
    def digest(self) -> str:
        """``sha256:`` and 16 hexadecimal digits: the same for the same parameters, in whatever order they stand."""
        text = json.dumps(_ordered(json.loads(self.content)), sort_keys=True)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _ordered(value: Any) -> Any:
    """Lists (of features, of distances) in one order, 25.0 as 25."""
    if isinstance(value, dict):
        return {name: _ordered(one) for name, one in value.items()}
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return sorted(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True)
class Features:
    """Features of one lesion.

    Attributes:
        values: pyradiomics' name -> value; NaN where it has none.
        warnings: what to know before they are used, one line each.
    """

    values: Mapping[str, float]
    warnings: tuple[str, ...] = ()


class Engine(Protocol):
    """Computes features. Can be pickled, and called from several threads.

    An engine whose values differ from another's has another name: the name goes into tables and models.
    """

    @property
    def name(self) -> str:
        """Name and version, as the table has it: ``pyradiomics 3.0.1``."""

    def parameters(self, file: Path) -> Parameters:
        """Read a parameter file (YAML as pyradiomics defines it).

        Raises:
            UsageError: it cannot be read, or asks for what does not exist or makes no sense for single frames.
        """

    def extract(
        self,
        image: NDArray[np.floating[Any]],
        mask: NDArray[np.bool_],
        parameters: Parameters,
        spacing_mm: tuple[float, float] = (1.0, 1.0),
    ) -> Features:
        """Features of one lesion.

        Args:
            image: (rows, columns) brightness, 0 to 255.
            mask: (rows, columns), True in the lesion.
            parameters: what ``parameters`` of the same engine gave.
            spacing_mm: height and width of a pixel.

        Raises:
            InputError: sizes differ, the lesion is too small, or a brightness is not finite.
        """


def find_engine(name: str | None = None) -> Engine:
    """An engine of this installation.

    Args:
        name: ``pyradiomics`` or ``numpy``; None: pyradiomics where it can be imported, else numpy.

    Raises:
        UsageError: it is not installed, or there is no such engine.
    """
    if name is not None and name not in ENGINES:
        raise UsageError(f"there is no engine {name}; needed: {' or '.join(ENGINES)}")
    if name != NUMPY:
        if _has_pyradiomics():
            from .pyradiomics_engine import PyradiomicsEngine

            return PyradiomicsEngine()
        if name is not None:
            raise UsageError("this needs pyradiomics, which is not installed; see README.md")
    from .numpy_engine import NumpyEngine

    return NumpyEngine()


@cache
def _has_pyradiomics() -> bool:
    """Whether it can be imported: one that was built for another Python or numpy lies there, and fails in its way."""
    try:
        import radiomics  # noqa: F401
    except Exception:
        return False
    return True


def shipped_parameters() -> tuple[str, ...]:
    """Names of the parameter files that ship."""
    return tuple(sorted(path.stem for path in resource_path("Radiomics").glob("*.yaml")))


def parameter_file(name: str | None) -> Path:
    """Path of a parameter file: one that ships, by its name (the default for None), or one of the user's, by its path.

    Raises:
        UsageError: there is no such file.
    """
    folder = resource_path("Radiomics")
    shipped = folder / f"{name or DEFAULT}.yaml"
    if shipped.parent == folder and shipped.is_file():
        return shipped
    path = Path(name or DEFAULT)
    if not path.is_file():
        known = ", ".join(shipped_parameters())
        raise UsageError(f"no parameter file {name}; needed: a YAML file as pyradiomics reads it, or one of: {known}")
    return path
