"""The harmonizer that a bundle's network makes."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bundle import Bundle
from ..errors import InputError, UsageError
from ..image import LUMA_WEIGHTS
from ..networks import architecture
from .engines import Engine, has_bf16, open_engine
from .reference import box

# Largest change of a radiomics feature (share) that a bundle's check may show for bf16 to be used.
BF16_LIMIT = 0.01

# Pixels times ``width`` that a network which needs the frame whole may get: 5.5 GB of memory on OpenVINO (measured).
# 5000 x 5000 pixels for width 16, 4096 x 4096 for 32, 2896 x 2896 for 64.
LARGEST = 2**29

# Networks that see only so far get larger frames in tiles of this many rows and columns.
TILE = 1024


class NetworkHarmonizer:
    """Runs the network of a bundle on frames of any size.

    Only the box around the valid pixels goes through the network, as in the training's crops, mirrored at the far sides
    to the sizes that the network takes, and is put back in place. A network whose output depends on the whole image
    (instance norm) gets it whole, up to ``LARGEST``; one that does not gets large frames in tiles, with the same
    result. The network works in float32; in bf16 only where the bundle's ``checks`` say that
    ``bf16_max_feature_change`` is at most ``BF16_LIMIT`` and the processor computes it itself.

    Networks of three channels (imported ones) get the brightness three times, and of their output the luma is taken.

    Args:
        bundle: as ``read_bundle`` gives it.
        device: ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``mps``.
        threads: of the CPU; None: OMP_NUM_THREADS where it is set, else the engine's choice. On OpenVINO the result is
            the same to the bit with any number of threads.
        role: ``generator`` (source to target) or ``reverse``.

    Raises:
        UsageError: weights are damaged or are not the network's, or the device is not there.
    """

    def __init__(
        self, bundle: Bundle, device: str = "auto", threads: int | None = None, role: str = "generator"
    ) -> None:
        self.bundle = bundle
        self.name = bundle.name
        self.version = bundle.version
        swapped = role == "reverse"
        self.source, self.target = (bundle.target, bundle.source) if swapped else (bundle.source, bundle.target)
        self.training_patients = bundle.training_patients
        self._device, self._threads, self._role = device, threads, role
        if role not in bundle.networks:
            raise UsageError(f"bundle {bundle.name} has no {role} network; it has: {', '.join(bundle.networks)}")
        self._network = bundle.networks[role].settings
        self._architecture = architecture(self._network)
        self._channels = int(self._network.get("channels", 1))
        self.device = self._engine.device

    def __reduce__(self) -> Any:
        return NetworkHarmonizer, (self.bundle, self._device, self._threads, self._role)

    @cached_property
    def _engine(self) -> Engine:
        change = self.bundle.checks.get("bf16_max_feature_change")
        bf16 = isinstance(change, (int, float)) and 0 <= change <= BF16_LIMIT and has_bf16()
        try:
            weights = self.bundle.weights(self._role)
            return open_engine(self._network, weights, self._channels, self._device, self._threads, bf16)
        except UsageError as error:
            raise UsageError(f"bundle {self.bundle.folder}: {error}") from None

    @property
    def engine(self) -> str:
        """What runs the network: engine, version, device, number format, and why when it is not the fastest."""
        return self._engine.name

    @property
    def settings(self) -> dict[str, Any]:
        """What else the result depends on."""
        return {"engine": self.engine}

    @cached_property
    def reverse(self) -> NetworkHarmonizer | None:
        """The way back (target to source), for the cycle error; None where the bundle has none."""
        if "reverse" not in self.bundle.networks or self._role == "reverse":
            return None
        return NetworkHarmonizer(self.bundle, self._device, self._threads, "reverse")

    def harmonize(self, frame: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """See ``Harmonizer``; ``frame`` is to be filled where it is not valid (``fill.fill``), as in the training.

        Raises:
            InputError: the frame is too large for a network that needs it whole.
        """
        result = frame.astype(np.float32, copy=True)
        if valid.any():
            window = box(valid)
            part = result[window]
            large = part.shape[0] * part.shape[1] > TILE * TILE
            tiled = large and self._architecture.halo is not None
            result[window] = self._tiled(part, self._architecture.halo or 0) if tiled else self._whole(part)
        return result

    def _whole(self, part: NDArray[np.float32]) -> NDArray[np.float32]:
        rows, columns = part.shape
        width = self._network.get("width", 64)
        if rows * columns * width > LARGEST:
            side = int((LARGEST / width) ** 0.5)
            raise InputError(
                f"{rows} x {columns} pixels are too many for {self.name}, whose network needs the frame whole "
                f"(at most {side} x {side})"
            )
        multiple, smallest = self._architecture.multiple, self._architecture.smallest
        missing = [max(-size % multiple, smallest - size) for size in part.shape]
        padded = np.pad(part, [(0, missing[0]), (0, missing[1])], mode="reflect")
        low, high = self.bundle.intensity_range
        image = np.repeat((low + padded * np.float32(high - low))[None, None], self._channels, axis=1)
        output = self._engine.run(image.astype(np.float32, copy=False))[0, :, :rows, :columns]
        grey = output[0] if len(output) == 1 else np.tensordot(LUMA_WEIGHTS, output, axes=1)
        brightness: NDArray[np.float32] = np.clip((grey - low) / np.float32(high - low), 0.0, 1.0)
        return brightness

    def _tiled(self, part: NDArray[np.float32], halo: int) -> NDArray[np.float32]:
        """Tiles with as much around them as the network sees; at the frame's borders the network's own padding."""
        multiple = self._architecture.multiple
        around, step = -(-halo // multiple) * multiple, TILE // multiple * multiple
        result = np.empty_like(part)
        for row in range(0, part.shape[0], step):
            for column in range(0, part.shape[1], step):
                top, left = max(0, row - around), max(0, column - around)
                tile = self._whole(part[top : row + step + around, left : column + step + around])
                inner = tile[row - top : row - top + step, column - left : column - left + step]
                result[row : row + step, column : column + step] = inner
        return result
