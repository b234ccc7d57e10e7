"""The texture variant: its tone curve, its losses by hand, and that it learns what it is for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from USHarmonizationLib.texture_statistics import region_statistics
from USHarmonizationLib.variants import variant
from USHarmonizationLib.variants.base import Batch
from USHarmonizationLib.variants.texture import Texture, content_losses, correlation, matching_curve, whitening

SMALL = {"width": 4, "body_width": 6, "blocks": 1, "critic_width": 4, "calibration": 6, "directions": 8}


def built(**values: object) -> Texture:
    torch.manual_seed(0)
    made = variant("texture").load()(variant("texture").settings({**SMALL, **values}))
    assert isinstance(made, Texture)
    made.run = dict(made.networks)
    return made


def speckle(seed: int, width: int, gain: float, count: int = 4) -> torch.Tensor:
    """Noise smoothed over ``width`` pixels along rows, SD ``gain``."""
    noise = torch.randn((count, 1, 48, 48 + 8), generator=torch.Generator().manual_seed(seed))
    smooth = functional.avg_pool2d(noise, (1, width), stride=1)[..., :48]
    return (smooth * gain * width**0.5).clamp(-1, 1)


def batches(first: int = 0) -> Iterator[Batch]:
    """Source: fine and loud speckle; target: coarse and quiet."""
    for seed in itertools.count(first):
        source, target = speckle(seed, 1, 0.4), speckle(10_000 + seed, 4, 0.15) - 0.3
        valid = torch.ones_like(source, dtype=torch.bool)
        yield Batch(source, target, valid, valid, ~valid, ~valid)


def test_the_curve_matches_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    source = torch.rand(20000, generator=generator) * 2 - 1
    target = torch.rand(30000, generator=generator) * 0.5
    knots = torch.linspace(-1, 1, 9)
    found = matching_curve(source, target, knots)
    assert found.tolist() == pytest.approx(((knots + 1) / 4).tolist(), abs=0.01)
    assert bool((found.diff() >= 0).all())


def test_content_is_kept_by_the_toned_image_itself_and_lost_upside_down() -> None:
    image = functional.avg_pool2d(torch.randn(2, 1, 112, 112, generator=torch.Generator().manual_seed(0)), 9, 1) * 3
    valid = torch.ones_like(image, dtype=torch.bool)
    correlation, brightness = content_losses(image, image, valid)
    assert 0 < correlation.item() < 0.06  # not 0: the floor of the variances
    assert brightness.item() == 0
    assert content_losses(-image, image, valid)[0].item() > 1.5
    shifted = content_losses(image + 0.25, image, valid)
    assert shifted[0].item() == pytest.approx(correlation.item(), abs=1e-4)
    assert shifted[1].item() == pytest.approx(0.25, abs=1e-4)


def test_content_losses_are_defined_for_the_least_crop() -> None:
    side = Texture.least_crop
    image = torch.rand(1, 1, side, side)
    brightness = content_losses(image, image, torch.ones_like(image, dtype=torch.bool))[1]
    assert brightness.item() == pytest.approx(0, abs=1e-6)


def test_overlays_take_no_part() -> None:
    """What stands under a mask changes no loss."""
    model = built()
    model.calibrate(batches())
    crops = next(batches(50))
    valid = crops.source_valid.clone()
    valid[..., 20:28, 20:28] = False
    crops = replace(crops, source_valid=valid)
    painted = crops.source.clone()
    found = []
    for level in (-0.5, 0.5):
        painted[~valid] = level
        fake = torch.where(valid, crops.source, painted)
        found.append(content_losses(fake, painted, valid)[1].item())
    assert found[0] == found[1]


def test_whitened_columns_are_uncorrelated() -> None:
    chance = torch.Generator().manual_seed(0)
    values = torch.randn(500, 4, generator=chance) @ torch.randn(4, 4, generator=chance)
    variances = torch.linalg.eigvalsh(torch.cov(values.T))
    found = torch.cov((values @ whitening(values, 0.1)).T)
    assert torch.allclose(found, torch.diag(variances / (variances + 0.1)), atol=1e-3)


def test_correlation_of_columns() -> None:
    chance = torch.Generator().manual_seed(0)
    first, second = torch.randn(50, 3, generator=chance), torch.randn(50, 3, generator=chance)
    second[:, 1], second[:, 2] = -2 * first[:, 1] + 3, 7.0
    found = correlation(first, second).tolist()
    expected = torch.corrcoef(torch.stack([first[:, 0], second[:, 0]]))[0, 1].item()
    assert found == pytest.approx([expected, -1, 0], abs=1e-3)


def test_levelling_lesions_loses_their_order() -> None:
    """Of two generators that reach the same mean, the one that makes all lesions alike is worse."""
    model = built()
    model.calibrate(batches())
    gains = torch.linspace(0.5, 1.5, 4)[:, None, None, None]
    source = speckle(5, 2, 0.2) * gains
    region = torch.ones_like(source, dtype=torch.bool)
    kept, levelled = (
        model._statistics_losses(fake, source, region, torch.Generator().manual_seed(0))[1].item()
        for fake in (source * 0.5, source / gains * 0.5)
    )
    assert kept < 0.5 * levelled


def test_statistics_move_towards_the_target() -> None:
    # 24 regions say nothing of how 249 statistics vary together: a wide ridge leaves combinations out of it.
    model = built(generator_rate=2e-3, average=0.9, ridge=100.0)
    model.calibrate(batches())

    def away(images: torch.Tensor) -> float:
        with torch.no_grad():
            standard = model._standard(region_statistics(images, torch.ones_like(images, dtype=torch.bool)))
        return float((standard.mean(dim=0) - model._target.mean(dim=0)).pow(2).mean())

    unseen = speckle(777, 1, 0.4, 8)
    network = model.networks["average"]
    before = away(network(unseen))
    for step, crops in zip(range(60), batches(100), strict=False):
        torch.manual_seed(step)
        losses = model.step(crops, torch.Generator().manual_seed(step))
    assert all(bool(torch.isfinite(loss)) for loss in losses.values())
    assert away(unseen) > 2 * before, "the tone curve alone should help"
    assert away(network(unseen)) < 0.7 * before


def test_content_counts_by_default() -> None:
    """Without these terms nothing but the start keeps a generator from painting."""
    losses = {}
    for name, values in (("default", {}), ("double", {"correlation_weight": 20.0, "brightness_weight": 4.0})):
        model = built(**values)
        model.calibrate(batches())
        with torch.no_grad():
            model.networks["generator"].out.bias.fill_(0.2)
        torch.manual_seed(0)
        losses[name] = model.step(next(batches(9)), torch.Generator().manual_seed(0))
    for term in ("correlation", "brightness"):
        assert losses["default"][term].item() > 0.05
        assert losses["double"][term].item() == pytest.approx(2 * losses["default"][term].item(), rel=1e-4)


def test_extra_state_comes_back() -> None:
    model, other = built(), built()
    model.calibrate(batches())
    model.step(next(batches(9)), torch.Generator().manual_seed(0))
    other.load_extra_state(model.extra_state())
    assert other.extra_state().keys() == model.extra_state().keys()
    assert all(torch.equal(value, other.extra_state()[name]) for name, value in model.extra_state().items())
    assert any(name.startswith("memory") for name in other.extra_state())
