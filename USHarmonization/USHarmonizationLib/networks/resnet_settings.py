"""Settings of the residual generator, shared by its torch module and its OpenVINO graph."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError

UPSAMPLING = ("transpose", "nearest", "bilinear")


@dataclass(frozen=True)
class ResnetSettings:
    """Settings of ``generator.Generator``; the defaults are those of CycleGAN, for one channel.

    Attributes:
        channels: of the image in; 1 is brightness.
        channels_out: of the image out; 0: as many as in.
        width: channels after the first convolution.
        blocks: residual blocks.
        sn: spectral norm on every convolution that an instance norm follows.
        se: channel attention after the second and every later convolution module.
        upsampling: ``transpose`` (the reference), or ``nearest`` / ``bilinear`` resize followed by a convolution.
        negative_slope: of the encoder's activations; 0 is ReLU.

    Raises:
        UsageError: a setting is out of range.
    """

    channels: int = 1
    channels_out: int = 0
    width: int = 64
    blocks: int = 9
    sn: bool = False
    se: bool = False
    upsampling: str = "transpose"
    negative_slope: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("channels", 1), ("channels_out", 0), ("width", 1), ("blocks", 1)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise UsageError(f"generator setting {name} is {value!r}; needed: a whole number from {least}")
        for name in ("sn", "se"):
            if type(getattr(self, name)) is not bool:
                raise UsageError(f"generator setting {name} is {getattr(self, name)!r}; needed: true or false")
        if self.upsampling not in UPSAMPLING:
            raise UsageError(f"upsampling {self.upsampling!r}; known: {', '.join(UPSAMPLING)}")
        if not isinstance(self.negative_slope, (int, float)) or not 0 <= self.negative_slope <= 1:
            raise UsageError(
                f"generator setting negative_slope is {self.negative_slope!r}; needed: a number from 0 to 1"
            )
