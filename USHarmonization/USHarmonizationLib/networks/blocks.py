"""Pieces that the generators and the discriminator are made of."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm


class ChannelAttention(nn.Module):
    """Squeeze and excitation (Hu et al., CVPR 2018, section 3): each channel is scaled by a gate in (0, 1).

    Global average pool, then two 1x1 convolutions (the two fully connected layers) with ReLU between and a sigmoid at
    the end. (n, channels, rows, columns) -> the same shape. The paper names no reduction ratio; 16 (that of Hu et al.)
    is ours, with at least four hidden units so that narrow networks keep a gate that can learn.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(channels // reduction, 4)
        self.gate = nn.Sequential(
            nn.Conv2d(channels, hidden, kernel_size=1),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, kernel_size=1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        gated: Tensor = x * self.gate(x.mean(dim=(2, 3), keepdim=True))
        return gated


class ResizeConvolution(nn.Sequential):
    """Twice the size by repeating pixels, then a 3x3 convolution: no grid of lines, unlike a strided transposed one.

    Odena et al., "Deconvolution and Checkerboard Artifacts", Distill 2016.
    """

    def __init__(self, channels_in: int, channels_out: int, mode: str) -> None:
        super().__init__(
            nn.Upsample(scale_factor=2, mode=mode, **({} if mode == "nearest" else {"align_corners": False})),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels_in, channels_out, kernel_size=3),
        )


def initialise(network: nn.Module, deviation: float = 0.02) -> None:
    """Draw each convolution's weight from N(0, ``deviation``), set its bias to zero (Zhu et al., ICCV 2017, 7.1)."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, deviation)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def constrain(convolution: nn.Module) -> None:
    """Put spectral norm (Miyato et al., ICLR 2018) on a convolution's weight: one power iteration a training step."""
    spectral_norm(convolution)


def plain_state(network: nn.Module) -> dict[str, Tensor]:
    """The network's state with each constrained weight as the plain weight that it stands for in evaluation mode.

    It fits the same network built without spectral norm, which then gives the same output. (Parametrizations are not
    removed from a copy: torch keeps them on a class that the copy shares with the network in training.)
    """
    state = {}
    training = network.training
    network.eval()  # in training mode, reading a constrained weight would advance its power iteration
    with torch.no_grad():
        for prefix, module in network.named_modules():
            if prefix.split(".")[-1] == "parametrizations" or ".parametrizations." in prefix:
                continue
            own = {**dict(module.named_parameters(recurse=False)), **dict(module.named_buffers(recurse=False))}
            own = {name: value for name, value in own.items() if name not in module._non_persistent_buffers_set}
            if parametrize.is_parametrized(module, "weight"):
                own = {"weight": module.weight, **own}
            state.update(
                {f"{prefix}.{name}" if prefix else name: value.detach().clone() for name, value in own.items()}
            )
    network.train(training)
    return state


def plain_weights(network: nn.Module) -> dict[str, NDArray[np.float32]]:
    """``plain_state`` as float32 arrays: what ``bundle.write_bundle`` stores."""
    return {name: value.float().cpu().contiguous().numpy() for name, value in plain_state(network).items()}
