"""Steps a second of our CycleGAN training against a plain fp32 loop, in one run, interleaved.

The plain loop does in eager fp32 what one ``optimize_parameters`` of the reference CycleGAN implementation does: both
translations and both cycles, identity at half the cycle weight, generators against frozen discriminators, then the
discriminators with pools of 50; nine-block generators and 70x70 discriminators of width 64, batch 1, 256-pixel crops.
Ours is ``variants.cyclegan`` as the trainer runs it: same networks, same crop, same threads.

    python Testing/benchmarks/training_speed.py [--rounds 3] [--width 64] [--crop 256] [--device cpu]
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from USHarmonizationLib.networks import build_generator
from USHarmonizationLib.networks.discriminator import Discriminator
from USHarmonizationLib.training.devices import attach, make_fabric, parse_device, uses_bf16, uses_compile
from USHarmonizationLib.training.settings import TrainingSettings
from USHarmonizationLib.variants import variant
from USHarmonizationLib.variants.base import Batch


class PlainLoop:
    """One optimisation step as the reference implementation does it: each network call on its own, eager, fp32."""

    def __init__(self, width: int, blocks: int, device: str) -> None:
        settings = {"name": "resnet", "width": width, "blocks": blocks}
        self.to_target, self.to_source = (build_generator(settings).to(device) for _ in range(2))
        self.judge_target, self.judge_source = (Discriminator(width=width).to(device) for _ in range(2))
        generators = itertools.chain(self.to_target.parameters(), self.to_source.parameters())
        judges = itertools.chain(self.judge_target.parameters(), self.judge_source.parameters())
        self.generator_optimizer = torch.optim.Adam(generators, lr=2e-4, betas=(0.5, 0.999))
        self.judge_optimizer = torch.optim.Adam(judges, lr=2e-4, betas=(0.5, 0.999))
        self.pools: dict[str, list[Tensor]] = {"target": [], "source": []}

    def step(self, source: Tensor, target: Tensor) -> None:
        fake_target = self.to_target(source)
        cycled_source = self.to_source(fake_target)
        fake_source = self.to_source(target)
        cycled_target = self.to_target(fake_source)
        self._judges_learn(False)
        self.generator_optimizer.zero_grad()
        same_target, same_source = self.to_target(target), self.to_source(source)
        scores_target, scores_source = self.judge_target(fake_target), self.judge_source(fake_source)
        loss = (
            functional.mse_loss(scores_target, torch.ones_like(scores_target))
            + functional.mse_loss(scores_source, torch.ones_like(scores_source))
            + 10 * (functional.l1_loss(cycled_source, source) + functional.l1_loss(cycled_target, target))
            + 5 * (functional.l1_loss(same_target, target) + functional.l1_loss(same_source, source))
        )
        loss.backward()
        self.generator_optimizer.step()
        self._judges_learn(True)
        self.judge_optimizer.zero_grad()
        self._judge_loss(self.judge_target, target, self._pooled("target", fake_target)).backward()
        self._judge_loss(self.judge_source, source, self._pooled("source", fake_source)).backward()
        self.judge_optimizer.step()
        loss.item()

    def _judges_learn(self, learn: bool) -> None:
        for judge in (self.judge_target, self.judge_source):
            judge.requires_grad_(learn)

    def _judge_loss(self, judge: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
        real_scores, fake_scores = judge(real), judge(fake)
        real_loss = functional.mse_loss(real_scores, torch.ones_like(real_scores))
        return (real_loss + functional.mse_loss(fake_scores, torch.zeros_like(fake_scores))) / 2

    def _pooled(self, domain: str, image: Tensor) -> Tensor:
        pool = self.pools[domain]
        if len(pool) < 50:
            pool.append(image.detach())
            return image.detach()
        if random.random() < 0.5:
            return image.detach()
        index = random.randrange(50)
        pool[index], old = image.detach(), pool[index]
        return old


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2, help="steps of each in a round")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--variant", default="cyclegan")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--compile", default="on", choices=("on", "off"))
    parser.add_argument("--precision", default="auto", choices=("auto", "32", "bf16"))
    arguments = parser.parse_args()

    device = parse_device(arguments.device)
    settings = TrainingSettings(
        crop=arguments.crop, batch=arguments.batch, compile=arguments.compile, precision=arguments.precision
    )
    fabric = make_fabric(settings, device)
    torch.manual_seed(0)
    entry = variant(arguments.variant)
    ours = entry.load()(
        entry.settings({"width": arguments.width, "blocks": arguments.blocks, "discriminator_width": arguments.width})
    )
    attach(ours, fabric, settings, device)
    plain = PlainLoop(arguments.width, arguments.blocks, str(fabric.device))
    shape = (arguments.batch, 1, arguments.crop, arguments.crop)
    source, target = (torch.rand(shape, device=fabric.device) * 2 - 1 for _ in range(2))
    everywhere = torch.ones(shape, dtype=torch.bool, device=fabric.device)
    nowhere = ~everywhere
    batch = Batch(source, target, everywhere, everywhere, nowhere, nowhere)
    generator = torch.Generator(device=fabric.device).manual_seed(0)

    def our_step() -> None:
        torch.stack(list(ours.step(batch, generator).values())).tolist()

    def timed(step: Callable[[], None], times: int) -> tuple[float, float]:
        """Wall and processor seconds of a step; the latter are steadier where other programs run."""
        begun, begun_cpu = time.perf_counter(), time.process_time()
        for _ in range(times):
            step()
        return (time.perf_counter() - begun) / times, (time.process_time() - begun_cpu) / times

    warm_up = [timed(our_step, 1)[0] for _ in range(3)]
    timed(lambda: plain.step(source, target), 1)
    seconds: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    for _ in range(arguments.rounds):
        seconds["plain"].append(timed(lambda: plain.step(source, target), arguments.steps))
        seconds["ours"].append(timed(our_step, arguments.steps))
    ours_wall, plain_wall = (statistics.median(wall for wall, _ in seconds[name]) for name in ("ours", "plain"))
    ours_cpu, plain_cpu = (statistics.median(cpu for _, cpu in seconds[name]) for name in ("ours", "plain"))
    print(
        json.dumps(
            {
                "device": str(fabric.device),
                "threads": torch.get_num_threads(),
                "bf16": uses_bf16(settings, device),
                "compiled": uses_compile(settings, device),
                "variant": arguments.variant,
                "plain_seconds_a_step": round(plain_wall, 4),
                "our_seconds_a_step": round(ours_wall, 4),
                "ratio": round(plain_wall / ours_wall, 2),
                "ratio_of_processor_time": round(plain_cpu / ours_cpu, 2),
                "warm_up_seconds": [round(value, 1) for value in warm_up],
            }
        )
    )


if __name__ == "__main__":
    main()
