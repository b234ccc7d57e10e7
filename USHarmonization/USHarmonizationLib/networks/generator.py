"""The residual generator of CycleGAN, with the paper's spectral norm and channel attention as switches.

Zhu et al., ICCV 2017, section 7.1: c7s1-64, d128, d256, R256 x 9, u128, u64, c7s1-1; reflection padding, instance norm.
Without switches its parameters have the names, order and shapes of the reference implementation
(``models/networks.py`` of junyanz/pytorch-CycleGAN-and-pix2pix): ``model.1.weight`` ... ``model.26.bias``. The switches
never move a convolution: attention sits beside the activation it follows, so that names stay the same in all variants.

Where the paper is silent, this is how we read it:

* SN: "CIL and CTIR modules" are the convolutions that an instance norm follows: the three of the encoder, those of the
  residual blocks and the two transposed ones. The last convolution, which has none, is left free.
* LeakyReLU: the reference generator has ReLU throughout. Leaky activations in the encoder are the setting
  ``negative_slope`` (0 is ReLU), so that SN and SE each change one thing.
* SE: "the second and every later convolution module" are d128, d256, the Conv-InstanceNorm-ReLU of each residual block,
  u128 and u64. Not the second convolution of a residual block: instance norm without activation makes the mean of every
  channel exactly zero, so that a gate could see nothing there. Not the output.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from .blocks import ChannelAttention, ResizeConvolution, constrain, initialise
from .resnet_settings import ResnetSettings


class Generator(nn.Module):
    """(n, channels, rows, columns) in [-1, 1] -> (n, channels_out, rows, columns) in [-1, 1].

    Rows and columns are to be multiples of 4, and at least 16.

    Args:
        settings: those of ``ResnetSettings``.

    Raises:
        UsageError: a setting is out of range.
        TypeError: a setting is unknown.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings = ResnetSettings(**settings)
        channels, width, blocks = self.settings.channels, self.settings.width, self.settings.blocks
        se, upsampling, negative_slope = self.settings.se, self.settings.upsampling, self.settings.negative_slope

        def activation(features: int, attention: bool = True, slope: float = 0.0) -> nn.Module:
            plain = nn.LeakyReLU(slope, inplace=True) if slope else nn.ReLU(inplace=True)
            return nn.Sequential(plain, ChannelAttention(features)) if se and attention else plain

        layers: list[nn.Module] = [
            nn.ReflectionPad2d(3),
            nn.Conv2d(channels, width, kernel_size=7),
            nn.InstanceNorm2d(width),
            activation(width, attention=False, slope=negative_slope),
        ]
        for features in (width, 2 * width):
            layers += [
                nn.Conv2d(features, 2 * features, kernel_size=3, stride=2, padding=1),
                nn.InstanceNorm2d(2 * features),
                activation(2 * features, slope=negative_slope),
            ]
        layers += [ResidualBlock(4 * width, activation(4 * width)) for _ in range(blocks)]
        for features in (4 * width, 2 * width):
            layers += [
                nn.ConvTranspose2d(features, features // 2, kernel_size=3, stride=2, padding=1, output_padding=1)
                if upsampling == "transpose"
                else ResizeConvolution(features, features // 2, upsampling),
                nn.InstanceNorm2d(features // 2),
                activation(features // 2),
            ]
        output = nn.Conv2d(width, self.settings.channels_out or channels, kernel_size=7)
        layers += [nn.ReflectionPad2d(3), output, nn.Tanh()]
        self.model = nn.Sequential(*layers)
        initialise(self)
        if self.settings.sn:
            for module in list(self.modules()):
                if is_normalised_convolution(module) and module is not output:
                    constrain(module)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.model(x)
        return y


class ResidualBlock(nn.Module):
    """x + InstanceNorm(Conv(activation(InstanceNorm(Conv(x))))), 3x3, reflection padding: R of Zhu et al."""

    def __init__(self, features: int, activation: nn.Module) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(features, features, kernel_size=3),
            nn.InstanceNorm2d(features),
            activation,
            nn.ReflectionPad2d(1),
            nn.Conv2d(features, features, kernel_size=3),
            nn.InstanceNorm2d(features),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.conv_block(x)
        return y


def is_normalised_convolution(module: nn.Module) -> bool:
    """Whether this is an image convolution (the 1x1 ones of the attention gate are fully connected layers)."""
    return isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and module.kernel_size != (1, 1)
