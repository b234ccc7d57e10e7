"""Files of network weights, read as tensors and nothing else."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...errors import UsageError


def read_state(path: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors of a .pth or .safetensors file by name, and the file's SHA-256.

    Raises:
        UsageError: no such file, or it holds anything but tensors.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file; needed: a state dict, .pth or .safetensors")
    content: object
    try:
        if path.suffix.lower() == ".safetensors":
            from safetensors.torch import load_file

            content = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as tensors alone ({str(error).splitlines()[0][:120]})") from error
    except Exception as error:  # SafetensorError derives from nothing more special
        raise UsageError(f"{path}: cannot be read as tensors alone ({type(error).__name__})") from error
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UsageError(f"{path}: holds no state dict; needed: tensors by name")
    with open(path, "rb") as stream:
        return dict(content), hashlib.file_digest(stream, "sha256").hexdigest()


def fill(network: nn.Module, state: dict[str, Tensor], path: Path, unused: tuple[str, ...]) -> None:
    """Put ``state`` into ``network``, and make the network ready; names that begin with one of ``unused`` are left out.

    Raises:
        UsageError: names or shapes are others than the network's.
    """
    kept = {name: value for name, value in state.items() if not name.startswith(unused)}
    # Files made before PyTorch 1.0 do not count batches.
    own = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    for name, value in own.items():
        if name not in kept or kept[name].shape != value.shape:
            found = f"has shape {tuple(kept[name].shape)}" if name in kept else "is missing"
            wanted = f"needed for {type(network).__name__}: {tuple(value.shape)}"
            raise UsageError(f"{path}: {name} {found}; {wanted}")
    if surplus := [name for name in kept if name not in own and not name.endswith("num_batches_tracked")]:
        raise UsageError(f"{path}: {type(network).__name__} has no {surplus[0]}; the weights are of another network")
    network.load_state_dict(kept, strict=False)
    network.eval().requires_grad_(False)


class NetworkExtractor:
    """An ``Extractor`` around a network that takes (1, 3, size, size) images: ``scale * brightness + offset``."""

    def __init__(self, name: str, network: nn.Module, sha256: str, size: int, scale: float, offset: float) -> None:
        self.name, self.weights_sha256 = name, sha256
        self._network, self._size, self._scale, self._offset = network, size, scale, offset
        self.dimension = len(self.features(np.zeros((16, 16), dtype=np.float32)))

    def features(self, image: NDArray[np.floating]) -> NDArray[np.float32]:
        """(dimension,) features of (rows, columns) brightness in [0, 1]."""
        values = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))[None, None]
        with torch.inference_mode():
            small = functional.interpolate(values, (self._size, self._size), mode="bilinear", antialias=True)
            found: Tensor = self._network((small * self._scale + self._offset).expand(1, 3, -1, -1))
        return np.asarray(found[0].numpy(), dtype=np.float32)
