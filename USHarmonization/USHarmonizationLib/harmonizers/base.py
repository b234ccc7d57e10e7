"""What every harmonizer does: one frame in, the same frame in the target scanner's style out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Harmonizer(Protocol):
    """A transfer of one frame to the style of one target scanner.

    Attributes:
        name: what appears in tables and DICOM, e.g. ``ge-logiq-5-to-ge-logiq-7`` or ``histogram``.
        version: changes whenever the output for a given input may change (SHA-256 of the weights, library version).
    """

    name: str
    version: str

    def harmonize(self, frame: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Transfer one frame.

        Args:
            frame: (rows, columns), brightness in [0, 1].
            valid: (rows, columns), True for imaged tissue; False outside the sector, on overlays and coloured pixels.

        Returns:
            (rows, columns) in [0, 1]; what stands where ``valid`` is False is not used. The same input gives the same
            output, to the bit, on the same machine.
        """
        ...
