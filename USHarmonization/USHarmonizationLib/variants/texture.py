"""``texture``, the project's own variant: one-sided, trained on what texture features of the target's lesions are.

CycleGAN pays with two more networks for a cycle that says little about faithfulness, and its transposed convolutions
and instance norm leave marks that texture features see. Here one small generator (``networks.texture_generator``) gets

- a tone curve that maps the pooled grey levels of the source to those of the target, fitted before the first step;
- least-squares adversarial losses of two critics (full and half resolution) that see the image, its amplified wavelet
  detail bands and the region, so that speckle inside lesions is compared with speckle inside lesions;
- a statistics loss: over many lesions, ``texture_statistics.region_statistics`` should be distributed as the target's,
  each statistic by itself and in random combinations (sliced Wasserstein distance, Bonneel et al., JMIV 2015). The
  combinations are drawn among uncorrelated ones (whitened on the target): a classifier tells scanners by those that
  vary little, which combinations of the statistics as they are would hardly see;
- an order loss: of two lesions the rougher stays the rougher. Each statistic should correlate over lesions before and
  after, so that what differs between patients is not levelled with what differs between scanners;
- two content losses against the toned source: local correlation of the low-pass images (structure stays where it is)
  and their L1 difference (lesions keep their contrast).

All settings are ours.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ..losses import REAL_LABEL, discriminator_loss, generator_loss, hidden, weighted_mean
from ..networks import build_generator
from ..networks.band_critic import BandCritic
from ..networks.texture_generator import ToneCurve
from ..texture_statistics import region_statistics
from ..training.settings import Settings, setting
from .base import Batch, TrainedNetwork, Variant

# A region of fewer pixels in a crop has no texture to speak of.
LEAST_PIXELS = 200

# Half a grey level of the 8-bit scale: real images are whole numbers, generated ones are not; noise hides that.
HALF_LEVEL = 1 / 255


@dataclass(frozen=True)
class TextureVariantSettings(Settings):
    """Settings of ``texture``; all of them are ours."""

    width: int = setting(16, "channels of the generator at full resolution", low=1, high=512)
    body_width: int = setting(40, "channels of the generator at half resolution", low=1, high=512)
    blocks: int = setting(4, "residual blocks of the generator at half resolution", low=1, high=6)
    critic_width: int = setting(32, "channels after the critics' first convolution", low=1, high=512)
    generator_rate: float = setting(6e-4, "learning rate of the generator", low=0, high=1)
    critic_rate: float = setting(8e-4, "learning rate of the critics", low=0, high=1)
    beta1: float = setting(0.5, "Adam's decay of the mean", low=0, high=0.999999)
    beta2: float = setting(0.99, "Adam's decay of the variance", low=0, high=0.999999)
    real_label: float = setting(REAL_LABEL, "what real images should score: label smoothing", low=0, high=1)
    adversarial_weight: float = setting(1.0, "of each critic's adversarial term", low=0)
    statistics_weight: float = setting(1.0, "of the texture statistics' distance", low=0)
    order_weight: float = setting(0.05, "of each statistic's lost correlation over lesions, before and after", low=0)
    correlation_weight: float = setting(10.0, "of the lost local correlation of low-pass images", low=0)
    brightness_weight: float = setting(2.0, "of the change of the low-pass image against the toned source", low=0)
    directions: int = setting(128, "random combinations of statistics that are compared in a step", low=0)
    ridge: float = setting(
        0.05, "variance added before combinations are made uncorrelated, in target variances", low=1e-6
    )
    memory: int = setting(32, "steps whose statistics count as one population with the newest", low=1, high=1000)
    largest_gradient: float = setting(20.0, "norm that the generator's gradient is cut to", low=1e-6)
    warm_up: float = setting(0.02, "share of the steps in which the learning rates rise from 0", low=0, high=1)
    average: float = setting(0.995, "decay of the weights' moving average, which is what ships", low=0, high=0.999999)
    calibration: int = setting(100, "batches that tone curve and target statistics are measured on", low=2)


class Texture(Variant):
    """``generator`` (source to target), its moving ``average``, critics ``fine`` and ``coarse``."""

    settings_class = TextureVariantSettings
    least_crop = 48  # one window of the content losses
    settings: TextureVariantSettings

    def __init__(self, settings: TextureVariantSettings) -> None:
        super().__init__(settings)
        self._network_settings = {
            "name": "texture",
            "width": settings.width,
            "body_width": settings.body_width,
            "blocks": settings.blocks,
        }
        generator = build_generator(self._network_settings)
        average = copy.deepcopy(generator).requires_grad_(False).eval()
        critics = {name: BandCritic(settings.critic_width) for name in ("fine", "coarse")}
        self.networks = {"generator": generator, "average": average, **critics}
        betas = (settings.beta1, settings.beta2)
        critic_weights = [weight for critic in critics.values() for weight in critic.parameters()]
        trained = [weight for weight in generator.parameters() if weight.requires_grad]
        self.optimizers = {
            "generator": torch.optim.Adam(trained, lr=settings.generator_rate, betas=betas),
            "critics": torch.optim.Adam(critic_weights, lr=settings.critic_rate, betas=betas),
        }
        self._centre, self._scale = torch.zeros(0), torch.zeros(0)
        self._target = torch.zeros(0)  # (regions, statistics), standardized
        self._whitening = torch.zeros(0)  # (statistics, statistics)
        self._memory: list[Tensor] = []  # (regions, statistics after and before), newest first

    def calibrate(self, batches: Iterable[Batch]) -> None:
        """Fit the tone curve and measure the target's statistics on the first ``calibration`` batches."""
        greys: dict[str, list[Tensor]] = {"source": [], "target": []}
        statistics = []
        for _, batch in zip(range(self.settings.calibration), batches, strict=False):
            greys["source"].append(batch.source[batch.source_valid])
            greys["target"].append(batch.target[batch.target_valid])
            region = self._region(batch.target_lesion, batch.target_valid)
            enough = region.sum(dim=(1, 2, 3)) >= LEAST_PIXELS
            if enough.any():
                statistics.append(region_statistics(_dithered(batch.target[enough]), region[enough]))
        curve = matching_curve(torch.cat(greys["source"]), torch.cat(greys["target"]), ToneCurve.knots())
        for name in ("generator", "average"):
            self.networks[name].tone.fit(curve.to(batch.source.device))  # type: ignore[operator,union-attr]
        target = torch.cat(statistics)
        self._centre, self._scale = target.mean(dim=0), target.std(dim=0).clamp_min(1e-3)
        self._target = self._standard(target)
        self._whitening = whitening(self._target, self.settings.ridge)

    def step(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """First the generator, against frozen critics, then the critics."""
        settings = self.settings
        source_region = self._region(batch.source_lesion, batch.source_valid)
        target_region = self._region(batch.target_lesion, batch.target_valid)
        losses: dict[str, Tensor] = {}
        with self.frozen("fine", "coarse"):
            fake = self.run["generator"](batch.source).float()
            with torch.no_grad():
                toned = self.networks["generator"].tone(batch.source)  # type: ignore[operator]
            shown = hidden(_dithered(fake), batch.source_valid)
            for name, score in self._scores(shown, source_region).items():
                losses[f"adversarial_{name}"] = settings.adversarial_weight * generator_loss(score, batch.source_valid)
            distance, order = self._statistics_losses(fake, batch.source, source_region, generator)
            losses["statistics"] = settings.statistics_weight * distance
            losses["order"] = settings.order_weight * order
            structure, brightness = content_losses(fake, toned, batch.source_valid)
            losses["correlation"] = settings.correlation_weight * structure
            losses["brightness"] = settings.brightness_weight * brightness
            losses["range"] = 10 * functional.relu(fake.abs() - 1).mean()
            self.optimizers["generator"].zero_grad(set_to_none=True)
            self.backward(torch.stack(list(losses.values())).sum())
            # Regions that a young generator has made flat have statistics with steep gradients.
            torch.nn.utils.clip_grad_norm_(self.networks["generator"].parameters(), settings.largest_gradient)
            self.optimizers["generator"].step()
        real = hidden(_dithered(batch.target), batch.target_valid)
        both = self._scores(torch.cat([real, shown.detach()]), torch.cat([target_region, source_region]))
        for name, scores in both.items():
            losses[f"critic_{name}"] = discriminator_loss(
                scores[: len(real)], scores[len(real) :], batch.target_valid, batch.source_valid, settings.real_label
            )
        self.update("critics", losses["critic_fine"] + losses["critic_coarse"])
        self._follow()
        return {name: loss.detach() for name, loss in losses.items()}

    def learning_rate_factor(self, progress: float, constant_share: float) -> float:
        """As in every variant, after a warm-up in which the critics learn what there is to tell."""
        rising = min(1.0, (progress + 1e-3) / self.settings.warm_up) if self.settings.warm_up else 1.0
        return rising * super().learning_rate_factor(progress, constant_share)

    def trained(self) -> dict[str, TrainedNetwork]:
        return {"generator": TrainedNetwork(self._network_settings, self.networks["average"])}

    def extra_state(self) -> dict[str, Tensor]:
        state = {
            "centre": self._centre,
            "scale": self._scale,
            "target": self._target,
            "whitening": self._whitening,
        }
        return {**state, **{f"memory.{index:04d}": values for index, values in enumerate(self._memory)}}

    def load_extra_state(self, state: Mapping[str, Tensor]) -> None:
        self._centre, self._scale, self._target = state["centre"], state["scale"], state["target"]
        self._whitening = state["whitening"]
        self._memory = [state[name] for name in sorted(state) if name.startswith("memory.")]

    @staticmethod
    def _region(lesion: Tensor, valid: Tensor) -> Tensor:
        """The lesion where a crop has one, else all that is imaged."""
        has_lesion = lesion.flatten(1).any(dim=1)[:, None, None, None]
        return torch.where(has_lesion, lesion & valid, valid)

    def _scores(self, images: Tensor, regions: Tensor) -> dict[str, Tensor]:
        marked = regions.to(images.dtype)
        return {
            "fine": self.run["fine"](images, marked),
            "coarse": self.run["coarse"](functional.avg_pool2d(images, 2), functional.avg_pool2d(marked, 2)),
        }

    def _standard(self, statistics: Tensor) -> Tensor:
        """Standardized on the target; far values count less, but never lose their gradient."""
        return 3 * torch.asinh((statistics - self._centre) / self._scale / 3)

    def _statistics_losses(
        self, fake: Tensor, source: Tensor, region: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Squared sliced Wasserstein distance to the target's regions, and 1 - correlation with the source's.

        Both are of the newest regions and those remembered. Gradients reach only the newest, so that the losses are
        scaled to what they would get if they were all there is. Half of the crops, drawn anew each step, do: this is
        the costliest part of a step.
        """
        enough = torch.nonzero(region.sum(dim=(1, 2, 3)) >= LEAST_PIXELS)[:, 0]
        order = torch.randperm(len(enough), generator=generator, device=enough.device)
        chosen = enough[order[: max(2, len(fake) // 2)]]
        if len(chosen) < 2:
            return fake.new_zeros(()), fake.new_zeros(())
        after = self._standard(region_statistics(fake[chosen].clamp(-1.05, 1.05), region[chosen]))
        with torch.no_grad():
            before = self._standard(region_statistics(source[chosen], region[chosen]))
        newest = torch.cat([after, before], dim=1)
        population, origin = torch.cat([newest, *self._memory]).tensor_split(2, dim=1)
        self._memory = [newest.detach(), *self._memory][: self.settings.memory]

        count = population.shape[1]
        mixed = torch.randn(count, self.settings.directions, generator=generator, device=population.device)
        mixed = self._whitening @ functional.normalize(mixed, dim=0)
        slices = torch.cat([torch.eye(count, device=population.device), mixed], dim=1)
        ordered = (population @ slices).sort(dim=0).values
        share = (torch.arange(len(ordered), device=ordered.device) + 0.5) / len(ordered)
        wanted = (self._target @ slices).sort(dim=0).values
        wanted = wanted[(share * len(wanted)).long()]
        distance = ((ordered - wanted) ** 2).mean()
        return distance * len(self._memory), (1 - correlation(population, origin)).mean() * len(self._memory)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the generator."""
        pairs = zip(self.networks["average"].parameters(), self.networks["generator"].parameters(), strict=True)
        for average, weight in pairs:
            average.lerp_(weight, 1 - self.settings.average)


def matching_curve(source: Tensor, target: Tensor, knots: Tensor) -> Tensor:
    """Values at ``knots`` of the monotone curve that gives grey levels ``source`` the distribution of ``target``.

    The value at a knot is the quantile of the target at the share of source levels below the knot, ties counted half.
    """
    below = torch.searchsorted(source.sort().values, knots.to(source), right=False)
    up_to = torch.searchsorted(source.sort().values, knots.to(source), right=True)
    share = (below + up_to).double() / (2 * len(source))
    ordered = target.sort().values
    index = (share * (len(ordered) - 1)).round().long()
    return ordered[index].to(torch.float32)


def whitening(values: Tensor, ridge: float) -> Tensor:
    """(columns, columns) W: ``values @ W`` has uncorrelated columns, of variance v / (v + ridge) for v before.

    Args:
        values: (rows, columns).
        ridge: keeps directions that hardly vary from counting as much as those that do.
    """
    variances, directions = torch.linalg.eigh(torch.cov(values.T))
    made: Tensor = directions / (variances.clamp_min(0) + ridge).sqrt()
    return made


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """(rows, columns) twice -> (columns,) Pearson correlation of each column; 0 where one does not vary."""
    first, second = first - first.mean(dim=0), second - second.mean(dim=0)
    scale = ((first**2).mean(dim=0) * (second**2).mean(dim=0) + 1e-8).sqrt()
    return (first * second).mean(dim=0) / scale


def content_losses(fake: Tensor, toned: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """1 - local correlation of the low-pass images, and their mean absolute difference; both over valid pixels.

    Low-pass is the mean of 9x9 pixels, taken every 4; correlation is over windows of 12x12 of these (48 pixels), with a
    floor of the variances below which there is no structure that could be kept.
    """

    def low_pass(values: Tensor) -> Tensor:
        return functional.avg_pool2d(functional.pad(values, (4, 4, 4, 4), mode="reflect"), 9, stride=4)

    def window(values: Tensor) -> Tensor:
        return functional.avg_pool2d(values, 12, stride=4)

    weight = low_pass(valid.to(fake.dtype))
    fake_low, toned_low = low_pass(torch.where(valid, fake, toned)), low_pass(toned)
    fake_mean, toned_mean = window(fake_low), window(toned_low)
    covariance = window(fake_low * toned_low) - fake_mean * toned_mean
    variances = [
        (window(low**2) - mean**2).clamp_min(0) + 2e-3 for low, mean in ((fake_low, fake_mean), (toned_low, toned_mean))
    ]
    kept = covariance / (variances[0] * variances[1]).sqrt()
    return weighted_mean(1 - kept, window(weight)), weighted_mean((fake_low - toned_low).abs(), weight)


def _dithered(images: Tensor) -> Tensor:
    return images + (torch.rand_like(images) - 0.5) * 2 * HALF_LEVEL
