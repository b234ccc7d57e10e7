"""The 70x70 PatchGAN discriminator (Isola et al., CVPR 2017, section 6.1.2; Zhu et al., ICCV 2017, section 7.1).

C64-C128-C256-C512 and one score a patch; 4x4 convolutions, LeakyReLU 0.2, instance norm but in the first layer. Without
spectral norm its parameters have the names, order and shapes of the reference implementation (``model.0.weight`` ...).
"""

from __future__ import annotations

from torch import Tensor, nn

from ..errors import UsageError
from .blocks import constrain, initialise


class Discriminator(nn.Module):
    """(n, channels, rows, columns) in [-1, 1] -> (n, 1, patch rows, patch columns), unbounded scores.

    Args:
        channels: of the image.
        width: channels after the first convolution.
        layers: strided convolutions; 3 gives patches of 70x70 pixels, 2 of 34x34, 1 of 16x16.
        sn: spectral norm on every convolution. The paper names the Conv-InstanceNorm-LeakyReLU modules; we include the
            first and the last convolution, which have no instance norm, because only with them is the whole network
            Lipschitz bounded (Miyato et al., ICLR 2018).

    Raises:
        UsageError: a setting is out of range.
    """

    def __init__(self, channels: int = 1, width: int = 64, layers: int = 3, sn: bool = False) -> None:
        super().__init__()
        for name, value in {"channels": channels, "width": width, "layers": layers}.items():
            if not isinstance(value, int) or value < 1:
                raise UsageError(f"discriminator setting {name} is {value!r}; needed: a whole number from 1")
        modules: list[nn.Module] = [
            nn.Conv2d(channels, width, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        before = width
        for layer in range(1, layers + 1):
            features = width * min(2**layer, 8)
            stride = 2 if layer < layers else 1
            modules += [
                nn.Conv2d(before, features, kernel_size=4, stride=stride, padding=1),
                nn.InstanceNorm2d(features),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            before = features
        modules.append(nn.Conv2d(before, 1, kernel_size=4, padding=1))
        self.model = nn.Sequential(*modules)
        initialise(self)
        if sn:
            for module in self.model:
                if isinstance(module, nn.Conv2d):
                    constrain(module)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.model(x)
        return scores
