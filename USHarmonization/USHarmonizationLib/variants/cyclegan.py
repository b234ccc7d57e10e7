"""CycleGAN and the paper's three improvements as independent switches: SN, SE, Mix.

Zhao et al., "Radiomics Harmonization in Ultrasound Images ... Using Cycle-GAN" (Technol Cancer Res Treat 2024), on top
of Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks" (ICCV 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..losses import MIX_ALPHA, REAL_LABEL, discriminator_loss, generator_loss, hidden, l1_loss, mix_loss
from ..networks import build_generator
from ..networks.discriminator import Discriminator
from ..training.pool import ImagePool
from ..training.settings import Settings, setting
from .base import Batch, TrainedNetwork, Variant


@dataclass(frozen=True)
class CycleGANSettings(Settings):
    """The paper's values are the defaults; "(ours)" marks those on which it is silent."""

    sn: bool = setting(False, "spectral norm on the convolutions of generators and discriminators")
    se: bool = setting(False, "channel attention after the second and every later convolution module of the generators")
    mix: bool = setting(False, "cycle loss alpha (1 - MS-SSIM) + (1 - alpha) L1 in place of L1")
    width: int = setting(64, "channels after the generators' first convolution (reference implementation)", low=1)
    blocks: int = setting(9, "residual blocks of the generators", low=1)
    upsampling: str = setting(
        "transpose", "transpose (reference) or resize convolution (ours)", choices=("transpose", "nearest", "bilinear")
    )
    negative_slope: float = setting(0.0, "of the encoder's activations; 0: ReLU (reference)", low=0, high=1)
    discriminator_width: int = setting(64, "channels after the discriminators' first convolution (reference)", low=1)
    discriminator_layers: int = setting(3, "strided convolutions of the discriminators; 3: 70x70 patches", low=1)
    generator_rate: float = setting(1e-3, "learning rate of the generators", low=0, high=1)
    discriminator_rate: float = setting(4e-3, "learning rate of the discriminators (two time scales)", low=0, high=1)
    beta1: float = setting(0.5, "Adam's decay of the mean (reference implementation)", low=0, high=0.999999)
    beta2: float = setting(0.999, "Adam's decay of the variance (reference implementation)", low=0, high=0.999999)
    real_label: float = setting(REAL_LABEL, "what real images should score: label smoothing", low=0, high=1)
    pool: int = setting(50, "generated images remembered for each discriminator (reference implementation)", low=0)
    adversarial_weight: float = setting(1.0, "of the two adversarial terms (ours, as the reference)", low=0)
    cycle_source_weight: float = setting(10.0, "of the cycle source-target-source (ours, as the reference)", low=0)
    cycle_target_weight: float = setting(10.0, "of the cycle target-source-target (ours, as the reference)", low=0)
    identity_source_weight: float = setting(5.0, "of source image in, same image out (ours, as the reference)", low=0)
    identity_target_weight: float = setting(5.0, "of target image in, same image out (ours, as the reference)", low=0)
    alpha: float = setting(MIX_ALPHA, "share of 1 - MS-SSIM in the hybrid cycle loss", low=0, high=1)


class CycleGAN(Variant):
    """Generators ``generator`` (source to target) and ``reverse``, discriminators of the two domains."""

    settings_class = CycleGANSettings
    settings: CycleGANSettings

    def __init__(self, settings: CycleGANSettings) -> None:
        super().__init__(settings)
        self._network_settings = {
            "name": "resnet",
            "width": settings.width,
            "blocks": settings.blocks,
            "sn": settings.sn,
            "se": settings.se,
            "upsampling": settings.upsampling,
            "negative_slope": settings.negative_slope,
        }
        generators = {name: build_generator(self._network_settings) for name in ("generator", "reverse")}
        discriminators = {
            f"{domain}_discriminator": Discriminator(
                width=settings.discriminator_width, layers=settings.discriminator_layers, sn=settings.sn
            )
            for domain in ("source", "target")
        }
        self.networks = {**generators, **discriminators}
        betas = (settings.beta1, settings.beta2)
        self.optimizers = {
            name: torch.optim.Adam(
                [parameter for network in networks.values() for parameter in network.parameters()], lr=rate, betas=betas
            )
            for name, networks, rate in (
                ("generators", generators, settings.generator_rate),
                ("discriminators", discriminators, settings.discriminator_rate),
            )
        }
        self.pools = {domain: ImagePool(settings.pool) for domain in ("source", "target")}

    def step(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """First the generators, against frozen discriminators, then the discriminators."""
        settings = self.settings
        source, target = batch.source, batch.target
        cycle_loss = (lambda a, b, valid: mix_loss(a, b, valid, settings.alpha)) if settings.mix else l1_loss
        losses: dict[str, Tensor] = {}

        with self.frozen("source_discriminator", "target_discriminator"):
            # One call for two images each: every sample has its own instance norm, so that only the speed differs.
            identity = settings.identity_source_weight > 0 or settings.identity_target_weight > 0
            forward = self.run["generator"](torch.cat([source, target]) if identity else source)
            backward = self.run["reverse"](torch.cat([target, source]) if identity else target)
            fake_target, fake_source = forward[: len(source)], backward[: len(target)]
            fakes = {
                "target": hidden(fake_target, batch.source_valid),
                "source": hidden(fake_source, batch.target_valid),
            }
            losses["adversarial_target"] = settings.adversarial_weight * generator_loss(
                self.run["target_discriminator"](fakes["target"]), batch.source_valid
            )
            losses["adversarial_source"] = settings.adversarial_weight * generator_loss(
                self.run["source_discriminator"](fakes["source"]), batch.target_valid
            )
            losses["cycle_source"] = settings.cycle_source_weight * cycle_loss(
                self.run["reverse"](fake_target), source, batch.source_valid
            )
            losses["cycle_target"] = settings.cycle_target_weight * cycle_loss(
                self.run["generator"](fake_source), target, batch.target_valid
            )
            if identity:
                same_target, same_source = forward[len(source) :], backward[len(target) :]
                losses["identity_source"] = settings.identity_source_weight * l1_loss(
                    same_source, source, batch.source_valid
                )
                losses["identity_target"] = settings.identity_target_weight * l1_loss(
                    same_target, target, batch.target_valid
                )
            self.update("generators", torch.stack(list(losses.values())).sum())

        for domain, real, real_valid, fake_valid in (
            ("target", target, batch.target_valid, batch.source_valid),
            ("source", source, batch.source_valid, batch.target_valid),
        ):
            # The pool keeps an image together with its mask.
            kept = self.pools[domain].query(torch.cat([fakes[domain], fake_valid.to(real.dtype)], dim=1), generator)
            scores = self.run[f"{domain}_discriminator"](torch.cat([hidden(real, real_valid), kept[:, :1]]))
            losses[f"discriminator_{domain}"] = discriminator_loss(
                scores[: len(real)], scores[len(real) :], real_valid, kept[:, 1:], settings.real_label
            )
        self.update("discriminators", losses["discriminator_target"] + losses["discriminator_source"])
        return {name: loss.detach() for name, loss in losses.items()}

    def trained(self) -> dict[str, TrainedNetwork]:
        return {name: TrainedNetwork(self._network_settings, self.networks[name]) for name in ("generator", "reverse")}
