"""The paper's variants: their six terms by hand, their switches, and that what is not valid says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from USHarmonizationLib.networks.blocks import ChannelAttention
from USHarmonizationLib.variants import variant
from USHarmonizationLib.variants.base import Batch
from USHarmonizationLib.variants.cyclegan import CycleGAN

SMALL = {"width": 4, "blocks": 1, "discriminator_width": 4, "discriminator_layers": 1}


def built(name: str = "cyclegan", **values: object) -> CycleGAN:
    torch.manual_seed(0)
    made = variant(name).load()(variant(name).settings({**SMALL, **values}))
    assert isinstance(made, CycleGAN)
    made.run = dict(made.networks)
    return made


def batch(seed: int = 1, size: int = 32) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    source, target = (torch.rand((2, 1, size, size), generator=generator) * 2 - 1 for _ in range(2))
    valid = torch.ones((2, 1, size, size), dtype=torch.bool)
    return Batch(source, target, valid, valid.clone(), ~valid, ~valid)


def chance() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_six_terms_and_the_discriminators_by_hand() -> None:
    model, crops = built(), batch()
    to_target, to_source = model.networks["generator"], model.networks["reverse"]
    judge = model.networks["target_discriminator"]
    with torch.no_grad():
        fake = to_target(crops.source)
        expected = {
            "adversarial_target": ((judge(fake) - 1) ** 2).mean(),
            "cycle_source": 10 * (to_source(fake) - crops.source).abs().mean(),
            "cycle_target": 10 * (to_target(to_source(crops.target)) - crops.target).abs().mean(),
            "identity_target": 5 * (to_target(crops.target) - crops.target).abs().mean(),
            "discriminator_target": ((judge(crops.target) - 0.9) ** 2).mean() / 2 + (judge(fake) ** 2).mean() / 2,
        }
    losses = model.step(crops, chance())
    assert len(losses) == 8
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-4), name


def test_a_step_moves_all_networks_once_each() -> None:
    model = built()
    before = {name: [p.clone() for p in net.parameters()] for name, net in model.networks.items()}
    model.step(batch(), chance())
    for name, network in model.networks.items():
        largest = max((a - b).abs().max().item() for a, b in zip(network.parameters(), before[name], strict=True))
        # Adam's first step is the learning rate.
        rate = 4e-3 if "discriminator" in name else 1e-3
        assert largest == pytest.approx(rate, rel=1e-3), name
        assert all(parameter.requires_grad for parameter in network.parameters())


def test_no_identity_without_weight() -> None:
    losses = built(identity_source_weight=0.0, identity_target_weight=0.0).step(batch(), chance())
    assert not any(name.startswith("identity") for name in losses)


def test_mix_replaces_the_cycle_term_only() -> None:
    plain, mix = built().step(batch(), chance()), built(mix=True).step(batch(), chance())
    same = built(mix=True, alpha=0.0).step(batch(), chance())
    assert mix["cycle_source"] != plain["cycle_source"]
    assert mix["identity_source"] == plain["identity_source"]
    assert same["cycle_source"].item() == pytest.approx(plain["cycle_source"].item(), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "spectral", "attention"),
    [
        ("cyclegan", False, False),
        ("cyclegan-sn", True, False),
        ("cyclegan-sn-se", True, True),
        ("cyclegan-sn-se-mix", True, True),
    ],
)
def test_the_switches_of_the_four_names(name: str, spectral: bool, attention: bool) -> None:
    model = built(name)
    for network in model.networks.values():
        assert any("parametrizations" in key for key in network.state_dict()) == spectral
    modules = list(model.networks["generator"].modules())
    assert any(isinstance(module, ChannelAttention) for module in modules) == attention
    assert all(torch.isfinite(loss) for loss in model.step(batch(), chance()).values())


def test_overlay_pixels_take_no_part_in_any_loss_of_the_discriminators_input() -> None:
    """What a discriminator is shown of a real image does not depend on pixels that are not valid."""
    crops = batch()
    valid = crops.target_valid.clone()
    valid[..., 10:20, 10:20] = False
    crops = replace(crops, target_valid=valid)
    spoiled = replace(crops, target=torch.where(valid, crops.target, torch.ones(())))
    shown: list[torch.Tensor] = []
    for given in (crops, spoiled):
        model = built()
        judge = model.networks["target_discriminator"]
        model.run["target_discriminator"] = lambda image, judge=judge: (shown.append(image.detach()), judge(image))[1]
        model.step(given, chance())
    real = [image[:2] for image in shown if len(image) == 4]
    assert torch.equal(real[0], real[1])
    assert (real[0][..., 10:20, 10:20] == -1).all()


def test_trained_gives_both_directions() -> None:
    model = built()
    trained = model.trained()
    assert set(trained) == {"generator", "reverse"}
    assert trained["generator"].network is model.networks["generator"]
    assert trained["generator"].settings["name"] == "resnet"


def test_the_rate_falls_linearly_after_its_constant_share() -> None:
    factor = built().learning_rate_factor
    assert [factor(p, 0.5) for p in (0, 0.49, 0.5, 0.75)] == [1, 1, 1, 0.5]
    assert factor(0.99, 1.0) == 1
