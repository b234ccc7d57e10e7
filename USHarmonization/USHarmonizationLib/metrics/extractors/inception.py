"""Inception v3 (Szegedy et al. 2016, arXiv 1512.00567) up to its last pooling, as FID uses it.

Two sets of weights are in use, with the same names of parameters: torchvision's, and those of the network with which
FID was defined (2015, ported from TensorFlow by pytorch-fid). The latter differs in its poolings, and has 1008 instead
of 1000 classes, by which the two are told apart.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import UsageError
from .weights import NetworkExtractor, fill, read_state

SIZE = 299
# Number of classes of the last layer: name.
KINDS = {1008: "inception-fid", 1000: "inception-imagenet"}
Pair = tuple[int, int]


class _Conv(nn.Module):
    def __init__(self, inside: int, out: int, kernel: int | Pair = 1, stride: int = 1, padding: int | Pair = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))


_Wide = partial(_Conv, kernel=(1, 7), padding=(0, 3))
_High = partial(_Conv, kernel=(7, 1), padding=(3, 0))


class _Mixed(nn.Module):
    """Branches side by side, one of them of 3 x 3 averages."""

    def __init__(self, fid: bool) -> None:
        super().__init__()
        self.fid = fid

    def mean(self, x: Tensor) -> Tensor:
        """That of FID does not count what lies outside the image."""
        return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=not self.fid)


class _A(_Mixed):
    def __init__(self, inside: int, pooled: int, fid: bool) -> None:
        super().__init__(fid)
        self.branch1x1 = _Conv(inside, 64)
        self.branch5x5_1 = _Conv(inside, 48)
        self.branch5x5_2 = _Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = _Conv(inside, 64)
        self.branch3x3dbl_2 = _Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96, 96, 3, padding=1)
        self.branch_pool = _Conv(inside, pooled)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(self.mean(x))], 1)


class _B(nn.Module):
    def __init__(self, inside: int) -> None:
        super().__init__()
        self.branch3x3 = _Conv(inside, 384, 3, 2)
        self.branch3x3dbl_1 = _Conv(inside, 64)
        self.branch3x3dbl_2 = _Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96, 96, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        twice = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), twice, functional.max_pool2d(x, 3, 2)], 1)


class _C(_Mixed):
    def __init__(self, inside: int, narrow: int, fid: bool) -> None:
        super().__init__(fid)
        self.branch1x1 = _Conv(inside, 192)
        self.branch7x7_1 = _Conv(inside, narrow)
        self.branch7x7_2 = _Wide(narrow, narrow)
        self.branch7x7_3 = _High(narrow, 192)
        self.branch7x7dbl_1 = _Conv(inside, narrow)
        self.branch7x7dbl_2 = _High(narrow, narrow)
        self.branch7x7dbl_3 = _Wide(narrow, narrow)
        self.branch7x7dbl_4 = _High(narrow, narrow)
        self.branch7x7dbl_5 = _Wide(narrow, 192)
        self.branch_pool = _Conv(inside, 192)

    def forward(self, x: Tensor) -> Tensor:
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), once, twice, self.branch_pool(self.mean(x))], 1)


class _D(nn.Module):
    def __init__(self, inside: int) -> None:
        super().__init__()
        self.branch3x3_1 = _Conv(inside, 192)
        self.branch3x3_2 = _Conv(192, 320, 3, 2)
        self.branch7x7x3_1 = _Conv(inside, 192)
        self.branch7x7x3_2 = _Wide(192, 192)
        self.branch7x7x3_3 = _High(192, 192)
        self.branch7x7x3_4 = _Conv(192, 192, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), seven, functional.max_pool2d(x, 3, 2)], 1)


class _E(_Mixed):
    def __init__(self, inside: int, fid: bool, largest: bool = False) -> None:
        super().__init__(fid)
        self.largest = largest
        self.branch1x1 = _Conv(inside, 320)
        self.branch3x3_1 = _Conv(inside, 384)
        self.branch3x3_2a = _Conv(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = _Conv(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = _Conv(inside, 448)
        self.branch3x3dbl_2 = _Conv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = _Conv(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = _Conv(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = _Conv(inside, 192)

    def forward(self, x: Tensor) -> Tensor:
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = functional.max_pool2d(x, 3, 1, 1) if self.largest else self.mean(x)
        parts = [self.branch3x3_2a(once), self.branch3x3_2b(once)]
        parts += [self.branch3x3dbl_3a(twice), self.branch3x3dbl_3b(twice)]
        return torch.cat([self.branch1x1(x), *parts, self.branch_pool(pooled)], 1)


class InceptionV3(nn.Module):
    """(n, 3, 299, 299) images in [-1, 1] to (n, 2048) features.

    Args:
        fid: with the poolings of the network with which FID was defined.
    """

    def __init__(self, fid: bool) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Conv(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = _Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = _Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = _Conv(64, 80)
        self.Conv2d_4a_3x3 = _Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _A(192, 32, fid), _A(256, 64, fid), _A(288, 64, fid)
        self.Mixed_6a = _B(288)
        self.Mixed_6b, self.Mixed_6c = _C(768, 128, fid), _C(768, 160, fid)
        self.Mixed_6d, self.Mixed_6e = _C(768, 160, fid), _C(768, 192, fid)
        self.Mixed_7a = _D(768)
        self.Mixed_7b, self.Mixed_7c = _E(1280, fid), _E(2048, fid, largest=fid)

    def forward(self, x: Tensor) -> Tensor:
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(functional.max_pool2d(x, 3, 2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(functional.max_pool2d(x, 3, 2))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        return torch.as_tensor(self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x))).mean(dim=(2, 3)))


def load_inception(path: Path) -> NetworkExtractor:
    """With the weights of a state dict: pytorch-fid's (``inception-fid``) or torchvision's (``inception-imagenet``).

    Raises:
        UsageError: the file cannot be read, or is of another network.
    """
    state, sha256 = read_state(path)
    classes = len(state["fc.bias"]) if "fc.bias" in state and state["fc.bias"].dim() else 0
    if classes not in KINDS:
        wanted = "pytorch-fid's (fc.bias of 1008) or torchvision's (1000) Inception v3"
        raise UsageError(f"{path}: holds no weights of an Inception that we know; needed: the state dict of {wanted}")
    network = InceptionV3(fid=KINDS[classes] == "inception-fid")
    fill(network, state, path, unused=("fc.", "AuxLogits."))
    return NetworkExtractor(KINDS[classes], network, sha256, SIZE, scale=2, offset=-1)
