"""A small residual generator for tone and speckle: a tone curve, then changes of texture, fed with noise.

It keeps the resolution at both ends (a strided transposed convolution draws a fine grid that texture features see), has
no instance norm (a crop and its frame must give the same result), and gets noise, without which a network cannot give
back speckle that the source scanner has clipped away. Ours; the paper's generator is ``generator.Generator``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .texture_settings import KNOTS, NOISE_SIDE, TextureSettings, noise_field

SLOPE = 0.2


class ToneCurve(nn.Module):
    """A piecewise linear curve as two 1x1 convolutions: sum over knots k of c_k relu(x - k), plus an offset.

    It begins as the identity; ``fit`` sets it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rise = nn.Conv2d(1, KNOTS - 1, kernel_size=1)
        self.sum = nn.Conv2d(KNOTS - 1, 1, kernel_size=1)
        self.requires_grad_(False)
        self.fit(self.knots())

    @staticmethod
    def knots() -> Tensor:
        """(``KNOTS``,) from -1 to 1."""
        return torch.linspace(-1.0, 1.0, KNOTS)

    def fit(self, values: Tensor) -> None:
        """Make the curve go through ``values`` (``KNOTS``,) at the knots."""
        slopes = values.diff() * (KNOTS - 1) / 2
        self.rise.weight.fill_(1.0)
        self.rise.bias.copy_(-self.knots()[:-1])  # type: ignore[union-attr]
        self.sum.weight.copy_(torch.cat([slopes[:1], slopes.diff()]).reshape(1, -1, 1, 1))
        self.sum.bias.copy_(values[:1])  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        curved: Tensor = self.sum(functional.relu(self.rise(x)))
        return curved


class _Convolution(nn.Conv2d):
    """Same size out as in, or half of it; the border is mirrored."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, dilation: int = 1) -> None:
        padding = dilation * (kernel - 1) // 2
        super().__init__(channels_in, channels_out, kernel, stride, padding, dilation=dilation, padding_mode="reflect")


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.first = _Convolution(channels, channels, 3, dilation=dilation)
        self.second = _Convolution(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(x + self.second(functional.leaky_relu(self.first(x), SLOPE)), SLOPE)


class Generator(nn.Module):
    """(n, 1, rows, columns) in [-1, 1] -> the same; rows and columns even and at least 32.

    In training mode each call draws new noise from torch's global random state; in evaluation mode the noise is one
    fixed field, so that the same image gives the same result.

    Args:
        settings: those of ``TextureSettings``.
    """

    noise: Tensor

    def __init__(self, **settings: int) -> None:
        super().__init__()
        made = TextureSettings(**settings)
        width, body = made.width, made.body_width
        self.tone = ToneCurve()
        self.stem = _Convolution(2, width, 5)
        self.fine = _Convolution(width, width, 3)
        self.down = _Convolution(width, body, 4, stride=2)
        self.body = nn.ModuleList(_Residual(body, dilation) for dilation in made.dilations)
        self.up = _Convolution(body, width, 3)
        self.merge = _Convolution(2 * width, width, 3)
        self.finish = _Convolution(width, width, 3)
        self.out = _Convolution(width, 1, 3)
        nn.init.normal_(self.out.weight, 0.0, 0.01)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]
        self.register_buffer("noise", torch.from_numpy(noise_field()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        toned = self.tone(x)
        noise = torch.randn_like(toned) if self.training else self._field(toned)
        fine = functional.leaky_relu(self.stem(torch.cat([toned, noise], dim=1)), SLOPE)
        fine = functional.leaky_relu(self.fine(fine), SLOPE)
        coarse = functional.leaky_relu(self.down(fine), SLOPE)
        for block in self.body:
            coarse = block(coarse)
        coarse = functional.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        coarse = functional.leaky_relu(self.up(coarse), SLOPE)
        merged = functional.leaky_relu(self.merge(torch.cat([fine, coarse], dim=1)), SLOPE)
        changed: Tensor = toned + self.out(functional.leaky_relu(self.finish(merged), SLOPE))
        return changed

    def _field(self, x: Tensor) -> Tensor:
        # Indexed rather than repeated and cut: the ONNX exporter gets sizes that are rounded up wrong.
        rows, columns = (torch.arange(size, device=x.device) % NOISE_SIDE for size in x.shape[-2:])
        return self.noise.to(x.dtype)[:, :, rows][..., columns].expand(len(x), -1, -1, -1)
