"""The logic of the Slicer module USRadiomicsLNM: MRML on one side, ``USRadiomicsLNMLib`` on the other, no Qt.

It runs inside Slicer and on the package ``slicer-core``. Nothing heavy is imported here: features are extracted, and
models fitted, by child processes (``uslnm ...``), which import pyradiomics and scikit-learn themselves.
"""

from __future__ import annotations

from USHarmonizationLogic import LogicError

from .logic import USRadiomicsLNMLogic

__all__ = ["LogicError", "USRadiomicsLNMLogic"]
