"""The logic of the Slicer module USHarmonization: MRML on one side, ``USHarmonizationLib`` on the other, no Qt.

It runs inside Slicer and on the package ``slicer-core``. Nothing heavy is imported here: what takes long is done
by child processes (``process``), which import torch and all else themselves.
"""

from __future__ import annotations

from .errors import LogicError
from .logic import USHarmonizationLogic

__all__ = ["LogicError", "USHarmonizationLogic"]
