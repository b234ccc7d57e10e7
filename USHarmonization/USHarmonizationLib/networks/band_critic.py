"""A patch critic that sees what texture features see: the image, its wavelet detail bands, and the region."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..texture_statistics import wavelet_bands
from .blocks import constrain

# Detail bands are this much amplified, to about the image's own spread.
GAIN = 6.0


class BandCritic(nn.Module):
    """(n, 1, rows, columns) in [-1, 1] and the region's mask (the same shape, 0 to 1) -> (n, 1, rows / 4, columns / 4).

    Strided convolutions with spectral norm on every one, LeakyReLU 0.2, no instance norm (contrast is style); a score
    sees 30 pixels.

    Args:
        width: channels after the first convolution.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(5, width, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, kernel_size=3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * width, 1, kernel_size=3, padding=1),
        )
        for module in self.model:
            if isinstance(module, nn.Conv2d):
                constrain(module)

    def forward(self, images: Tensor, regions: Tensor) -> Tensor:
        details = wavelet_bands(images)[:, :3] * GAIN
        scores: Tensor = self.model(torch.cat([images, details, regions], dim=1))
        return scores
